"""Cases of reductions."""

from __future__ import annotations

import numpy as np

from ..case import BOOL, COMPLEX, FLOATS, NUMBERS, array, case, given, sample
from ..exact import accurate, spread
from .arithmetic import INF, LARGE, NAN


def tuples(axis):
    """Lists of axes as tuples, which NumPy wants."""
    return tuple(axis) if isinstance(axis, list) else axis


def reducing(*arrays):
    """Samples over axes of every kind."""
    return (
        sample(*arrays),
        sample(*arrays, axis=0),
        sample(*arrays, axis=-1),
        sample(*arrays, axis=1, keepdims=True),
        sample(*arrays, axis=(0, 2)),
        sample(*arrays, axis=[0, -1], keepdims=True),
        sample(*arrays, axis=-2),
    )


def narrow(reference):
    """A NumPy reduction whose integers stay as wide as ours."""

    def run(x, axis=None, keepdims=False):
        dtype = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}.get(
            x.dtype.name
        )
        return reference(x, axis=tuples(axis), keepdims=keepdims, dtype=dtype or x.dtype)

    return run


BAD_AXES = [
    sample(array(2, 3), axis=2),
    sample(array(2, 3), axis=-3),
    sample(array(2, 3), axis=(0, 0)),
    sample(array(2, 3), axis=(0, -2)),
    sample(array(), axis=0),
    sample(array(2, 3), axis="a"),
    sample(array(2, 3), axis=1.5),
]
EMPTY = [sample(array(0, 3), axis=0), sample(array(0))]

case(
    "sum",
    narrow(np.sum),
    *reducing(array(2, 3, 4)),
    sample(array()),
    sample(array(0, 3), axis=0),
    sample(array(3, dtype="bool"), dtypes=BOOL),
    sample(array(1000, low=0, high=1), dtypes=FLOATS, gradient=False),
    sample(array(1040, 3), axis=0, dtypes=FLOATS, gradient=False),
    sample(array(32, 40, 3), axis=(0, 1), keepdims=True, dtypes=FLOATS, gradient=False),
    sample(given(1.0, INF, 2.0), dtypes=FLOATS, gradient=False),
    sample(array(2, 3), axis=()),
    sample(array(2, 3), axis=1, dtypes=COMPLEX),
    dtypes=NUMBERS,
    magnitude=lambda x, axis=None, keepdims=False: np.abs(x).sum(axis=tuples(axis), keepdims=keepdims),
    mistakes=BAD_AXES,
)
case(
    "product",
    narrow(np.prod),
    *reducing(array(2, 3, 4, low=0.5, high=1.5)),
    sample(array()),
    sample(array(0, 3), axis=0),
    sample(given(2.0, 0.0, 3.0), dtypes=("float32", "float64")),
    sample(given(0.0, 0.0, 3.0), dtypes=("float32", "float64")),
    sample(array(3, low=1, high=3, dtype="int8"), dtypes=("int8",)),
    sample(array(2, 3), axis=1, dtypes=COMPLEX, gradient=False),  # TensorFlow's second derivative is wrong
    dtypes=(*FLOATS, "int32", "int64"),
    mistakes=BAD_AXES,
)
case(
    "prod",
    lambda x, axis=None, keepdims=False, dtype=None: narrow(np.prod)(
        x if dtype is None else x.astype(dtype), axis, keepdims
    ),
    *reducing(array(2, 3, 4, low=0.5, high=1.5))[:4],
    sample(array(3, low=1, high=3, dtype="int32"), dtype="float64", dtypes=("float64",), gradient=False),
    sample(array(3, low=1, high=3, dtype="int8"), dtypes=("int8",)),
    mistakes=BAD_AXES,
)


def means(reference):
    """A NumPy mean or variance."""
    return lambda x, axis=None, keepdims=False: reference(x, axis=tuples(axis), keepdims=keepdims)


case(
    "mean",
    means(np.mean),
    *reducing(array(2, 3, 4)),
    sample(array(3, dtype="int32"), dtypes=("int32",)),
    sample(array(3, dtype="bool"), dtypes=BOOL),
    sample(array(1000, low=0, high=1), gradient=False),
    sample(given(60000.0, 60000.0), dtypes=("float16",)),
    sample(array(2, 3), axis=1, dtypes=COMPLEX),
    magnitude=lambda x, axis=None, keepdims=False: np.abs(x).mean(axis=tuples(axis), keepdims=keepdims),
    mistakes=BAD_AXES,
)


def _variance(x, **options):
    """NumPy's variance with digits to spare."""
    return np.var(x.astype(np.clongdouble if np.iscomplexobj(x) else np.longdouble), **options).astype("float64")


case(
    "var",
    means(_variance),
    *reducing(array(2, 3, 4)),
    accurate(array(1000, low=1e5, high=1e5 + 1)),
    accurate(array(200, 5, low=-3e4, high=-3e4 + 0.5), axis=0),
    accurate(spread(-15, 15)),
    accurate(given(7.1, 7.1, 7.1)),
    sample(given(2.0, 2.0, 2.0)),  # where the distances are zero, their squares bend
    sample(array(3, dtype="int32", low=0, high=9), dtypes=("int32",)),
    sample(array(300, low=1000, high=1001), dtypes=("float32", "float64"), gradient=False),
    sample(array(2, 3), axis=1, dtypes=COMPLEX),
    magnitude=lambda x, axis=None, keepdims=False: _spread(x, tuples(axis), keepdims),
    mistakes=BAD_AXES,
)


def _spread(x, axis, keepdims):
    """How large what is squared can be, with the rounding of the mean."""
    distance = np.abs(x - x.mean(axis=axis, keepdims=True)) + 2.0**-23 * np.abs(x).max()
    return (distance**2).mean(axis=axis, keepdims=keepdims)


case(
    "std",
    means(np.std),
    *reducing(array(2, 3, 4))[:5],
    sample(array(2, 3), axis=1, dtypes=COMPLEX),
    magnitude=lambda x, axis=None, keepdims=False: np.sqrt(_spread(x, tuples(axis), keepdims)),
    mistakes=BAD_AXES,
)
for _name, _reference in (("amax", np.max), ("amin", np.min)):
    case(
        _name,
        lambda x, axis=None, keepdims=False, reference=_reference: reference(x, axis=tuples(axis), keepdims=keepdims),
        *reducing(array(2, 3, 4, apart=0.2)),
        sample(array()),
        sample(given(1.0, NAN, 3.0), dtypes=FLOATS, gradient=False),
        sample(given(1.0, 1.0, 0.5), dtypes=FLOATS, kink=True),
        sample(given(1.0, 1.0, 1.0), dtypes=FLOATS, kink=True),
        sample(given(-INF, -INF), dtypes=FLOATS, gradient=False),
        sample(array(4, dtype="bool"), dtypes=BOOL),
        sample(LARGE[0], dtypes=("uint64",)),
        dtypes=NUMBERS,
        mistakes=[*BAD_AXES, *EMPTY],
    )
for _name, _reference in (("max", np.max), ("min", np.min)):
    case(
        _name,
        lambda x, axis=None, keepdims=False, initial=None, reference=_reference: reference(
            x, axis=tuples(axis), keepdims=keepdims, **({} if initial is None else {"initial": initial})
        ),
        *reducing(array(2, 3, 4, apart=0.2))[:4],
        sample(array(2, 3, apart=0.3), axis=1, initial=0.25, dtypes=FLOATS),
        sample(array(0, 3), axis=0, initial=1, dtypes=("float32", "int32")),
        dtypes=(*FLOATS, "int32"),
        mistakes=[*BAD_AXES, *EMPTY],
    )
for _name, _reference in (("argmax", np.argmax), ("argmin", np.argmin)):
    case(
        _name,
        lambda x, axis=None, keepdims=False, reference=_reference: np.asarray(
            reference(x, axis=axis, keepdims=keepdims)
        ).astype("int32"),
        sample(array(2, 3, 4)),
        sample(array(2, 3, 4), axis=0),
        sample(array(2, 3, 4), axis=-1, keepdims=True),
        sample(array(2, 3, 4), keepdims=True),
        sample(given(1.0, 2.0, 2.0, 1.0)),
        sample(given(1.0, NAN, 3.0, NAN), dtypes=FLOATS),
        sample(given(INF, NAN), dtypes=FLOATS),
        sample(array(4, dtype="bool"), dtypes=BOOL),
        sample(LARGE[0], dtypes=("uint64",)),
        dtypes=NUMBERS,
        mistakes=[*BAD_AXES[:2], BAD_AXES[4], *EMPTY, sample(array(2, 3), axis=(0, 1))],
    )
for _name, _reference in (("any", np.any), ("all", np.all)):
    case(
        _name,
        lambda x, axis=None, keepdims=False, reference=_reference: reference(x, axis=tuples(axis), keepdims=keepdims),
        *reducing(array(2, 3, 4, dtype="bool")),
        sample(array(2, 3, low=-1, high=1), axis=1, dtypes=("int32", "float32")),
        sample(array(0, 3, dtype="bool"), axis=0),
        dtypes=BOOL,
        mistakes=BAD_AXES,
    )
case(
    "count_nonzero",
    lambda x, axis=None: np.asarray(np.count_nonzero(x, axis=tuples(axis))).astype("int32"),
    sample(array(2, 3, low=-1, high=1)),
    sample(array(2, 3, 4, low=-1, high=1), axis=(0, 2)),
    sample(array(2, 3, dtype="bool"), axis=0, dtypes=BOOL),
    dtypes=("int32", "float32"),
    mistakes=BAD_AXES,
)
case(
    "logsumexp",
    lambda x, axis=None, keepdims=False: _logsumexp(x, tuples(axis), keepdims),
    *reducing(array(2, 3, 4)),
    accurate(given(1000.0, 1000.0)),
    accurate(given(-1e4, -1e4, -1e4 - 1)),
    accurate(given(1e30, -1e30, 3.0)),
    accurate(given(-80.0, -81.0, -82.5)),
    accurate(array(3, 200, low=-90, high=90), axis=1),
    sample(given(-INF, -INF), gradient=False),
    sample(given(INF, 1.0), gradient=False),
    sample(array(0)),
    magnitude=lambda x, axis=None, keepdims=False: np.maximum(np.abs(x).max(initial=1.0), 1.0),
    mistakes=BAD_AXES,
)


def _logsumexp(x, axis, keepdims):
    highest = x.max(axis=axis, keepdims=True, initial=-INF)
    highest = np.where(np.isfinite(highest), highest, 0)
    total = np.exp(x - highest).sum(axis=axis, keepdims=keepdims)
    return np.log(total) + highest.reshape(total.shape)


def running(reference):
    """A NumPy running sum or product whose integers stay as wide as ours."""

    return lambda x, axis=None, dtype=None: reference(
        x, axis=axis, dtype=dtype or ("int32" if x.dtype == "bool" else x.dtype)
    )


RUNNING = (
    sample(array(2, 3, low=0.5, high=1.5), axis=0),
    sample(array(2, 3, low=0.5, high=1.5), axis=-1),
    sample(array(0, 3), axis=0),
    sample(array(2, 3), axis=1, dtypes=COMPLEX),
    sample(array(5000, low=0.1, high=0.1), axis=0, dtypes=("float16", "bfloat16"), gradient=False),
)
BAD_RUNNING = [sample(array(2, 3), axis=2)]
for _lean, _name, _reference in (("running_sum", "cumsum", np.cumsum), ("running_product", "cumprod", np.cumprod)):
    _options = {
        "magnitude": lambda x, axis=None, dtype=None: np.abs(x).sum(),
        "mistakes": BAD_RUNNING,
    }
    case(_lean, running(_reference), *RUNNING, drawn=False, dtypes=(*FLOATS, "int32", "int64"), **_options)
    case(
        _name,
        running(_reference),
        *RUNNING,
        sample(array(2, 3, low=0.5, high=1.5)),
        sample(given(1.0, 0.0, 2.0), axis=0, dtypes=("float32", "float64")),
        sample(array(3, low=1, high=3, dtype="int32"), axis=0, dtype="float32", dtypes=("float32",), gradient=False),
        sample(array(5, low=1, high=2, dtype="int8"), axis=0, dtypes=("int8",)),
        sample(given(100, 100, 3), axis=0, dtypes=("int8", "uint8")),
        sample(array(5, dtype="bool"), axis=0, dtypes=BOOL),
        dtypes=(*FLOATS, "int32", "int64"),
        **_options,
    )
