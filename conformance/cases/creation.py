"""Cases of ops that make arrays."""

from __future__ import annotations

import numpy as np

from polykeras.backend import numpy_dtype

from ..case import array, case, given, sample

SOME = ("float32", "float64", "int32", "bool", "uint8", "bfloat16")


def making(name, reference, *samples, dtypes=("float32",), **options):
    """A case whose dtype, if it has one, is a parameter."""
    case(name, reference, *samples, dtypes=dtypes, **options)


for _name, _reference in (("zeros", np.zeros), ("ones", np.ones)):
    making(
        _name,
        lambda shape, dtype="float32", reference=_reference: reference(shape, numpy_dtype(dtype)),
        sample((2, 3)),
        sample(()),
        sample((0, 2)),
        sample(3),
        *(sample((2,), dtype=dtype) for dtype in SOME),
    )
for _name, _reference in (("zeros_like", np.zeros_like), ("ones_like", np.ones_like)):
    making(
        _name,
        lambda x, dtype=None, reference=_reference: reference(x, dtype=None if dtype is None else numpy_dtype(dtype)),
        sample(array(2, 3)),
        sample(array()),
        sample(array(2, 3), dtype="int32", gradient=False),
        dtypes=("float32", "float64", "int32", "bool"),
    )
making(
    "full",
    lambda shape, fill_value, dtype="float32": np.full(shape, fill_value, numpy_dtype(dtype)),
    sample((2, 3), 1.5),
    sample((2,), 3),
    sample((2,), 3, dtype="int32"),
    sample((2,), 0.1, dtype="float64"),
    sample((2, 3), array(3)),
    sample((2,), True, dtype="bool"),
    sample((2,), 1j, dtype="complex64"),
    mistakes=[sample((2,), 1j), sample((2,), array(2, dtype="complex64")), sample((2,), array(3))],
)
making(
    "full_like",
    lambda x, fill_value, dtype=None: np.full(x.shape, fill_value, dtype or x.dtype),
    sample(array(2, 3), 1.5),
    sample(array(2, 3), 0.1, dtypes=("float64",)),
    sample(array(2, 3), 3, dtype="int32", gradient=False),
    sample(array(2, 3), array(3)),
)
making(
    "arange",
    lambda start, stop=None, step=None, dtype=None: _arange(start, stop, step, dtype),
    sample(5),
    sample(1, 5),
    sample(5, 1, -2),
    sample(0.0, 1.0, 0.25),
    sample(3, dtype="float64"),
    sample(0, 3, dtype="uint8"),
    sample(5, 1),
    mistakes=[sample(0, 5, 0)],
)


def _arange(start, stop, step, dtype):
    bounds = [start] if stop is None else [start, stop]
    values = np.arange(*bounds, **({} if step is None else {"step": step}))
    return values.astype(dtype or {"i": "int32", "f": "float32"}[values.dtype.kind])


making(
    "eye",
    lambda N, M=None, k=0, dtype="float32": np.eye(N, M, k, dtype),
    sample(3),
    sample(2, 3),
    sample(3, k=1),
    sample(3, 2, -1, dtype="int32"),
)
making(
    "one_hot",
    lambda x, num_classes, axis=-1, dtype="float32": np.moveaxis(
        (x[..., None] == np.arange(num_classes)).astype(dtype), -1, axis
    ),
    sample(array(4, low=0, high=2), 3),
    sample(array(2, 4, low=-1, high=3), 3),
    sample(array(2, 4, low=0, high=2), 3, axis=0),
    sample(array(2, 4, low=0, high=2), 3, axis=1, dtype="int32"),
    sample(array(low=0, high=2), 3, dtype="bool"),
    sample(given(2**32 + 1, 1, -(2**32) + 1), 3, dtypes=("int64",)),
    sample(given(2**31 + 1, 1), 3, dtypes=("uint32",)),
    dtypes=("int32", "int64", "uint8"),
    mistakes=[
        sample(array(2), 3),
        sample(array(2, dtype="int32"), 3, axis=3),
        *(sample(array(2, dtype="int32"), n) for n in (2.5, -1)),
    ],
)


def _multi_hot(inputs, num_classes, axis=-1, dtype=None, sparse=False):
    rows = inputs.reshape(1, 1) if not inputs.ndim else inputs[None] if inputs.ndim == 1 else inputs
    out = np.zeros((rows.shape[0], *rows.shape[2:], num_classes), dtype or "float32")
    for place in np.ndindex(*rows.shape):
        if 0 <= rows[place] < num_classes:
            out[(place[0], *place[2:], rows[place])] = 1
    return np.moveaxis(out if inputs.ndim > 1 else out[0], -1, axis)


case(
    "multi_hot",
    _multi_hot,
    sample(array(3, low=0, high=4, dtype="int32"), 5),
    sample(array(2, 3, low=-1, high=5, dtype="int32"), num_classes=5, dtype="int32"),
    sample(array(2, 3, 4, low=0, high=4, dtype="int64"), 5, dtype="bool"),
    sample(array(2, 3, low=0, high=4, dtype="int32"), 5, axis=0),
    sample(array(2, 3, 4, low=0, high=4, dtype="uint8"), 5, axis=1),
    sample(np.array(2, "int32"), 3),
    sample(np.zeros((2, 0), "int32"), 3),
    dtypes=("float32",),
    mistakes=[
        sample(array(3, low=0, high=4, dtype="int32")),
        sample(array(2, 3, low=0, high=4, dtype="int32"), 5, axis=2),
        sample(array(3, low=0, high=4, dtype="int32"), 5, sparse=True),
        sample(array(3, dtype="float32"), 5),
    ],
)
