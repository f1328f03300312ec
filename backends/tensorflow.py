"""TensorFlow: eager or in graphs, differentiated by its tapes."""

from __future__ import annotations

import contextlib
import functools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

if "tensorflow" not in sys.modules:
    with contextlib.suppress(ImportError):
        import triton  # noqa: F401 (PyTorch's: imported after TensorFlow, it would end the process)

import tensorflow as tf
from tensorflow.python.autograph.core import config as autograph
from tensorflow.python.eager.record import should_record_backprop

from polykeras import philox
from polykeras.backend import OPERATORS, Backend, chosen_device, numpy_dtype
from polykeras.dtypes import NAMES
from polykeras.errors import MatrixError, OutOfRangeError, PolykerasError, ShapeError, StateError
from polykeras.interpreters import Held, held
from polykeras.op import OPS
from polykeras.spec import normalize_axis
from polykeras.symbolic import infer

# modules of which some enter their kernels into the table
from . import tensorflow_control, tensorflow_networks, tensorflow_updates, tensorflow_windows  # noqa: F401
from .tensorflow_choice import Fastest
from .tensorflow_gradients import DIFFERENTIATING, TensorflowGradients, summed_to, total
from .tensorflow_graphs import BY_XLA, ByXla, Graph, opened
from .tensorflow_table import KERNELS, body, kernel

raw = tf.raw_ops

_ON_HOST, _ALIGNMENT = 1, 64
"""DLPack's number for host memory, and the multiple in bytes at which TensorFlow's arrays begin."""


def _raw(name: str) -> Callable[..., Any]:
    """TensorFlow's function of a name below its public ones, which take longer."""
    return getattr(raw, "".join(word.capitalize() for word in name.split("_")))


def _unary(name: str) -> Callable[..., Any]:
    op = _raw(name)
    return lambda x: op(x=x)


def _binary(name: str) -> Callable[..., Any]:
    op = _raw(name)
    return lambda x1, x2: op(x=x1, y=x2)


_UNARY = (
    *("square", "exp", "expm1", "sqrt", "sigmoid", "logical_not"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh"),
)
_BINARY = (
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or"),
    *("bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"),
)
KERNELS |= {
    # functions of elements
    **{name: _unary(name) for name in _UNARY},
    **{f"arc{name}": _unary(f"a{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: _binary(name) for name in _BINARY},
    "add": _binary("add_v2"),
    "subtract": _binary("sub"),
    "multiply": _binary("mul"),
    "divide": _binary("real_div"),
    "mod": _binary("floor_mod"),
    "negative": _unary("neg"),
    "abs": tf.abs,
    "sign": lambda x: tf.cast(x != 0, x.dtype) if x.dtype.is_unsigned else raw.Sign(x=x),
    "erf": lambda x: raw.Erf(x=tf.clip_by_value(x, -30, 30)),  # of infinity it makes NaN
    # its float32 kernel is off by 30 units in the last place for large x
    "erfc": lambda x: tf.cast(raw.Erfc(x=tf.cast(x, tf.float64)), x.dtype),
    "where": lambda condition, x1, x2: raw.SelectV2(condition=condition, t=x1, e=x2),
    # activations
    "relu": tf.nn.relu,
    "relu6": tf.nn.relu6,
    "divide_no_nan": _binary("div_no_nan"),
    "i0": lambda x: _i0(tf.clip_by_value(x, -800, 800)),  # of infinity TensorFlow makes NaN
    # complex numbers
    "real": tf.math.real,
    "imag": lambda x: tf.math.imag(x) if x.dtype.is_complex else tf.zeros_like(x),
    "conjugate": lambda x: tf.math.conj(x) if x.dtype.is_complex else opened(x),
    "make_complex": tf.complex,
    # reductions
    "any": tf.reduce_any,
    "all": tf.reduce_all,
    "sum": lambda x, axis, keepdims: total(x, _axes(x, axis), keepdims),
    # movement
    "reshape": tf.reshape,
    "broadcast_to": tf.broadcast_to,
    "concatenate": tf.concat,
    "stack": tf.stack,
    "strided_slice": tf.strided_slice,
    "strided_slice_gradient": lambda g, shape, starts, stops, steps: raw.StridedSliceGrad(
        shape=tf.stack(shape), begin=starts, end=stops, strides=steps, dy=g
    ),
    # creation and conversion
    "zeros_like": lambda x, dtype: tf.zeros_like(x, dtype and backend.dtypes[dtype]),
    "ones_like": lambda x, dtype: tf.ones_like(x, dtype and backend.dtypes[dtype]),
    "tally": lambda x, length: tf.math.bincount(tf.cast(x, tf.int32), minlength=length, maxlength=length),
    "as_array": tf.convert_to_tensor,
    "stop_gradient": tf.stop_gradient,
}


autograph.CONVERSION_RULES = (autograph.DoNotConvert("polykeras"), *autograph.CONVERSION_RULES)
"""Layers in somebody's `tf.function` or `Dataset.map` run as they are: to rewrite our code takes a minute."""


class TensorflowBackend(TensorflowGradients, Backend):
    """TensorFlow."""

    name = "tensorflow"
    array_types = (tf.Tensor, tf.Variable)
    kernels = KERNELS
    dtypes = {name: tf.as_dtype(name) for name in NAMES}
    refusals = (tf.errors.InvalidArgumentError,)
    strict = True
    traces = True
    scalars = OPERATORS - {"maximum", "minimum", "arctan2"} | {"clip"}
    wider = {
        "bool": "int32",
        "int8": "int32",
        "int16": "int32",
        "uint8": "int32",
        "uint16": "int32",
        "uint32": "int64",
        "uint64": "int64",
        "float16": "float32",
        "bfloat16": "float32",
        "float8_e4m3fn": "float32",
        "float8_e5m2": "float32",
    }
    gaps = {
        "log_softmax of infinity": "All logarithms are NaN, rather than those of the infinite numbers only. "
        "See https://www.tensorflow.org/api_docs/python/tf/nn/log_softmax",
        "slopes at infinity and NaN": "Gradients where an argument is infinite or NaN may be other numbers. "
        "See https://www.tensorflow.org/guide/autodiff",
        "singular matrices": "A graph raises TensorFlow's own error, and gives NaN where there is no Cholesky factor. "
        "See https://www.tensorflow.org/api_docs/python/tf/linalg/cholesky",
        "subnormals": "Numbers too small for full precision are taken for 0, and become 0, in much of its arithmetic. "
        "See https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/platform/denormal.h",
        "relu of NaN": "In a graph that XLA does not compile, relu after a matrix product and a bias makes NaN 0. "
        "See https://www.tensorflow.org/guide/graph_optimization",
        "max_pool of NaN": "A window that holds NaN and other numbers has the greatest of these. "
        "See https://www.tensorflow.org/api_docs/python/tf/nn/max_pool",
        "sums of float16": "Gradients of arrays that were broadcast are added up in 16 bits on a processor. "
        "See https://www.tensorflow.org/guide/mixed_precision",
        "tangents in loops": "A compiled while_loop has no jvp of ops whose gradient is not TensorFlow's own. "
        "See https://www.tensorflow.org/api_docs/python/tf/custom_gradient",
        "indices": "A graph on a GPU cannot raise an error: an index out of range gives 0. "
        "See https://www.tensorflow.org/api_docs/python/tf/gather",
        "remat": "A function with recomputed results may use variables and its arguments, and no other tensors. "
        "See https://www.tensorflow.org/api_docs/python/tf/recompute_grad",
        "values": "Tensors that are being differentiated give their numbers to NumPy, and the gradient is lost unseen. "
        "See https://www.tensorflow.org/guide/autodiff#2_did_calculations_outside_of_tensorflow",
    }

    # Arrays

    def _place(self) -> contextlib.AbstractContextManager[Any]:
        name = chosen_device(self)
        return contextlib.nullcontext() if name is None else tf.device(name)

    def looked_at_value(self, error: Exception) -> bool:
        """Whether an error means that a function looked at a value that is part of a graph."""
        kinds = (tf.errors.OperatorNotAllowedInGraphError, TypeError, NotImplementedError, AttributeError)
        if not isinstance(error, kinds) or isinstance(error, PolykerasError):
            return False
        return isinstance(error, kinds[0]) or "SymbolicTensor" in str(error) or "symbolic tf.Tensor" in str(error)

    def from_numpy(self, array: np.ndarray) -> tf.Tensor:
        """A tensor with the values of a NumPy array."""
        with self._place():
            return tf.convert_to_tensor(array)

    def to_numpy(self, x: tf.Tensor) -> np.ndarray:
        """The values as a NumPy array."""
        if tf.is_symbolic_tensor(x):
            raise StateError(
                "a tensor has no values while a function is being compiled. Return it, and look at the result."
            )
        return np.asarray(x.numpy(), x.dtype.as_numpy_dtype)  # of a single one it makes a number

    def is_traced(self, x: Any) -> bool:
        """Whether it is a tensor of a graph."""
        return tf.is_symbolic_tensor(x)

    def holds_text(self, x: Any) -> bool:
        """Whether it is a tensor of strings."""
        return x.dtype == tf.string

    def on_host(
        self, function: Callable[..., np.ndarray], arrays: Sequence[Any], shape: tuple[int | None, ...], dtype: str
    ) -> tf.Tensor:
        """What a function of NumPy arrays gives; in a graph by a node that calls it."""
        if tf.executing_eagerly():
            return super().on_host(function, arrays, shape, dtype)

        def in_dtype(*values: Any) -> np.ndarray:
            return np.asarray(function(*map(np.asarray, values)), numpy_dtype(dtype))

        found = tf.numpy_function(in_dtype, arrays, self.dtypes[dtype])
        found.set_shape(shape)
        return found

    def is_differentiated(self, x: tf.Tensor) -> bool:
        """Whether a tape follows it, for a gradient that polykeras computes."""
        return DIFFERENTIATING.get() and bool(should_record_backprop([x]))

    def from_dlpack(self, x: Any) -> tf.Tensor:
        """A tensor that shares the memory of an array from elsewhere.

        Memory on the host has to be aligned as TensorFlow's own: it takes any, and its kernels crash later.
        """
        if x.__dlpack_device__()[0] == _ON_HOST and np.from_dlpack(x).ctypes.data % _ALIGNMENT:
            raise BufferError("the memory of the array is not aligned for TensorFlow")
        return tf.experimental.dlpack.from_dlpack(x.__dlpack__())

    def shape(self, x: tf.Tensor) -> tuple[Any, ...]:
        """The shape; in a graph a size may be a tensor."""
        sizes = x.shape
        if sizes.rank is None:
            raise ShapeError("a tensor without a known number of axes cannot be used here. Set its shape first.")
        if None not in sizes:
            return tuple(sizes)
        at_run_time = tf.shape(x)
        return tuple(at_run_time[axis] if size is None else size for axis, size in enumerate(sizes))

    def _cast_anything(self, x: Any, dtype: str) -> tf.Tensor:
        return super()._cast_anything(opened(x), dtype)

    def cast(self, x: tf.Tensor, dtype: str) -> tf.Tensor:
        """The tensor in another dtype."""
        return tf.not_equal(x, 0) if dtype == "bool" and x.dtype.is_complex else tf.cast(x, self.dtypes[dtype])

    # Devices

    def devices(self) -> list[str]:
        """TensorFlow's logical devices, GPUs first."""
        names = [device.name.removeprefix("/device:").lower() for device in tf.config.list_logical_devices()]
        return sorted(names, key=lambda name: (not name.startswith("gpu"), name))

    def device_of(self, x: tf.Tensor) -> str:
        """The device on which a tensor lies."""
        return ":".join(x.device.lower().split(":")[-2:])

    def synchronize(self) -> None:
        """Wait for everything that was dispatched."""
        tf.test.experimental.sync_devices()

    def set_matmul_precision(self, precision: str) -> None:
        """TensorFloat-32 only where asked for."""
        tf.config.experimental.enable_tensor_float_32_execution(precision != "highest")

    def seed(self, seed: int) -> None:
        """Seed TensorFlow's own generators."""
        tf.random.set_seed(seed)

    # Compilation

    def compile(
        self, function: Callable[..., list], donate: Sequence[int], state: int, jit_compile: bool | str
    ) -> Callable:
        """The function as a graph; with `jit_compile=True` compiled by XLA, with "auto" where that is faster."""
        if jit_compile != "auto":
            return Graph(function, state, ByXla.EVERYTHING if jit_compile else ByXla.NOTHING)
        return Fastest({by_xla: Graph(function, state, by_xla) for by_xla in ByXla}, self.synchronize)

    def opened(self, x: Any) -> tf.Tensor:
        """The tensor that one of TensorFlow's variables holds, where a graph left that."""
        return opened(x)


def _is_known(x: Any) -> bool:
    """Whether the values of a tensor are there to be looked at, rather than being part of a graph."""
    return hasattr(x, "numpy")


# Arithmetic and elementary functions -----------------------------------------------------------------------


def _sharing(extreme: Callable[..., Any]) -> Callable[..., Any]:
    """A maximum or minimum whose gradient is shared at a tie, which TensorFlow gives to the first argument."""

    @tf.custom_gradient
    def compute(x1: Any, x2: Any) -> Any:
        out = extreme(x=x1, y=x2)

        def gradient(g: Any) -> Any:
            half = tf.where(x1 == x2, g / 2, 0)
            parts = (tf.where((x == out) & (x1 != x2), g, half) for x in (x1, x2))
            return [summed_to(x, part) for part, x in zip(parts, (x1, x2), strict=True)]

        return out, gradient

    def run(x1: Any, x2: Any) -> Any:
        return compute(x1, x2) if x1.dtype.is_floating else extreme(x=x1, y=x2)

    return run


KERNELS["maximum"] = _sharing(raw.Maximum)
KERNELS["minimum"] = _sharing(raw.Minimum)


@kernel
def floor_divide(x1: Any, x2: Any) -> Any:
    """The whole part of the quotient. TensorFlow's own rounds the quotient first, and may then be off by one."""
    dtype = (x1 if tf.is_tensor(x1) else x2).dtype
    if not dtype.is_floating:
        return raw.FloorDiv(x=x1, y=x2)
    x1, x2 = (tf.stop_gradient(tf.convert_to_tensor(x, dtype)) for x in (x1, x2))
    if dtype in _NARROW:
        return tf.cast(floor_divide(tf.cast(x1, "float32"), tf.cast(x2, "float32")), dtype)
    rest = raw.TruncateMod(x=x1, y=x2)
    quotient = (x1 - rest) / x2
    too_high = (rest != 0) & ((rest < 0) != (x2 < 0))
    return tf.where(x2 == 0, x1 / x2, tf.math.rint(tf.where(too_high, quotient - 1, quotient)))


_NARROW = (tf.float16, tf.bfloat16)  # for which the processor lacks some kernels, which a graph finds out too late


def _widened(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A function of an array, and of others that are none, computed in 32 bits where that has less."""

    def run(x: Any, *args: Any) -> Any:
        return tf.cast(compute(tf.cast(x, "float32"), *args), x.dtype) if x.dtype in _NARROW else compute(x, *args)

    return run


_rint, _i0 = _widened(tf.math.rint), _widened(tf.math.bessel_i0)
KERNELS["running_sum"] = _widened(lambda x, axis: raw.Cumsum(x=x, axis=axis))


@kernel
def arctan2(x1: Any, x2: Any) -> Any:
    """TensorFlow's own gradient is NaN at the origin."""
    return backend.with_rules(OPS["arctan2"], lambda x1, x2: raw.Atan2(y=x1, x=x2))(x1, x2)


@kernel
def power(x1: Any, x2: Any) -> Any:
    """TensorFlow's own gradient is NaN at 0 to the power of 0, and so are second ones of powers of 1."""
    if type(x2) not in (int, float):
        return backend.with_rules(OPS["power"], _power)(tf.convert_to_tensor(x1, x2.dtype), x2)
    if x2 == 0:
        return tf.ones_like(x1)
    return opened(x1) if x2 == 1 else tf.square(x1) if x2 == 2 else raw.Pow(x=x1, y=tf.constant(x2, x1.dtype))


def _power(x1: Any, x2: Any) -> Any:
    """Of complex numbers, too, 1 where the exponent is 0, which TensorFlow has as NaN for a base of 0."""
    out = raw.Pow(x=x1, y=x2)
    return tf.where(tf.equal(x2, 0), tf.ones_like(out), out) if out.dtype.is_complex else out


@kernel
def hard_silu(x: Any) -> Any:
    """The slope of the body is NaN at infinity, where TensorFlow multiplies by 0."""
    return backend.with_rules(OPS["hard_silu"], functools.partial(body, "hard_silu"))(x)


@kernel
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Between numbers; between arrays, TensorFlow has other gradients where they meet."""
    numbers = type(x_min) in (int, float) and type(x_max) in (int, float) and x_min <= x_max
    return tf.clip_by_value(x, x_min, x_max) if numbers else body("clip", x, x_min, x_max)


@tf.custom_gradient
def _complex_log(x: Any) -> Any:
    """TensorFlow's own has half of the digits near 1, and NaN where a square is not a number any more."""
    one, other = tf.abs(tf.math.real(x)), tf.abs(tf.math.imag(x))
    long, short = tf.maximum(one, other), tf.minimum(one, other)
    ratio = tf.where((long > 0) & tf.math.is_finite(long), short / long, tf.zeros_like(long))
    moderate = (long > 0.5) & (long < 2)
    near = tf.math.log1p(tf.where(moderate, (long - 1) * (long + 1) + short * short, tf.zeros_like(long)))
    length = tf.where(moderate, near / 2, tf.math.log(long) + tf.math.log1p(ratio * ratio) / 2)
    return tf.complex(length, tf.atan2(tf.math.imag(x), tf.math.real(x))), lambda g: g / tf.math.conj(x)


def _complex_log1p(x: Any) -> Any:
    return backend.with_rules(OPS["log1p"], functools.partial(body, "log1p"))(x)


# TensorFlow's own is on the other side of the cut below it
KERNELS["rsqrt"] = lambda x: 1 / raw.Sqrt(x=x) if x.dtype.is_complex else raw.Rsqrt(x=x)
KERNELS["log"] = lambda x: _complex_log(x) if x.dtype.is_complex else raw.Log(x=x)
KERNELS["log1p"] = lambda x: _complex_log1p(x) if x.dtype.is_complex else raw.Log1p(x=x)


def _of_floats(compute: Callable[..., Any], otherwise: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda x: compute(x) if x.dtype.is_floating or x.dtype.is_complex else otherwise(x)


KERNELS["floor"] = _of_floats(tf.floor, lambda x: x)
KERNELS["ceil"] = _of_floats(tf.math.ceil, lambda x: x)
KERNELS["rint"] = _of_floats(_rint, lambda x: x)


def _of_parts(test: Callable[..., Any], join: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: join(test(tf.math.real(x)), test(tf.math.imag(x))) if x.dtype.is_complex else test(x)


KERNELS["isnan"] = _of_floats(_of_parts(tf.math.is_nan, tf.logical_or), lambda x: tf.zeros_like(x, tf.bool))
KERNELS["isinf"] = _of_floats(_of_parts(tf.math.is_inf, tf.logical_or), lambda x: tf.zeros_like(x, tf.bool))
KERNELS["isfinite"] = _of_floats(_of_parts(tf.math.is_finite, tf.logical_and), lambda x: tf.ones_like(x, tf.bool))


@kernel
def bitwise_not(x: Any) -> Any:
    return tf.logical_not(x) if x.dtype == tf.bool else raw.Invert(x=x)


@kernel
def product(x: Any, axis: Any, keepdims: bool) -> Any:
    """TensorFlow's gradient of it cannot be differentiated where a factor is zero."""

    def compute(x: Any, axis: Any, keepdims: bool) -> Any:
        return raw.Prod(input=x, axis=_axes(x, axis), keep_dims=keepdims)

    return backend.with_rules(OPS["product"], compute)(x, axis, keepdims)


@kernel
def view(x: Any, dtype: str | None) -> Any:
    """TensorFlow has wider elements made of a last axis of their size, and narrower ones on a new axis."""
    if dtype is None or x.dtype == backend.dtypes[dtype]:
        return tf.stop_gradient(x)
    wanted = backend.dtypes[dtype]
    if wanted == tf.bool:
        return tf.cast(view(x, "uint8"), tf.bool)
    x = tf.cast(x, tf.uint8) if x.dtype == tf.bool else x  # which it takes to have four bytes
    if not x.shape.rank and wanted.size != x.dtype.size:
        infer(OPS["view"], (x, dtype))
    if wanted.size > x.dtype.size:
        if isinstance(x.shape[-1], int):
            infer(OPS["view"], (x, dtype))
        x = tf.reshape(x, (*backend.shape(x)[:-1], -1, wanted.size // x.dtype.size))
        return tf.bitcast(x, wanted)
    out = tf.bitcast(x, wanted)
    return tf.reshape(out, (*backend.shape(x)[:-1], -1)) if wanted.size < x.dtype.size else out


# Reductions ------------------------------------------------------------------------------------------------


def _axes(x: Any, axis: Any) -> Any:
    return list(range(x.shape.rank)) if axis is None else axis


def _extreme(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    def run(x: Any, axis: Any, keepdims: bool) -> Any:
        if 0 in x.shape:
            infer(OPS[name], (x, axis, keepdims))  # refuses it, where TensorFlow would go on
        return op(input=x, axis=_axes(x, axis), keep_dims=keepdims)

    return run


def _position(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    def run(x: Any, axis: Any, keepdims: bool) -> Any:
        if 0 in x.shape:
            infer(OPS[name], (x, axis, keepdims))  # refuses it, where TensorFlow would go on
        flat, along = (tf.reshape(x, (-1,)), 0) if axis is None else (x, axis)
        places = op(input=flat, dimension=along, output_type=tf.int32)
        if x.dtype.is_floating:  # TensorFlow passes over NaN
            missing = tf.math.is_nan(flat)
            first = tf.argmax(tf.cast(missing, tf.int32), along, tf.int32)
            places = tf.where(tf.reduce_any(missing, along), first, places)
        if not keepdims:
            return places
        return tf.reshape(places, [1] * x.shape.rank) if axis is None else tf.expand_dims(places, axis)

    return run


KERNELS["amax"] = _extreme(raw.Max, "amax")
KERNELS["amin"] = _extreme(raw.Min, "amin")
KERNELS["argmax"] = _position(raw.ArgMax, "argmax")
KERNELS["argmin"] = _position(raw.ArgMin, "argmin")


def _along(compute: Callable[..., Any], name: str) -> Callable[..., Any]:
    """TensorFlow's kernel for one axis, the op's body for several, and where there is nothing."""
    return lambda x, axis: compute(x, axis) if type(axis) is int and 0 not in x.shape else body(name, x, axis)


def _softmax(x: tf.Tensor, axis: int) -> tf.Tensor:
    """The softmax, all NaN where one is: TensorFlow's has numbers beside them."""
    shares = tf.nn.softmax(x, axis)
    total = tf.reduce_sum(shares, axis, keepdims=True)
    return shares + (total - total)


KERNELS["softmax"] = _along(_softmax, "softmax")
KERNELS["log_softmax"] = _along(tf.nn.log_softmax, "log_softmax")


# Creation and choice ---------------------------------------------------------------------------------------


@kernel
def zeros(shape: Any, dtype: str) -> Any:
    with backend._place():
        return tf.zeros(shape, backend.dtypes[dtype])


@kernel
def ones(shape: Any, dtype: str) -> Any:
    with backend._place():
        return tf.ones(shape, backend.dtypes[dtype])


@kernel
def nonzero(x: Any) -> Any:
    return tuple(tf.unstack(tf.cast(tf.where(x), tf.int32), axis=1, num=x.shape.rank))


@kernel
def one_hot(x: Any, num_classes: int, axis: int, dtype: str, sparse: bool) -> Any:
    rank = x.shape.rank
    if sparse or dtype not in ("float32", "float64", "int32") or not -rank - 1 <= axis <= rank:
        return body("one_hot", x, num_classes, axis, dtype, sparse)
    places = x if x.dtype in (tf.int32, tf.int64) else tf.cast(x, tf.int64)
    return tf.one_hot(places, num_classes, axis=axis % (rank + 1), dtype=backend.dtypes[dtype])


# Movement and slices ---------------------------------------------------------------------------------------


@kernel
def transpose(x: Any, axes: Any) -> Any:
    return tf.transpose(x, None if axes is None else [axis % x.shape.rank for axis in axes])


@kernel
def tril(x: Any, k: int) -> Any:
    fits = x.shape.rank > 1 and 0 <= k <= (x.shape[-1] or 0)
    return tf.linalg.band_part(x, -1, k) if fits else body("tril", x, k)


@kernel
def triu(x: Any, k: int) -> Any:
    fits = x.shape.rank > 1 and 0 <= -k <= (x.shape[-2] or 0)
    return tf.linalg.band_part(x, -k, -1) if fits else body("triu", x, k)


@kernel
def diagonal(x: Any, offset: int, axis1: int, axis2: int) -> Any:
    rank = x.shape.rank
    axes = (axis1 % rank, axis2 % rank) if rank else ()
    fits = axes == (rank - 2, rank - 1) and None not in x.shape[-2:] and -x.shape[-2] < offset < x.shape[-1]
    return tf.linalg.diag_part(x, k=offset) if fits else body("diagonal", x, offset, axis1, axis2)


@kernel
def flip(x: Any, axis: Any) -> Any:
    axes = _axes(x, axis)
    if not x.shape.rank:
        infer(OPS["flip"], (x, axis))  # refuses it, where TensorFlow would go on
    return tf.reverse(x, axes if isinstance(axes, (list, tuple)) else [axes])


@kernel
def pad_constant(x: Any, pairs: Any, value: Any) -> Any:
    return tf.pad(x, pairs, constant_values=tf.constant(value, x.dtype))


@kernel
def roll(x: Any, shift: Any, axis: Any) -> Any:
    shifts, axes = (value if isinstance(value, tuple) else (value,) for value in (shift, axis))
    if axis is None or not x.shape.rank or not len(set(axes)) == len(axes) == len(shifts):
        return body("roll", x, shift, axis)
    return tf.roll(x, shifts, axes)


@kernel
def split(x: Any, indices_or_sections: Any, axis: int) -> Any:
    rank = x.shape.rank
    size = x.shape[axis] if -rank <= axis < rank else None
    if type(indices_or_sections) is not int or indices_or_sections < 1 or (size or 1) % indices_or_sections:
        return body("split", x, indices_or_sections, axis)
    return list(tf.split(x, indices_or_sections, axis))


@kernel
def cross(x1: Any, x2: Any, axisa: int, axisb: int, axisc: int, axis: int | None) -> Any:
    last = {axisa, axisb, axisc, axis} <= {None, -1} and x1.shape == x2.shape and None not in x1.shape
    if not last or x1.dtype.is_complex or x1.shape[-1:] != (3,):
        return body("cross", x1, x2, axisa, axisb, axisc, axis)
    return tf.linalg.cross(x1, x2)


def _check_block(x: Any, starts: Any, sizes: Any) -> None:
    if _is_known(starts):
        for axis, (start, size, whole) in enumerate(zip(starts.numpy(), sizes, x.shape, strict=True)):
            if whole is not None and type(size) is int and not 0 <= start <= whole - size:
                raise OutOfRangeError.of_block(int(start), size, axis, whole)


@functools.partial(KERNELS.__setitem__, "slice")
def _slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    _check_block(inputs, start_indices, shape)
    if any(type(size) is int and size < 0 for size in shape):  # which to TensorFlow mean all that is left
        raise ShapeError(f"expected sizes to be whole numbers from 0; got {tuple(shape)}.")
    return raw.Slice(input=inputs, begin=start_indices, size=tf.cast(tf.stack(shape), start_indices.dtype))


@kernel
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    _check_block(inputs, start_indices, updates.shape)
    ends = start_indices + tf.shape(updates, start_indices.dtype)
    if not _is_known(start_indices):  # in the graph TensorFlow would count from the end, or leave out what does not fit
        sizes = tf.shape(inputs, ends.dtype)
        words = ["a block", start_indices, ends, "does not lie in an array of", sizes]
        look = tf.debugging.Assert(tf.reduce_all((start_indices >= 0) & (ends <= sizes)), words)
        with tf.control_dependencies([look]):
            start_indices = tf.identity(start_indices)
    return raw.TensorStridedSliceUpdate(
        input=inputs, begin=start_indices, end=ends, strides=tf.ones_like(start_indices), value=updates
    )


# Indices ---------------------------------------------------------------------------------------------------


def _in_range(indices: Any, size: Any, axis: int) -> Any:
    """Indices that count from the front, after a look at whether they are in range."""
    indices = indices if indices.dtype in (tf.int32, tf.int64) else tf.cast(indices, tf.int64)
    if _is_known(indices) and math.prod(indices.shape):
        values = indices.numpy()  # known in a graph, too, where reductions of it would not be, and faster than those
        low, high = int(values.min()), int(values.max())
        if high >= size or low < -size:
            raise OutOfRangeError.of_index(high if high >= size else low, axis, size)
        if low >= 0:
            return indices
    return tf.where(indices < 0, indices + tf.cast(size, indices.dtype), indices)


@kernel
def take(x: Any, indices: Any, axis: int | None) -> Any:
    if axis is None:
        x, axis = tf.reshape(x, (-1,)), 0
    axis = normalize_axis(axis, x.shape.rank)
    return tf.gather(x, _in_range(indices, backend.shape(x)[axis], axis), axis=axis)


def _axis_last(x: Any, axis: int) -> Any:
    return x if axis == x.shape.rank - 1 else tf.transpose(x, _swapped(x, axis))


def _swapped(x: Any, axis: int) -> list[int]:
    order = list(range(x.shape.rank))
    order[axis], order[-1] = order[-1], order[axis]
    return order


@kernel
def gather_along_axis(x: Any, indices: Any, axis: int) -> Any:
    places = _axis_last(_in_range(indices, backend.shape(x)[axis], axis), axis)
    return _axis_last(tf.gather(_axis_last(x, axis), places, batch_dims=x.shape.rank - 1), axis)


@kernel
def add_along_axis(x: Any, indices: Any, updates: Any, axis: int) -> Any:
    length = backend.shape(x)[axis]
    if isinstance(length, int) and length == 0:
        return x
    places = _axis_last(_in_range(indices, length, axis), axis)
    rows = _axis_last(x, axis)
    count = tf.size(rows, places.dtype) // tf.cast(length, places.dtype)
    firsts = tf.range(count, dtype=places.dtype) * tf.cast(length, places.dtype)
    row = tf.reshape(firsts, (*backend.shape(places)[:-1], 1))
    flat = tf.tensor_scatter_nd_add(
        tf.reshape(rows, (-1,)), tf.reshape(places + row, (-1, 1)), tf.reshape(_axis_last(updates, axis), (-1,))
    )
    return _axis_last(tf.reshape(flat, tf.shape(rows)), axis)


def _places(indices: Any, shape: Any) -> Any:
    """Positions on each of the first axes, counted from the front."""
    if indices.shape[-1] == 0:
        return indices
    return tf.stack([_in_range(indices[..., axis], shape[axis], axis) for axis in range(indices.shape[-1])], -1)


@kernel
def gather(x: Any, indices: Any) -> Any:
    return tf.gather_nd(x, _places(indices, backend.shape(x)))


@kernel
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None) -> Any:
    wanted = indices.shape[:-1].concatenate(inputs.shape[indices.shape[-1] :])
    if not updates.shape.is_compatible_with(wanted):  # at which TensorFlow may end the process
        raise ShapeError("updates as the indices and the inputs want them")  # whose reason the op's rule gives
    places = _places(indices, backend.shape(inputs))
    if reduction == "mul":
        return inputs * _scattered_product(places, updates, inputs)
    scatter = {
        None: tf.tensor_scatter_nd_update,
        "add": tf.tensor_scatter_nd_add,
        "max": tf.tensor_scatter_nd_max,
        "min": tf.tensor_scatter_nd_min,
    }
    out = scatter[reduction](inputs, places, updates)
    if reduction in ("max", "min") and updates.dtype.is_floating:  # TensorFlow passes over NaN
        missing = tf.where(tf.math.is_nan(updates), updates, tf.zeros_like(updates))
        out += tf.stop_gradient(tf.tensor_scatter_nd_add(tf.zeros_like(inputs), places, missing))
    return out


def _of_segments(name: str, reduce: Callable[..., Any]) -> None:
    def run(data: Any, segment_ids: Any, num_segments: int | None, sorted: bool) -> Any:
        fits = num_segments is not None and data.shape.rank and segment_ids.shape.rank == 1
        if not fits or data.dtype in (tf.float16, tf.bfloat16) or data.shape[0] != segment_ids.shape[0]:
            return body(name, data, segment_ids, num_segments, sorted)
        places = tf.where(segment_ids < num_segments, segment_ids, -1)  # which TensorFlow leaves out
        return reduce(data, places, num_segments)

    KERNELS[name] = run


_of_segments("segment_sum", tf.math.unsorted_segment_sum)
_of_segments("segment_prod", tf.math.unsorted_segment_prod)


def _scattered_product(places: Any, updates: Any, like: Any) -> Any:
    """For each element of an array the product of the updates at its place, 1 where there is none."""
    depth, shape = places.shape[-1], backend.shape(like)
    place = tf.zeros_like(places[..., 0])
    for axis in range(depth):
        place = place * tf.cast(shape[axis], places.dtype) + places[..., axis]
    rows = tf.reshape(updates, (-1, *shape[depth:]))
    product = tf.math.unsorted_segment_prod(rows, tf.reshape(place, (-1,)), math.prod(shape[:depth]))
    return tf.reshape(product, shape)


# Sorting ---------------------------------------------------------------------------------------------------


def _sort_keys(x: Any) -> Any:
    """Signed integers in the order of an array's elements, NaN last; TensorFlow sorts those, stably."""
    if x.dtype.is_complex:
        raise TypeError("complex numbers have no order.")
    if x.dtype.is_floating:
        width = {2: tf.int16, 4: tf.int32, 8: tf.int64}[x.dtype.size]
        bits = tf.bitcast(tf.where(x == 0, tf.zeros_like(x), x), width)
        bits = tf.where(tf.math.is_nan(x), width.max, tf.where(bits < 0, tf.bitwise.bitwise_xor(bits, width.max), bits))
        return bits if width is tf.int64 else tf.cast(bits, tf.int32)
    if x.dtype == tf.uint64:
        return tf.bitwise.bitwise_xor(tf.bitcast(x, tf.int64), tf.int64.min)
    return tf.cast(x, tf.int64 if x.dtype in (tf.int64, tf.uint32) else tf.int32)


@kernel
def argsort(x: Any, axis: int | None) -> Any:
    if axis is None:
        x, axis = tf.reshape(x, (-1,)), 0
    axis = normalize_axis(axis, x.shape.rank)
    keys = raw.Invert(x=_axis_last(_sort_keys(x), axis))
    return _axis_last(tf.math.top_k(keys, backend.shape(keys)[-1]).indices, axis)


@kernel
def top_k(x: Any, k: int, sorted: bool) -> Any:
    places = tf.math.top_k(_sort_keys(x), k).indices
    return tf.gather(x, places, batch_dims=x.shape.rank - 1), places


@kernel
def searchsorted(sorted_sequence: Any, values: Any, side: str) -> Any:
    if sorted_sequence.shape.rank != 1:  # of which TensorFlow says nothing where there are no values
        raise ShapeError("a sequence with one axis")
    if values.dtype == tf.bool:
        sorted_sequence, values = tf.cast(sorted_sequence, tf.int32), tf.cast(values, tf.int32)
    flat = tf.reshape(values, (-1,))
    if not values.dtype.is_floating:
        return tf.reshape(tf.searchsorted(sorted_sequence, flat, side), tf.shape(values))
    unknown = tf.math.is_nan(sorted_sequence)  # which come last, and of which TensorFlow does not know that they do
    size = tf.size(sorted_sequence)
    numbers = size - tf.math.count_nonzero(unknown, dtype=tf.int32)
    sequence = tf.where(unknown, tf.constant(math.inf, values.dtype), sorted_sequence)
    places = tf.minimum(tf.searchsorted(sequence, flat, side), numbers)
    places = tf.where(tf.math.is_nan(flat), numbers if side == "left" else size, places)
    return tf.reshape(places, tf.shape(values))


# Linear algebra --------------------------------------------------------------------------------------------


@kernel
def matmul(x1: Any, x2: Any) -> Any:
    rank1, rank2 = x1.shape.rank, x2.shape.rank
    if rank1 == rank2 == 2:
        return raw.MatMul(a=x1, b=x2)
    shared = x2.shape[0] if rank2 == 2 else None
    if rank1 > 2 and shared is not None and x1.shape[-1] == shared:  # one product, rather than one for each matrix
        rows = raw.MatMul(a=raw.Reshape(tensor=x1, shape=(-1, shared)), b=x2)
        return tf.reshape(rows, (*backend.shape(x1)[:-1], backend.shape(x2)[1]))
    if rank1 >= 2 and rank2 >= 2:
        return raw.BatchMatMulV2(x=x1, y=x2)
    if not rank1 or not rank2:
        raise ShapeError("matmul of a number")
    product = tf.matmul(x1[None] if rank1 == 1 else x1, x2[:, None] if rank2 == 1 else x2)
    return tf.squeeze(product, [axis for axis, rank in ((-2, rank1), (-1, rank2)) if rank == 1])


def _finite_matrices(x: Any) -> Any:
    return tf.reduce_all(tf.math.is_finite(tf.math.real(x)) & tf.math.is_finite(tf.math.imag(x)), (-2, -1))


def _matrix_solve(a: Any, b: Any) -> Any:
    finite = _finite_matrices(a)[..., None, None]
    try:
        solution = tf.linalg.solve(tf.where(finite, a, tf.eye(tf.shape(a)[-1], dtype=a.dtype)), b)
    except tf.errors.InvalidArgumentError as refusal:
        if "invertible" not in refusal.message:
            raise
        raise MatrixError.singular() from None
    return tf.where(finite, solution, tf.cast(math.nan, b.dtype))


def _lower_cholesky(x: Any) -> Any:
    lower = tf.linalg.band_part(tf.linalg.cholesky(x), -1, 0)  # where there is no factor, the rest is not zero
    if (
        _is_known(lower)
        and bool(tf.reduce_any(tf.math.is_nan(tf.abs(lower))))
        and bool(tf.reduce_all(_finite_matrices(x)))
    ):
        raise MatrixError.not_positive_definite()
    return lower


@kernel
def pivoted_lu(x: Any) -> tuple[Any, Any]:
    rows, columns = x.shape[-2:]
    if rows != columns or not _is_known(x):  # where TensorFlow has no kernel, or stops at a singular matrix
        return body("pivoted_lu", x)
    try:
        packed, order = tf.linalg.lu(x)
    except tf.errors.InvalidArgumentError:
        return body("pivoted_lu", x)
    return packed, tf.constant(_exchanges(order.numpy()))


def _exchanges(order: np.ndarray) -> np.ndarray:
    """With which later row each one is exchanged, one after the other, to put rows into an order."""
    wanted = order.reshape(math.prod(order.shape[:-1]), order.shape[-1])
    pivots, current = np.zeros_like(wanted), np.zeros_like(wanted) + np.arange(order.shape[-1], dtype=order.dtype)
    matrices = np.arange(len(wanted))
    for place in range(order.shape[-1]):
        pivots[:, place] = (current == wanted[:, place, None]).argmax(1)
        current[matrices, pivots[:, place]] = current[:, place]
        current[:, place] = wanted[:, place]
    return pivots.reshape(order.shape)


def _sign_and_logarithm(x: Any) -> tuple[Any, Any]:
    sign, logarithm = tf.linalg.slogdet(x)
    return sign, tf.math.real(logarithm)


def _of_finite(compute: Callable[[Any], tuple[Any, Any]]) -> Callable[[Any], tuple[Any, Any]]:
    """Values and vectors of matrices, NaN for those that are not finite, at which TensorFlow stops."""

    def run(x: Any) -> tuple[Any, Any]:
        finite = _finite_matrices(x)
        values, vectors = compute(tf.where(finite[..., None, None], x, tf.zeros_like(x)))
        nan = tf.constant(math.nan)
        return (
            tf.where(finite[..., None], values, tf.cast(nan, values.dtype)),
            tf.where(finite[..., None, None], vectors, tf.cast(nan, vectors.dtype)),
        )

    return run


def _symmetric_eigenvectors(x: Any) -> tuple[Any, Any]:
    values, vectors = tf.linalg.eigh(x)
    return tf.math.real(values), vectors


@kernel
def singular_vectors(x: Any) -> tuple[Any, Any, Any]:
    s, u, v = tf.linalg.svd(x)
    return u, s, tf.linalg.adjoint(v)


KERNELS |= {
    "matrix_solve": _matrix_solve,
    "triangular_solve": tf.linalg.triangular_solve,
    "lower_cholesky": _lower_cholesky,
    "determinant": tf.linalg.det,
    "sign_and_logarithm": _sign_and_logarithm,
    "orthogonal_triangular": lambda x, complete: tuple(tf.linalg.qr(x, full_matrices=complete)),
    "singular_values": lambda x: tf.linalg.svd(x, compute_uv=False),
    "symmetric_eigenvectors": _of_finite(_symmetric_eigenvectors),
    "general_eigenvectors": _of_finite(lambda x: tuple(tf.linalg.eig(x))),
}


# Fourier transforms ----------------------------------------------------------------------------------------


@kernel
def fourier_transform(x: Any, rank: int, inverse: bool) -> Any:
    if rank == 2:
        return (tf.signal.ifft2d if inverse else tf.signal.fft2d)(x)
    return (tf.signal.ifft if inverse else tf.signal.fft)(x)


KERNELS["real_fourier"] = tf.signal.rfft
KERNELS["inverse_real_fourier"] = lambda x, length: tf.signal.irfft(x, [length])


# Random words ----------------------------------------------------------------------------------------------


def _multiply(constant: int, word: Any) -> tuple[Any, Any]:
    product = tf.cast(word, tf.uint64) * tf.constant(constant, tf.uint64)
    high = tf.bitwise.right_shift(product, tf.constant(32, tf.uint64))
    return tf.cast(high, tf.uint32), tf.cast(product, tf.uint32)


def _words_by_arithmetic(key: Any, counter: int, count: int) -> Any:
    """Random words for XLA, which is a hundred times faster at this than at TensorFlow's own kernel."""
    blocks = -(-count // 4)
    c0, c1, c2, c3 = philox.counter_words(counter)
    number = tf.cast(tf.range(blocks, dtype=tf.int64), tf.uint64) + tf.constant(c0, tf.uint64)
    carry = tf.cast(tf.bitwise.right_shift(number, tf.constant(32, tf.uint64)), tf.uint32)
    words = philox.block(
        (
            tf.cast(number, tf.uint32),
            carry + tf.constant(c1, tf.uint32),
            tf.fill((blocks,), tf.constant(c2, tf.uint32)),
            tf.fill((blocks,), tf.constant(c3, tf.uint32)),
        ),
        (key[0], key[1]),
        _multiply,
        lambda word, constant: word + tf.constant(constant, tf.uint32),
    )
    return tf.reshape(tf.stack(words, 1), (-1,))[:count]


@kernel
def rng_bits(seed: Any, shape: Any, counter: int) -> Any:
    if BY_XLA.get() is ByXla.EVERYTHING:
        return tf.reshape(_words_by_arithmetic(tf.cast(seed, tf.uint32), counter, math.prod(shape)), shape)
    return _native_words(seed, shape, counter, tf.uint32)


def _native_words(seed: Any, shape: Any, counter: int, dtype: Any) -> Any:
    """Words by TensorFlow's own kernel; as uint64 each two of them, the first one in the low half."""
    low, high = counter & (1 << 64) - 1, counter >> 64
    return raw.StatelessRandomUniformFullIntV2(
        shape=shape,
        key=tf.reshape(tf.bitcast(tf.cast(seed, tf.uint32), tf.uint64), (1,)),
        counter=tf.constant([low, high], tf.uint64),
        alg=1,
        dtype=dtype,
    )


@kernel
def random_below(seed: Any, shape: Any, limit: int, first: int, dtype: str) -> Any:
    if BY_XLA.get() is ByXla.EVERYTHING:
        return body("random_below", seed, shape, limit, first, dtype)
    pairs = _native_words(seed, shape, 0, tf.uint64)
    low, factor = raw.BitwiseAnd(x=pairs, y=tf.constant(philox.MASK - 1, tf.uint64)), tf.constant(limit, tf.uint64)
    high = raw.RightShift(x=pairs, y=tf.constant(33, tf.uint64))
    carry = raw.RightShift(x=low * factor, y=tf.constant(32, tf.uint64))
    share = raw.RightShift(x=high * factor + carry, y=tf.constant(31, tf.uint64))
    return tf.cast(share + tf.constant(first % 2**64, tf.uint64), backend.dtypes[dtype])


backend = TensorflowBackend()
tf.register_tensor_conversion_function(
    Held, lambda x, dtype=None, name=None, as_ref=False: tf.convert_to_tensor(held(x), dtype, name=name)
)
