"""A training that was interrupted ends with the weights of one that was not, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from interrupted_training import EPOCHS, X, Y, made, train

import polykeras as keras
from polykeras import layers
from polykeras.backend import available
from polykeras.callbacks import BackupAndRestore, Callback, LambdaCallback
from polykeras.errors import ArgumentError, FileError, StateError
from polykeras.testing.plugin import THOROUGH
from polykeras.training import PyDataset

SCRIPT = Path(__file__).with_name("interrupted_training.py")


class Stop(Exception):
    """Stands for whatever ends a training."""


def assert_same(one, other):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def interrupted(folder, frequency, moments, **options):
    """A training that is interrupted at some moments, numbers of calls, each time in a new model."""
    left = list(moments)
    while True:
        calls = 0

        def count(*args, logs=None):
            nonlocal calls
            calls += 1
            if left and calls == left[0]:
                left.pop(0)
                raise Stop

        hooks = dict.fromkeys(("on_train_batch_end", "on_epoch_begin", "on_epoch_end", "on_test_end"), count)
        try:
            return train([BackupAndRestore(folder, frequency), LambdaCallback(**hooks)], **options)
        except Stop:
            assert not os.listdir(folder) or os.listdir(folder) == ["training.npz"]


def test_it_goes_on_where_it_was(backend, tmp_path):
    expected, history = train()
    dice = random.Random(backend.name)
    compiles = backend.name in ("jax", "tensorflow")  # so that each new model takes its time
    for frequency, times in ((4, 1), ("epoch", 1)) if compiles else ((4, 3), ("epoch", 3), (1, 3)):
        (tmp_path / "backup").mkdir()
        moments = sorted(dice.sample(range(12, 36), times), reverse=True)
        model, found = interrupted(tmp_path / "backup", frequency, moments)
        assert_same(model, expected)
        assert found == history
        assert int(model.optimizer.iterations) == int(expected.optimizer.iterations)
        assert not (tmp_path / "backup").exists()


class Batches(PyDataset):
    """Batches that are put into another order in each epoch."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return X[5 * index : 5 * index + 5], Y[5 * index : 5 * index + 5]


def endless():
    while True:
        for index in range(8):
            yield Batches()[index]


@pytest.mark.parametrize(
    "options",
    [{"data": Batches}, {"data": endless, "steps_per_epoch": 6}, {"steps_per_epoch": 13}, {"shuffle": "batch"}],
    ids=["dataset", "generator", "passes", "whole batches"],
)
def test_data_goes_on_in_its_order(tmp_path, options):
    expected, history = train(**options)
    tmp_path.joinpath("backup").mkdir()
    model, found = interrupted(tmp_path / "backup", 1, [23, 11, 4], **options)
    assert_same(model, expected)
    assert found == history


def test_steps_in_one_call(backend, tmp_path):
    """Several steps in one call are the same ones after an interruption."""

    def run(given, epochs=4):
        model = made(steps_per_execution="auto")
        model.fit(X, Y, 5, epochs, 0, given)
        return model

    expected = run([])

    def stop(epoch, logs):
        if epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        run([BackupAndRestore(tmp_path), LambdaCallback(on_epoch_begin=stop)])
    assert_same(run([BackupAndRestore(tmp_path)]), expected)


@pytest.fixture
def listening():
    """Ctrl-C is listened to, by processes that are started, too: not so where a shell runs all in the background."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


def run_script(*arguments, **options):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen([sys.executable, SCRIPT, *map(str, arguments)], env=environment, **options)


def assert_result(folder, expected, history):
    with np.load(folder / "result.npz") as result:
        for number, weight in enumerate(expected.get_weights()):
            np.testing.assert_array_equal(result[f"arr_{number}"], weight)
        np.testing.assert_array_equal(result["loss"], history["loss"])


@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_it_may_be_killed_at_any_moment(tmp_path, kind, listening):
    with keras.using("numpy"):
        expected, history = train()
    dice = random.Random(int(kind))
    for _ in range(5):  # a batch takes about 3,000 calls, and there are 36
        moment = dice.randrange(1, 20_000)
        process = run_script("numpy", tmp_path, 1, "--calls", moment, "--signal", int(kind), stderr=subprocess.DEVNULL)
        assert process.wait() in (-kind, 1)  # 1 where Ctrl-C comes within zipfile, which ends with an error of its own
    assert (tmp_path / "backup" / "training.npz").exists()
    assert run_script("numpy", tmp_path, 1).wait() == 0
    assert_result(tmp_path, expected, history)
    assert not (tmp_path / "backup").exists()


def test_a_killed_process_goes_on_on_every_backend(backend, tmp_path, request):
    if not request.config.getoption(THOROUGH):
        pytest.skip("processes with frameworks take long to start; nox -s thorough runs this")
    expected, history = train()
    backup = tmp_path / "backup" / "training.npz"
    process = run_script(backend.name, tmp_path, 2)
    while not backup.exists() and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert run_script(backend.name, tmp_path, 2).wait() == 0
    assert_result(tmp_path, expected, history)


def test_a_full_disk_leaves_the_last_backup(tmp_path):
    with keras.using("numpy"):
        expected, history = train()

    process = run_script("numpy", tmp_path, "epoch", "--bytes", 2000, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "cannot write" in errors
    assert os.listdir(tmp_path / "backup") == []
    assert run_script("numpy", tmp_path).wait() == 0
    assert_result(tmp_path, expected, history)


def test_ctrl_c_leaves_a_model_that_can_be_used(backend, listening):
    """Arrays that a step has consumed have others in their place when the interruption comes."""
    model = made()
    step = model.train_step

    def interrupting(data):
        signal.raise_signal(signal.SIGINT)
        return step(data)

    model.train_step = interrupting
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, 5, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert int(model.optimizer.iterations) == 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_had_ended_stays_ended(tmp_path):
    class Ending(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    def end(logs):
        raise Stop

    with pytest.raises(Stop):
        train([Ending(), BackupAndRestore(tmp_path), LambdaCallback(on_train_end=end)])
    model, history = train([Ending(), BackupAndRestore(tmp_path)])
    assert len(history["loss"]) == 2
    assert int(model.optimizer.iterations) == 2 * 9


def test_damaged_and_foreign_backups(tmp_path):
    def stop(epoch, logs):
        if epoch == 3:
            raise Stop

    with pytest.raises(Stop):
        train([BackupAndRestore(tmp_path, double_checkpoint=True), LambdaCallback(on_epoch_begin=stop)])
    expected, history = train()
    other = keras.Sequential([layers.Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(StateError, match="of another model"):
        other.fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    (tmp_path / "training.npz").write_bytes((tmp_path / "training.npz").read_bytes()[:1000])
    model, found = train([BackupAndRestore(tmp_path, delete_checkpoint=False, double_checkpoint=True)])
    assert_same(model, expected)  # from the one before
    assert found == history
    assert len(found["loss"]) == EPOCHS
    (tmp_path / "training.previous.npz").unlink()
    (tmp_path / "training.npz").write_bytes(b"")
    with pytest.raises(FileError, match="Delete it to begin anew"):
        train([BackupAndRestore(tmp_path)])
    for arguments in (("",), (tmp_path, "batch"), (tmp_path, 0)):
        with pytest.raises(ArgumentError, match=r"backup_dir|save_freq"):
            BackupAndRestore(*arguments)


def test_what_cannot_be_kept_is_explained(tmp_path):
    class Odd(Callback):
        state_names = ("thing",)
        thing = object()

    with pytest.raises(StateError, match="remembers a object"):
        train([Odd(), BackupAndRestore(tmp_path)])


@pytest.mark.skipif("torch" not in available(), reason="needs a DataLoader")
@pytest.mark.parametrize("steps", [None, 6])
@pytest.mark.parametrize("own", [True, False])
def test_a_data_loader_that_shuffles_goes_on_where_it_was(own, steps, tmp_path):
    import torch

    def loader():
        torch.manual_seed(4)
        generator = torch.Generator().manual_seed(7) if own else None
        return torch.utils.data.DataLoader(list(zip(X, Y, strict=True)), 5, shuffle=True, generator=generator)

    options = {"data": loader, "batch_size": None, "steps_per_epoch": steps}
    expected, _ = train(**options)
    for number, (frequency, moments) in enumerate([(4, (3, 9, 14)), ("epoch", (13, 21))]):
        folder = tmp_path / str(number)
        folder.mkdir()
        model, _ = interrupted(folder, frequency, moments, **options)
        assert_same(model, expected)
