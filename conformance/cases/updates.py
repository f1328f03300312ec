"""Cases of updates of many arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from polykeras import ops
from polykeras.ops.updates import Rule, adam_each, elementwise_each

from ..case import array, case, sample


def _formula(x: Any, y: Any, rate: Any, *, share: float) -> tuple[Any, ...]:
    """Sums, products and quotients of lists and numbers in all combinations that kernels for lists tell apart."""
    step = ops.multiply(x, rate)
    y = ops.subtract(ops.multiply(y, share), step)
    z = ops.add(ops.multiply(x, x), ops.multiply(y, 1 - share))
    z = ops.add(ops.sqrt(ops.add(ops.abs(z), 0.5)), ops.divide(ops.multiply(y, rate), ops.add(ops.abs(x), 1.0)))
    w = ops.maximum(ops.subtract(1.0, x), ops.divide(2.0, ops.add(ops.multiply(y, y), 1.0)))
    return ops.subtract(step, ops.divide(z, 3.0)), y, ops.minimum(ops.negative(w), ops.sign(ops.subtract(y, 0.1)))


def _of_numpy(scalar: Any, x: Any, x_too: Any, y: Any, y_too: Any) -> list[Any]:
    rate = np.sqrt(1 - 0.9**scalar)
    found = []
    for a, b in ((x, y), (x_too, y_too)):
        step = a * rate
        b = b * 0.25 - step
        z = np.sqrt(np.abs(a * a + b * 0.75) + 0.5) + b * rate / (np.abs(a) + 1)
        w = np.maximum(1 - a, 2 / (b * b + 1))
        found.append((step - z / 3, b, np.minimum(-w, np.sign(b - 0.1))))
    return [each for results in zip(*found, strict=True) for each in results]


def _numbers(scalar: Any, *, share: float) -> tuple[Any]:
    return (ops.sqrt(ops.subtract(1.0, ops.power(0.9, scalar))),)


RULE = Rule(_formula, 2, 1, _numbers, (("share", 0.25),))

case(
    "elementwise_each",
    _of_numpy,
    sample(array(low=1.0, high=3.0), array(3), array(2, 2), array(3), array(2, 2), gradient=False),
    sample(array(low=1.0, high=3.0), array(1), array(), array(1), array(), gradient=False),
    sample(array(low=1.0, high=3.0), array(0), array(70000), array(0), array(70000), gradient=False),
    dtypes=("float32", "float64"),
    function=lambda *arrays: elementwise_each(list(arrays), RULE),
    magnitude=lambda *arrays: 20.0,
)


def _adam(rate: Any, g: Any, w: Any, m: Any, v: Any, *, amsgrad: bool, decay: float | None) -> list[Any]:
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    highest = [np.maximum(0.5 * v, v)] if amsgrad else []
    rate_now = rate * np.sqrt(1 - 0.999**3) / (1 - 0.9**3)
    return [w - w * rate * (decay or 0.0) - rate_now * m / (np.sqrt(v) + 1e-7), m, v, *highest]


case(
    "adam_each",
    _adam,
    *(
        sample(
            array(low=0.1, high=0.5),
            *(array(3, 2), array(3, 2), array(3, 2), array(3, 2, low=0.5)),
            amsgrad=amsgrad,
            decay=decay,
            gradient=False,
        )
        for amsgrad, decay in ((False, None), (True, 0.1))
    ),
    dtypes=("float32", "float64"),
    function=lambda rate, g, w, m, v, amsgrad, decay: adam_each(
        [rate, ops.full_like(rate, 3), g, w, m, v, *([ops.multiply(v, 0.5)] if amsgrad else [])],
        amsgrad=amsgrad,
        decay=decay,
    ),
    magnitude=lambda rate, g, w, m, v, **_: np.abs(w) + np.abs(m) + np.abs(g) + v + g * g,
)
