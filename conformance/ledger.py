"""What a test leaves for the report: how much of its bounds was used and by what, gaps that held, and curves."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

PROPERTY = "polykeras_ledger"
"""The name under which a test hands the ledger to pytest."""
Text = str | Callable[[], str]


@dataclass
class Ledger:
    """The notes of the test that runs now."""

    shares: dict[str, dict[str, Any]] = field(default_factory=dict)
    """For each dtype the largest share of a bound that was used, by which call, and how to see it again."""
    gaps: dict[str, str] = field(default_factory=dict)
    """The known gaps that excused a difference, and their reasons."""
    curves: dict[str, list[float]] = field(default_factory=dict)
    """Losses step by step, of what."""
    explained: dict[str, list[float]] = field(default_factory=dict)
    """For some curves, how far rounding alone may carry each loss, relative to it."""
    announce: Callable[[str], Any] = lambda code: None
    """What to call with a program before it is tried, for who looks on and stays when it ends the process."""
    _code: Text = ""

    def clear(self) -> None:
        """Begin another test."""
        self.shares, self.gaps, self.curves, self.explained, self._code = {}, {}, {}, {}, ""

    def as_data(self) -> dict[str, Any]:
        """The notes as plain data."""
        return {"shares": self.shares, "gaps": self.gaps, "curves": self.curves, "explained": self.explained}

    @contextlib.contextmanager
    def reproduced_by(self, code: Text) -> Iterator[None]:
        """Say for a block by what code its calls can be made again."""
        before, self._code = self._code, code
        try:
            yield
        finally:
            self._code = before

    def note(self, dtype: str, share: float, what: Text) -> None:
        """Note the share of a bound that a call used, if none in the dtype used more."""
        if share > self.shares.get(dtype, {}).get("share", -1.0):
            code = self._code
            self.shares[dtype] = {
                "share": float(min(share, 1e300)),
                "what": what if isinstance(what, str) else what(),
                "code": code if isinstance(code, str) else code(),
            }

    def compare(self, found: np.ndarray, wanted: np.ndarray, allowed: Any, what: Text) -> None:
        """Note how much of what is allowed the difference of two arrays takes."""
        if found.dtype.kind not in "fcV" or found.shape != np.shape(wanted) or not np.any(allowed):
            return
        with np.errstate(all="ignore"):
            away = np.abs(_wide(found) - _wide(np.asarray(wanted)))
            shares = np.where(away == 0, 0.0, away / allowed)
        self.note(found.dtype.name, float(np.max(shares, initial=0.0, where=np.isfinite(shares))), what)


LEDGER = Ledger()


def _wide(x: np.ndarray) -> np.ndarray:
    return x if x.dtype.kind == "c" else x.astype("float64")


def assert_allclose(found: Any, wanted: Any, rtol: float = 1e-7, atol: float = 0.0, err_msg: str = "") -> None:
    """NumPy's check of this name, which leaves a note of how close it was."""
    one, other = np.asarray(found), np.asarray(wanted)
    if one.dtype.kind in "fcV":
        LEDGER.compare(one, other, atol + rtol * np.abs(_wide(other)), err_msg)
    np.testing.assert_allclose(one, other, rtol=rtol, atol=atol, err_msg=err_msg)
