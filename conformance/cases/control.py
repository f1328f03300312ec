"""Cases of control flow."""

from __future__ import annotations

import numpy as np

from polykeras import ops

from ..case import array, case, sample

case(
    "cond",
    lambda pred, x, y: x * 2 if pred else x * y,
    sample(np.array(True), array(3), array(3)),
    sample(np.array(False), array(3), array(3)),
    sample(np.array(1, "int32"), array(3), array(3)),
    dtypes=("float32", "float64"),
    function=lambda pred, x, y: ops.cond(pred, lambda: ops.multiply(x, 2), lambda: ops.multiply(x, y)),
)
case(
    "run_branch",
    lambda index, x: [x * 2, x * x, x + 1][min(max(int(index), 0), 2)],
    *(sample(np.array(i, "int32"), array(3)) for i in (-1, 0, 1, 2, 5)),
    dtypes=("float32", "float64"),
    function=lambda index, x: ops.switch(
        index, [lambda x: ops.multiply(x, 2), lambda x: ops.multiply(x, x), lambda x: ops.add(x, 1)], x
    ),
)


def _halve(x, limit):
    steps = 0
    while np.sum(x) > limit:
        x, steps = x / 2, steps + 1
    return x, np.asarray(steps, "int32")


def _while(x, limit):
    return ops.while_loop(
        lambda x, steps: ops.greater(ops.sum(x), limit),
        lambda x, steps: (ops.divide(x, 2), ops.add(steps, 1)),
        (x, 0),
    )


case(
    "while_loop",
    _halve,
    sample(array(3, low=1, high=9, dtype="float32"), 2.0, gradient=False),
    sample(array(3, low=1, high=2, dtype="float32"), 50.0, gradient=False),
    dtypes=("float32",),
    function=_while,
)


def _powers(x, n):
    total = x
    for i in range(n):
        total = total * x + i
    return total


case(
    "fori_loop",
    _powers,
    sample(array(3), 4),
    sample(array(3), 0),
    dtypes=("float32", "float64"),
    function=lambda x, n: ops.fori_loop(
        0, n, lambda i, total: ops.add(ops.multiply(total, x), ops.cast(i, ops.dtype(x))), x
    ),
)


def _recurrence(h, xs, reverse=False):
    rows = []
    for x in xs[::-1] if reverse else xs:
        h = np.tanh(h * 0.5 + x)
        rows.append(h * x)
    return h, np.stack(rows[::-1] if reverse else rows)


def _scan(h, xs, reverse=False):
    def step(h, x):
        h = ops.tanh(ops.add(ops.multiply(h, 0.5), x))
        return h, ops.multiply(h, x)

    return ops.scan(step, h, xs, reverse=reverse)


case(
    "scan",
    _recurrence,
    sample(array(3), array(5, 3)),
    sample(array(3), array(5, 3), reverse=True),
    sample(array(3), array(1, 3)),
    dtypes=("float32", "float64"),
    function=_scan,
)
case(
    "map",
    lambda xs: np.stack([np.sum(x) * x for x in xs]),
    sample(array(4, 3)),
    dtypes=("float32", "float64"),
    magnitude=lambda xs: np.abs(xs).sum(-1, keepdims=True) * np.abs(xs),
    function=lambda xs: ops.map(lambda x: ops.multiply(ops.sum(x), x), xs),
)
case(
    "elementwise",
    lambda x, y: (x * y + x, x - y),
    sample(array(3, 4), array(3, 4)),
    sample(array(300, 400), array(300, 400), gradient=False),
    dtypes=("float32", "float64"),
    magnitude=lambda x, y: np.abs(x * y) + np.abs(x) + np.abs(y),
    function=lambda x, y: ops.elementwise(
        lambda x, y: (ops.add(ops.multiply(x, y), x), ops.subtract(x, y)), (x, ops.add(y, 0)), donate=(1,)
    ),
)
