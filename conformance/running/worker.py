"""A process that runs cases one by one, on request, and can be killed: pytest, whose loop waits for orders."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

LONGEST_MESSAGE = 6000


def work(orders: Connection, log: str, arguments: Sequence[str]) -> None:
    """Collect the suite, say what is there, and run what is asked for until the end of the orders.

    Args:
        orders: The other end of the one who gives orders: identifiers of cases, None for the end.
        log: A file for everything that is printed.
        arguments: Arguments of pytest's that select the tests.
    """
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import pytest

    from polykeras.settings import settings

    from ..ledger import LEDGER

    folder = os.path.dirname(os.path.abspath(log))
    if settings.compilation_cache is None and "--thorough" not in arguments:
        settings.set("compilation_cache", os.path.join(folder, "programs"))  # which workers share
    LEDGER.announce = lambda code: orders.send(("trying", code))
    options = [*arguments, "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "-q"]
    status = pytest.main([*options, "--rootdir", folder, "-c", os.devnull], [Obeying(orders)])
    orders.send(("ended", f"exit status {int(status)}"))


class Obeying:
    """A plugin in whose hands the order of the tests is."""

    def __init__(self, orders: Connection):
        self._orders = orders
        self._reports: list[Any] = []

    def pytest_collectreport(self, report: Any) -> None:
        """Tell of files that cannot be imported."""
        if report.failed:
            self._orders.send(("broken", f"{report.nodeid}: {report.longreprtext}"))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep what a phase of a test came to."""
        self._reports.append(report)

    def pytest_runtestloop(self, session: Any) -> bool:
        """Run one test after another, as ordered."""
        import pytest

        items = {item.nodeid: item for item in session.items}
        self._orders.send(("collected", [_describe(item) for item in session.items]))
        try:
            while (wanted := self._orders.recv()) is not None:
                self._reports = []
                begin = time.perf_counter()
                items[wanted].config.hook.pytest_runtest_protocol(item=items[wanted], nextitem=None)
                self._orders.send(("done", self._outcome(items[wanted], time.perf_counter() - begin)))
        except pytest.exit.Exception as leaving:  # said at once: what pytest does to end takes seconds
            self._orders.send(("ended", f"pytest.exit({leaving.msg!r})"))
            raise
        return True

    def _outcome(self, item: Any, seconds: float) -> dict[str, Any]:
        """What came of a test, as plain data."""
        from ..ledger import PROPERTY

        bad = [report for report in self._reports if report.failed]
        skipped = [report for report in self._reports if report.skipped]
        notes = dict(item.user_properties).get(PROPERTY, {})
        message = "\n".join(_message(report) for report in bad or skipped)
        outcome = "failed" if bad else "skipped" if skipped else "passed"
        return {"outcome": outcome, "seconds": seconds, "message": message, **notes}


def _message(report: Any) -> str:
    """What went wrong: first the error, then the way to it, of which the end is kept."""
    if report.skipped:
        return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else report.longreprtext
    crash = getattr(report.longrepr, "reprcrash", None)
    first = crash.message if crash is not None else ""
    return f"{first[:LONGEST_MESSAGE]}\n\n{report.longreprtext[-LONGEST_MESSAGE:]}"


def _describe(item: Any) -> dict[str, str]:
    """What a case is about."""
    from ..conftest import level_of

    parameters = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    backend = parameters.pop("backend", "")
    group = item.get_closest_marker("xdist_group")
    words = item.callspec.id.split("-") if hasattr(item, "callspec") else []
    subject = ", ".join(word for word in words if word != backend) or item.originalname.removeprefix("test_").replace(
        "_", " "
    )
    return {
        "id": item.nodeid,
        "level": level_of(item),
        "subject": subject,
        "check": item.originalname.removeprefix("test_").replace("_", " "),
        "backend": str(backend),
        "group": f"{backend} {group.args[0] if group else item.nodeid.partition('::')[0]}",
    }


if __name__ == "__main__":
    sys.exit("this module is run by polykeras.conformance.running.supervisor")
