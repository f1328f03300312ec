"""JAX: traced, differentiated and compiled by its own transformations.

JAX narrows 64-bit numbers unless told otherwise. Kernels and hooks tell it so exactly where 64-bit arrays or dtypes
are involved, so that they are real, and the user's defaults stay what they are.
"""

from __future__ import annotations

import contextlib
import functools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.core import Tracer
from jax.experimental.compilation_cache import compilation_cache

from polykeras import philox, tree
from polykeras.backend import OPERATORS, Backend, chosen_device, numpy_dtype, using
from polykeras.dtypes import NAMES
from polykeras.errors import MatrixError, OutOfRangeError, ShapeError, StateError
from polykeras.op import OPS
from polykeras.settings import settings
from polykeras.spec import normalize_axis

from . import jax_networks, jax_windows  # noqa: F401 (which enter their kernels into the table)
from .jax_table import KERNELS, PROGRAMS, PUSHING, as_cotangent, body_of, compiled, kernel, ruled, with_rules

jax.config.update("jax_explicit_x64_dtypes", "allow")


def _in_single(compute: Callable[..., Any], x1: Any, x2: Any) -> Any:
    """A function in float32 where its arguments have 16 bits, in which JAX rounds too often."""
    dtype = jnp.result_type(x1, x2)
    if dtype not in (jnp.float16, jnp.bfloat16):
        return compute(x1, x2)
    return compute(jnp.float32(x1), jnp.float32(x2)).astype(dtype)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    # arithmetic
    "add": jnp.add,
    "subtract": jnp.subtract,
    "multiply": jnp.multiply,
    "divide": jnp.divide,
    "floor_divide": lambda x1, x2: _in_single(jnp.floor_divide, x1, x2),
    "mod": jnp.remainder,
    "maximum": jnp.maximum,
    "minimum": jnp.minimum,
    "negative": jnp.negative,
    "square": jnp.square,
    # elementary functions
    "sign": jnp.sign,
    "exp": jnp.exp,
    "expm1": jnp.expm1,
    "log": jnp.log,
    "rsqrt": lax.rsqrt,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tanh": jnp.tanh,
    "erf": lax.erf,
    "isnan": jnp.isnan,
    "isinf": jnp.isinf,
    "isfinite": jnp.isfinite,
    **{name: getattr(jnp, name) for name in ("tan", "log2", "log10", "cbrt", "logaddexp", "logaddexp2")},
    **{name: getattr(jnp, name) for name in ("fmod", "gcd", "lcm")},
    "i0": lambda x: jnp.i0(jnp.clip(x, -800, 800)),  # of infinity it makes NaN
    "i1": lambda x: jax.scipy.special.i1(jnp.clip(x, -800, 800)),
    # logic
    "where": jnp.where,
    "equal": jnp.equal,
    "not_equal": jnp.not_equal,
    "less": jnp.less,
    "less_equal": jnp.less_equal,
    "greater": jnp.greater,
    "greater_equal": jnp.greater_equal,
    "logical_and": jnp.logical_and,
    "logical_or": jnp.logical_or,
    "logical_not": jnp.logical_not,
    "bitwise_and": jnp.bitwise_and,
    "bitwise_or": jnp.bitwise_or,
    "bitwise_xor": jnp.bitwise_xor,
    "bitwise_not": jnp.bitwise_not,
    "left_shift": jnp.left_shift,
    "right_shift": jnp.right_shift,
    # complex numbers
    "real": jnp.real,
    "imag": jnp.imag,
    "conjugate": jnp.conjugate,
    "make_complex": lambda real, imag: lax.complex(*jnp.broadcast_arrays(real, imag)),
    # activations
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
}
STATIC: dict[str, Callable[..., Any]] = {
    # reductions
    "sum": lambda x, axis, keepdims: jnp.sum(x, axis, dtype=x.dtype, keepdims=keepdims),
    "product": lambda x, axis, keepdims: jnp.prod(x, axis, dtype=x.dtype, keepdims=keepdims),
    "amax": lambda x, axis, keepdims: jnp.max(x, axis, keepdims=keepdims),
    "amin": lambda x, axis, keepdims: jnp.min(x, axis, keepdims=keepdims),
    "any": lambda x, axis, keepdims: jnp.any(x, axis, keepdims=keepdims),
    "all": lambda x, axis, keepdims: jnp.all(x, axis, keepdims=keepdims),
    "running_sum": lambda x, axis: jnp.cumsum(x, axis, dtype=x.dtype),
    "running_product": lambda x, axis: jnp.cumprod(x, axis, dtype=x.dtype),
    # movement
    "reshape": jnp.reshape,
    "transpose": jnp.transpose,
    "broadcast_to": jnp.broadcast_to,
    "flip": jnp.flip,
    "strided_slice": lax.slice,
    # creation
    "zeros_like": lambda x, dtype: jnp.zeros_like(x, dtype=dtype),
    "ones_like": lambda x, dtype: jnp.ones_like(x, dtype=dtype),
    # arrays
    "tril": jnp.tril,
    "triu": jnp.triu,
    "diagonal": jnp.diagonal,
    "tally": lambda x, length: jnp.bincount(x, length=length).astype("int32"),
    # sorting
    "argsort": lambda x, axis: jnp.argsort(x, axis, stable=True).astype("int32"),
    "sort": lambda x, axis: jnp.sort(x, axis, stable=True),
}
KERNELS |= {
    "concatenate": lambda xs, axis: jnp.concatenate(xs, operator.index(axis)),  # None would join all elements
    "stack": jnp.stack,
    "as_array": lambda x: x,
    "stop_gradient": lax.stop_gradient,
    "searchsorted": lambda seq, values, side: jnp.searchsorted(seq, values, side=side).astype("int32"),
}


KERNELS |= {name: compiled(function) for name, function in ELEMENTWISE.items()}
KERNELS |= {name: compiled(function, *range(1, len(OPS[name].parameters))) for name, function in STATIC.items()}


def _program(name: str) -> Callable[..., Any]:
    """The body of a composed op as one program, given that whatever is no array is a plain number or the like."""
    body = body_of(name)
    static = [i for i, parameter in enumerate(OPS[name].parameters) if not parameter.is_array]
    program = compiled(body, *static)
    plain = (bool, int, float, str, tuple, type(None))
    if not static:
        return program
    return lambda *args: (program if all(type(args[i]) in plain for i in static) else body)(*args)


# Bodies of composed ops that JAX has no function for, or a worse one: near one its erfinv in float64 has half of the
# digits. Its erfc, arctanh, sinh, cosh and exp2, further down, are off by 10 to 60 units in the last place.
_BODIES = (
    *("erfinv", "sinc", "hypot", "nextafter", "ldexp"),
    *("softplus", "log_sigmoid", "silu", "gelu", "elu", "leaky_relu", "celu", "selu", "softsign", "squareplus"),
    *("tanh_shrink", "glu", "relu6", "hard_tanh", "hard_sigmoid", "hard_silu", "hard_shrink", "soft_shrink"),
    *("sparse_plus", "sparse_sigmoid", "sparsemax", "threshold", "nan_to_num", "divide_no_nan", "isclose"),
    *("heaviside", "fmax", "fmin", "trunc", "mean", "var", "std", "logsumexp", "softmax", "log_softmax"),
    *("clip", "diff", "trapezoid", "average", "corrcoef", "ptp", "norm", "normalize", "psnr", "one_hot", "signbit"),
    *("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanargmax", "nanargmin", "nancumsum"),
    *("correlate", "cross", "cdist", "kron", "vdot", "roll", "rot90", "pad", "unravel_index", "resize"),
    *("segment_sum", "segment_max", "segment_min", "segment_prod", "median", "quantile", "nanmedian", "nanquantile"),
    *("random_unit", "random_coin", "random_below", "dropout"),
    *("moments", "batch_normalization", "layer_normalization", "rms_normalization", "ctc_loss", "ctc_decode"),
)
KERNELS |= {name: _program(name) for name in _BODIES}


def _of_labels(program: Callable[..., Any]) -> Callable[..., Any]:
    """The program of `ctc_loss`, which cannot refuse labels that are out of range, after a look at them."""

    def run(target: Any, output: Any, target_length: Any, *options: Any) -> Any:
        known = _is_known(target) and _is_known(target_length)
        if known and (target.ndim, output.ndim, target_length.ndim) == (2, 3, 1):
            counts = np.arange(target.shape[1]) < np.asarray(target_length)[:, None]
            try:
                _in_range(np.where(counts, np.asarray(target), 0), output.shape[2], 2)
                _in_range(target_length, target.shape[1] + 1, 1)
            except OutOfRangeError:
                return body_of("ctc_loss")(target, output, target_length, *options)  # which says so
        return program(target, output, target_length, *options)

    return run


KERNELS["ctc_loss"] = _of_labels(KERNELS["ctc_loss"])


def _of_segments(name: str) -> Callable[..., Any]:
    """The program where the number of segments is known; where the data say how many there are, the op's body."""
    program, body = KERNELS[name], body_of(name)
    return lambda *args: (body if args[2] is None else program)(*args)


KERNELS |= {name: _of_segments(name) for name in ("segment_sum", "segment_max", "segment_min", "segment_prod")}


_WIDE_NAMES = frozenset({"int64", "uint64", "float64", "complex128"})
_WIDE = frozenset(numpy_dtype(name) for name in _WIDE_NAMES)
_PLAIN = frozenset(numpy_dtype(name) for name in NAMES) - _WIDE


def _is_wide(arguments: Iterable[Any]) -> bool:
    """Whether 64-bit arrays or dtypes are among arguments."""
    for x in arguments:
        if type(x) in (list, tuple, dict):
            if _is_wide(tree.flatten(x)):
                return True
        elif x in _WIDE_NAMES if type(x) is str else getattr(x, "dtype", None) in _WIDE:
            return True
    return False


def _allowing(arguments: Iterable[Any]) -> contextlib.AbstractContextManager[Any]:
    """Where 64-bit numbers are real if these arguments have any."""
    return jax.enable_x64(True) if _is_wide(arguments) else contextlib.nullcontext()


_CACHE = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
"""JAX's own settings of what it keeps."""


_LOOKS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.NonConcreteBooleanIndexError,
)
"""What JAX raises where a function looks at a value that is being traced."""


class JaxBackend(Backend):
    """JAX."""

    name = "jax"
    array_types = (jax.Array, Tracer)
    dtype_path = "aval.dtype"
    kernels = KERNELS
    dtypes = {name: numpy_dtype(name) for name in NAMES}
    plain = frozenset(dtypes) - _WIDE_NAMES
    scalars = OPERATORS
    exact_on_integers = frozenset(["mod", "left_shift", "right_shift"])
    compiled_bodies = frozenset(_BODIES)
    gaps = {
        "singular matrices": "A compiled function cannot raise: they give numbers that are not finite. "
        "See https://docs.jax.dev/en/latest/debugging/checkify_guide.html",
        "subnormals": "Numbers too small for full precision are taken for 0, and become 0, in XLA's arithmetic. "
        "See https://docs.jax.dev/en/latest/notebooks/Common_Gotchas_in_JAX.html",
        "indices": "A compiled function cannot raise: an index out of range gives NaN, or is brought into range. "
        "See https://docs.jax.dev/en/latest/notebooks/Common_Gotchas_in_JAX.html",
        "while_loop": "A compiled one has no reverse-mode gradient; fori_loop with known bounds and scan have. "
        "See https://docs.jax.dev/en/latest/_autosummary/jax.lax.while_loop.html",
    }
    traces = True
    _kept_in: str | None = None
    _own_cache: dict[str, Any]
    precision = lax.Precision.HIGHEST

    def call(self, kernel: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Run a kernel, with 64-bit numbers allowed where there are any."""
        with _allowing(args):
            return kernel(*args)

    # Arrays

    def _device(self) -> Any:
        name = chosen_device(self)
        if name is None:
            return None
        kind, index = name.split(":")
        return jax.devices(kind)[int(index)]

    def from_numpy(self, array: np.ndarray) -> jax.Array:
        """An array with the values of a NumPy array."""
        with _allowing([array]):
            return jax.device_put(np.array(array), self._device())  # sooner than `asarray`, which compiles for a shape

    def argument(self, x: Any) -> Any:
        """Host data as a compiled program takes it, sooner than JAX makes an array of it.

        It is a copy, because the program reads it later, when the caller may have written other numbers there.
        """
        plain = type(x) is np.ndarray and x.dtype in _PLAIN and x.dtype.isnative and chosen_device(self) is None
        return np.array(x) if plain else self.asarray(x)

    def to_numpy(self, x: Any) -> np.ndarray:
        """The values as a NumPy array that cannot be written to."""
        if isinstance(x, Tracer):
            raise StateError(
                "an array has no values while a function is being compiled. Return it, and look at the result."
            )
        return np.asarray(x)

    def looked_at_value(self, error: Exception) -> bool:
        """Whether an error means that a function looked at a value that is being traced."""
        return isinstance(error, _LOOKS)

    def on_host(
        self, function: Callable[..., np.ndarray], arrays: Sequence[Any], shape: tuple[int | None, ...], dtype: str
    ) -> jax.Array:
        """What a function of NumPy arrays gives; in a program by a callback, for which all sizes have to be known."""
        if not any(isinstance(x, Tracer) for x in arrays):
            return super().on_host(function, arrays, shape, dtype)
        sizes = tuple(size for size in shape if size is not None)
        if len(sizes) < len(shape):
            raise StateError(
                "a function that is being compiled cannot take an array whose shape only its values determine."
            )

        wanted = numpy_dtype(dtype)
        is_wide = wanted in _WIDE and wanted.kind != "c"  # which callbacks narrow where 64 bits are off

        def in_dtype(*values: Any) -> np.ndarray:
            result = np.ascontiguousarray(function(*map(np.asarray, values)), wanted).reshape(sizes)
            return result[..., None].view("uint32") if is_wide else result

        form = jax.ShapeDtypeStruct((*sizes, 2), "uint32") if is_wide else jax.ShapeDtypeStruct(sizes, wanted)
        with _allowing([*arrays, dtype]):
            result = jax.pure_callback(in_dtype, form, *arrays)
            return lax.bitcast_convert_type(result, self.dtypes[dtype]) if is_wide else result

    def is_differentiated(self, x: Any) -> bool:
        """Whether it is a tracer with a tangent, or one inside."""
        while isinstance(x, Tracer):
            if hasattr(x, "tangent"):
                return True
            x = getattr(x, "val", None)
        return False

    def copy(self, x: jax.Array) -> jax.Array:
        """An array with the same values whose memory can be donated without harm to the other."""
        with _allowing([x]):
            return jnp.array(x, copy=True)

    def from_dlpack(self, x: Any) -> jax.Array:
        """An array that shares the memory of an array from elsewhere."""
        with jax.enable_x64(True):
            return jnp.from_dlpack(x)

    def cast(self, x: Any, dtype: str) -> jax.Array:
        """The array in another dtype."""
        with _allowing([x, dtype]):
            if jnp.iscomplexobj(x) and not dtype.startswith("complex"):
                x = x != 0 if dtype == "bool" else jnp.real(x)
            return lax.convert_element_type(x, self.dtypes[dtype])

    # Devices

    def devices(self) -> list[str]:
        """JAX's own devices, and the processors."""
        found = [*jax.devices(), *jax.devices("cpu")]
        counts: dict[str, int] = {}
        names = []
        for device in dict.fromkeys(found):
            index = counts.get(device.platform, 0)
            counts[device.platform] = index + 1
            names.append(f"{device.platform}:{index}")
        return names

    def device_of(self, x: Any) -> str:
        """The device on which an array lies."""
        device = next(iter(x.devices()))
        return f"{device.platform}:{jax.devices(device.platform).index(device)}"

    def synchronize(self) -> None:
        """Wait for everything that was dispatched."""
        jax.effects_barrier()
        for device in jax.devices():
            jax.device_put(0, device).block_until_ready()

    def set_matmul_precision(self, precision: str) -> None:
        """The precision that kernels ask for; JAX's own default stays."""
        if self.precision is not (asked := lax.Precision(precision)):
            self.precision = asked
            for program in PROGRAMS:  # in which the former one is written
                program.clear_cache()

    # Gradients and compilation

    def value_and_grad(self, function: Callable[[list], tuple[Any, list]], arrays: list) -> tuple[Any, list, list]:
        """Value, auxiliary results, and the gradient of the value with respect to each of the arrays."""
        with _allowing(arrays):
            (value, aux), gradients = jax.value_and_grad(function, has_aux=True)(arrays)
            return value, aux, _conjugated(gradients)

    def vjp(self, function: Callable[[list], list], arrays: list) -> tuple[list, Callable[[list], list]]:
        """Results, and the function that pulls cotangents of the results back to the arrays."""
        with _allowing(arrays):
            results, pull = jax.vjp(function, arrays)

        def pull_back(cotangents: list[Any]) -> list[Any]:
            with _allowing(arrays):
                given = [as_cotangent(g, x) for g, x in zip(_conjugated(cotangents), results, strict=True)]
                return _conjugated(pull(given)[0])

        return results, pull_back

    def jvp(self, function: Callable[[list], list], arrays: list, tangents: list) -> tuple[list, list]:
        """Results, and the tangents of the results."""
        with _allowing(arrays):
            pushing = PUSHING.set(True)
            try:
                results, moved = jax.jvp(function, (arrays,), (tangents,))
            except TypeError as refusal:
                if "custom_vjp" not in str(refusal):
                    raise
                return _pushed_forward(function, arrays, tangents)
            finally:
                PUSHING.reset(pushing)
            moved = [
                jnp.zeros_like(x) if t.dtype == jax.dtypes.float0 else t for t, x in zip(moved, results, strict=True)
            ]
        return results, moved

    def custom_gradient(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """`function(*args)[0]`, whose gradient is what `function(*args)[1]` makes of the cotangent."""

        @jax.custom_gradient
        def run(*args: Any) -> tuple[Any, Callable[[Any], Any]]:
            result, gradient = function(*args)
            structure = tree.take_apart(args)[1]

            def pull(g: Any) -> Any:
                return tree.put_together(structure, _conjugated(tree.flatten(gradient(*_conjugated(tree.flatten(g))))))

            return result, pull

        with _allowing(args):
            return run(*args)

    def with_rules(self, op: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel of an op whose gradient is that of the op's rules."""
        return ruled(op, compute)

    def remat(self, function: Callable[..., Any], used: Callable[[], list]) -> Callable[..., Any]:
        """The same function, which computes its intermediate results again for the gradient."""
        recomputing = jax.checkpoint(function)

        def run(*args: Any) -> Any:
            with _allowing(args):
                return recomputing(*args)

        return run

    def release(self) -> None:
        """Give back the programs that JAX keeps."""
        jax.clear_caches()

    def _keep_programs(self, folder: str | None) -> None:
        """Have XLA keep what it compiles from now on in a folder, also what takes less than a second."""
        if folder == self._kept_in:
            return
        if self._kept_in is None:
            self._own_cache = {name: getattr(jax.config, name) for name in _CACHE}
        self._kept_in = folder
        for name, value in zip(_CACHE, (folder, 0.0), strict=True):
            jax.config.update(name, self._own_cache[name] if folder is None else value)
        compilation_cache.reset_cache()  # which looks for the folder at the first program only

    def compile(
        self, function: Callable[..., list], donate: Sequence[int], state: int, jit_compile: bool | str
    ) -> Callable:
        """The function, compiled by XLA."""
        if jit_compile is False:
            return lambda *arrays: function(*[self.asarray(x) if type(x) is np.ndarray else x for x in arrays])
        program = jax.jit(function, donate_argnums=tuple(donate))
        self._keep_programs(settings.compilation_cache)

        def run(*arrays: Any) -> list[Any]:
            if _WIDE.isdisjoint([x.dtype for x in arrays]):
                return program(*arrays)
            with jax.enable_x64(True):
                return program(*arrays)

        return run


def _conjugated(gradients: Iterable[Any]) -> list[Any]:
    """Gradients that are complex in the convention of the other backends, or back in JAX's own."""
    return [jnp.conj(g) if g is not None and jnp.iscomplexobj(g) else g for g in gradients]


def _pushed_forward(function: Callable[[list], list], arrays: list, tangents: list) -> tuple[list, list]:
    """Results and tangents where JAX knows how to pull back only: to pull back through that pushes forward."""
    results, pull = jax.vjp(function, arrays)
    floats = [i for i, x in enumerate(results) if jnp.issubdtype(x.dtype, jnp.inexact)]

    def pull_back(cotangents: list[Any]) -> list[Any]:
        given = dict(zip(floats, cotangents, strict=True))
        return pull([as_cotangent(given.get(i), x) for i, x in enumerate(results)])[0]

    _, push = jax.vjp(pull_back, [jnp.zeros_like(results[i]) for i in floats])
    moved = dict(zip(floats, push(tangents)[0], strict=True))
    return results, [moved[i] if i in moved else jnp.zeros_like(x) for i, x in enumerate(results)]


def _is_known(x: Any) -> bool:
    """Whether the values of an array are there to be looked at, rather than being traced."""
    return not isinstance(x, Tracer)


# Elementary functions and creation -------------------------------------------------------------------------


def _rounding(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: compute(x) if jnp.issubdtype(x.dtype, jnp.floating) else x


@kernel
@compiled
def abs(x: Any) -> Any:
    """The magnitude, whose gradient at 0 is 0, as that of JAX's own is not."""
    return x * lax.stop_gradient(jnp.sign(x)) if jnp.issubdtype(x.dtype, jnp.floating) else jnp.abs(x)


def _log1p(x: Any) -> Any:
    """In float64 XLA's own is off by up to a hundred units between -0.5 and -0.3, where 1 + x loses nothing."""
    if jnp.iscomplexobj(x):
        return body_of("log1p")(x)
    if x.dtype != jnp.float64:
        return jnp.log1p(x)
    return jnp.where((x > -0.6) & (x < -0.25), jnp.log(1 + x), jnp.log1p(x))


KERNELS["log1p"] = compiled(with_rules("log1p", _log1p))


_POWER = with_rules("power", jnp.power)
KERNELS["arctan2"] = with_rules("arctan2", jnp.arctan2)  # JAX's own gradient is NaN at the origin


@kernel
def power(x1: Any, x2: Any) -> Any:
    """JAX's own gradient is NaN at 0 to the power of 0, but for whole numbers that are known."""
    if _is_known(x1) and _is_known(x2):
        return _power(x1, x2)
    if type(x2) is float and x2 in (0.0, 1.0, 2.0):
        x2 = int(x2)
    if type(x2) is int:
        return jnp.power(x1, x2)
    dtype = jnp.result_type(x1, x2)
    if jnp.issubdtype(dtype, jnp.integer):
        return _power(x1, x2)
    return _POWER(jnp.asarray(x1, dtype), jnp.asarray(x2, dtype))


@compiled
def _power(x1: Any, x2: Any) -> Any:
    """Powers; of integers by squaring, for all bits of the exponent, where JAX's own looks at six of them."""
    dtype = jnp.result_type(x1, x2)
    if not jnp.issubdtype(dtype, jnp.integer):
        return jnp.power(x1, x2)

    def step(state: Any) -> Any:
        base, exponent, product = state
        return base * base, exponent >> 1, jnp.where(exponent & 1, product * base, product)

    base, exponent = jnp.broadcast_arrays(jnp.asarray(x1, dtype), jnp.asarray(x2, dtype))
    return lax.while_loop(lambda state: jnp.any(state[1] > 0), step, (base, exponent, jnp.ones_like(base)))[2]


def _complex_root(x: Any) -> Any:
    """The root, below the cut where the sign of a zero says so, at which XLA does not look."""
    root = jnp.sqrt(x)
    return lax.complex(root.real, jnp.copysign(root.imag, x.imag))


def _of_reals(name: str, compute: Callable[..., Any], of_complex: Callable[..., Any] | None = None) -> None:
    """Enter a kernel for real numbers; of complex ones JAX's own misses branch cuts, and they take the op's body."""
    by_rules = with_rules(name, of_complex or body_of(name))
    KERNELS[name] = compiled(lambda x: by_rules(x) if jnp.iscomplexobj(x) else compute(x))


_of_reals("sqrt", jnp.sqrt, _complex_root)
for _name in ("arcsin", "arccos", "arctan", "arcsinh", "arccosh"):
    _of_reals(_name, getattr(jnp, _name))
for _name in ("arctanh", "exp2"):
    _of_reals(_name, body_of(_name))
for _name in ("erfc", "sinh", "cosh"):  # the slopes of their bodies are NaN, or other ones, at the ends
    KERNELS[_name] = compiled(with_rules(_name, body_of(_name)))
KERNELS["floor"] = _rounding(jnp.floor)
KERNELS["ceil"] = _rounding(jnp.ceil)
KERNELS["rint"] = _rounding(jnp.rint)


@kernel
def view(x: Any, dtype: str | None) -> Any:
    return jax.lax.stop_gradient(x if dtype is None else x.view(numpy_dtype(dtype)))


@kernel
def zeros(shape: Any, dtype: str) -> Any:
    with _allowing([dtype]):
        return jnp.zeros(shape, dtype, device=backend._device())


@kernel
def ones(shape: Any, dtype: str) -> Any:
    with _allowing([dtype]):
        return jnp.ones(shape, dtype, device=backend._device())


@kernel
def nonzero(x: Any) -> Any:
    """Of known values by NumPy, as `unique`: JAX would compile a program for each number of them."""
    if not _is_known(x):
        raise StateError(
            "nonzero: how large the result is, of this or of bools as an index, depends on values, and jax compiles "
            "for fixed sizes. Use ops.where(mask, x, 0), or do not compile the function (run_eagerly=True for a "
            "model), nor put it into remat."
        )
    return tuple(jax.device_put(places.astype("int32"), x.sharding) for places in np.nonzero(np.asarray(x)))


# Reductions ------------------------------------------------------------------------------------------------


def _position(search: Callable[..., Any], lowest: float, wins: Callable[..., Any]) -> Callable[..., Any]:
    """The place of an extreme. JAX's own fails for 64-bit numbers in a program that has no others."""

    def run(x: Any, axis: Any, keepdims: bool) -> Any:
        x = lax.stop_gradient(x)
        if x.dtype not in _WIDE or 0 in x.shape:
            with jax.enable_x64(False):  # else the places are 64-bit numbers
                return search(x, axis, keepdims=keepdims).astype("int32")
        flat = jnp.reshape(x, (-1,)) if axis is None else x
        along = 0 if axis is None else normalize_axis(axis, x.ndim)

        def better(one: Any, other: Any) -> Any:
            (value, place), (other_value, other_place) = one, other
            first = wins(value, other_value) | (jnp.isnan(value) & ~jnp.isnan(other_value))
            tie = (value == other_value) | (jnp.isnan(value) & jnp.isnan(other_value))
            keep = first | (tie & (place < other_place))
            return jnp.where(keep, value, other_value), jnp.where(keep, place, other_place)

        start = np.array(lowest if jnp.issubdtype(x.dtype, jnp.floating) else _wins_over(x.dtype, lowest), x.dtype)
        places = lax.broadcasted_iota("int32", flat.shape, along)
        _, found = lax.reduce((flat, places), (start, np.int32(2**31 - 1)), better, (along,))
        shape = [1] * x.ndim if axis is None else [1 if i == along else size for i, size in enumerate(x.shape)]
        return jnp.reshape(found, shape) if keepdims else found

    return run


def _wins_over(dtype: Any, lowest: float) -> int:
    """The integer that every other one beats."""
    limits = jnp.iinfo(dtype)
    return limits.min if lowest < 0 else limits.max


def _top_k(x: Any, k: int) -> Any:
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return tuple(lax.top_k(x, k))
    ranks = jnp.where(x == 0, 0, jnp.where(jnp.isnan(x), jnp.nan, x))  # JAX ranks -0 below 0, and -NaN last
    places = lax.top_k(ranks, k)[1]
    return jnp.take_along_axis(x, places, -1), places


_TOP_K = compiled(_top_k, 1)
KERNELS["top_k"] = lambda x, k, sorted: _TOP_K(x, k)
KERNELS["argmax"] = _position(jnp.argmax, -np.inf, operator.gt)
KERNELS["argmin"] = _position(jnp.argmin, np.inf, operator.lt)


# Slices ----------------------------------------------------------------------------------------------------


@kernel
def strided_slice_gradient(g: Any, shape: Any, starts: Any, stops: Any, steps: Any) -> Any:
    if 0 in g.shape:
        return jnp.zeros(shape, g.dtype)
    sizes = zip(shape, g.shape, starts, steps, strict=True)
    padding = [(start, size - start - (count - 1) * step - 1, step - 1) for size, count, start, step in sizes]
    return lax.pad(g, jnp.zeros((), g.dtype), padding)


@kernel
def pad_constant(x: Any, pairs: Any, value: Any) -> Any:
    return lax.pad(x, jnp.full((), value, x.dtype), [(low, high, 0) for low, high in pairs])


@kernel
def split(x: Any, indices_or_sections: Any, axis: int) -> list[Any]:
    if type(indices_or_sections) is not int:
        return body_of("split")(x, indices_or_sections, axis)
    return jnp.split(x, indices_or_sections, axis)  # whose gradient joins the parts


def _check_block(x: Any, starts: Any, sizes: Any) -> None:
    if _is_known(starts):
        for axis, (start, size, whole) in enumerate(zip(np.asarray(starts), sizes, x.shape, strict=True)):
            if not 0 <= start <= whole - size:
                raise OutOfRangeError.of_block(int(start), size, axis, whole)


@functools.partial(KERNELS.__setitem__, "slice")
def _slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    _check_block(inputs, start_indices, shape)
    return lax.dynamic_slice(inputs, list(_wide(start_indices)), shape)


@kernel
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    _check_block(inputs, start_indices, updates.shape)
    return lax.dynamic_update_slice(inputs, updates, list(_wide(start_indices)))


# Indices ---------------------------------------------------------------------------------------------------


def _wide(indices: Any) -> Any:
    """Indices in integers that can count to the size of an axis: narrow ones make XLA write beyond an array."""
    return indices if indices.dtype.itemsize >= 4 else lax.convert_element_type(indices, "int32")


def _in_range(indices: Any, size: int, axis: int) -> Any:
    """Indices, after a look at whether they are in range, as `_wide` has them."""
    if _is_known(indices) and indices.size:
        host = np.asarray(indices)  # which is known in a compiled function, too, where jnp.min of it would not be
        low, high = int(host.min()), int(host.max())
        if high >= size or low < -size:
            raise OutOfRangeError.of_index(high if high >= size else low, axis, size)
    return _wide(indices)


@kernel
def take(x: Any, indices: Any, axis: int | None) -> Any:
    size = x.size if axis is None else x.shape[axis]
    indices = _in_range(indices, size, 0 if axis is None else axis % x.ndim)
    if size == 0 and axis is not None:  # jnp.take would give the array itself
        return x[(*(slice(None),) * (axis % x.ndim), indices)]
    return jnp.take(x, indices, axis)


@kernel
def gather_along_axis(x: Any, indices: Any, axis: int) -> Any:
    return jnp.take_along_axis(x, _in_range(indices, x.shape[axis], axis), axis)


@kernel
def add_along_axis(x: Any, indices: Any, updates: Any, axis: int) -> Any:
    places: list[Any] = list(jnp.ogrid[tuple(slice(size) for size in indices.shape)])
    places[axis] = _in_range(indices, x.shape[axis], axis)
    return x.at[tuple(places)].add(updates)


def _places(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Positions on each of the first axes."""
    return tuple(_in_range(indices[..., axis], shape[axis], axis) for axis in range(indices.shape[-1]))


@kernel
def gather(x: Any, indices: Any) -> Any:
    return x[_places(indices, x.shape)]


@kernel
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None) -> Any:
    if updates.shape != indices.shape[:-1] + inputs.shape[indices.shape[-1] :]:
        raise ShapeError("updates as the indices and the inputs want them")  # whose reason the op's rule gives
    places = inputs.at[_places(indices, inputs.shape)]
    if reduction == "mul":
        return _scatter_product(inputs, indices, updates, reduction)
    combine = {None: places.set, "add": places.add, "max": places.max, "min": places.min}
    return combine[reduction](updates)


_scatter_product = with_rules(
    "scatter_update",
    lambda inputs, indices, updates, reduction: inputs.at[_places(indices, inputs.shape)].mul(updates),
)


@kernel
def unique(x: Any, *options: Any) -> Any:
    """Of known values by NumPy: where shapes depend on values, nearly every call would compile a dozen programs."""
    if not _is_known(x):
        return body_of("unique")(x, *options)
    with using("numpy"):
        found = OPS["unique"].function(np.asarray(x), *options)
    return tree.map_structure(lambda y: jax.device_put(backend.from_numpy(y), x.sharding), found)


# Linear algebra --------------------------------------------------------------------------------------------


KERNELS["matmul"] = compiled(lambda x1, x2: jnp.matmul(x1, x2, precision=backend.precision))


def _refusing(compute: Callable[..., Any], error: Callable[[], MatrixError]) -> Callable[..., Any]:
    """A function of matrices, with an error where it makes numbers that are not finite out of finite ones."""

    def run(*args: Any) -> Any:
        out = compute(*args)
        if _is_known(out) and not jnp.isfinite(out).all() and all(jnp.isfinite(x).all() for x in args):
            raise error()
        return out

    return run


def _sign_and_logarithm(x: Any) -> tuple[Any, Any]:
    """Without the product of the pivots, which JAX's own may form and which may overflow."""
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError("square matrices")  # whose reason the op's rule gives
    packed, pivots, _ = lax.linalg.lu(x)
    diagonal = jnp.diagonal(packed, axis1=-2, axis2=-1)
    exchanged = jnp.where(pivots != jnp.arange(x.shape[-1]), -1, 1)
    return jnp.prod(jnp.sign(diagonal) * exchanged.astype(x.dtype), -1), jnp.sum(jnp.log(jnp.abs(diagonal)), -1)


def _pivoted_lu(x: Any) -> tuple[Any, Any]:
    packed, pivots, _ = lax.linalg.lu(x)
    return packed, pivots.astype("int32")


KERNELS |= {
    "matrix_solve": _refusing(compiled(jnp.linalg.solve), MatrixError.singular),
    "lower_cholesky": _refusing(compiled(jnp.linalg.cholesky), MatrixError.not_positive_definite),
    "triangular_solve": compiled(lambda a, b, lower: lax.linalg.triangular_solve(a, b, left_side=True, lower=lower), 2),
    "determinant": compiled(jnp.linalg.det),
    "sign_and_logarithm": compiled(_sign_and_logarithm),
    "pivoted_lu": compiled(_pivoted_lu),
    "orthogonal_triangular": compiled(lambda x, complete: tuple(lax.linalg.qr(x, full_matrices=complete)), 1),
    "singular_vectors": compiled(lambda x: tuple(jnp.linalg.svd(x, full_matrices=False))),
    "singular_values": compiled(functools.partial(jnp.linalg.svd, compute_uv=False)),
    "symmetric_eigenvectors": compiled(lambda x: tuple(jnp.linalg.eigh(x))),
    "general_eigenvectors": compiled(lambda x: tuple(jnp.linalg.eig(x))),
}


def _fourier(x: Any, rank: int, inverse: bool) -> Any:
    return (jnp.fft.ifftn if inverse else jnp.fft.fftn)(x, axes=range(-rank, 0))


KERNELS |= {
    "fourier_transform": compiled(_fourier, 1, 2),
    "real_fourier": compiled(jnp.fft.rfft),
    "inverse_real_fourier": compiled(jnp.fft.irfft, 1),
}


# Attention -------------------------------------------------------------------------------------------------


_attend = body_of("dot_product_attention")
_attend_by_program = compiled(_attend, *range(5, 9))


@kernel
def dot_product_attention(*args: Any) -> Any:
    """The body here too: jax.nn.dot_product_attention took longer, compiled or not."""
    scale_is_known = args[5] is None or isinstance(args[5], (int, float))
    return (_attend_by_program if scale_is_known else _attend)(*args)


# Control flow ----------------------------------------------------------------------------------------------


def _arrays(structure: Any) -> Any:
    """A structure whose numbers have become arrays, as JAX wants what branches and loops return."""
    return tree.map_structure(lambda x: x if x is None else OPS["as_array"].function(x), structure)


def _truth(x: Any) -> bool | None:
    """Whether a condition holds, or None where that is not known yet."""
    try:
        return bool(x)
    except jax.errors.ConcretizationTypeError:
        return None


@kernel
def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    holds = _truth(pred)
    if holds is not None:
        return true_fn() if holds else false_fn()
    return lax.cond(pred, lambda: _arrays(true_fn()), lambda: _arrays(false_fn()))


@kernel
def run_branch(index: Any, branches: Any, operands: Any) -> Any:
    if _is_known(index):
        return body_of("run_branch")(index, branches, operands)
    return lax.switch(index, [lambda *xs, branch=branch: _arrays(branch(*xs)) for branch in branches], *operands)


def _or_as_written(compute: Callable[..., Any]) -> Callable[..., Any]:
    """A loop that runs in Python, round by round, where its function looks at values: after a first run, traced."""
    body = body_of(compute.__name__)

    @functools.wraps(compute)
    def run(*args: Any) -> Any:
        try:
            return compute(*args)
        except (*_LOOKS, StateError):  # the latter is ours, for who makes an array NumPy's
            return body(*args)

    return run


@kernel
@_or_as_written
def while_loop(cond: Any, body: Any, loop_vars: Any, maximum_iterations: int | None) -> Any:
    limit = maximum_iterations
    if isinstance(limit, float):
        operator.index(limit)  # which refuses it
    traced = any(not _is_known(x) for x in tree.flatten(loop_vars))
    if traced and _truth(tree.call(cond, loop_vars)) is not None:
        return body_of("while_loop")(cond, body, loop_vars, maximum_iterations)

    def goes_on(state: Any) -> Any:
        rounds, values = state
        holds = jnp.reshape(tree.call(cond, values), ())
        return holds if limit is None else jnp.logical_and(holds, rounds < limit)

    def step(state: Any) -> Any:
        rounds, values = state
        return rounds + 1, _arrays(tree.like(values, tree.call(body, values)))

    return lax.while_loop(goes_on, step, (jnp.int32(0), _arrays(loop_vars)))[1]


@kernel
@_or_as_written
def fori_loop(lower: Any, upper: Any, body_fun: Any, init_val: Any) -> Any:
    if _is_known(lower) and _is_known(upper):
        lower, upper = int(lower), int(upper)
    return lax.fori_loop(lower, upper, lambda i, value: _arrays(body_fun(i, value)), _arrays(init_val))


@kernel
@_or_as_written
def scan(f: Any, init: Any, xs: Any, length: int | None, reverse: bool, unroll: Any) -> Any:
    return lax.scan(lambda carry, x: _arrays(f(carry, x)), _arrays(init), xs, length, reverse, unroll)


@kernel
@_or_as_written
def vectorized_map(function: Any, elements: Any) -> Any:
    return jax.vmap(lambda xs: _arrays(function(xs)))(elements)


# Random words ----------------------------------------------------------------------------------------------


def _multiply(constant: int, word: Any) -> tuple[Any, Any]:
    product = lax.convert_element_type(word, "uint64") * np.uint64(constant)
    return lax.convert_element_type(product >> np.uint64(32), "uint32"), lax.convert_element_type(product, "uint32")


def _rng_bits(seed: Any, shape: Any, counter: int) -> Any:
    count = math.prod(shape)
    with jax.enable_x64(True):
        blocks = -(-count // 4)
        c0, c1, c2, c3 = philox.counter_words(counter)
        number = lax.iota("uint64", blocks) + np.uint64(c0)
        carry = lax.convert_element_type(number >> np.uint64(32), "uint32")
        k0, k1 = lax.convert_element_type(seed, "uint32")
        words = philox.block(
            (
                lax.convert_element_type(number, "uint32"),
                carry + np.uint32(c1),
                jnp.full(blocks, c2, "uint32"),
                jnp.full(blocks, c3, "uint32"),
            ),
            (k0, k1),
            _multiply,
            lambda word, constant: word + np.uint32(constant),
        )
        return lax.reshape(jnp.reshape(jnp.stack(words, 1), (-1,))[:count], shape)


KERNELS["rng_bits"] = compiled(_rng_bits, 1, 2)


backend = JaxBackend()
