"""The benchmarks: what is chosen, what contestants must agree on, what is written down. Nothing here looks at times."""

from __future__ import annotations

import dataclasses
import importlib
import json
from pathlib import Path

import pytest

from polykeras import cli

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _benchmarks_can_be_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def named(name):
    return importlib.import_module(f"benchmarks.{name}" if name else "benchmarks")


def chosen(*words, quick=False):
    command = named("__main__")
    modules = command.workloads()
    choice = command.Choice.of(words, modules)
    return [(workload, contest.name) for workload, contest in choice.contests(modules, quick)]


def on_numpy(workload, **changes):
    """The contest of a network on NumPy, between ours and the one by hand only, as short as can be."""
    contest = next(c for c in named(workload).CONTESTS if c.name == "numpy")
    contestants = {name: contest.contestants[name] for name in ("polykeras on NumPy", "NumPy by hand")}
    return dataclasses.replace(contest, contestants={**contestants, **changes}, seconds=1e-3)


def hold(contest, *tasks):
    contests = named("contest")
    effort = contests.Effort(named("quiet").Patience(0), rounds=1)
    return contests.hold(contest, tasks, effort, lambda part: None)


def test_words_choose_workloads_backends_and_tasks():
    assert chosen("fit", "mlp", "torch") == [("mlp", "torch")]
    assert chosen("mlp", "tiny", "jax") == [("mlp", "jax"), ("tiny", "jax")]
    assert {workload for workload, _ in chosen("fit")} == {"cnn", "lstm", "mlp", "resnet", "tiny", "transformer"}


def test_a_quick_run_leaves_long_contests_out_unless_they_are_named():
    assert "ops" in {workload for workload, _ in chosen()}
    assert "ops" not in {workload for workload, _ in chosen(quick=True)}
    assert {workload for workload, _ in chosen("ops", quick=True)} == {"ops"}


def test_unknown_words_are_explained():
    with pytest.raises(
        ValueError, match=r"nothing is called mpl; there are the workloads .*mlp.* backends .*torch.*fit"
    ):
        chosen("fit", "mpl")


def test_ours_and_numpy_by_hand_compute_the_same():
    rows = hold(on_numpy("tiny"), "fit", "predict")
    assert [(row.task, row.reference) for row in rows] == [("predict", "NumPy by hand"), ("fit", "NumPy by hand")]
    assert rows[1].target == 1.1


def test_contestants_that_differ_are_not_timed():
    fewer = named("matches").contestant("benchmarks.mlp", "numpy", {}, problem={"batch_size": 127})
    with pytest.raises(named("contest").ContestError, match="the contestants do not do the same"):
        hold(on_numpy("mlp", **{"NumPy by hand": fewer}), "train_on_batch")


def test_a_fresh_process_says_when_its_steps_were_over_and_how_much_memory_it_had():
    contest = on_numpy("start")
    rows = {row.task: row for row in hold(contest)}
    assert list(rows) == ["first step", "tenth step", "peak memory"]
    assert 0.01 < rows["first step"].seconds < rows["tenth step"].seconds
    assert rows["peak memory"].unit == "B"
    assert rows["peak memory"].seconds > 2**24


def row(contest="numpy", task="fit", median=0.5):
    contests = named("contest")
    spread = contests.Spread(median, median, median)
    return contests.Row(contest, task, "ours", "theirs", "ratio", spread, 1e-3, 2e-3, 1.0, 5, against="theirs")


def test_results_are_kept_until_they_are_measured_again(tmp_path):
    report, page = named("report"), named("page")
    report.write(tmp_path, "mlp", [row(), row(task="predict")])
    report.write(tmp_path, "mlp", [row("torch")])
    report.write(tmp_path, "mlp", [row(median=0.25)])
    found = report.stored(tmp_path)["mlp"]
    assert {(r["contest"], r["task"]): r["result"]["median"] for r in found} == {
        ("numpy", "predict"): 0.5,
        ("torch", "fit"): 0.5,
        ("numpy", "fit"): 0.25,
    }
    assert report.is_done(tmp_path, "mlp", "torch")
    assert not report.is_done(tmp_path, "mlp", "jax")
    page.write(tmp_path)
    written = (tmp_path / "results.html").read_text("utf-8")
    assert written.count("<circle") == 3
    assert "http" not in written, "it shall need no other file"


def test_results_of_another_machine_are_not_mixed_with_ours(tmp_path):
    report = named("report")
    report.write(tmp_path, "mlp", [row()])
    file = tmp_path / "results.json"
    stored = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**stored, "machine": {**stored["machine"], "processor": "another"}}), "utf-8")
    assert report.stored(tmp_path) == {}


def test_the_command_hands_everything_on(monkeypatch):
    called = []
    monkeypatch.setattr(cli.subprocess, "run", lambda command, **_: called.append(command[1:]) or Ended())
    assert cli.main(["bench", "--quick", "fit", "--rounds", "3"]) == 7
    assert called == [["-m", "benchmarks", "--quick", "fit", "--rounds", "3"]]


class Ended:
    returncode = 7


def test_the_command_says_where_there_are_no_benchmarks(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "polykeras" / "cli.py"))
    assert cli.main(["bench"]) == 2
    assert "as in a checkout of the repository" in capsys.readouterr().err
