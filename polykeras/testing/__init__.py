"""For tests of your own: do backends agree, are gradients right, do models train alike, and where do they part?

    from polykeras.testing import assert_backends_agree

    def test_my_function():
        assert_backends_agree(my_function, np.ones((3, 4)))

With pytest there is a fixture `backend`, which runs a test once on each installed backend, in use meanwhile, and
whose name is `backend.name`; `--polykeras-backends numpy,torch` on the command line and
`@pytest.mark.backends("numpy", "torch")` at a test choose others. The names here are looked up when they are used, so
that pytest can load its plugin everywhere at no cost.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .agreement import assert_backends_agree
    from .difference import Difference, diff
    from .gradients import assert_gradients
    from .trainings import assert_trains_alike

_HOMES = {
    "Difference": "difference",
    "assert_backends_agree": "agreement",
    "assert_gradients": "gradients",
    "assert_trains_alike": "trainings",
    "diff": "difference",
}

__all__ = ["Difference", "assert_backends_agree", "assert_gradients", "assert_trains_alike", "diff"]

pytest_plugins = ("polykeras.testing.plugin",)
"""What pytest loads in place of this, which needs no pytest itself."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
