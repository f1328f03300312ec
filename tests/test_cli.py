"""The command `polykeras`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

import polykeras
from polykeras import backend as backends
from polykeras import cli, demo, doctor


def test_demo_trains_the_same_network_on_every_backend(capsys):
    assert cli.main(["demo", "--epochs", "2", "--seed", "3"]) == 0
    printed = capsys.readouterr().out
    for name in polykeras.available():
        assert name in printed
    assert "2 │" in printed
    for name in set(backends.registered()) - set(polykeras.available()):
        assert f"{name} is not installed. Add it with: pip install 'polykeras[{name}]'" in printed


def test_training_agrees_to_rounding_and_learns():
    trainings = [demo.train(backends.load(name), 3, 0, lambda: None) for name in polykeras.available()]
    losses = np.array([training.losses for training in trainings])
    # float32 keeps 24 bits: a loss of 2.4 has steps of 2.4e-7, and some dozens of steps of training amplify them
    assert np.ptp(losses, axis=0).max() < 1e-5
    assert losses[:, -1].mean() < 0.3 < 2 < losses[:, 0, 0].min()
    assert all((training.predictions == trainings[0].predictions).all() for training in trainings)


def test_another_seed_gives_other_numbers():
    numpy = backends.load("numpy")
    first, again, other = (demo.train(numpy, 1, seed, lambda: None).losses for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).all()


def test_demo_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr(backends, "is_installed", lambda name: name == "numpy")
    assert cli.main(["demo", "--epochs", "1"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name in ("torch", "jax", "tensorflow"):
        assert f"{name} is not installed. Add it with: pip install 'polykeras[{name}]'" in printed
    assert "there is nothing to compare it with yet" in printed


def test_doctor_says_what_each_backend_can_do(backend, capsys):
    assert cli.main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["backends"][backend.name]
    assert facts["state"] == "ready"
    versions = facts["version"], sys.modules[backend.name].__version__  # the latter may name the build: 2.13.0+cu130
    assert versions[0].partition("+")[0] == versions[1].partition("+")[0]
    assert facts["devices"] == backend.devices()
    assert {"float32", "int64", "bfloat16"} <= set(facts["dtypes"])
    assert facts["gaps"] == dict(backend.gaps)


@pytest.mark.skipif(os.name != "posix", reason="needs pipes of POSIX")
def test_a_reader_that_has_seen_enough_is_no_error():
    command = f"'{sys.executable}' -m polykeras doctor --json | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_doctor_says_why_a_backend_does_not_load(monkeypatch, capsys):
    def broken(name):
        raise backends.BackendError(f"backend {name!r} is installed but does not load: ImportError: libwrong.so")

    monkeypatch.setattr(doctor, "load", broken)
    assert cli.main(["doctor"]) == 1
    assert "'numpy' is installed but does not load: ImportError: libwrong.so" in " ".join(
        capsys.readouterr().out.split()
    )


def test_doctor_says_that_the_chosen_backend_is_unknown(monkeypatch, capsys):
    monkeypatch.setattr(backends.settings, "backend", "theano")
    assert cli.main(["doctor"]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "the settings choose the backend 'theano', which is unknown; registered ones: numpy," in printed


def test_doctor_fits_a_narrow_terminal():
    console = Console(width=40, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    doctor.show(doctor.examine(), console)
    assert all(len(line) <= 40 for line in console.export_text().splitlines())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["demo", "--epochs", "0"], "argument --epochs: expected a whole number from 1; got 0"),
        (["demo", "--epochs", "many"], "argument --epochs: expected a whole number from 1; got 'many'"),
        (["demo", "--seed", "-1"], "argument --seed: expected a whole number from 0 to 4294967295; got -1"),
        (["dance"], "invalid choice: 'dance'"),
    ],
)
def test_wrong_arguments_are_explained(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_without_a_command_it_says_which_there_are(capsys):
    assert cli.main([]) == 0
    printed = capsys.readouterr()
    assert not printed.err
    assert all(word in printed.out for word in ("usage: polykeras", "demo", "doctor", "--version"))


def test_version(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert re.fullmatch(r"polykeras \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_the_package_runs_as_the_command_does(capsys):
    for arguments in (["--version"], ["demo", "--epochs", "0"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        run = subprocess.run([sys.executable, "-m", "polykeras", *arguments], capture_output=True, text=True)
        assert run.returncode == (ended.value.code or 0)
        assert (run.stdout, run.stderr) == tuple(capsys.readouterr())
