"""NumPy: the backend that is always there. The tape differentiates it."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from polykeras import philox, tree
from polykeras.backend import OPERATORS, Backend, numpy_dtype
from polykeras.dtypes import ALL, NAMES, STORAGE, canonical
from polykeras.errors import MatrixError, OutOfRangeError, ShapeError
from polykeras.interpreters import Run, interprets
from polykeras.op import OPS
from polykeras.tape import TapeGradients

from . import numpy_windows
from .numpy_plan import Planned
from .numpy_recording import Recorded, Recorder, Slot
from .numpy_shortcuts import (
    FITTED,
    WRITING_OVER,
    fitted_addition,
    fitted_cast,
    fitted_choice,
    fitted_extreme,
    fitted_gathering,
    is_zero,
    kept_or_zero,
)
from .numpy_table import BITS, KERNELS, body, kernel
from .numpy_updates import recorded_updates


def _of_numbers(x: Any) -> Any:
    """An array in the machine's byte order, after a look at whether it is one of numbers: dates are not."""
    canonical(x.dtype)
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


KERNELS |= {
    # arithmetic
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "floor_divide": np.floor_divide,
    "mod": np.remainder,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "arctan2": np.arctan2,
    "negative": np.negative,
    "square": np.square,
    # elementary functions
    "abs": np.absolute,
    "sign": np.sign,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "isnan": np.isnan,
    "isinf": np.isinf,
    "isfinite": np.isfinite,
    **{name: getattr(np, name) for name in ("arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh", "tan")},
    **{name: getattr(np, name) for name in ("sinh", "cosh", "hypot", "exp2", "log2", "log10", "cbrt")},
    **{name: getattr(np, name) for name in ("logaddexp", "logaddexp2", "fmax", "fmin", "fmod", "gcd", "lcm")},
    "clip": lambda x, x_min, x_max: np.clip(x, x_min, x_max).astype(x.dtype, copy=False),
    "nextafter": np.nextafter,
    "copy": lambda x: np.array(x),
    # logic
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_not": np.logical_not,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "bitwise_not": np.bitwise_not,
    "left_shift": np.left_shift,
    "right_shift": np.right_shift,
    # linear algebra and activations
    "matmul": np.matmul,
    # complex numbers
    "real": np.real,
    "imag": np.imag,
    "conjugate": lambda x: np.conjugate(x) if x.dtype.kind == "c" else x,
    # movement
    "transpose": lambda x, axes: x.transpose(None if axes is None else tuple(axes)),
    "concatenate": lambda xs, axis: np.concatenate(xs, operator.index(axis)),  # None would join all elements
    "stack": np.stack,
    "flip": np.flip,
    # creation and conversion
    "zeros": np.zeros,
    "ones": np.ones,
    "as_array": _of_numbers,
    "stop_gradient": lambda variable: variable,
    # sorting
    "searchsorted": lambda seq, values, side: np.asarray(
        np.searchsorted(_sortable(seq), _sortable(values), side)
    ).astype("int32"),
    # arrays
    "isin": lambda x1, x2, assume_unique, invert: np.isin(_sortable(x1), _sortable(x2), invert=invert),
    "correlate": np.correlate,
    "tally": lambda x, length: np.bincount(x, minlength=length).astype("int32"),
}


_NARROW = frozenset({np.dtype("float16"), numpy_dtype("bfloat16")})
_COMPUTED_WIDE = ALL - {"float16", "bfloat16"}
_LOSING_DIGITS = frozenset(
    [
        "sum",
        "product",
        "running_sum",
        "running_product",
        "matmul",
        "convolve",
        "convolve_input_gradient",
        "convolve_kernel_gradient",
        "window_sum",
        "correlate",
        "sigmoid",
    ]
)
"""What NumPy would add up 16 bits at a time, or what overflows in them on the way."""


class NumpyBackend(TapeGradients, Backend):
    """NumPy."""

    name = "numpy"
    array_types = (np.ndarray, np.generic)
    kernels = KERNELS
    dtypes = {name: numpy_dtype(name) for name in NAMES}
    number_dtypes = ALL - {"bfloat16"} - STORAGE
    exact_on_integers = frozenset(["floor_divide", "mod", "left_shift", "right_shift"])
    scalars = OPERATORS | {"where", "clip"}
    records = True

    def plain_dtypes(self, op: str) -> frozenset[str] | None:
        """All but the floats of 16 bits, for what would lose digits in them."""
        return _COMPUTED_WIDE if op in _LOSING_DIGITS else None

    def call(self, kernel: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Compute in float32 what would lose digits in 16 bits."""
        narrow = [x.dtype for x in args if isinstance(x, (np.ndarray, np.generic)) and x.dtype in _NARROW]
        if not narrow:
            return kernel(*args)
        wide = [
            x.astype(np.float32) if isinstance(x, (np.ndarray, np.generic)) and x.dtype in _NARROW else x for x in args
        ]
        return kernel(*wide).astype(narrow[0])

    def quiet(self) -> np.errstate:
        """Without NumPy's warnings of overflow, division by zero and the like."""
        return np.errstate(all="ignore")

    def value_and_grad(self, function: Callable[[list], tuple[Any, list]], arrays: list) -> tuple[Any, list, list]:
        """Value, auxiliary results, and the gradient of the value with respect to each of the arrays."""
        with self.quiet():
            return super().value_and_grad(function, arrays)

    def compile(
        self, function: Callable[..., list], donate: Sequence[int], state: int, jit_compile: bool | str
    ) -> Callable:
        """The function, without warnings, as a plan of its kernels."""
        quiet = np.errstate(all="ignore")(function)
        return quiet if jit_compile is False else np.errstate(all="ignore")(Planned(quiet, donate, state, _INTO))

    def from_numpy(self, array: np.ndarray) -> np.ndarray:
        """The array itself."""
        return array

    def to_numpy(self, x: Any) -> np.ndarray:
        """The array itself."""
        return np.asarray(x)

    def copy(self, x: Any) -> np.ndarray:
        """An array with memory of its own."""
        return np.array(x)

    def from_dlpack(self, x: Any) -> np.ndarray:
        """An array that shares the memory of an array from elsewhere."""
        return np.from_dlpack(x)

    def cast(self, x: Any, dtype: str) -> np.ndarray:
        """The array in another dtype."""
        if x.dtype.kind == "c" and not dtype.startswith("complex"):
            x = x != 0 if dtype == "bool" else x.real
        return x.astype(self.dtypes[dtype])

    def devices(self) -> list[str]:
        """The processor."""
        return ["cpu:0"]


@kernel
def sigmoid(x: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        return _sigmoid_into(x, np.empty_like(x))


def _sigmoid_into(x: Any, out: np.ndarray) -> np.ndarray:
    np.exp(np.negative(x, out=out), out=out)
    out += 1
    return np.divide(1, out, out=out)


@kernel
def log1p(x: Any) -> Any:
    return np.log1p(x) if x.dtype.kind != "c" else body("log1p", x)  # to a small complex number NumPy adds 1 first


# Rounding --------------------------------------------------------------------------------------------------


def _rounding(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: x if x.dtype.kind in "iub" else compute(x)


KERNELS |= {name: _rounding(getattr(np, name)) for name in ("floor", "ceil", "rint", "trunc")}


@kernel
def ldexp(x1: Any, x2: Any) -> np.ndarray:
    x2 = x2.astype(np.int64) if x2.dtype == np.uint64 else x2  # for which NumPy has none
    return np.ldexp(x1, x2).astype(x1.dtype, copy=False)


@kernel
def view(x: Any, dtype: str | None) -> Any:
    return x if dtype is None else np.asarray(x, order="C").view(numpy_dtype(dtype))


# Complex numbers -------------------------------------------------------------------------------------------


@kernel
def make_complex(real: Any, imag: Any) -> np.ndarray:
    out = np.empty(np.broadcast_shapes(real.shape, imag.shape), np.result_type(real, np.complex64))
    out.real, out.imag = real, imag
    return out


# Reductions ------------------------------------------------------------------------------------------------


def _reduction(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction over axes, which an array without axes does not have, though NumPy pretends that it has one."""

    def run(x: Any, axis: Any, keepdims: bool) -> Any:
        if axis is not None and axis != () and not x.ndim:
            raise ShapeError("an array without axes")
        return compute(x, axis, keepdims)

    return run


def _total(add_up: np.ufunc) -> Callable[..., Any]:
    return _reduction(lambda x, axis, keepdims: add_up.reduce(x, axis=axis, dtype=x.dtype, keepdims=keepdims))


def _place(search: Callable[..., Any]) -> Callable[..., Any]:
    return _reduction(lambda x, axis, keepdims: np.asarray(search(x, axis=axis, keepdims=keepdims)).astype("int32"))


def _sum(x: Any, axis: Any, keepdims: bool) -> Any:
    lead, together = _together(x, axis)
    if together > 1 and x.flags.c_contiguous:
        long = np.add.reduce(x.reshape(-1, together * math.prod(x.shape[lead:])), axis=0).reshape(together, -1)
        return np.add.reduce(long, axis=0).reshape((*(1,) * (lead * keepdims), *x.shape[lead:]))
    return np.add.reduce(x, axis=axis, dtype=x.dtype, keepdims=keepdims)


def _together(x: Any, axis: Any) -> tuple[int, int]:
    """Over how many of the first axes to add up, and how many short rows to add up as one long one."""
    lead = len(axis) if type(axis) is tuple else int(axis == 0)
    if not lead or axis not in (0, tuple(range(lead))) or x.dtype.kind != "f":
        return lead, 1
    count, width = math.prod(x.shape[:lead]), math.prod(x.shape[lead:])
    if count < _LONG or not 1 < width <= _LONG // 2:
        return lead, 1
    return lead, math.gcd(count, 1 << (_LONG // width).bit_length() - 1)  # by a power of two, as batches are


_LONG = 1024
"""How many elements rows have so that adding them up costs little besides the additions."""


def _fitted_sum(x: Any, axis: Any, keepdims: bool) -> Callable[..., Any] | None:
    if type(x) is not Slot or _together(x, axis)[1] > 1 or (not x.shape and axis not in (None, ())):
        return None
    if not x.shape:
        return lambda x, axis, keepdims: x[()]
    dtype: Any = x.dtype
    return lambda x, axis, keepdims, out=None: np.add.reduce(x, axis, dtype=dtype, out=out, keepdims=keepdims)


KERNELS |= {
    "sum": _reduction(_sum),
    "product": _total(np.multiply),
    "amax": _reduction(lambda x, axis, keepdims: np.maximum.reduce(x, axis=axis, keepdims=keepdims)),
    "amin": _reduction(lambda x, axis, keepdims: np.minimum.reduce(x, axis=axis, keepdims=keepdims)),
    "nanmax": _reduction(lambda x, axis, keepdims: np.fmax.reduce(x, axis=axis, keepdims=keepdims)),
    "nanmin": _reduction(lambda x, axis, keepdims: np.fmin.reduce(x, axis=axis, keepdims=keepdims)),
    "any": _reduction(lambda x, axis, keepdims: np.logical_or.reduce(x, axis=axis, keepdims=keepdims)),
    "all": _reduction(lambda x, axis, keepdims: np.logical_and.reduce(x, axis=axis, keepdims=keepdims)),
    "argmax": _place(np.argmax),
    "argmin": _place(np.argmin),
    "running_sum": lambda x, axis: np.add.accumulate(x, axis=axis, dtype=x.dtype),
    "running_product": lambda x, axis: np.multiply.accumulate(x, axis=axis, dtype=x.dtype),
}


# Taking apart ----------------------------------------------------------------------------------------------


@kernel
def unstack(x: Any, num: int | None, axis: int) -> list[Any]:
    rows = x if axis == 0 else np.moveaxis(x, axis, 0)
    return body("unstack", x, num, axis) if num not in (None, len(rows)) else [rows[i, ...] for i in range(len(rows))]


@kernel
def split(x: Any, indices_or_sections: Any, axis: int) -> list[np.ndarray]:
    parts = _parts(x, indices_or_sections, axis)
    return body("split", x, indices_or_sections, axis) if parts is None else [x[part] for part in parts]


def _parts(x: Any, indices_or_sections: Any, axis: int) -> list[tuple[slice, ...]] | None:
    """Where the parts of an array lie; None where it cannot be told, or cannot be cut in this way."""
    whole = x.shape[axis]
    if type(indices_or_sections) is int:
        count = indices_or_sections
        edges = range(0, whole + 1, whole // count) if 0 < count <= whole and whole % count == 0 else ()
    else:
        edges = (0, *indices_or_sections, whole) if type(indices_or_sections) in (list, tuple) else ()
    if not edges or any(type(edge) is not int or not start <= edge for start, edge in itertools.pairwise(edges)):
        return None
    before = (slice(None),) * (axis % len(x.shape))
    return [(*before, slice(start, end)) for start, end in itertools.pairwise(edges)]


def _fitted_split(x: Any, indices_or_sections: Any, axis: int) -> Callable[..., Any] | None:
    parts = _parts(x, indices_or_sections, axis) if type(x) is Slot else None
    return None if parts is None else lambda x, *_: [x[part] for part in parts]


# Creation and choice ---------------------------------------------------------------------------------------


@kernel
def broadcast_to(x: Any, shape: Any) -> np.ndarray:
    if math.prod(shape) > 1 << 12 or x.ndim > len(shape):
        return np.broadcast_to(x, shape)
    out = np.empty(shape, x.dtype)  # for few elements, faster than NumPy's view
    out[...] = x
    return out


@kernel
def zeros_like(x: Any, dtype: str | None) -> np.ndarray:
    return np.zeros(x.shape, x.dtype if dtype is None else numpy_dtype(dtype))


@kernel
def ones_like(x: Any, dtype: str | None) -> np.ndarray:
    return np.ones(x.shape, x.dtype if dtype is None else numpy_dtype(dtype))


_MANY = 512
"""From how many elements on a choice takes longer than calling more functions."""


@kernel
def where(condition: Any, x1: Any, x2: Any, out: Any = None) -> Any:
    """The choice, made bit by bit, because NumPy's own takes ten times as long where a mask has no pattern."""
    is_kept_or_zero = is_zero(x2)
    if type(x2) in (bool, int, float):
        x2 = np.array(x2, x1.dtype)
    elif type(x1) in (bool, int, float):
        x1 = np.array(x1, x2.dtype)
    dtype = x1.dtype
    if max(condition.size, x1.size, x2.size) < _MANY or dtype.itemsize not in BITS:
        if out is None:
            return np.where(condition, x1, x2)
        np.copyto(out, x2)
        np.copyto(out, x1, where=condition)
        return out
    if out is None:
        out = np.empty(np.broadcast_shapes(condition.shape, x1.shape, x2.shape), dtype)
    if is_kept_or_zero:
        return kept_or_zero(x1, condition, out)
    bits = BITS[dtype.itemsize]
    one, other, found = x1.view(bits), x2.view(bits), out.view(bits)
    np.bitwise_xor(one, other, out=found)
    found &= np.negative(condition.astype(bits))  # all bits or none
    found ^= other
    return out


@kernel
def nonzero(x: Any) -> tuple[np.ndarray, ...]:
    return tuple(places.astype("int32") for places in np.nonzero(x))


@kernel
def repeat(x: Any, repeats: Any, axis: int | None) -> np.ndarray:
    return np.repeat(x, repeats, axis)


@kernel
def nan_to_num(x: Any, nan: float, posinf: float | None, neginf: float | None) -> Any:
    if x.dtype.kind != "f":
        return body("nan_to_num", x, nan, posinf, neginf)
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@kernel
def reshape(x: Any, newshape: Any) -> Any:
    if newshape and min(newshape) < -1:  # which NumPy takes for -1
        raise ShapeError("a negative size")
    return x.reshape(newshape)


# Slices and indices ----------------------------------------------------------------------------------------


@kernel
def strided_slice(x: Any, starts: Any, stops: Any, steps: Any) -> Any:
    return x[tuple(map(slice, starts, stops, steps))]


@kernel
def strided_slice_gradient(g: Any, shape: Any, starts: Any, stops: Any, steps: Any) -> np.ndarray:
    out = np.zeros(shape, g.dtype)
    out[tuple(map(slice, starts, stops, steps))] = g
    return out


def _block(x: Any, starts: Any, sizes: Any) -> tuple[slice, ...]:
    starts = [int(start) for start in starts]  # else their sums with sizes might be too large for their dtype
    for axis, (start, size, whole) in enumerate(zip(starts, sizes, x.shape, strict=True)):
        if not 0 <= start <= whole - size or size < 0:
            raise OutOfRangeError.of_block(start, size, axis, whole)
    return tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))


KERNELS["slice"] = lambda inputs, start_indices, shape: inputs[_block(inputs, start_indices, shape)]


@kernel
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> np.ndarray:
    out = inputs.copy()
    out[_block(inputs, start_indices, updates.shape)] = updates
    return out


def _checked(indices: Any, size: int, axis: int) -> Any:
    """Indices as the integers that places in memory are, after a look at whether they are in range."""
    if indices.size and (indices.max() >= size or indices.min() < -size):
        worst = indices.max() if indices.max() >= size else indices.min()
        raise OutOfRangeError.of_index(int(worst), axis, size)
    return indices.astype(np.intp, copy=False)


@kernel
def take(x: Any, indices: Any, axis: int | None) -> Any:
    try:
        return np.take(x, indices, axis)
    except IndexError:
        _checked(indices, x.size if axis is None else x.shape[axis], axis or 0)
        raise


def _grid(shape: Any, axis: int, places: Any) -> tuple[Any, ...]:
    """What indexes places along an axis, and each row of the other axes as it is."""
    ndim = len(shape)
    grid: list[Any] = [np.arange(n).reshape([-1 if i == a else 1 for i in range(ndim)]) for a, n in enumerate(shape)]
    grid[axis] = places
    return tuple(grid)


@kernel
def gather_along_axis(x: Any, indices: Any, axis: int) -> np.ndarray:
    return x[_grid(indices.shape, axis, _checked(indices, x.shape[axis], axis))]


@kernel
def add_along_axis(x: Any, indices: Any, updates: Any, axis: int) -> np.ndarray:
    out = x.copy(order="C")
    if indices.size:
        places, *grid = _grid(indices.shape, axis, _checked(indices, x.shape[axis], axis) % x.shape[axis])
        for size, place in zip(out.shape[1:], grid, strict=True):
            places = places * size + place
        np.add.at(out.reshape(-1), places.reshape(-1), updates.reshape(-1))  # many times faster along one axis
    return out


def _places(indices: Any, shape: Any) -> np.ndarray:
    """Positions on the first axes together as positions on one axis."""
    place = np.zeros(indices.shape[:-1], np.intp)
    for axis in range(indices.shape[-1]):
        place = place * shape[axis] + _checked(indices[..., axis], shape[axis], axis) % max(shape[axis], 1)
    return place.reshape(-1)


@kernel
def gather(x: Any, indices: Any) -> Any:
    depth = indices.shape[-1]
    rows = x.reshape(math.prod(x.shape[:depth]), *x.shape[depth:])
    return rows[_places(indices, x.shape)].reshape(*indices.shape[:-1], *x.shape[depth:])


_COMBINE = {"add": np.add, "max": np.maximum, "min": np.minimum, "mul": np.multiply}


@kernel
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None) -> np.ndarray:
    depth = indices.shape[-1]
    if updates.shape != indices.shape[:-1] + inputs.shape[depth:]:
        raise ShapeError("updates as the indices and the inputs want them")  # whose reason the op's rule gives
    width = math.prod(inputs.shape[depth:])
    out = inputs.copy().reshape(math.prod(inputs.shape[:depth]), width)
    places = _places(indices, inputs.shape)
    rows = updates.reshape(len(places), width)
    if reduction is None:
        out[places] = rows
    elif width == 1:
        _COMBINE[reduction].at(out.reshape(-1), places, rows.reshape(-1))
    elif len(places):
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        combine = _COMBINE[reduction]
        out[ordered[first]] = combine(out[ordered[first]], combine.reduceat(rows[order], first, axis=0))
    return out.reshape(inputs.shape)


# Sorting ---------------------------------------------------------------------------------------------------


def _sortable(x: Any) -> Any:
    """An array that NumPy sorts with NaN last, which it does not do for bfloat16."""
    return x.astype(np.float32) if x.dtype.kind == "V" else x


@kernel
def argsort(x: Any, axis: int | None) -> np.ndarray:
    if not x.ndim and axis is not None:
        raise ShapeError("an array without axes")
    return np.argsort(_sortable(x), axis=axis, kind="stable").astype("int32")


@kernel
def unique(x: Any, *options: Any) -> Any:
    plain = not any(options[1:]) and options[3] is options[4] is None and x.dtype.kind != "V"
    return np.unique(x, equal_nan=False) if plain else body("unique", x, *options)


@kernel
def sort(x: Any, axis: int | None) -> np.ndarray:
    return np.sort(_sortable(x), axis=axis).astype(x.dtype, copy=False)  # a stable sort takes twenty times as long


# Linear algebra --------------------------------------------------------------------------------------------


def _refusing(compute: Callable[..., Any], error: Callable[[], MatrixError]) -> Callable[..., Any]:
    """A function of matrices, with an error of ours for what NumPy refuses; NaN for those that are not finite."""

    def run(x: Any, *args: Any) -> Any:
        try:
            return compute(x, *args)
        except np.linalg.LinAlgError:
            finite = np.isfinite(x).all((-2, -1), keepdims=True)
            if finite.all():
                raise error() from None
        results = run(np.where(finite, x, np.eye(*x.shape[-2:], dtype=x.dtype)), *args)
        return tree.map_structure(lambda y: np.where(_along(finite, y), y, np.array(np.nan, y.dtype)), results)

    return run


def _along(finite: Any, y: Any) -> np.ndarray:
    """What is known of each matrix of a batch in a shape that broadcasts against a result: matrices, or rows."""
    return finite if y.ndim == finite.ndim else finite[..., 0]


@kernel
def triangular_solve(a: Any, b: Any, lower: bool) -> np.ndarray:
    if lower:  # from the last to the first it is an upper triangle, for which elimination is substitution
        return triangular_solve(a[..., ::-1, ::-1], b[..., ::-1, :], False)[..., ::-1, :]
    if (np.diagonal(a, axis1=-2, axis2=-1) != 0).all():
        return np.linalg.solve(np.triu(a), b)
    solution = np.empty_like(b)
    for i in reversed(range(a.shape[-1])):  # which does not refuse to divide by zero
        rest = np.matmul(a[..., i : i + 1, i + 1 :], solution[..., i + 1 :, :])
        solution[..., i : i + 1, :] = (b[..., i : i + 1, :] - rest) / a[..., i : i + 1, i : i + 1]
    return solution


def _sign_and_logarithm(x: Any) -> tuple[np.ndarray, np.ndarray]:
    sign, logarithm = np.linalg.slogdet(x)
    return np.where(np.isnan(logarithm), np.array(np.nan, x.dtype), sign), logarithm


def _eigenvectors(x: Any) -> tuple[np.ndarray, np.ndarray]:
    values, vectors = np.linalg.eig(x)
    dtype = np.result_type(x, np.complex64)
    return values.astype(dtype), vectors.astype(dtype)


KERNELS |= {
    "matrix_solve": _refusing(np.linalg.solve, MatrixError.singular),
    "lower_cholesky": _refusing(np.linalg.cholesky, MatrixError.not_positive_definite),
    "determinant": np.linalg.det,
    "sign_and_logarithm": _sign_and_logarithm,
    "orthogonal_triangular": lambda x, complete: tuple(np.linalg.qr(x, "complete" if complete else "reduced")),
    "singular_vectors": _refusing(lambda x: tuple(np.linalg.svd(x, full_matrices=False)), MatrixError.not_converged),
    "singular_values": _refusing(lambda x: np.linalg.svd(x, compute_uv=False), MatrixError.not_converged),
    "symmetric_eigenvectors": _refusing(lambda x: tuple(np.linalg.eigh(x)), MatrixError.not_converged),
    "general_eigenvectors": _refusing(_eigenvectors, MatrixError.not_converged),
}


# Fourier transforms ----------------------------------------------------------------------------------------


@kernel
def fourier_transform(x: Any, rank: int, inverse: bool) -> np.ndarray:
    return (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=range(-rank, 0))


KERNELS |= {"real_fourier": np.fft.rfft, "inverse_real_fourier": np.fft.irfft}


# Random words ----------------------------------------------------------------------------------------------


@kernel
def rng_bits(seed: Any, shape: Any, counter: int) -> np.ndarray:
    return philox.words(seed, counter, math.prod(shape)).reshape(shape)


@kernel
def random_unit(seed: Any, shape: Any, dtype: str) -> np.ndarray:
    return philox.unit(seed, math.prod(shape), dtype).astype(numpy_dtype(dtype), copy=False).reshape(shape)


@kernel
def random_below(seed: Any, shape: Any, limit: int, first: int, dtype: str) -> np.ndarray:
    return philox.below(seed, math.prod(shape), limit, first, dtype).reshape(shape)


@kernel
def random_coin(seed: Any, shape: Any, probability: float) -> np.ndarray:
    return philox.coin(seed, math.prod(shape), probability).reshape(shape)


# Activations ----------------------------------------------------------------------------------------------

_FEW = 1 << 11
"""Up to how many elements one call for all of them takes the least."""
_ZEROS = {np.dtype(name): np.zeros(4 * _FEW, name) for name in ("float32", "float64")}


@kernel
def relu(x: Any) -> Any:
    return np.maximum(x, 0) if x.size < _FEW else _relu_into(x, np.empty_like(x))


def _relu_into(x: Any, out: np.ndarray) -> np.ndarray:
    """The larger of each number and zero, in rows: NumPy takes four times as long for an array and a number."""
    zeros = _ZEROS.get(x.dtype)
    if zeros is None or x.size < _FEW or not (x.flags.c_contiguous and out.flags.c_contiguous):
        return np.maximum(x, 0, out=out)
    numbers, results = x.reshape(-1), out.reshape(-1)
    end = x.size - x.size % zeros.size
    if end:
        np.maximum(numbers[:end].reshape(-1, zeros.size), zeros, out=results[:end].reshape(-1, zeros.size))
    if end < x.size:
        np.maximum(numbers[end:], zeros[: x.size - end], out=results[end:])
    return out


WRITING_OVER.add(_relu_into)


# Plans -----------------------------------------------------------------------------------------------------


def _log1p_into(x: Any, out: np.ndarray) -> np.ndarray:
    if x.dtype.kind != "c":
        return np.log1p(x, out=out)
    out[...] = log1p(x)
    return out


def _sum_into(x: Any, axis: Any, keepdims: bool, out: np.ndarray) -> np.ndarray:
    out[...] = KERNELS["sum"](x, axis, keepdims)
    return out


_INTO: dict[Any, Callable[..., Any]] = {
    relu: _relu_into,
    KERNELS["sum"]: _sum_into,
    log1p: _log1p_into,
    sigmoid: _sigmoid_into,
    where: where,
    **{function: function for function in numpy_windows.WRITING},
}
"""For kernels, other than those of NumPy itself, functions that write their result to memory that they are given."""

FITTED |= {
    KERNELS["sum"]: _fitted_sum,
    KERNELS["amax"]: fitted_extreme(np.maximum),
    KERNELS["amin"]: fitted_extreme(np.minimum),
    split: _fitted_split,
    where: fitted_choice(_MANY),
    gather_along_axis: fitted_gathering,
    add_along_axis: fitted_addition,
}


def _as_one_product(run: Run) -> Run:
    """Products of stacked matrices with one matrix as that of all their rows with it: BLAS likes few large products."""

    reshaped = OPS["reshape"].function

    def multiply(x1: Any, x2: Any) -> Any:
        shape, other = np.shape(x1), np.shape(x2)
        if len(shape) <= 2 or len(other) != 2 or shape[-1] != other[0]:
            return run(x1, x2)
        rows = reshaped(x1, (math.prod(shape[:-1]), shape[-1]))
        return reshaped(run(rows, x2), (*shape[:-1], other[1]))

    return multiply


backend = NumpyBackend()
FITTED[backend.kernel("cast")] = fitted_cast
_WAYS = {"elementwise_each": lambda run: recorded_updates, "matmul": _as_one_product}
interprets(Recorded, Recorder(backend, _WAYS))
