"""PyTorch: eager, differentiated by autograd."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from polykeras import philox, tree
from polykeras.backend import COMPARISONS, Backend, chosen_device, numpy_dtype, using
from polykeras.dtypes import ALL, NAMES
from polykeras.errors import BackendError, MatrixError, OutOfRangeError, ShapeError
from polykeras.op import OPS
from polykeras.settings import settings
from polykeras.spec import normalize_axes, normalize_axis
from polykeras.symbolic import infer

from . import torch_updates
from .torch_gradients import DIFFERENTIATING, TorchGradients, detached, fast_with_slow_graph, without_graph

_BY_THE_SAME_NAME = (
    *("add", "maximum", "minimum", "arctan2", "square", "reciprocal", "logaddexp", "logaddexp2", "gcd", "lcm"),
    *("abs", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "erf", "erfc", "erfinv"),
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "nextafter", "trunc"),
    *("where", "logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"),
    *("real", "relu", "sigmoid", "reshape", "stack", "tril", "triu", "diagonal", "matmul"),
)
KERNELS: dict[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in _BY_THE_SAME_NAME},
    # arithmetic and elementary functions
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "mod": torch.remainder,
    "power": torch.pow,
    "negative": torch.neg,
    "sinh": lambda x: torch.sinh(x / 2) * torch.cosh(x / 2) * 2,  # its own overflows early
    "cosh": lambda x: torch.sinh(x / 2).square() * 2 + 1,
    "i0": lambda x: torch.i0(x.clamp(-800, 800)),  # of infinity it makes NaN
    "i1": lambda x: torch.special.i1(x.clamp(-800, 800)),
    # logic
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "left_shift": torch.bitwise_left_shift,
    "right_shift": torch.bitwise_right_shift,
    # complex numbers
    "imag": lambda x: torch.imag(x) if x.is_complex() else torch.zeros_like(x),
    "conjugate": torch.conj,
    "make_complex": torch.complex,
    "view_as_real": lambda x: torch.view_as_real(x.resolve_conj()) if x.is_complex() else _body("view_as_real", x),
    # activations
    **{name: getattr(F, name) for name in ("leaky_relu", "elu", "silu", "celu", "selu", "softsign", "relu6")},
    "log_sigmoid": F.logsigmoid,
    "tanh_shrink": F.tanhshrink,
    "hard_tanh": F.hardtanh,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,
    "hard_silu": F.hardswish,
    # creation, movement, conversion
    "zeros": lambda shape, dtype: torch.zeros(shape, dtype=backend.dtypes[dtype], device=backend._device()),
    "ones": lambda shape, dtype: torch.ones(shape, dtype=backend.dtypes[dtype], device=backend._device()),
    "zeros_like": lambda x, dtype: torch.zeros_like(x, dtype=dtype and backend.dtypes[dtype]),
    "ones_like": lambda x, dtype: torch.ones_like(x, dtype=dtype and backend.dtypes[dtype]),
    "tally": lambda x, length: torch.bincount(x, minlength=length).to(torch.int32),
    "transpose": lambda x, axes: x.permute(tuple(range(x.ndim)[::-1] if axes is None else axes)),
    "broadcast_to": lambda x, shape: x.expand(shape),
    "as_array": lambda x: x,
    "copy": torch.clone,
    "stop_gradient": torch.Tensor.detach,
}


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as the kernel of the op of its name."""
    KERNELS[function.__name__] = function
    return function


def _body(name: str, *args: Any) -> Any:
    """The op's body, for what PyTorch has no kernel."""
    body = OPS[name].body
    assert body is not None
    with using(backend):
        return body(*args)


_BY_ORDER = COMPARISONS | {"maximum", "minimum", "amax", "amin", "argmax", "argmin", "searchsorted"}
_SIGN_BIT = torch.iinfo(torch.int64).min
_LARGEST_FLOAT8 = 464.0  # halfway between the largest number and what would be the next, rounded to the even one


_BITS_OF = {
    numpy_dtype(name): np.int16 if name == "bfloat16" else np.uint8
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")
}
"""For the dtypes of ml_dtypes, of which PyTorch takes no arrays from NumPy, integers of their width."""


class TorchBackend(TorchGradients, Backend):
    """PyTorch.

    Its precision of float32 products is a setting of the process, which loading this backend sets to that of polykeras:
    a look at it in each product would cost a tenth of a small one, and miss those of autograd.
    """

    name = "torch"
    array_types = (torch.Tensor,)
    kernels = KERNELS
    dtypes = {name: getattr(torch, name) for name in NAMES}
    scalar_kernels = {
        # which, unlike PyTorch's functions, take the number first too
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
        "mod": operator.mod,
        "power": operator.pow,
        "equal": operator.eq,
        "not_equal": operator.ne,
        "less": operator.lt,
        "less_equal": operator.le,
        "greater": operator.gt,
        "greater_equal": operator.ge,
        "bitwise_and": operator.and_,
        "bitwise_or": operator.or_,
        "bitwise_xor": operator.xor,
        "left_shift": operator.lshift,
        "right_shift": operator.rshift,
    }
    scalars = frozenset([*scalar_kernels, "floor_divide", "clip"])
    exact_on_integers = frozenset(["power", "left_shift", "right_shift"])
    wider = {
        "bool": "int32",
        "uint16": "int32",
        "uint32": "int64",
        "uint64": "int64",
        "float16": "float32",
        "bfloat16": "float32",
        "float8_e4m3fn": "float32",
        "float8_e5m2": "float32",
    }
    gaps = {
        "mod": "Where the quotient is too large for the dtype, the remainder is NaN.",
        "log_softmax of infinity": "All logarithms are NaN, rather than those of the infinite numbers only.",
        "uint64": "PyTorch has no arithmetic for it: from 2**63 on, quotients, remainders and shifts come out wrong.",
    }

    def plain_dtypes(self, op: str) -> frozenset[str] | None:
        """All but one where order matters, which PyTorch does not know for it."""
        return _ORDERED if op in _BY_ORDER else None

    def call(self, kernel: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Run a kernel; where order matters, on signed integers in the order of the unsigned ones."""
        if kernel not in _kernels_by_order() or not any(_is_uint64(x) for x in args):
            return kernel(*args)
        out = kernel(*(x.view(torch.int64) ^ _SIGN_BIT if _is_uint64(x) else x for x in args))
        return (out ^ _SIGN_BIT).view(torch.uint64) if out.dtype is torch.int64 else out

    # Arrays

    def _device(self) -> str:
        chosen = chosen_device(self)
        return self._default_device if chosen is None else chosen.replace("gpu", "cuda")

    @functools.cached_property
    def _default_device(self) -> str:
        return self.devices()[0].replace("gpu", "cuda")

    def from_numpy(self, array: np.ndarray) -> torch.Tensor:
        """A tensor with the values of a NumPy array; on the processor it shares the memory."""
        if not array.flags.writeable or min(array.strides, default=0) < 0:
            array = array.copy()
        device = self._device()
        bits = _BITS_OF.get(array.dtype)
        if bits is not None:
            return torch.from_numpy(array.view(bits)).to(device).view(self.dtypes[array.dtype.name])
        tensor = torch.from_numpy(array)
        return tensor if device == "cpu:0" else tensor.to(device)

    def to_numpy(self, x: torch.Tensor) -> np.ndarray:
        """The values as a NumPy array; on the processor it shares the memory."""
        name = self.dtype(x)
        if name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
            bits = x.detach().cpu().contiguous().view(torch.int16 if name == "bfloat16" else torch.uint8).numpy()
            return bits.view(numpy_dtype(name))
        return x.numpy(force=True)

    def is_differentiated(self, x: torch.Tensor) -> bool:
        """Whether autograd follows it, for a gradient that polykeras computes."""
        return x.requires_grad and DIFFERENTIATING.get() and torch.is_grad_enabled()

    def from_dlpack(self, x: Any) -> torch.Tensor:
        """A tensor that shares the memory of an array from elsewhere."""
        return torch.from_dlpack(x)

    def copy(self, x: torch.Tensor) -> torch.Tensor:
        """A tensor with memory of its own."""
        return x.clone()

    def cast(self, x: torch.Tensor, dtype: str) -> torch.Tensor:
        """The tensor in another dtype."""
        if x.is_complex() and not dtype.startswith("complex"):
            x = x.real
        if (
            dtype == "float8_e4m3fn"
        ):  # it has no infinity: what is too large is NaN elsewhere, and here the largest number
            x = torch.where(x.abs() > _LARGEST_FLOAT8, math.nan, x)
        return x.to(self.dtypes[dtype])

    # Devices

    def devices(self) -> list[str]:
        """CUDA's devices, if there are any, and the processor."""
        return [*(f"gpu:{i}" for i in range(torch.cuda.device_count())), "cpu:0"]

    def device_of(self, x: torch.Tensor) -> str:
        """The device on which a tensor lies."""
        return f"{'gpu' if x.is_cuda else x.device.type}:{x.device.index or 0}"

    def synchronize(self) -> None:
        """Wait for CUDA."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def set_matmul_precision(self, precision: str) -> None:
        """TensorFloat-32 only where asked for, in cuDNN too."""
        torch.set_float32_matmul_precision({"default": "medium"}.get(precision, precision))
        torch.backends.cudnn.allow_tf32 = precision != "highest"

    def seed(self, seed: int) -> None:
        """Seed PyTorch's own generators."""
        torch.manual_seed(seed)

    # Compilation

    def compile(self, function: Callable[..., list], donate: Sequence[int], jit_compile: bool | str) -> Callable:
        """The function itself; with `jit_compile=True` its graph as a whole, compiled by TorchInductor."""
        if jit_compile is not True:
            return without_graph(function)
        if not _triton_can_be_imported() and importlib.util.find_spec("triton"):
            raise BackendError(
                "PyTorch's compiler needs Triton, which ends the process when it is imported after TensorFlow. Import "
                "triton before tensorflow, as polykeras does where it is the first to import TensorFlow."
            )
        programs: list[Callable[..., Any]] = []

        def run(*arrays: Any) -> list[Any]:
            if not programs:
                from torch.fx.experimental.proxy_tensor import make_fx

                graph = make_fx(lambda *xs: detached(function(*xs)), tracing_mode="fake", _allow_non_fake_inputs=True)
                programs.append(torch.compile(graph(*arrays), fullgraph=True, dynamic=False))
            with torch.no_grad():
                return list(programs[0](*arrays))

        return run


_ORDERED = ALL - {"uint64"}


@functools.cache
def _kernels_by_order() -> frozenset[Callable[..., Any]]:
    return frozenset(KERNELS[name] for name in _BY_ORDER)


def _is_uint64(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and x.dtype is torch.uint64


def _triton_can_be_imported() -> bool:
    """Whether Triton is there already, or TensorFlow is not: two copies of LLVM bear each other in one order only."""
    return "triton" in sys.modules or "tensorflow" not in sys.modules


@kernel
def floor_divide(x1: Any, x2: Any) -> Any:
    """The whole part of the quotient, which in bfloat16 PyTorch gets wrong by one."""
    narrow = next((x.dtype for x in (x1, x2) if isinstance(x, torch.Tensor)), None) is torch.bfloat16
    if not narrow:
        return x1 // x2
    x1, x2 = (x.float() if isinstance(x, torch.Tensor) else x for x in (x1, x2))
    return (x1 // x2).bfloat16()


# Reductions ------------------------------------------------------------------------------------------------


def _dims(x: torch.Tensor, axis: Any) -> tuple[int, ...]:
    """The axes as a tuple. To PyTorch an array without axes has one, to us it has none."""
    if axis is None:
        return tuple(range(x.ndim))
    dims = axis if isinstance(axis, tuple) else (axis,)
    return dims if x.ndim else normalize_axes(dims, 0)


def _dim(x: torch.Tensor, axis: Any) -> Any:
    return axis if x.ndim or axis is None else normalize_axis(axis, 0)


def _reduction(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction over dims; over none of them, where PyTorch would take all, it is the identity."""

    def run(x: Any, axis: Any, keepdims: bool) -> Any:
        dims = _dims(x, axis)
        return compute(x, dims, keepdims) if dims else x

    return run


KERNELS |= {
    **{name: _reduction(getattr(torch, name)) for name in ("mean", "amax", "amin", "any", "all", "logsumexp")},
    "sum": _reduction(lambda x, dims, keep: torch.sum(x, dims, keep, dtype=x.dtype)),
    "nansum": _reduction(
        lambda x, dims, keep: (
            torch.nansum(x, dims, keep, dtype=x.dtype) if x.is_floating_point() else _body("nansum", x, dims, keep)
        )
    ),
    "argmax": lambda x, axis, keepdims: torch.argmax(x, _dim(x, axis), keepdims).to(torch.int32),
    "argmin": lambda x, axis, keepdims: torch.argmin(x, _dim(x, axis), keepdims).to(torch.int32),
    "running_sum": lambda x, axis: torch.cumsum(x, _dim(x, axis), dtype=x.dtype),
    "running_product": lambda x, axis: torch.cumprod(x, _dim(x, axis), dtype=x.dtype),
}


@kernel
def var(x: Any, axis: Any, keepdims: bool) -> Any:
    dims = _dims(x, axis)
    if not dims:
        return torch.zeros_like(x)
    if x.dtype in (torch.float32, torch.float64):  # of data with a large mean, PyTorch's own has half of the digits
        x = x - x.detach().mean(dims, keepdim=True)
    return torch.var(x, dims, correction=0, keepdim=keepdims)


@kernel
def product(x: Any, axis: Any, keepdims: bool) -> Any:
    for dim in sorted(normalize_axes(axis, x.ndim), reverse=True):
        x = torch.prod(x, dim, keepdims, dtype=x.dtype)
    return x


def _along(compute: Callable[..., Any], name: str) -> Callable[..., Any]:
    """PyTorch's kernel for one axis, the op's body for several."""
    return lambda x, axis: compute(x, _dim(x, axis)) if isinstance(axis, int) else _body(name, x, axis)


KERNELS["softmax"] = _along(torch.softmax, "softmax")
KERNELS["log_softmax"] = _along(torch.log_softmax, "log_softmax")


@kernel
def softplus(x: Any) -> Any:
    return torch.logaddexp(x, torch.zeros((), dtype=x.dtype, device=x.device))


@kernel
def sign(x: Any) -> Any:
    if x.is_floating_point():
        return torch.where(torch.isnan(x), x, torch.sgn(x))
    return (x.view(torch.int64) != 0).to(x.dtype) if _is_uint64(x) else torch.sgn(x)


@kernel
def gelu(x: Any, approximate: bool) -> Any:
    """Without the cancellation of 1 + tanh and 1 + erf, which leaves PyTorch's own without a right digit from -6 on."""
    if approximate:
        return x * torch.sigmoid(torch.addcmul(x, x, x * x, value=0.044715) * 1.5957691216057308)
    return x * torch.erfc(x * -0.7071067811865476) * 0.5


@kernel
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Between numbers; between arrays, PyTorch has other gradients where they meet."""
    numbers = type(x_min) in (int, float) and type(x_max) in (int, float)
    return torch.clamp(x, x_min, x_max) if numbers else _body("clip", x, x_min, x_max)


@kernel
def nan_to_num(x: Any, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return torch.nan_to_num(x, nan, posinf, neginf) if x.is_floating_point() else x


@kernel
def cross(x1: Any, x2: Any, axisa: int, axisb: int, axisc: int, axis: int | None) -> Any:
    places = {axisa, axisb, axisc} if axis is None else {axis}
    if len(places) > 1 or x1.ndim != x2.ndim or any(x.shape[place] != 3 for x in (x1, x2) for place in places):
        return _body("cross", x1, x2, axisa, axisb, axisc, axis)
    return torch.linalg.cross(x1, x2, dim=places.pop())


@kernel
def cdist(x: Any, y: Any) -> Any:
    if not x.is_floating_point() or min(x.ndim, y.ndim) < 2 or 0 in (*x.shape, *y.shape):
        return _body("cdist", x, y)
    exact = functools.partial(torch.cdist, compute_mode="donot_use_mm_for_euclid_dist")
    return fast_with_slow_graph(exact, lambda x, y: _body("cdist", x, y), x, y)


@kernel
def hypot(x1: Any, x2: Any) -> Any:
    """With the gradient 0 where both are 0, for which PyTorch gives NaN."""
    nowhere = (x1 == 0) & (x2 == 0)
    return torch.where(nowhere, 0.0, torch.hypot(torch.where(nowhere, 1.0, x1), x2))


@kernel
def view(x: Any, dtype: str | None) -> Any:
    wanted = x.dtype if dtype is None else backend.dtypes[dtype]
    if wanted.itemsize != x.dtype.itemsize:
        x = x.clone(memory_format=torch.contiguous_format)
    return x.view(wanted)


@kernel
def fmod(x1: Any, x2: Any) -> Any:
    """Of floats; with integers PyTorch raises an error where the divisor is 0."""
    return torch.fmod(x1, x2) if x1.is_floating_point() else _body("fmod", x1, x2)


# Rounding --------------------------------------------------------------------------------------------------


def _rounding(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: compute(x) if x.is_floating_point() else x


KERNELS["floor"] = _rounding(torch.floor)
KERNELS["ceil"] = _rounding(torch.ceil)
KERNELS["rint"] = _rounding(torch.round)


# Choice ----------------------------------------------------------------------------------------------------


@kernel
def nonzero(x: Any) -> Any:
    if not x.ndim:
        infer(OPS["nonzero"], (x,))  # refuses it, where PyTorch would go on
    return tuple(places.to(torch.int32) for places in x.nonzero(as_tuple=True))


# Movement and slices ---------------------------------------------------------------------------------------


@kernel
def concatenate(xs: Any, axis: int) -> Any:
    if len({x.ndim for x in xs}) > 1:  # PyTorch passes over empty tensors, whatever their shape and the axis
        raise ShapeError("different numbers of axes")
    return torch.cat(xs, normalize_axis(axis, xs[0].ndim))


@kernel
def flip(x: Any, axis: Any) -> Any:
    return torch.flip(x, _dims(x, axis))


@kernel
def pad_constant(x: Any, pairs: Any, value: Any) -> Any:
    return F.pad(x, [size for pair in reversed(pairs) for size in pair], value=value)


@kernel
def strided_slice(x: Any, starts: Any, stops: Any, steps: Any) -> Any:
    return x[tuple(map(slice, starts, stops, steps))]


def _block(x: Any, starts: Any, sizes: Any) -> tuple[Any, ...]:
    key = []
    for axis, (start, size, whole) in enumerate(zip(starts.tolist(), sizes, x.shape, strict=True)):
        if not 0 <= start <= whole - size:
            raise OutOfRangeError.of_block(start, size, axis, whole)
        key.append(slice(start, start + size))
    return tuple(key)


KERNELS["slice"] = lambda inputs, start_indices, shape: inputs[_block(inputs, start_indices, shape)]


@kernel
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    out = inputs.clone()
    out[_block(inputs, start_indices, updates.shape)] = updates
    return out


# Indices ---------------------------------------------------------------------------------------------------


def _in_range(indices: Any, size: int, axis: int) -> Any:
    """Indices that count from the front, after a look at whether they are in range."""
    indices = indices.long()
    if indices.numel():
        low, high = (int(bound) for bound in torch.aminmax(indices))
        if high >= size or low < -size:
            raise OutOfRangeError.of_index(high if high >= size else low, axis, size)
        if low < 0:
            indices = torch.where(indices < 0, indices + size, indices)
    return indices


@kernel
def take(x: Any, indices: Any, axis: int | None) -> Any:
    if axis is None:
        x, axis = x.reshape(-1), 0
    axis = normalize_axis(axis, x.ndim)
    places = _in_range(indices, x.shape[axis], axis)
    rows = torch.index_select(x, axis, places.reshape(-1))
    return rows.reshape((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


@kernel
def gather_along_axis(x: Any, indices: Any, axis: int) -> Any:
    return torch.gather(x, axis, _in_range(indices, x.shape[axis], axis))


@kernel
def add_along_axis(x: Any, indices: Any, updates: Any, axis: int) -> Any:
    return torch.scatter_add(x, axis, _in_range(indices, x.shape[axis], axis), updates)


def _places(indices: Any, shape: Any) -> Any:
    """Positions on the first axes together as positions on one axis."""
    place = torch.zeros(indices.shape[:-1], dtype=torch.int64, device=indices.device)
    for axis in range(indices.shape[-1]):
        place = place * shape[axis] + _in_range(indices[..., axis], shape[axis], axis)
    return place.reshape(-1)


@kernel
def gather(x: Any, indices: Any) -> Any:
    depth = indices.shape[-1]
    flat = x.reshape(math.prod(x.shape[:depth]), math.prod(x.shape[depth:]))
    rows = torch.index_select(flat, 0, _places(indices, x.shape))
    return rows.reshape((*indices.shape[:-1], *x.shape[depth:]))


_REDUCTIONS = {"max": "amax", "min": "amin", "mul": "prod"}


@kernel
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None) -> Any:
    depth = indices.shape[-1]
    places = _places(indices, inputs.shape)
    width = math.prod(inputs.shape[depth:])
    rows = inputs.reshape(math.prod(inputs.shape[:depth]), width)
    new = updates.reshape(len(places), width)
    if reduction is None:
        out = rows.index_put((places,), new)
    elif reduction == "add":
        out = rows.index_add(0, places, new)
    else:
        places = places[:, None].expand_as(new)
        out = rows.scatter_reduce(0, places, new, _REDUCTIONS[reduction], include_self=True)
    return out.reshape(inputs.shape)


# Sorting ---------------------------------------------------------------------------------------------------


@kernel
def argsort(x: Any, axis: int | None) -> Any:
    x, dim = (x.reshape(-1), 0) if axis is None else (x, _dim(x, axis))
    return torch.argsort(x, dim=dim, stable=True).to(torch.int32)


@kernel
def sort(x: Any, axis: int | None) -> Any:
    x, dim = (x.reshape(-1), 0) if axis is None else (x, _dim(x, axis))
    return torch.sort(x, dim=dim, stable=True).values


@kernel
def top_k(x: Any, k: int, sorted: bool) -> tuple[Any, Any]:
    """By numbers that no two elements share: PyTorch's own gives any of those that are equal."""
    if x.dtype not in (torch.float32, torch.int32) or not x.numel():
        return _body("top_k", x, k, sorted)
    keys = x.detach()
    if x.is_floating_point():
        keys = torch.where(torch.isnan(keys), torch.nan, keys + 0.0).view(torch.int32)
        keys = torch.where(keys < 0, keys ^ torch.iinfo(torch.int32).max, keys)
    backwards = torch.arange(x.shape[-1] - 1, -1, -1, device=x.device)
    found = torch.topk((keys.long() << 32) | backwards, k).values
    places = x.shape[-1] - 1 - (found & 0xFFFFFFFF)
    return x.gather(-1, places), places.to(torch.int32)


@kernel
def searchsorted(sorted_sequence: Any, values: Any, side: str) -> Any:
    if sorted_sequence.ndim != 1:
        infer(OPS["searchsorted"], (sorted_sequence, values, side))  # refuses it, where PyTorch would go on
    return torch.searchsorted(sorted_sequence.contiguous(), values.contiguous(), side=side).to(torch.int32)


# Linear algebra --------------------------------------------------------------------------------------------


def _refusing(compute: Callable[..., Any], error: Callable[[], MatrixError]) -> Callable[..., Any]:
    """A function of matrices, with an error of ours for what PyTorch refuses."""

    def run(*args: Any) -> Any:
        try:
            return compute(*args)
        except torch.linalg.LinAlgError:  # pyright: ignore[reportPrivateImportUsage]
            if args[0].isfinite().all():
                raise error() from None
            return torch.full_like(args[-1], torch.nan)

    return run


@kernel
def pivoted_lu(x: Any) -> tuple[Any, Any]:
    packed, pivots, _ = torch.linalg.lu_factor_ex(x)
    return packed, pivots - 1


KERNELS |= {
    "matrix_solve": _refusing(torch.linalg.solve, MatrixError.singular),
    "triangular_solve": lambda a, b, lower: torch.linalg.solve_triangular(a, b, upper=not lower),
    "lower_cholesky": _refusing(torch.linalg.cholesky, MatrixError.not_positive_definite),
    "determinant": torch.linalg.det,
    "sign_and_logarithm": lambda x: tuple(torch.linalg.slogdet(x)),
    "orthogonal_triangular": lambda x, complete: tuple(torch.linalg.qr(x, "complete" if complete else "reduced")),
    "singular_vectors": lambda x: tuple(torch.linalg.svd(x, full_matrices=False)),
    "symmetric_eigenvectors": lambda x: tuple(torch.linalg.eigh(x)),
    "general_eigenvectors": lambda x: tuple(torch.linalg.eig(x)),
}


# Fourier transforms ----------------------------------------------------------------------------------------


@kernel
def fourier_transform(x: Any, rank: int, inverse: bool) -> Any:
    if not x.numel():  # MKL refuses
        return x
    return (torch.fft.ifftn if inverse else torch.fft.fftn)(x, dim=tuple(range(-rank, 0)))


def _of_some(compute: Callable[..., Any], name: str) -> Callable[..., Any]:
    """PyTorch's kernel, the op's body where there is nothing to transform, which MKL refuses."""
    return lambda x, *length: compute(x, *length) if x.numel() else _body(name, x, *length)


KERNELS["real_fourier"] = _of_some(torch.fft.rfft, "real_fourier")
KERNELS["inverse_real_fourier"] = _of_some(torch.fft.irfft, "inverse_real_fourier")


# Windows ---------------------------------------------------------------------------------------------------


def _channels_first(x: Any, window: Any) -> Any:
    return x.movedim(-1, 1) if window.channels_last else x


def _as_given(x: Any, window: Any) -> Any:
    return x.movedim(1, -1) if window.channels_last else x


def _padded(x: Any, pairs: Any, value: Any = 0) -> Any:
    flat = [size for pair in reversed(pairs) for size in pair]
    return F.pad(x, flat, value=value) if any(flat) else x


_CONVOLVE = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_UNDO = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}


def _evenly(pairs: Any) -> tuple[tuple[int, ...], Any]:
    """What can be added on both sides alike, and the pairs that are left."""
    both = tuple(min(pair) for pair in pairs)
    return both, tuple((low - b, high - b) for (low, high), b in zip(pairs, both, strict=True))


def _kernel_first(kernel: Any) -> Any:
    """The kernel of a convolution as PyTorch wants it: filters, channels, sizes."""
    moved = kernel.permute(kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))
    # In float64 gradients of kernels with one filter are refused otherwise: their strides look like channels last.
    return moved.contiguous() if kernel.dtype == torch.float64 else moved


@kernel
def convolve(inputs: Any, kernel: Any, window: Any) -> Any:
    x = _channels_first(inputs, window)
    padding, rest = _evenly(window.pairs(tuple(x.shape[2:])))
    convolution = _CONVOLVE[window.rank]
    x = _padded(x, rest)
    out = convolution(x, _kernel_first(kernel), None, window.strides, padding, window.dilation, window.groups)
    return _as_given(out, window)


@kernel
def convolve_input_gradient(g: Any, kernel: Any, sizes: Any, window: Any) -> Any:
    if not g.numel():  # which PyTorch refuses
        return g.new_zeros(window.with_spatial(g.shape, sizes, kernel.shape[-2] * window.groups))
    g = _channels_first(g, window)
    pairs = window.pairs(sizes)
    out = _UNDO[window.rank](g, _kernel_first(kernel), None, window.strides, 0, 0, window.groups, window.dilation)
    missing = [(-low, low + size - have) for (low, _), size, have in zip(pairs, sizes, out.shape[2:], strict=True)]
    return _as_given(_padded(out, missing), window)


@kernel
def fold(x: Any, *options: Any) -> Any:
    return F.fold(x, *options) if x.is_floating_point() and x.numel() else _body("fold", x, *options)


@kernel
def window_max(x: Any, window: Any) -> Any:
    x = _channels_first(x, window)
    pairs = window.pairs(tuple(x.shape[2:]))
    if not x.is_floating_point():
        return _as_given(_windows(_padded(x, pairs, torch.iinfo(x.dtype).min), window).amax(-1), window)
    padding, rest = _evenly(pairs)
    if any(2 * pad > size for pad, size in zip(padding, window.sizes, strict=True)):
        padding, rest = (0,) * window.rank, pairs
    x = _padded(x, rest, -torch.inf)
    return _as_given(_MAX_POOL[window.rank](x, window.sizes, window.strides, padding, window.dilation), window)


@kernel
def window_sum(x: Any, window: Any) -> Any:
    x = _padded(_channels_first(x, window), window.pairs(tuple(_channels_first(x, window).shape[2:])))
    if not x.is_floating_point() or window.rank == 1 or any(step != 1 for step in window.dilation):
        return _as_given(_windows(x, window).sum(-1, dtype=x.dtype), window)
    pool = F.avg_pool2d if window.rank == 2 else F.avg_pool3d
    return _as_given(pool(x, window.sizes, window.strides, divisor_override=1), window)


def _adaptive(name: str, pools: dict[int, Callable[..., Any]]) -> Callable[..., Any]:
    def run(inputs: Any, output_size: Any, data_format: str) -> Any:
        rank, last = inputs.ndim - 2, data_format == "channels_last"
        sizes = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * rank
        known = last or data_format == "channels_first"
        if not known or rank not in pools or not inputs.is_floating_point() or 0 in inputs.shape or min(sizes) < 1:
            return _body(name, inputs, output_size, data_format)
        pooled = pools[rank](inputs.movedim(-1, 1) if last else inputs, sizes)
        return pooled.movedim(1, -1) if last else pooled

    return run


KERNELS["adaptive_average_pool"] = _adaptive(
    "adaptive_average_pool", {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
)
KERNELS["adaptive_max_pool"] = _adaptive(
    "adaptive_max_pool", {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}
)


def _windows(x: Any, window: Any) -> Any:
    """The elements of each window on a last axis, of a padded tensor with channels first."""
    for axis, (extent, stride, dilation) in enumerate(
        zip(window.extents, window.strides, window.dilation, strict=True)
    ):
        x = x.unfold(axis + 2, extent, stride)[..., ::dilation]
    return x.flatten(x.ndim - window.rank)


# Normalization, scores, attention --------------------------------------------------------------------------


@kernel
def normalize(x: Any, axis: Any, order: int, epsilon: float) -> Any:
    if axis is None or not x.ndim or not isinstance(order, int) or order < 1:
        return _body("normalize", x, axis, order, epsilon)
    return F.normalize(x, order, axis, epsilon)


def _trailing(x: Any, axis: Any, *parameters: Any) -> Any:
    """The sizes of the normalized axes, if they are the last ones and the parameters have just them."""
    axes = sorted(normalize_axes(axis, x.ndim))
    sizes = x.shape[x.ndim - len(axes) :]
    fits = axes and axes[0] == x.ndim - len(axes) and all(p is None or p.shape == sizes for p in parameters)
    return sizes if fits else None


@kernel
def layer_normalization(x: Any, gamma: Any, beta: Any, axis: Any, epsilon: float) -> Any:
    sizes = _trailing(x, axis, gamma, beta)
    if sizes is None:
        return _body("layer_normalization", x, gamma, beta, axis, epsilon)
    if gamma is None and beta is not None:  # together, the second gradient fails
        return F.layer_norm(x, sizes, eps=epsilon) + beta
    return F.layer_norm(x, sizes, gamma, beta, epsilon)


@kernel
def rms_normalization(x: Any, scale: Any, axis: Any, epsilon: float) -> Any:
    sizes = _trailing(x, axis, scale) if x.ndim else None
    if sizes is None:
        return _body("rms_normalization", x, scale, axis, epsilon)
    return F.rms_norm(x, sizes, scale, epsilon)


@kernel
def batch_normalization(x: Any, mean: Any, variance: Any, axis: int, offset: Any, scale: Any, epsilon: float) -> Any:
    channels = x.shape[axis]
    learned = torch.is_grad_enabled() and (mean.requires_grad or variance.requires_grad)
    fits = all(p is None or p.shape == (channels,) for p in (mean, variance, offset, scale))
    if learned or not fits or x.ndim < 2:  # PyTorch takes the moments for constants
        return _body("batch_normalization", x, mean, variance, axis, offset, scale, epsilon)
    moved = F.batch_norm(x.movedim(axis, 1), mean, variance, scale, offset, False, 0.0, epsilon)
    return moved.movedim(1, axis)


@kernel
def normalize_batch(x: Any, offset: Any, scale: Any, axis: int, epsilon: float) -> Any:
    axis = normalize_axis(axis, x.ndim)
    channels = x.shape[axis]
    count = x.numel() // channels if channels else 0
    fits = all(p is None or p.shape == (channels,) for p in (offset, scale))
    if x.ndim < 2 or count < 2 or epsilon <= 0 or not fits:
        return _body("normalize_batch", x, offset, scale, axis, epsilon)
    wide = torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype
    mean, variance = torch.zeros((2, channels), dtype=wide, device=x.device)  # what it has counts zero times, even NaN
    offset, scale = (None if p is None else p.to(wide) for p in (offset, scale))
    # with this momentum, its running statistics are those of the batch; of the variance the unbiased estimate
    apart = scale is None and offset is not None  # then the second gradient fails
    moved = F.batch_norm(x.movedim(axis, 1), mean, variance, scale, None if apart else offset, True, 1.0, epsilon)
    if apart:
        moved = moved + _along_channels(offset, x)
    return moved.movedim(1, axis), mean, variance * ((count - 1) / count)


def _along_channels(parameter: Any, x: Any) -> Any:
    return parameter.reshape(-1, *(1,) * (x.ndim - 2))


@kernel
def group_normalization(x: Any, gamma: Any, beta: Any, groups: int, axis: int, epsilon: float) -> Any:
    axis = normalize_axis(axis, x.ndim)
    fits = x.ndim > 1 and axis and groups > 0 and x.shape[axis] % groups == 0 and x.numel()
    if not fits or any(p is not None and p.shape != (x.shape[axis],) for p in (gamma, beta)):
        return _body("group_normalization", x, gamma, beta, groups, axis, epsilon)
    apart = gamma is None and beta is not None  # then the second gradient fails
    moved = F.group_norm(x.movedim(axis, 1), groups, gamma, None if apart else beta, epsilon)
    return (moved + _along_channels(beta, x) if apart else moved).movedim(1, axis)


# Recurrent networks ----------------------------------------------------------------------------------------


def _packed(x: Any, mask: Any) -> tuple[Any, Any] | None:
    """The steps that count as PyTorch packs them, if they are the first ones of each example, and at least one."""
    lengths = mask.sum(1)
    if not bool(lengths.all()) or not bool((mask.cumsum(1) == lengths[:, None].minimum(_counted(mask))).all()):
        return None
    return torch.nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), True, False), lengths


def _counted(mask: Any) -> Any:
    return torch.arange(1, mask.shape[1] + 1, device=mask.device)


def _recurrent(run: Callable[..., Any], x: Any, states: Any, weights: list[Any], mask: Any) -> Any:
    """The results of one of PyTorch's recurrent networks of one layer, or None where it cannot heed the mask."""
    biased = len(weights) > 2
    if mask is None:
        return run(x, states, weights, biased, 1, 0.0, False, False, True)
    found = _packed(x, mask)
    if found is None:
        return None
    packed, _ = found
    data, *last = run(packed.data, packed.batch_sizes, _sorted(states, packed), weights, biased, 1, 0.0, False, False)
    last = [torch.index_select(state, 1, packed.unsorted_indices) for state in last]
    rest = torch.nn.utils.rnn.PackedSequence(data, *packed[1:])
    outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(rest, True, total_length=x.shape[1])
    return torch.where(mask[:, :, None], outputs, last[0][0][:, None]), *last


def _sorted(states: Any, packed: Any) -> Any:
    if isinstance(states, tuple):
        return tuple(torch.index_select(state, 1, packed.sorted_indices) for state in states)
    return torch.index_select(states, 1, packed.sorted_indices)


def _fits_recurrent(
    x: Any, states: Sequence[Any], gates: int, kernel: Any, recurrent: Any, bias: Any, mask: Any
) -> bool:
    """Whether shapes are such as PyTorch can take. The op's body knows what to say of the others."""
    if x.ndim != 3 or kernel.ndim != 2 or recurrent.ndim != 2 or 0 in x.shape:
        return False
    (batch, steps, features), (units, width) = x.shape, recurrent.shape
    return (
        width == gates * units
        and kernel.shape == (features, width)
        and all(state.shape == (batch, units) for state in states)
        and (bias is None or bias.shape[-1:] == (width,))
        and (mask is None or mask.shape == (batch, steps))
    )


@kernel
def simple_rnn(x: Any, h: Any, kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, unroll: Any) -> Any:
    weights = [kernel.mT, recurrent_kernel.mT, *(() if bias is None else (bias, torch.zeros_like(bias)))]
    fits = _fits_recurrent(x, (h,), 1, kernel, recurrent_kernel, bias, mask)
    found = _recurrent(torch.rnn_tanh, x, h[None], weights, mask) if fits else None
    if found is None:
        return _body("simple_rnn", x, h, kernel, recurrent_kernel, bias, mask, unroll)
    return found[0], found[1][0]


@kernel
def lstm(x: Any, h: Any, c: Any, kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, unroll: Any) -> Any:
    weights = [kernel.mT, recurrent_kernel.mT, *(() if bias is None else (bias, torch.zeros_like(bias)))]
    fits = _fits_recurrent(x, (h, c), 4, kernel, recurrent_kernel, bias, mask)
    found = _recurrent(torch.lstm, x, (h[None], c[None]), weights, mask) if fits else None
    if found is None:
        return _body("lstm", x, h, c, kernel, recurrent_kernel, bias, mask, unroll)
    return found[0], found[1][0], found[2][0]


@kernel
def gru(
    x: Any, h: Any, kernel: Any, recurrent_kernel: Any, bias: Any, mask: Any, reset_after: bool, unroll: Any
) -> Any:
    found = None
    if reset_after and _fits_recurrent(x, (h,), 3, kernel, recurrent_kernel, bias, mask):
        weights = [_reset_first(w).mT for w in (kernel, recurrent_kernel)]
        weights += [] if bias is None else list(_reset_first(bias))
        found = _recurrent(torch.gru, x, h[None], weights, mask)
    if found is None:
        return _body("gru", x, h, kernel, recurrent_kernel, bias, mask, reset_after, unroll)
    return found[0], found[1][0]


def _reset_first(weight: Any) -> Any:
    """Weights of the gates in PyTorch's order: that of resetting comes before that of updating."""
    update, reset, candidate = weight.chunk(3, -1)
    return torch.cat((reset, update, candidate), -1)


@kernel
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool, axis: int) -> Any:
    axis = normalize_axis(axis, output.ndim)
    classes = target.squeeze(axis) if target.ndim == output.ndim and target.shape[axis] == 1 else target
    if not from_logits or classes.shape != output.shape[:axis] + output.shape[axis + 1 :]:
        return _body("sparse_categorical_crossentropy", target, output, from_logits, axis)
    classes = classes.long()
    classes = torch.where((classes >= 0) & (classes < output.shape[axis]), classes, -100)  # which PyTorch leaves out
    logits = output.movedim(axis, min(output.ndim - 1, 1))
    return F.cross_entropy(logits, classes, reduction="none")


def _attention_fits(query: Any, key: Any, value: Any, *added: Any) -> bool:
    """Whether shapes are such as PyTorch can take. The op's body knows what to say of the others."""
    (batch, queries, heads, size), (_, keys, shared, _) = query.shape, key.shape
    alike = key.shape == (batch, keys, shared, size) and value.shape[:-1] == key.shape[:-1]
    if not alike or 0 in (*query.shape, *key.shape) or heads % shared:
        return False
    fits = (keys, queries, heads, batch)
    return all(
        p is None or (p.ndim <= 4 and all(n in (1, m) for n, m in zip(reversed(p.shape), fits, strict=False)))
        for p in added
    )


@kernel
def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any,
    mask: Any,
    scale: Any,
    is_causal: bool,
    flash_attention: bool | None,
    attn_logits_soft_cap: float | None,
) -> Any:
    flash_attention = settings.flash_attention if flash_attention is None else flash_attention
    options = (is_causal, flash_attention, attn_logits_soft_cap)
    plain = attn_logits_soft_cap is None and flash_attention is not False and (scale is None or type(scale) is float)
    if not plain or not _attention_fits(query, key, value, bias, mask):
        return _body("dot_product_attention", query, key, value, bias, mask, scale, *options)
    seen = mask
    if is_causal and (bias is not None or mask is not None):
        causal = torch.ones(query.shape[1], key.shape[1], dtype=torch.bool, device=query.device).tril()
        seen, is_causal = causal if mask is None else mask & causal, False
    tensors = [query, key, value] if bias is None else [query, key, value, bias]
    shared = key.shape[2] != query.shape[2]  # said without need, it costs the faster ways

    def fast(query: Any, key: Any, value: Any, added: Any = None) -> Any:
        if seen is not None:  # a query that may look at nothing looks at all keys alike, and no gradient flows there
            sighted = seen.any(-1, keepdim=True)
            lowest = torch.where(sighted, query.new_full((), 0.7 * torch.finfo(query.dtype).min), query.new_zeros(()))
            added = torch.where(seen, query.new_zeros(()) if added is None else added, lowest)
        query, key, value = (x.transpose(1, 2) for x in (query, key, value))
        query = query if seen is None else torch.where(sighted, query, query.new_zeros(()))
        out = F.scaled_dot_product_attention(query, key, value, added, 0.0, is_causal, scale=scale, enable_gqa=shared)
        return out.transpose(1, 2)

    def slow(query: Any, key: Any, value: Any, bias: Any = None) -> Any:
        return _body("dot_product_attention", query, key, value, bias, mask, scale, *options)

    return fast_with_slow_graph(fast, slow, *tensors)


@kernel
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int) -> Any:
    output = output if output.dtype == torch.float64 else output.float()
    sizes = (target_length, output_length, mask_index)
    shapes_fit = target.ndim == 2 and target_length.shape == output_length.shape == output.shape[:1] == target.shape[:1]
    if not shapes_fit or output.ndim != 3 or 0 in (*target.shape, *output.shape):
        return _body("ctc_loss", target, output, *sizes)
    inside = torch.arange(target.shape[1], device=target.device) < target_length[:, None]
    labels = torch.where(inside, target, mask_index).long()
    target_length, output_length = target_length.long(), output_length.long()

    def fast(output: Any) -> Any:
        logs = F.log_softmax(output, -1).transpose(0, 1)

        def losses(lengths: Any) -> Any:
            return F.ctc_loss(logs, labels, output_length, lengths, mask_index, "none")

        found = losses(target_length)
        possible = torch.isfinite(found.detach())
        if possible.all():
            return found
        return torch.where(possible, losses(torch.where(possible, target_length, 0)), torch.inf)

    return fast_with_slow_graph(fast, lambda output: _body("ctc_loss", target, output, *sizes), output)


@kernel
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None, sorted: bool) -> Any:
    shapes_fit = data.ndim and segment_ids.ndim == 1 and len(segment_ids) == len(data)
    if num_segments is None or not shapes_fit or data.dtype in (torch.float16, torch.bfloat16):
        return _body("segment_sum", data, segment_ids, num_segments, sorted)
    places = segment_ids.long()
    places = torch.where((places < 0) | (places >= num_segments), num_segments, places)
    return data.new_zeros((num_segments + 1, *data.shape[1:])).index_add(0, places, data)[:num_segments]


# Random words ----------------------------------------------------------------------------------------------


def _on_host(seed: Any) -> np.ndarray | None:
    """The key, if it lies on the processor: there NumPy's arithmetic is faster than ours."""
    return seed.numpy() if type(seed) is torch.Tensor and seed.device.type == "cpu" else None


def _words(seed: Any, counter: int, count: int) -> torch.Tensor:
    """Random words in int64, by arithmetic that can be traced, or in one kernel on CUDA."""
    if type(seed) is torch.Tensor and seed.is_cuda and _triton_can_be_imported():
        with contextlib.suppress(ImportError):
            from .torch_triton import words

            return words(seed, counter, count)

    def multiply(constant: int, word: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        product = word * constant  # the low 64 bits are right although they overflow
        return (product >> 32) & philox.MASK, product & philox.MASK

    c0, c1, c2, c3 = philox.counter_words(counter)
    number = torch.arange(-(-count // 4), dtype=torch.int64, device=seed.device) + c0
    rest = [torch.full_like(number, word) for word in (c2, c3)]
    key = seed.to(torch.int64) & philox.MASK
    blocks = philox.block(
        (number & philox.MASK, (number >> 32) + c1, *rest),
        (key[0], key[1]),
        multiply,
        lambda word, constant: (word + constant) & philox.MASK,
    )
    return torch.stack(blocks, 1).reshape(-1)[:count]


@kernel
def rng_bits(seed: Any, shape: Any, counter: int) -> Any:
    key, count = _on_host(seed), math.prod(shape)
    if key is not None:
        return torch.from_numpy(philox.words(key, counter, count)).reshape(shape)
    return _words(seed, counter, count).to(torch.uint32).reshape(shape)


@kernel
def random_unit(seed: Any, shape: Any, dtype: str) -> Any:
    key, count = _on_host(seed), math.prod(shape)
    if key is not None:
        return torch.from_numpy(philox.unit(key, count, dtype)).to(backend.dtypes[dtype]).reshape(shape)
    if dtype == "float64":
        pairs = _words(seed, 0, 2 * count).reshape(*shape, 2)
        return ((pairs[..., 0] >> 5 << 26) + (pairs[..., 1] >> 6)).double() * 2.0**-53
    bits = philox.SIGNIFICANT_BITS[dtype]
    return ((_words(seed, 0, count) >> 32 - bits).float() * 2.0**-bits).to(backend.dtypes[dtype]).reshape(shape)


@kernel
def random_below(seed: Any, shape: Any, limit: int) -> Any:
    key = _on_host(seed)
    if key is None:
        return _body("random_below", seed, shape, limit)
    return torch.from_numpy(philox.below(key, math.prod(shape), limit)).reshape(shape)


@kernel
def random_coin(seed: Any, shape: Any, probability: float) -> Any:
    key, count = _on_host(seed), math.prod(shape)
    if key is not None:
        return torch.from_numpy(philox.coin(key, count, probability)).reshape(shape)
    return (_words(seed, 0, count) < philox.threshold(probability)).reshape(shape)


# Functions of elements -------------------------------------------------------------------------------------


@kernel
def vectorized_map(function: Callable[..., Any], elements: Any) -> Any:
    """At once, or one by one where that fails: for what looks at values, or draws random numbers."""
    try:
        return torch.func.vmap(lambda xs: _arrays(function(xs)))(elements)
    except Exception:
        return _body("vectorized_map", function, elements)


def _arrays(structure: Any) -> Any:
    return tree.map_structure(OPS["as_array"].function, structure)


backend = TorchBackend()
KERNELS |= torch_updates.kernels(backend)
