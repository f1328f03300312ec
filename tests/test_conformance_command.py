"""The command `polykeras conformance`: workers that crash or hang, reports, and their comparison."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest
from rich.console import Console

from polykeras import cli
from polykeras.conformance.running import command, records, supervisor, trainings
from polykeras.conformance.running.compare import compare, show_changes
from polykeras.conformance.running.page import page
from polykeras.conformance.running.records import Case, Journal, Report, Result
from polykeras.errors import ConfigError

CASES = """
import os, time
import pytest
from polykeras.conformance.ledger import LEDGER

pytestmark = pytest.mark.level("ops")

def test_good():
    pass

def test_wrong():
    assert 1 + 1 == 3, "arithmetic <b>"

def test_crashing():
    LEDGER.announce("first = 1")
    LEDGER.announce("then = 2")
    os.abort()

def test_hanging():
    LEDGER.announce("forever = 3")
    time.sleep(600)

def test_leaving():
    pytest.exit("enough")

def test_left_out():
    pytest.skip("not here")

def test_last():
    pass
"""


@pytest.fixture
def run(tmp_path):
    """What runs a small suite of its own in workers, and returns the results by name."""
    file = tmp_path / "test_cases.py"
    file.write_text(CASES)

    def run(**options):
        found = {}
        cases = supervisor.collect([str(file)], "default")
        settings = {"jobs": 1, "limit": 3.0, "deadline": None, **options}
        supervisor.run(cases, [str(file)], done=lambda result: found.update({result.case.subject: result}), **settings)
        return found

    return run


def test_a_crash_or_a_hang_costs_one_case(run):
    found = run()
    outcomes = {name: result.outcome for name, result in found.items()}
    assert outcomes == {
        "good": "passed",
        "wrong": "failed",
        "crashing": "crashed",
        "hanging": "hung",
        "leaving": "crashed",
        "left out": "skipped",
        "last": "passed",
    }
    assert "arithmetic <b>" in found["wrong"].message
    assert found["crashing"].message.startswith("the process ended: signal 6")
    assert "It was trying:\n\nthen = 2\n" in found["crashing"].message
    assert found["hanging"].message.startswith("no answer within 3 seconds\n\nIt was trying:\n\nforever = 3\n")
    assert found["leaving"].message.startswith("the process ended: pytest.exit('enough')\n\n")
    assert "It was trying" not in found["leaving"].message
    assert found["left out"].message == "Skipped: not here"


def test_a_budget_that_is_spent_leaves_cases_out(run):
    assert {result.outcome for result in run(deadline=0.0).values()} == {"not run"}


def test_a_suite_that_cannot_be_imported_is_told(tmp_path):
    file = tmp_path / "test_cases.py"
    file.write_text("import nothing_of_this_name")
    with pytest.raises(supervisor.WorkerError, match="No module named 'nothing_of_this_name'"):
        supervisor.collect([str(file)], "default")


def arguments(*words):
    parser = cli._parser()
    return parser.parse_args(["conformance", *words])


def test_the_command_writes_its_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "home", lambda: tmp_path)
    files = {name: tmp_path / f"report.{name}" for name in ("json", "junit", "html")}
    words = ["--backends", "numpy", "--levels", "ops", "-k", "test_values and tanh", "--jobs", "1"]
    words += [word for name, file in files.items() for word in (f"--{name}", str(file))]
    assert cli.main(["conformance", *words]) == 0
    printed = capsys.readouterr().out
    assert "passed in" in printed
    assert "closest to its bound of what passed: numpy: ops: " in printed
    data = json.loads(files["json"].read_text())
    tanh = next(r for r in data["results"] if r["subject"] == "tanh")
    assert tanh["outcome"] == "passed"
    assert 0 < tanh["shares"]["float32"]["share"] <= 1
    code = tanh["shares"]["float32"]["code"]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "within the bound" in done.stdout
    assert "reference:" in done.stdout
    suite = xml.fromstring(files["junit"].read_text())[0]
    assert suite.attrib["failures"] == "0"
    assert int(suite.attrib["tests"]) == len(data["results"]) == len(suite)
    assert "tanh" in files["html"].read_text()
    assert not list((tmp_path / "conformance").glob("*.jsonl"))


def test_what_nothing_fits_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "home", lambda: tmp_path)
    assert cli.main(["conformance", "--backends", "numpy", "-k", "nothing_of_this_name", "--jobs", "1"]) == 2
    assert "nothing fits what was chosen" in capsys.readouterr().err
    assert cli.main(["conformance", "--levels", "dances"]) == 2
    assert "expected levels among ops, random, layers" in capsys.readouterr().err
    assert cli.main(["conformance", "--dtypes", "float99"]) == 2
    assert "expected dtypes among bool," in capsys.readouterr().err
    for words in (["--backends", ""], ["--budget", "-1"]):
        with pytest.raises(SystemExit):
            cli.main(["conformance", *words])
        assert "expected" in capsys.readouterr().err


def test_why_cases_were_skipped_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "home", lambda: tmp_path)
    words = ["--backends", "numpy", "--devices", "gpu", "-k", "test_values and tanh", "--jobs", "1", "--resume"]
    assert cli.main(["conformance", *words]) == 1
    printed = capsys.readouterr().out
    assert "no run of these cases was interrupted: all of them are run" in printed
    assert re.search(r"^\d+ skipped: .*gpu.*", printed, re.MULTILINE)


# Reports that nobody ran -----------------------------------------------------------------------------------


def result(subject, backend="numpy", outcome="passed", share=0.25, **options):
    id = f"test_ops.py::TestOp::test_values[{backend}-{subject}]"
    case = Case(id, "ops", subject, "values", backend, "default", f"{backend} {subject}")
    note = {"share": share, "what": f"{subject}(array) in float32", "code": "print('again')"}
    return Result(case, outcome, 0.5, shares={"float32": note}, **options)


def report(*results, version="1.0"):
    facts = {"version": version, "devices": ["cpu:0"], "gaps": {"mod": "reason"}}
    return Report({"backends": ["numpy"]}, {"python": "3", "backends": {"numpy": facts}}, list(results), 12.0)


MIXED = report(
    result("tanh"),
    result("tanh", "torch", "failed", 3.0, message="tanh </script><b>: 1 of 2 elements are off\n\nlonger"),
    result("exp", gaps={"mod": "reason"}),
    result("exp", "torch", "crashed", message="the process ended: signal 11"),
    result("mlp", curves={"mlp, sgd": [2.0, 1.0, 0.5]}),
    result("mlp", "torch", curves={"mlp, sgd": [2.0, 1.0, 0.5000001]}, explained={"mlp, sgd": [1e-7, 2e-7, 6e-6]}),
)


def test_reports_survive_their_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(MIXED.as_data()))
    again = records.read(path)
    assert again.as_data() == MIXED.as_data()
    assert not again.is_good
    path.write_text("{}")
    with pytest.raises(records.ConfigError, match="expected a report that `polykeras conformance --json` wrote"):
        records.read(path)


def test_junit_counts_what_failed():
    suite = xml.fromstring(records.junit(MIXED))[0]
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("1", "1")
    failure = suite.find(".//failure")
    assert failure is not None
    assert failure.attrib["message"] == "tanh </script><b>: 1 of 2 elements are off"


def test_an_interrupted_run_goes_on_where_it_was(tmp_path):
    journal = Journal(tmp_path / "deep" / "journal.jsonl", {"backends": ["numpy"]})
    journal.begin([])
    for one in MIXED.results[:2]:
        journal.add(one)
    with journal.path.open("a") as file:
        file.write('{"id": "cut o')
    assert journal.read() == MIXED.results[:2]
    assert Journal(journal.path, {"backends": ["torch"]}).read() == []
    journal.end()
    assert journal.read() == []


def test_a_run_that_was_killed_goes_on(tmp_path):
    """Its workers end, what was done is not done again, and nothing is left out."""
    home, report = tmp_path / "home", tmp_path / "report.json"
    program = "import sys; from polykeras.cli import main; sys.exit(main())"
    words = ["conformance", "--backends", "numpy", "--levels", "saving", "--jobs", "1"]
    command = [sys.executable, "-c", program, *words]
    environment = {**os.environ, "POLYKERAS_HOME": str(home)}

    def lines():
        return [line for file in home.rglob("*.jsonl") for line in file.read_text().splitlines()]

    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as run:
        while len(lines()) < 4 and run.poll() is None:
            time.sleep(0.01)
        workers = children_of(run.pid)
        run.kill()
    assert run.returncode == -signal.SIGKILL
    earlier = [json.loads(line) for line in lines()[1:]]
    assert len(earlier) >= 3
    patience = time.monotonic() + 30
    while any(Path("/proc", str(worker)).exists() for worker in workers) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not any(Path("/proc", str(worker)).exists() for worker in workers)
    subprocess.run([*command, "--resume", "--json", str(report)], env=environment, check=True, stdout=subprocess.PIPE)
    found = {result["id"]: result for result in json.loads(report.read_text())["results"]}
    assert len(found) > len(earlier)
    assert {result["outcome"] for result in found.values()} == {"passed"}
    for result in earlier:
        assert found[result["id"]]["seconds"] == result["seconds"]
    assert not lines()


def children_of(process):
    """The processes that a process has started, where the system tells."""
    found = Path(f"/proc/{process}/task/{process}/children")
    return found.read_text().split() if found.exists() else []


def test_reports_that_cannot_be_written_are_told_before_anything_runs(tmp_path, capsys):
    assert cli.main(["conformance", "--backends", "numpy", "--html", str(tmp_path / "nowhere" / "report.html")]) == 2
    assert "expected a file in a folder that can be written to" in capsys.readouterr().err


def test_comparison_tells_what_changed():
    old = report(result("tanh"), result("exp"), result("sin"), result("mlp", curves={"mlp": [1.0, 0.5]}))
    new = report(
        result("tanh", outcome="failed", share=2.0),
        result("exp", share=0.9),
        result("cos"),
        result("mlp", curves={"mlp": [1.0, 0.4]}),
        version="1.1",
    )
    changes = compare(old, new)
    assert changes.versions == ["numpy 1.0 → 1.1"]
    assert len(changes.broken) == len(changes.added) == len(changes.removed) == len(changes.curves) == 1
    assert [round(factor, 1) for factor, _ in changes.shares] == [8.0, 3.6]
    console = Console(record=True, width=200, file=open("/dev/null", "w"))  # noqa: SIM115
    assert show_changes(changes, console) == 1
    printed = console.export_text()
    assert "tanh, values: passed → failed" in printed
    assert "25% → 90% of the bound" in printed
    assert show_changes(compare(old, old), console) == 0
    assert "the two reports say the same" in console.export_text()


def test_reports_without_a_common_case_are_not_compared():
    with pytest.raises(ConfigError, match="no case in common"):
        compare(report(result("tanh")), report(result("exp")))


def test_random_models_are_tried_again_by_their_command():
    id = "test_random_models.py::test_random_models[models from 3001-torch]"
    case = Case(id, "models", "models from 3001", "random models", "torch", "default", "random")
    assert "--random-models 10 --random-seed 3 " in Result(case, "crashed", 0.5).command


def test_the_command_compares(tmp_path, capsys):
    for name in ("old", "new"):
        (tmp_path / f"{name}.json").write_text(json.dumps(MIXED.as_data()))
    assert cli.main(["conformance", "compare", str(tmp_path / "old.json"), str(tmp_path / "new.json")]) == 0
    assert "say the same" in capsys.readouterr().out
    assert cli.main(["conformance", "compare", "one.json"]) == 2
    assert "expected options, or `compare OLD.json NEW.json`" in capsys.readouterr().err


def test_how_far_trainings_are_apart_is_printed():
    console = Console(record=True, width=200, file=open("/dev/null", "w"))  # noqa: SIM115
    trainings.show_distances(MIXED, console)
    row = next(line for line in console.export_text().splitlines() if "mlp, sgd" in line)
    assert re.findall(r"[^\s│]+", row) == ["mlp,", "sgd", "3", "numpy", "2.0e-07", "6.0e-06"]
    trainings.show_distances(report(result("mlp", curves={"mlp": [1.0]})), console)
    assert not console.export_text()


def test_the_page_needs_nothing_else():
    text = page(MIXED)
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert "tanh </script>" not in text


BROWSER = next((found for name in ("chromium", "google-chrome", "chrome") if (found := shutil.which(name))), None)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")
@pytest.mark.parametrize("search", ["", "exp"])
def test_the_page_in_a_browser(tmp_path, search):
    file = tmp_path / "report.html"
    act = f"""<script>
      addEventListener("error", event => document.title = "broken: " + event.message);
      addEventListener("load", () => {{
        document.getElementById("search").value = {search!r};
        document.getElementById("search").dispatchEvent(new Event("input"));
        document.querySelector("td.share button").click();
      }});
    </script></head>"""
    file.write_text(page(MIXED).replace("</head>", act))
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    done = subprocess.run([str(BROWSER), *options, "--dump-dom", file.as_uri()], capture_output=True, text=True)
    assert "<title>polykeras conformance</title>" in done.stdout
    assert ("1 of 3 rows" if search else "3 of 3 rows") in done.stdout
    assert ('class="over"' in done.stdout) is not bool(search)
    assert "<polyline" in done.stdout
    assert 'stroke="#999999"' in done.stdout  # what rounding explains
    assert done.stdout.count("print('again')") == 6  # five cells in the data, and the dialog of one
    assert "What failed (2)" in done.stdout
