"""PyTorch: eager, differentiated by autograd."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import math
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from polykeras import philox, tree
from polykeras.backend import COMPARISONS, Backend, chosen_device, numpy_dtype
from polykeras.dtypes import ALL, NAMES
from polykeras.errors import BackendError, MatrixError, OutOfRangeError, ShapeError
from polykeras.op import OPS
from polykeras.spec import normalize_axes, normalize_axis
from polykeras.symbolic import infer

from . import torch_networks, torch_updates, torch_windows  # noqa: F401 (some enter kernels)
from .torch_gradients import (
    DIFFERENTIATING,
    TorchGradients,
    detached,
    fast_with_slow_graph,
    is_differentiated,
    without_graph,
)
from .torch_memory import give_back
from .torch_plan import Planned
from .torch_recording import whole
from .torch_table import KERNELS, body, kernel

_BY_THE_SAME_NAME = (
    *("add", "maximum", "minimum", "arctan2", "square", "reciprocal", "logaddexp", "logaddexp2", "gcd", "lcm"),
    *("abs", "exp", "exp2", "expm1", "log", "log2", "log10", "sqrt", "rsqrt", "erf", "erfc", "erfinv"),
    *("sin", "cos", "tan", "arcsin", "arctan", "tanh", "arcsinh", "arccosh", "arctanh", "hypot"),
    *("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "nextafter", "trunc"),
    *("where", "logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"),
    *("real", "relu", "sigmoid", "reshape", "stack", "tril", "triu", "diagonal", "matmul"),
)


def _with_slope(name: str) -> Callable[..., Any]:
    """An activation, whose slope PyTorch wants to be a number of Python's."""
    function = getattr(F, name)
    return lambda x, slope: function(x, slope) if type(slope) in (int, float) else body(name, x, slope)


KERNELS |= {
    **{name: getattr(torch, name) for name in _BY_THE_SAME_NAME},
    # arithmetic and elementary functions
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "mod": torch.remainder,
    "negative": torch.neg,
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
    "view_as_real": lambda x: torch.view_as_real(x.resolve_conj()) if x.is_complex() else body("view_as_real", x),
    # activations
    **{name: _with_slope(name) for name in ("leaky_relu", "elu", "celu")},
    **{name: getattr(F, name) for name in ("silu", "selu", "softsign", "relu6")},
    "log_sigmoid": F.logsigmoid,
    "tanh_shrink": F.tanhshrink,
    "hard_tanh": F.hardtanh,
    "hard_sigmoid": lambda x: F.relu6(x + 3) / 6,  # its own has no second gradient
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


def _of_reals(name: str, compute: Callable[..., Any]) -> None:
    """Enter a kernel for real numbers; of complex ones PyTorch's own loses digits, and they take the op's body."""

    def run(x: Any) -> Any:
        return backend.with_rules(OPS[name], functools.partial(body, name))(x) if x.is_complex() else compute(x)

    KERNELS[name] = run


_of_reals("log1p", torch.log1p)
_of_reals("arccos", torch.arccos)
_of_reals("sinh", lambda x: torch.sinh(x / 2) * torch.cosh(x / 2) * 2)  # its own overflows early
_of_reals("cosh", lambda x: torch.sinh(x / 2).square() * 2 + 1)

_BY_ORDER = COMPARISONS | {"maximum", "minimum", "amax", "amin", "argmax", "argmin", "searchsorted"}
_COMPARISONS = frozenset([operator.lt, operator.le, operator.gt, operator.ge])
"""With a number: what the functions of PyTorch's are for two tensors."""
_SIGN_BIT = torch.iinfo(torch.int64).min
_LARGEST_FLOAT8 = 464.0  # halfway between the largest number and what would be the next, rounded to the even one


_BITS_OF = {
    numpy_dtype(name): np.int16 if name == "bfloat16" else np.uint8
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2")
}
"""For the dtypes of ml_dtypes, of which PyTorch takes no arrays from NumPy, integers of their width."""


def _own_name(device: str) -> str:
    """PyTorch's name of a device; its compiler takes "cpu:0" for another device than "cpu"."""
    return "cpu" if device == "cpu:0" else device.replace("gpu", "cuda")


class TorchBackend(TorchGradients, Backend):
    """PyTorch.

    Its precision of float32 products is a setting of the process, which loading this backend sets to that of polykeras:
    a look at it in each product would cost a tenth of a small one, and miss those of autograd.
    """

    name = "torch"
    records = True
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
        "mod": "Where the quotient is too large for the dtype, the remainder is NaN. "
        "See https://docs.pytorch.org/docs/stable/generated/torch.remainder.html",
        "log_softmax of infinity": "All logarithms are NaN, rather than those of the infinite numbers only. "
        "See https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html",
        "slopes at infinity and NaN": "Gradients where an argument is infinite or NaN may be other numbers. "
        "See https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html",
        "uint64": "PyTorch has no arithmetic for it: from 2**63 on, quotients, remainders and shifts come out wrong. "
        "See https://docs.pytorch.org/docs/stable/tensor_attributes.html",
    }

    def plain_dtypes(self, op: str) -> frozenset[str] | None:
        """All but one where order matters, which PyTorch does not know for it."""
        return _ORDERED if op in _BY_ORDER else None

    def call(self, kernel: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Run a kernel; where order matters, on signed integers in the order of the unsigned ones."""
        if not any(_is_uint64(x) for x in args):
            return kernel(*args)
        if kernel in _COMPARISONS:
            return kernel(*(x.view(torch.int64) ^ _SIGN_BIT if _is_uint64(x) else x + _SIGN_BIT for x in args))
        if kernel not in _kernels_by_order():
            return kernel(*args)
        out = kernel(*(x.view(torch.int64) ^ _SIGN_BIT if _is_uint64(x) else x for x in args))
        return (out ^ _SIGN_BIT).view(torch.uint64) if out.dtype is torch.int64 else out

    def looked_at_value(self, error: Exception) -> bool:
        """Whether an error means that NumPy was to look at a value that is being differentiated."""
        return isinstance(error, RuntimeError) and str(error).startswith("Can't call numpy() on Tensor that requires")

    # Arrays

    def _device(self) -> str:
        chosen = chosen_device(self)
        return self._default_device if chosen is None else _own_name(chosen)

    @functools.cached_property
    def _default_device(self) -> str:
        return _own_name(self.devices()[0])

    def from_numpy(self, array: np.ndarray) -> torch.Tensor:
        """A tensor with the values of a NumPy array; on the processor it shares the memory."""
        if not array.flags.writeable or min(array.strides, default=0) < 0:
            array = array.copy()
        device = self._device()
        bits = _BITS_OF.get(array.dtype)
        if bits is not None:
            return torch.from_numpy(array.view(bits)).to(device).view(self.dtypes[array.dtype.name])
        tensor = torch.from_numpy(array)
        return tensor if device == "cpu" else tensor.to(device)

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

    def kernel_order(self, x: torch.Tensor) -> torch.Tensor:
        """The kernel, filters first in memory: so PyTorch's convolutions of images and volumes read it."""
        return x.movedim(-1, 0).contiguous().movedim(0, -1) if x.ndim > 3 else x

    def cast(self, x: torch.Tensor, dtype: str) -> torch.Tensor:
        """The tensor in another dtype."""
        if x.is_complex() and not dtype.startswith("complex"):
            x = x != 0 if dtype == "bool" else x.real
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

    def compile(
        self, function: Callable[..., list], donate: Sequence[int], state: int, jit_compile: bool | str
    ) -> Callable:
        """The function as a plan of its operators; with `jit_compile=True` as a whole, compiled by TorchInductor."""
        if jit_compile is not True:
            return Planned(function) if jit_compile else without_graph(function)
        if not _triton_can_be_imported() and importlib.util.find_spec("triton"):
            raise BackendError(
                "PyTorch's compiler needs Triton, which ends the process when it is imported after TensorFlow. Import "
                "triton before tensorflow, as polykeras does where it is the first to import TensorFlow."
            )
        programs: list[Callable[..., Any]] = []

        def run(*arrays: Any) -> list[Any]:
            if DIFFERENTIATING.get() or any(x.requires_grad for x in arrays):
                return function(*arrays)
            if not programs:
                from torch.fx.experimental.proxy_tensor import make_fx

                trace = make_fx(lambda *xs: detached(function(*xs)), tracing_mode="fake", _allow_non_fake_inputs=True)
                with _without_onednn():  # of whose LSTM TorchInductor has no gradient
                    graph = trace(*arrays)
                programs.append(torch.compile(graph, fullgraph=True, dynamic=False))
            with torch.no_grad():
                return list(programs[0](*arrays))

        return run

    def release(self) -> None:
        give_back()


@contextlib.contextmanager
def _without_onednn() -> Iterator[None]:
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


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
def power(x1: Any, x2: Any) -> Any:
    """Of complex numbers, too, 1 where the exponent is 0, which PyTorch has as NaN for a base of 0."""
    out = torch.pow(x1, x2)
    if not out.is_complex():
        return out
    is_one = x2 == 0
    return torch.where(is_one, 1, out) if isinstance(is_one, torch.Tensor) else torch.ones_like(out) if is_one else out


@kernel
def floor_divide(x1: Any, x2: Any) -> Any:
    """The whole part of the quotient, which in 16 bits PyTorch gets wrong by one, and of which it has no gradient."""
    x1, x2 = (x.detach() if isinstance(x, torch.Tensor) else x for x in (x1, x2))
    dtype = next(x.dtype for x in (x1, x2) if isinstance(x, torch.Tensor))
    if dtype not in (torch.float16, torch.bfloat16):
        return x1 // x2
    x1, x2 = (x.float() if isinstance(x, torch.Tensor) else x for x in (x1, x2))
    return (x1 // x2).to(dtype)


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
    "argmax": lambda x, axis, keepdims: torch.argmax(x, _dim(x, axis), keepdims).to(torch.int32),
    "argmin": lambda x, axis, keepdims: torch.argmin(x, _dim(x, axis), keepdims).to(torch.int32),
    "running_sum": lambda x, axis: torch.cumsum(x, _dim(x, axis), dtype=x.dtype),
}


@kernel
def nansum(x: Any, axis: Any, keepdims: bool) -> Any:
    dims = _dims(x, axis)
    if not dims or not x.is_floating_point():
        return body("nansum", x, axis, keepdims)
    return torch.nansum(x, dims, keepdims, dtype=x.dtype)


@kernel
def var(x: Any, axis: Any, keepdims: bool) -> Any:
    dims = _dims(x, axis)
    if not dims:
        return (x - x).abs()  # NaN where it is not finite, and real
    if x.dtype in (torch.float32, torch.float64):  # of data with a large mean, PyTorch's own has half of the digits
        x = x - x.detach().mean(dims, keepdim=True)
    return torch.var(x, dims, correction=0, keepdim=keepdims)


@kernel
def product(x: Any, axis: Any, keepdims: bool) -> Any:
    """With the gradient of the rule: PyTorch divides by the factors, though products overflow or vanish."""
    return backend.with_rules(OPS["product"], _product)(x, axis, keepdims)


def _product(x: Any, axis: Any, keepdims: bool) -> Any:
    for dim in sorted(normalize_axes(axis, x.ndim), reverse=True):
        x = torch.prod(x, dim, keepdims, dtype=x.dtype)
    return x


@kernel
def running_product(x: Any, axis: int) -> Any:
    """By the body where a gradient is wanted, as for `product`."""
    if is_differentiated(x):
        return body("running_product", x, axis)
    return torch.cumprod(x, _dim(x, axis), dtype=x.dtype)


def _along(compute: Callable[..., Any], name: str) -> Callable[..., Any]:
    """PyTorch's kernel for one axis, the op's body for several."""
    return lambda x, axis: compute(x, _dim(x, axis)) if isinstance(axis, int) else body(name, x, axis)


KERNELS["softmax"] = _along(torch.softmax, "softmax")
KERNELS["log_softmax"] = _along(torch.log_softmax, "log_softmax")


@kernel
def softplus(x: Any) -> Any:
    return F.softplus(x, threshold=40)  # above which exp(-x) is less than float64 can add to x


@kernel
def sign(x: Any) -> Any:
    if x.is_floating_point():
        return torch.where(torch.isnan(x), x, torch.sgn(x))
    return (x.view(torch.int64) != 0).to(x.dtype) if _is_uint64(x) else torch.sgn(x)


def _shrinking(compute: Callable[..., Any], name: str) -> Callable[..., Any]:
    """PyTorch's kernel, with 0 for NaN, as in Keras."""

    def run(x: Any, by: Any) -> Any:
        if x.is_floating_point() and type(by) in (int, float) and by >= 0:
            return compute(x.masked_fill(x != x, 0.0), by)
        return body(name, x, by)

    return run


KERNELS["hard_shrink"] = _shrinking(F.hardshrink, "hard_shrink")
KERNELS["soft_shrink"] = _shrinking(F.softshrink, "soft_shrink")


@kernel
def threshold(x: Any, threshold: Any, default_value: Any) -> Any:
    numbers = type(threshold) in (int, float) and type(default_value) in (int, float)
    if not numbers or not x.is_floating_point():
        return body("threshold", x, threshold, default_value)
    return F.threshold(x.masked_fill(x != x, float(threshold)), threshold, default_value)


@kernel
def glu(x: Any, axis: int) -> Any:
    fits = x.ndim and -x.ndim <= axis < x.ndim and x.shape[axis] % 2 == 0
    return F.glu(x, axis) if fits else body("glu", x, axis)


@kernel
def norm(x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """The root of a sum of squares; the body knows the other norms."""
    of_vectors = (ord is None and type(axis) in (int, type(None))) or (ord == 2 and type(axis) is int)
    if not of_vectors or not x.ndim or x.dtype in (torch.float16, torch.bfloat16):
        return body("norm", x, ord, axis, keepdims)
    return torch.linalg.vector_norm(x, 2, axis, keepdims)


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
    return torch.clamp(x, x_min, x_max) if numbers else body("clip", x, x_min, x_max)


@kernel
def nan_to_num(x: Any, nan: float, posinf: float | None, neginf: float | None) -> Any:
    return torch.nan_to_num(x, nan, posinf, neginf) if x.is_floating_point() else x


@kernel
def cross(x1: Any, x2: Any, axisa: int, axisb: int, axisc: int, axis: int | None) -> Any:
    places = {axisa, axisb, axisc} if axis is None else {axis}
    if len(places) > 1 or x1.ndim != x2.ndim or any(x.shape[place] != 3 for x in (x1, x2) for place in places):
        return body("cross", x1, x2, axisa, axisb, axisc, axis)
    return torch.linalg.cross(x1, x2, dim=places.pop())


@kernel
def cdist(x: Any, y: Any) -> Any:
    if not x.is_floating_point() or min(x.ndim, y.ndim) < 2 or 0 in (*x.shape, *y.shape):
        return body("cdist", x, y)
    exact = functools.partial(torch.cdist, compute_mode="donot_use_mm_for_euclid_dist")
    return fast_with_slow_graph(exact, lambda x, y: body("cdist", x, y), x, y)


@kernel
def view(x: Any, dtype: str | None) -> Any:
    wanted = x.dtype if dtype is None else backend.dtypes[dtype]
    if wanted.itemsize != x.dtype.itemsize:
        if not x.numel():  # whose strides PyTorch finds fault with
            last = x.shape[-1] * x.dtype.itemsize // wanted.itemsize
            return x.new_empty((*x.shape[:-1], last), dtype=wanted)
        x = x.clone(memory_format=torch.contiguous_format)
    return x.view(wanted)


@kernel
def fmod(x1: Any, x2: Any) -> Any:
    """Of floats; with integers PyTorch raises an error where the divisor is 0."""
    return torch.fmod(x1, x2) if x1.is_floating_point() else body("fmod", x1, x2)


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
    for axis, (start, size, length) in enumerate(zip(starts.tolist(), sizes, x.shape, strict=True)):
        if not 0 <= start <= length - size or size < 0:
            raise OutOfRangeError.of_block(start, size, axis, length)
        key.append(slice(start, start + size))
    return tuple(key)


KERNELS["slice"] = lambda inputs, start_indices, shape: inputs[_block(inputs, start_indices, shape)]


@kernel
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    out = inputs.clone()
    out[_block(inputs, start_indices, updates.shape)] = updates
    return out


# Indices ---------------------------------------------------------------------------------------------------


@whole
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
    if updates.shape != indices.shape[:-1] + inputs.shape[depth:]:
        raise ShapeError("updates as the indices and the inputs want them")  # whose reason the op's rule gives
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
    """By numbers that no two elements share where some are equal, of which PyTorch's own gives any."""
    if x.dtype not in (torch.float32, torch.int32) or not x.numel():
        return body("top_k", x, k, sorted)
    places = _places_of_largest(x.detach(), k)
    return x.gather(-1, places), places.to(torch.int32)


@whole
def _places_of_largest(keys: Any, k: int) -> Any:
    """Where the k largest elements are, the first ones of equal ones: PyTorch's own are right where none are equal."""
    count = keys.shape[-1]
    if 0 < k < count and not torch.compiler.is_compiling():  # as there is nothing to be looked at
        found, places = torch.topk(keys, k + 1)
        if bool((found[..., 1:] < found[..., :-1]).all()):  # NaN is not less than anything
            return places[..., :k].contiguous()
    if keys.is_floating_point():
        keys = torch.where(torch.isnan(keys), torch.nan, keys + 0.0).view(torch.int32)
        keys = torch.where(keys < 0, keys ^ torch.iinfo(torch.int32).max, keys)
    backwards = torch.arange(count - 1, -1, -1, device=keys.device)
    found = torch.topk((keys.long() << 32) | backwards, k).values
    return count - 1 - (found & 0xFFFFFFFF)


@kernel
def searchsorted(sorted_sequence: Any, values: Any, side: str) -> Any:
    if sorted_sequence.ndim != 1:
        infer(OPS["searchsorted"], (sorted_sequence, values, side))  # refuses it, where PyTorch would go on
    sequence, values = sorted_sequence.contiguous(), values.contiguous()
    if not sequence.is_floating_point():
        return torch.searchsorted(sequence, values, side=side).to(torch.int32)
    unknown = sequence.isnan()  # which come last, and of which PyTorch does not know that they do
    numbers = len(sequence) - unknown.sum()
    places = torch.searchsorted(sequence.masked_fill(unknown, torch.inf), values, side=side).minimum(numbers)
    end = numbers if side == "left" else torch.full_like(numbers, len(sequence))
    return torch.where(values.isnan(), end, places).to(torch.int32)


# Linear algebra --------------------------------------------------------------------------------------------


def _refusing(compute: Callable[..., Any], error: Callable[[], MatrixError]) -> Callable[..., Any]:
    """A function of matrices, with an error of ours for what PyTorch refuses; NaN for those that are not finite."""

    def run(x: Any, *args: Any) -> Any:
        try:
            return compute(x, *args)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as refusal:
            finite = x.isfinite().all(-1).all(-1)[..., None, None]
            if finite.all():
                if isinstance(refusal, torch.linalg.LinAlgError):  # pyright: ignore[reportPrivateImportUsage]
                    raise error() from None
                raise
        results = run(torch.where(finite, x, torch.eye(*x.shape[-2:], dtype=x.dtype, device=x.device)), *args)
        return tree.map_structure(
            lambda y: torch.where(finite if y.ndim == finite.ndim else finite[..., 0], y, torch.nan), results
        )

    return run


def _sign_and_logarithm(x: Any) -> tuple[Any, Any]:
    sign, logarithm = torch.linalg.slogdet(x)
    return torch.where(logarithm.isnan(), torch.nan, sign), logarithm


@kernel
def pivoted_lu(x: Any) -> tuple[Any, Any]:
    packed, pivots, _ = torch.linalg.lu_factor_ex(x)
    return packed, pivots - 1


KERNELS |= {
    "matrix_solve": _refusing(torch.linalg.solve, MatrixError.singular),
    "triangular_solve": lambda a, b, lower: torch.linalg.solve_triangular(a, b, upper=not lower),
    "lower_cholesky": _refusing(torch.linalg.cholesky, MatrixError.not_positive_definite),
    "determinant": torch.linalg.det,
    "sign_and_logarithm": _sign_and_logarithm,
    "orthogonal_triangular": lambda x, complete: tuple(torch.linalg.qr(x, "complete" if complete else "reduced")),
    "singular_vectors": _refusing(lambda x: tuple(torch.linalg.svd(x, full_matrices=False)), MatrixError.not_converged),
    "singular_values": _refusing(torch.linalg.svdvals, MatrixError.not_converged),
    "symmetric_eigenvectors": _refusing(lambda x: tuple(torch.linalg.eigh(x)), MatrixError.not_converged),
    "general_eigenvectors": _refusing(lambda x: tuple(torch.linalg.eig(x)), MatrixError.not_converged),
}


# Fourier transforms ----------------------------------------------------------------------------------------


@kernel
def fourier_transform(x: Any, rank: int, inverse: bool) -> Any:
    if not x.numel():  # MKL refuses
        return x
    return (torch.fft.ifftn if inverse else torch.fft.fftn)(x, dim=tuple(range(-rank, 0)))


def _of_some(compute: Callable[..., Any], name: str) -> Callable[..., Any]:
    """PyTorch's kernel, the op's body where there is nothing to transform, which MKL refuses."""
    return lambda x, *length: compute(x, *length) if x.numel() else body(name, x, *length)


KERNELS["real_fourier"] = _of_some(torch.fft.rfft, "real_fourier")
KERNELS["inverse_real_fourier"] = _of_some(torch.fft.irfft, "inverse_real_fourier")


@kernel
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None, sorted: bool) -> Any:
    shapes_fit = data.ndim and segment_ids.ndim == 1 and len(segment_ids) == len(data)
    if num_segments is None or not shapes_fit or data.dtype in (torch.float16, torch.bfloat16):
        return body("segment_sum", data, segment_ids, num_segments, sorted)
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
@whole
def rng_bits(seed: Any, shape: Any, counter: int) -> Any:
    key, count = _on_host(seed), math.prod(shape)
    if key is not None:
        return torch.from_numpy(philox.words(key, counter, count)).reshape(shape)
    return _words(seed, counter, count).to(torch.uint32).reshape(shape)


@kernel
@whole
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
@whole
def random_below(seed: Any, shape: Any, limit: int, first: int, dtype: str) -> Any:
    key = _on_host(seed)
    if key is None:
        return body("random_below", seed, shape, limit, first, dtype)
    return torch.from_numpy(philox.below(key, math.prod(shape), limit, first, dtype)).reshape(shape)


@kernel
@whole
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
        return body("vectorized_map", function, elements)


def _arrays(structure: Any) -> Any:
    return tree.map_structure(OPS["as_array"].function, structure)


backend = TorchBackend()
KERNELS |= torch_updates.kernels(backend)
