"""Moments in which nobody else uses the machine."""

from __future__ import annotations

import time
from pathlib import Path

PULSE = 0.005
"""Seconds between two looks."""

LOOKS = 2
"""How many looks in a row must find the machine quiet."""

_LOAD = Path("/proc/loadavg")


def _running() -> int:
    """How many threads want a core now, this one included; where the system does not tell, only this one."""
    if not _LOAD.exists():
        return 1
    return int(_LOAD.read_text("ascii").split()[3].partition("/")[0])


class Patience:
    """Waits for quiet moments, as long as there is patience left.

    On few cores, a program that takes one of them for a while makes threads that wait for each other by spinning take
    twenty times as long, and a paired ratio only says whom it hit.

    Args:
        seconds: How long to wait, all waits together.
    """

    def __init__(self, seconds: float):
        self.left = seconds

    def wait(self) -> None:
        """Return in a quiet moment, or when the patience is at its end."""
        quiet = 0
        while quiet < LOOKS and self.left > 0:
            time.sleep(PULSE)
            quiet = quiet + 1 if _running() <= 1 else 0
            self.left -= 0 if quiet else PULSE
