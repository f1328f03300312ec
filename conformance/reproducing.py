"""Makes a call of the suite again, by itself."""

from __future__ import annotations

import numpy as np

from polykeras import tree
from polykeras.backend import load, using

from . import cases as cases
from . import checks
from .case import CASES


def reproduce(op: str, sample: int, dtype: str, backend: str) -> None:
    """Make a call of an op as the suite makes it, print arguments, results and reference, and compare them.

    Args:
        op: The name of the op.
        sample: The number of the sample in its case.
        dtype: The dtype in which to try it.
        backend: The name of the backend.
    """
    case, home = CASES[op], load(backend)
    one = case.samples[sample]
    arguments = case.arguments(one, dtype)
    print(checks.show(case, one, dtype))
    for number, array in enumerate(x for x in tree.flatten(arguments) if isinstance(x, np.ndarray)):
        print(f"array {number} among the arguments:\n{array!r}")
    with using(home):
        results = case.call(*checks.at_home(arguments, home), **one.params)
    for found, wanted in zip(checks.numpy_of(results), checks.reference_of(case, one, dtype), strict=True):
        print(f"found:\n{found!r}\nreference:\n{wanted!r}")
    checks.check_results(case, one, arguments, results, dtype)
    print("within the bound")
