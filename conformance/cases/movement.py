"""Cases of ops that move elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..case import BOOL, FLOATS, NUMBERS, array, case, given, sample

EVERY = (*NUMBERS, *BOOL)
FEW = ("float32", "float64", "int32")


def moving(name, reference, *samples, dtypes=FEW, **options):
    """A case in which nothing is computed."""
    case(name, reference, *samples, dtypes=dtypes, **options)


moving(
    "reshape",
    lambda x, newshape: np.reshape(x, newshape),
    sample(array(2, 6), newshape=(3, 4)),
    sample(array(2, 6), newshape=(-1, 2)),
    sample(array(2, 3), newshape=[6]),
    sample(array(2, 3), newshape=-1),
    sample(array(), newshape=(1, 1)),
    sample(array(1), newshape=()),
    sample(array(0, 3), newshape=(3, 0)),
    dtypes=EVERY,
    mistakes=[
        sample(array(2, 3), newshape=(4, 2)),
        sample(array(2, 3), newshape=(4, -1)),
        sample(array(2, 3), newshape=(-1, -1)),
        sample(array(2, 3), newshape=(-2, 3)),
        sample(array(2, 3), newshape=(-2, -3)),
    ],
)
moving(
    "transpose",
    lambda x, axes=None: np.transpose(x, axes),
    sample(array(2, 3, 4)),
    sample(array(2, 3, 4), axes=(1, 2, 0)),
    sample(array(2, 3, 4), axes=[0, -1, 1]),
    sample(array()),
    dtypes=EVERY,
    mistakes=[sample(array(2, 3), axes=(0, 0)), sample(array(2, 3), axes=(0,)), sample(array(2, 3), axes=(0, 2))],
)
moving(
    "swapaxes",
    np.swapaxes,
    sample(array(2, 3, 4), axis1=0, axis2=2),
    sample(array(2, 3, 4), axis1=-1, axis2=1),
    mistakes=[sample(array(2, 3), axis1=0, axis2=2)],
)
moving(
    "moveaxis",
    np.moveaxis,
    sample(array(2, 3, 4), source=0, destination=-1),
    sample(array(2, 3, 4), source=(0, 1), destination=(-1, 0)),
    sample(array(2, 3, 4), source=[2], destination=[0]),
    mistakes=[sample(array(2, 3), source=2, destination=0), sample(array(2, 3), source=(0, 1), destination=0)],
)
moving(
    "expand_dims",
    lambda x, axis: np.expand_dims(x, tuple(axis) if isinstance(axis, list) else axis),
    sample(array(2, 3), axis=0),
    sample(array(2, 3), axis=-1),
    sample(array(2, 3), axis=[0, 2]),
    sample(array(), axis=0),
    mistakes=[sample(array(2, 3), axis=3), sample(array(2, 3), axis=(0, 0))],
)
moving(
    "squeeze",
    lambda x, axis=None: np.squeeze(x, tuple(axis) if isinstance(axis, list) else axis),
    sample(array(1, 2, 1)),
    sample(array(1, 2, 1), axis=0),
    sample(array(1, 2, 1), axis=-1),
    sample(array(1, 2, 1), axis=[0, 2]),
    sample(array(2, 3)),
    mistakes=[sample(array(1, 2), axis=1), sample(array(1, 2), axis=2)],
)
moving(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    sample(array(3), shape=(2, 3)),
    sample(array(2, 1), shape=[2, 3]),
    sample(array(), shape=(2, 2)),
    sample(array(1), shape=3),
    sample(array(1, 3), shape=(0, 3)),
    dtypes=EVERY,
    mistakes=[sample(array(3), shape=(3, 2)), sample(array(2, 3), shape=(3,))],
)
moving(
    "concatenate",
    lambda xs, axis=0: np.concatenate(xs, axis),
    sample([array(2, 3), array(1, 3)]),
    sample([array(2, 3), array(2, 1), array(2, 0)], axis=-1),
    sample([array(2, 3)]),
    sample([array(2, dtype="int32"), array(2, dtype="float32")], dtypes=("float32",), gradient=False),
    dtypes=EVERY,
    mistakes=[
        sample([array(2, 3), array(2, 4)]),
        sample([array(2, 3), array(3)]),
        sample([array(0), array(2, 3)]),
        sample([array(2, 3), array(2, 3)], axis=2),
        sample([array(2, 3), array(2, 3)], axis=None),
        sample([]),
    ],
)
moving(
    "stack",
    lambda xs, axis=0: np.stack(xs, axis),
    sample([array(2, 3), array(2, 3)]),
    sample([array(2, 3), array(2, 3)], axis=-1),
    sample([array(), array(), array()]),
    sample([array(2), array(2, dtype="float64")], dtypes=("float64",)),
    mistakes=[sample([array(2), array(3)]), sample([array(2), array(2)], axis=2), sample([])],
)
moving(
    "split",
    lambda x, indices_or_sections, axis=0: np.split(x, indices_or_sections, axis),
    sample(array(4, 3), indices_or_sections=2),
    sample(array(2, 6), indices_or_sections=3, axis=-1),
    sample(array(5, 2), indices_or_sections=(1, 3)),
    sample(array(5, 2), indices_or_sections=[2, 2, 4]),
    mistakes=[
        sample(array(5, 2), indices_or_sections=2),
        sample(array(5, 2), indices_or_sections=2, axis=2),
        sample(array(5, 2), indices_or_sections=0),
        sample(array(5, 2), indices_or_sections="ab"),
    ],
)
moving(
    "unstack",
    lambda x, num=None, axis=0: [part.squeeze(axis) for part in np.split(x, x.shape[axis], axis)],
    sample(array(3, 2)),
    sample(array(3, 2), axis=-1),
    sample(array(3, 2), num=3),
    mistakes=[sample(array(3, 2), num=2), sample(array(3, 2), axis=2)],
)
moving(
    "take_range",
    lambda x, start, stop, axis: x[(slice(None),) * (axis % x.ndim) + (slice(start, stop),)],
    sample(array(5, 3), start=1, stop=3, axis=0),
    sample(array(5, 3), start=-2, stop=None, axis=-1),
    sample(array(5, 3), start=2, stop=9, axis=0),
    mistakes=[sample(array(5, 3), start=0, stop=1, axis=2)],
)
moving(
    "pad_constant",
    lambda x, pairs, value=0: np.pad(x, pairs, constant_values=value),
    sample(array(2, 3), pairs=((1, 2), (0, 1))),
    sample(array(2, 3), pairs=((0, 0), (0, 0))),
    sample(array(2, 3), pairs=((1, 0), (0, 1)), value=5),
    sample(array(0, 3), pairs=((1, 1), (0, 0))),
    sample(array(2), pairs=((1, 1),), value=-np.inf, dtypes=("float32", "float64", "float16"), gradient=False),
    dtypes=(*NUMBERS,),
)


def padded(x, pad_width, mode: Any = "constant", constant_values=None):
    """NumPy's pad."""
    options = {} if constant_values is None else {"constant_values": constant_values}
    return np.pad(x, pad_width, mode={"circular": "wrap", "empty": "constant"}.get(mode, mode), **options)


EXTREME = ("maximum", "minimum")
COMPUTED = (*EXTREME, "linear_ramp", "mean", "median")
moving(
    "pad_computed",
    lambda x, axis, pair, mode: np.pad(x, [pair if i == axis % x.ndim else (0, 0) for i in range(x.ndim)], mode=mode),
    *(sample(array(3, 4, apart=0.2), 0, (2, 0), mode) for mode in COMPUTED),
    *(sample(array(2, 3, 4, apart=0.2), -1, (1, 3), mode) for mode in COMPUTED),
    sample(array(4, apart=0.2), 0, (0, 0), "linear_ramp"),
    dtypes=FLOATS,
    magnitude=lambda x, *_: np.abs(x).max(),
    mistakes=[sample(array(2, 3), 2, (1, 1), "mean"), sample(array(2, 3), 0, (1, 1), "edge")],
)


moving(
    "pad",
    padded,
    sample(array(2, 3), pad_width=1),
    sample(array(2, 3), pad_width=(1, 2)),
    sample(array(2, 3), pad_width=((1, 2), (0, 1))),
    sample(array(2, 3), pad_width=((1, 1), (2, 2)), constant_values=3),
    sample(array(2, 4), pad_width=((1, 0), (2, 3)), mode="reflect"),
    sample(array(2, 4), pad_width=((1, 0), (2, 3)), mode="symmetric"),
    sample(array(2, 4), pad_width=2, mode="edge"),
    sample(array(2, 4), pad_width=1, mode="wrap"),
    sample(array(2, 4), pad_width=((0, 1), (5, 6)), mode="circular"),
    sample(array(2, 3), pad_width=((0, 2), (1, 0)), mode="empty"),
    *(sample(array(3, 4, apart=0.2), pad_width=((2, 0), (1, 3)), mode=mode, dtypes=FLOATS) for mode in EXTREME),
    *(sample(array(3, 4), pad_width=2, mode=mode, dtypes=("int32", "uint8")) for mode in COMPUTED),
    *(sample(given(2**63 - 1, 3, -(2**63)), pad_width=1, mode=mode, dtypes=("int64",)) for mode in EXTREME),
    *(sample(given(True, False, True), pad_width=2, mode=mode, dtypes=BOOL) for mode in COMPUTED),
    mistakes=[
        sample(array(2, 3), pad_width=-1),
        sample(array(2, 3), pad_width=(1, 2, 3)),
        sample(array(2, 3), pad_width=1, mode="nonsense"),
        sample(array(2, 3), pad_width=1, mode="edge", constant_values=1),
        *(sample(array(0, 3), pad_width=1, mode=mode) for mode in ("reflect", *COMPUTED)),
        sample(array(0, 3), pad_width=((1, 0), (0, 0)), mode="mean"),
    ],
)
moving(
    "flip",
    lambda x, axis=None: np.flip(x, tuple(axis) if isinstance(axis, list) else axis),
    sample(array(2, 3)),
    sample(array(2, 3), axis=-1),
    sample(array(2, 3, 4), axis=[0, 2]),
    sample(array(0, 3), axis=0),
    dtypes=EVERY,
    mistakes=[sample(array(2, 3), axis=2), sample(array(2, 3), axis=(0, 0))],
)
moving(
    "roll",
    lambda x, shift, axis=None: np.roll(x, shift, axis),
    sample(array(2, 3), shift=1),
    sample(array(2, 3), shift=-1, axis=1),
    sample(array(2, 3), shift=5, axis=-1),
    sample(array(2, 3), shift=(1, 2), axis=(0, 1)),
    sample(array(2, 3), shift=1, axis=(1, 1)),
    sample(array(0, 3), shift=1, axis=0),
    mistakes=[sample(array(2, 3), shift=1, axis=2), sample(array(2, 3), shift=(1, 2), axis=(0,))],
)
moving(
    "tile",
    lambda x, repeats: np.tile(x, repeats),
    sample(array(2, 3), repeats=2),
    sample(array(2, 3), repeats=(2, 1)),
    sample(array(3), repeats=(2, 2, 1)),
    sample(array(2, 3), repeats=[0, 1]),
    mistakes=[sample(array(2, 3), repeats=-1)],
)
moving(
    "repeat",
    lambda x, repeats, axis=None: np.repeat(x, repeats, axis),
    sample(array(2, 3), repeats=2),
    sample(array(2, 3), repeats=2, axis=0),
    sample(array(2, 3), repeats=(1, 0, 2), axis=-1),
    sample(array(2, 3), repeats=[2], axis=1),
    mistakes=[
        sample(array(2, 3), repeats=2, axis=2),
        sample(array(2, 3), repeats=[1, 2, 3], axis=0),
        sample(array(2, 3), repeats=[1, -2], axis=0),
    ],
)
