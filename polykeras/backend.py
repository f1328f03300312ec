"""What a backend is, which ones there are, and which one runs now."""

from __future__ import annotations

import contextlib
import difflib
import functools
import importlib
import importlib.util
import numbers
import sys
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

import numpy as np

from . import tree
from .dtypes import ALL, TEXT, canonical, result_type
from .errors import (
    BackendError,
    DeviceError,
    DTypeError,
    MixedBackendsError,
    ShapeError,
    StateError,
    UnknownBackendError,
)
from .settings import EMBEDDED, settings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

ENTRY_POINTS = "polykeras.backends"


class Backend:
    """A framework as polykeras sees it: its arrays, its kernels, and a few hooks.

    A backend subclasses this, fills in the attributes and hooks, and names its one instance in the entry-point
    group `polykeras.backends`, under the name of the package that its arrays come from. CONTRIBUTING.md has the
    steps.
    """

    name: str
    """The name under which it is registered."""

    array_types: tuple[type, ...]
    """The types of its arrays, tracers included."""

    kernels: Mapping[str, Callable[..., Any]]
    """For each primitive op, and for composed ops where it pays, the function that computes it.

    A kernel takes the parameters of the op, all of them, by position. Array arguments have been brought home
    and promoted; dtypes are names, axes None, an int or a tuple, shapes tuples.
    """

    dtypes: Mapping[str, Any]
    """The dtypes that exist there: their names, and what the framework calls them."""

    plain: frozenset[str] | None = None
    """The dtypes whose arrays kernels in general can take as they are. Calls with others go through `call`."""

    dtype_path: str = "dtype"
    """The attribute of its arrays that is their dtype, or a path to it that is shorter to walk."""

    strict: bool = False
    """Whether the framework itself refuses to mix dtypes, so that dispatch need not look."""

    scalars: frozenset[str] = frozenset()
    """The two-array ops whose kernels take a Python number in place of either array."""

    scalar_kernels: Mapping[str, Callable[..., Any]] = {}
    """Those of them that another function computes then."""

    number_dtypes: frozenset[str] | None = None
    """The dtypes whose arrays keep their dtype when they meet a Python number in such a kernel. None: all."""

    exact_on_integers: Container[str] = frozenset()
    """The ops with a rule for integers (`Op.on_integers`) whose kernels keep it by themselves."""

    refusals: tuple[type[Exception], ...] = ()
    """What else besides the usual exceptions its arrays raise where they cannot share their memory."""

    wider: Mapping[str, str] = {}
    """For a dtype that lacks kernels here, the dtype in which to compute instead."""

    quiet: Callable[[], contextlib.AbstractContextManager[Any]] | None = None
    """A context in which the framework does not warn of what composed ops do on purpose, such as 0 / 0."""

    traces: bool = False
    """Whether `compile` traces a function, rather than leaving it to run as it is."""

    records: bool = False
    """Whether `compile` runs a function with values and writes down what it does, for calls to come."""

    compiled_bodies: Container[str] = frozenset()
    """The ops whose kernels here are their own bodies, as programs."""

    gaps: Mapping[str, str] = {}
    """What is known to differ from the other backends here and cannot be mended: by subject the reason, with a link."""

    def __reduce__(self) -> tuple[Any, ...]:
        return load, (self.name,)  # there is one of each: a copy is the same

    @property
    def version(self) -> str:
        """The version of the framework."""
        from importlib.metadata import version  # which imports more than a training on NumPy does

        return version(self.name)

    def kernel(self, op: str) -> Callable[..., Any] | None:
        """The function that computes an op, or None where the op's own body does."""
        return self._hooks.get(op) or self.kernels.get(op)

    @functools.cached_property
    def _hooks(self) -> Mapping[str, Callable[..., Any]]:
        """The ops that hooks compute, in place of kernels."""
        return {"cast": self._cast_anything}

    def _cast_anything(self, x: Any, dtype: str) -> Any:
        if not isinstance(x, self.array_types) or is_swapped(x):
            return self.asarray(x, dtype)
        return x if self.dtype(x) == dtype else self.cast(x, self._check_dtype(dtype))

    def plain_dtypes(self, op: str) -> frozenset[str] | None:
        """The dtypes whose arrays the kernel of an op can take as they are. None: all."""
        return self.plain

    def call(self, kernel: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Run a kernel on arguments that are not all plain."""
        return kernel(*args)

    # Arrays ------------------------------------------------------------------------------------------------

    def from_numpy(self, array: np.ndarray) -> Any:
        """An array here with the values of a NumPy array, of the same dtype, on the device in use."""
        raise NotImplementedError

    def to_numpy(self, x: Any) -> np.ndarray:
        """A NumPy array with the values of an array from here."""
        raise NotImplementedError

    def is_traced(self, x: Any) -> bool:
        """Whether an array has no values yet, because it belongs to a program that somebody is having traced."""
        return False

    def holds_text(self, x: Any) -> bool:
        """Whether an array holds strings, which `to_numpy` gives as bytes, and with which no op computes."""
        return False

    def on_host(
        self, function: Callable[..., np.ndarray], arrays: Sequence[Any], shape: tuple[int | None, ...], dtype: str
    ) -> Any:
        """What a function of NumPy arrays gives. In a program it is called when that runs.

        Args:
            function: The function; its result may depend on more than the arrays.
            arrays: Arrays from here, or of NumPy.
            shape: The shape of the result, None for sizes that only the function knows.
            dtype: The dtype of the result.

        Returns:
            The array, which has no gradient.
        """
        return self.from_numpy(np.asarray(function(*map(self._on_host, arrays)), numpy_dtype(dtype)))

    def _on_host(self, x: Any) -> np.ndarray:
        return x if isinstance(x, np.ndarray) else np.asarray(self.to_numpy(x))

    def is_differentiated(self, x: Any) -> bool:
        """Whether a gradient that is being computed would be lost with an array that leaves the framework."""
        return False

    def copy(self, x: Any) -> Any:
        """An array with the same values whose memory is its own, where it can be changed or given away."""
        return x

    def from_dlpack(self, x: Any) -> Any:
        """An array here that shares the memory of an array from elsewhere."""
        raise NotImplementedError

    def dtype(self, x: Any) -> str:
        """The name of an array's dtype."""
        try:
            return self._dtype_names[x.dtype]
        except KeyError:
            if self.holds_text(x):
                return TEXT
            raise DTypeError(f"{self.name} arrays of dtype {x.dtype} have no counterpart elsewhere.") from None

    @functools.cached_property
    def _dtype_names(self) -> dict[Any, str]:
        return {native: name for name, native in self.dtypes.items()}

    def shape(self, x: Any) -> tuple[Any, ...]:
        """The shape of an array. A size that only the run will know may be a scalar of the framework."""
        return tuple(x.shape)

    def cast(self, x: Any, dtype: str) -> Any:
        """The array in another dtype."""
        raise NotImplementedError

    def asarray(self, x: Any, dtype: str | None = None) -> Any:
        """Host data (NumPy arrays, numbers, nested lists of them) as an array here.

        NumPy arrays keep their dtype. Numbers get the dtype of their kind: bool, int32, floatx or complex.
        """
        return self.from_numpy(host_array(x, self._check_dtype(dtype) if dtype else None))

    def argument(self, x: Any) -> Any:
        """Host data as an argument of what `compile` made, which may take it as it is."""
        return self.asarray(x)

    def _check_dtype(self, dtype: str) -> str:
        if dtype not in self.dtypes:
            raise DTypeError(f"{self.name} has no {dtype}; it has {', '.join(self.dtypes)}.")
        return dtype

    # Devices -----------------------------------------------------------------------------------------------

    def devices(self) -> list[str]:
        """The devices that can be chosen, the default one first, as `cpu:0` or `gpu:1`."""
        raise NotImplementedError

    def device_of(self, x: Any) -> str:
        """The device on which an array lies."""
        return "cpu:0"

    def synchronize(self) -> None:
        """Wait until all that was asked of the devices is done."""

    def set_matmul_precision(self, precision: str) -> None:
        """How float32 matrix products and convolutions are computed where the hardware offers shortcuts."""

    # Gradients and compilation -----------------------------------------------------------------------------

    def value_and_grad(self, function: Callable[[list], tuple[Any, list]], arrays: list) -> tuple[Any, list, list]:
        """Value, auxiliary results, and the gradient of the value with respect to each of the arrays.

        The function takes the list of arrays and returns a scalar and a list of anything else.
        """
        raise NotImplementedError

    def vjp(self, function: Callable[[list], list], arrays: list) -> tuple[list, Callable[[list], list]]:
        """Results, and the function that pulls cotangents of the results back to the arrays."""
        raise NotImplementedError

    jvp: Callable[[Callable[[list], list], list, list], tuple[list, list]] | None = None
    """From a function, arrays and their tangents: results, and the tangents of the results. None: by way of `vjp`."""

    def custom_gradient(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """`function(*args)[0]`, whose gradient is what `function(*args)[1]` makes of the cotangent."""
        raise NotImplementedError

    def with_rules(self, op: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel of an op whose gradient is that of the op's rules, where the framework has gradients of its own."""
        return compute

    def remat(self, function: Callable[..., Any], used: Callable[[], list]) -> Callable[..., Any]:
        """The same function, which computes its intermediate results again for the gradient.

        After the function has run, `used` gives the arrays that it uses besides its arguments, and whose gradients
        nobody needs.
        """
        raise NotImplementedError

    def looked_at_value(self, error: Exception) -> bool:
        """Whether an error of the framework means that a function looked at a value that is being traced."""
        return False

    def seed(self, seed: int) -> None:
        """Seed the framework's own generators, which polykeras does not use."""

    def compile(
        self, function: Callable[..., list], donate: Sequence[int], state: int, jit_compile: bool | str
    ) -> Callable:
        """The function, from arrays to a list of arrays, made as fast as the framework can.

        `donate` lists the arguments whose memory may be reused, of which the first ones, `state` in number, are what
        the first results replace; in their place it may return anything that `opened` knows, and that it is given in
        the next call. `jit_compile` is True, False to leave the framework's compiler out, or "auto" for what suits.
        """
        return function

    def kernel_order(self, x: Any) -> Any:
        """The kernel of a convolution in the order in memory in which convolutions read it."""
        return x

    def opened(self, x: Any) -> Any:
        """The array that a compiled function left in a variable."""
        return x

    def release(self) -> None:
        """Give back memory: of programs that the framework has compiled and keeps, and what it has left over."""


COMPARISONS = frozenset(["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"])
BITWISE = frozenset(["bitwise_and", "bitwise_or", "bitwise_xor", "left_shift", "right_shift"])
ARITHMETIC = frozenset(["add", "subtract", "multiply", "divide", "floor_divide", "mod", "power", "arctan2"])
OPERATORS = ARITHMETIC | COMPARISONS | BITWISE | {"maximum", "minimum"}
"""The ops of two arrays of which frameworks mostly take a Python number in place of one: candidates for `scalars`."""

WEAK = frozenset({bool, int, float, complex})
"""The types of Python numbers, which give way to the dtypes of arrays."""


# Host data -------------------------------------------------------------------------------------------------


def host_array(x: Any, dtype: str | None = None) -> np.ndarray:
    """Host data as a NumPy array: an array keeps its dtype, numbers get the dtype of their kind."""
    if not isinstance(x, (np.ndarray, np.generic)):
        if dtype is None:
            dtype = _dtype_of_numbers(x)
        try:
            x = np.asarray(x, None if dtype is None else numpy_dtype(dtype))
        except OverflowError:
            raise DTypeError(
                f"expected numbers that {dtype} can hold; got {_shorten(x)}. Choose another dtype."
            ) from None
        except ValueError:
            _dtype_of_numbers(x)  # which refuses what is not a number
            if isinstance(x, numbers.Number):
                raise DTypeError(f"expected a number that {dtype} can hold; got {x}. Choose another dtype.") from None
            raise ShapeError(
                f"expected nested lists of one length on each axis; got {_shorten(x)}. Pad them to one length."
            ) from None
    elif dtype is not None and x.dtype != dtype:
        x = x.astype(numpy_dtype(dtype))
    array = np.asarray(x)
    if array.dtype not in _native_dtypes():
        array = array.astype(numpy_dtype(canonical(array.dtype)))
    return array


def is_swapped(x: Any) -> bool:
    """Whether this is a NumPy array in the byte order of another machine."""
    return isinstance(x, np.ndarray) and not x.dtype.isnative


def _dtype_of_numbers(x: Any) -> str | None:
    """The dtype of nested numbers, or None where the data has a dtype of its own."""
    if hasattr(x, "__array__"):
        return None
    leaves = tree.flatten(x)
    kinds = {type(leaf) if type(leaf) in WEAK else getattr(leaf, "dtype", None) for leaf in leaves} or {float}
    if None in kinds:
        raise DTypeError(f"expected arrays, numbers, or nested lists of them; got {_shorten(x)}.")
    dtype = result_type(*(kind if isinstance(kind, type) else canonical(kind) for kind in kinds))
    fits = dtype != "int32" or all(-(2**31) <= leaf < 2**31 for leaf in leaves)
    return dtype if fits else "int64"


def _shorten(x: Any) -> str:
    text = repr(x)
    return text if len(text) <= 80 else f"{text[:77]}..."


@functools.cache
def numpy_dtype(name: str) -> np.dtype:
    """NumPy's dtype of this name; the narrow floats are those of ml_dtypes."""
    if name == "bfloat16" or name.startswith("float8"):
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    return np.dtype(name)


@functools.cache
def _native_dtypes() -> frozenset[np.dtype]:
    """NumPy's dtypes that arrays here can have, in the machine's order of bytes."""
    return frozenset(map(numpy_dtype, ALL))


# Which backends there are ----------------------------------------------------------------------------------

_loaded: dict[str, Backend] = {}


@functools.cache
def registered() -> dict[str, EntryPoint]:
    """The registered backends by name, installed frameworks or not: the embedded one, then ours, then others."""
    from importlib.metadata import entry_points

    found = {point.name: point for point in entry_points(group=ENTRY_POINTS)}

    def place(name: str) -> tuple[bool, bool, str]:
        distribution = found[name].dist
        return name != EMBEDDED, distribution is None or distribution.name != "polykeras", name

    return {name: found[name] for name in sorted(found, key=place)}


def registered_ones(wrong: Any) -> str:
    """What to say to a name under which no backend is registered: the one that is meant, as it seems, and all."""
    given, all_of_them = str(wrong).lower(), f"registered ones: {', '.join(registered())}."
    for name in registered():
        letters = iter(name)
        abbreviated = given[:1] == name[0] and all(letter in letters for letter in given)
        if abbreviated or name in given or difflib.get_close_matches(given, [name]):
            return f"did you mean {name!r}? The {all_of_them}"
    return all_of_them


def install_command(name: str) -> str:
    """What to type to get a backend that is not installed."""
    point = registered()[name]
    distribution = point.dist.name if point.dist else "polykeras"
    return (
        f"pip install '{distribution}[{name}]'" if distribution == "polykeras" else f"pip install {distribution} {name}"
    )


def is_installed(name: str) -> bool:
    """Whether the framework of a registered backend can be found, without importing it."""
    return name in sys.modules or importlib.util.find_spec(name) is not None


def load(name: str) -> Backend:
    """The backend of this name, its framework imported."""
    if name in _loaded:
        return _loaded[name]
    if name != EMBEDDED and name not in registered():
        raise UnknownBackendError(f"unknown backend {name!r}; {registered_ones(name)}")
    if not is_installed(name):
        raise BackendError(f"backend {name!r} is not installed. Install it with: {install_command(name)}")
    importlib.import_module("polykeras.ops")  # fills the table in which backends look up ops
    try:
        found = _embedded() if name == EMBEDDED else registered()[name].load()
    except Exception as error:
        raise BackendError(
            f"backend {name!r} is installed but does not load: {type(error).__name__}: {error}"
        ) from error
    found.set_matmul_precision(settings.matmul_precision)
    _loaded[name] = found
    return found


def _embedded() -> Backend:
    """The backend that every installation has, without a look at what is registered, which takes a while."""
    return importlib.import_module(f".backends.{EMBEDDED}", __package__).backend


def loaded() -> list[Backend]:
    """The backends whose frameworks have been imported."""
    return list(_loaded.values())


def available() -> list[str]:
    """The backends whose frameworks are installed.

    >>> "numpy" in available()
    True
    """
    return [name for name in registered() if is_installed(name)]


_WITHOUT_ARRAYS = sys.stdlib_module_names | {__name__.partition(".")[0]}
"""Packages that are no framework, so that nobody has to ask which ones are."""


def home_of_type(cls: type) -> Backend | None:
    """The backend that arrays of this type come from; it is loaded if the type is one of its framework's own."""
    for found in _loaded.values():
        if issubclass(cls, found.array_types):
            return found
    packages = {base.__module__.partition(".")[0] for base in cls.__mro__} - _WITHOUT_ARRAYS
    for name in registered() if packages else ():
        imported = name not in _loaded and name in sys.modules
        own = any(package.startswith(name) for package in packages)  # not equal: jax's arrays are of jaxlib
        if imported and own and issubclass(cls, load(name).array_types):
            return _loaded[name]
    return None


# Which one runs now ----------------------------------------------------------------------------------------

CURRENT: ContextVar[Backend | None] = ContextVar("polykeras_backend", default=None)


def current() -> Backend:
    """The backend to which host data goes now."""
    return CURRENT.get() or _loaded.get(settings.backend) or _load_chosen()


def _load_chosen() -> Backend:
    try:
        return load(settings.backend)
    except BackendError as error:
        origin = settings.origins.get("backend")
        if origin is None:
            raise
        raise type(error)(f"{error} (It is chosen by {origin}.)") from error


def set_backend(backend: str) -> None:
    """Choose the backend for the whole process, wherever no `using` block says otherwise."""
    load(backend)
    settings.set("backend", backend)


class _Choice:
    """A block with a backend of its own. A class, because every call of a compiled function is such a block."""

    def __init__(self, name: str | Backend):
        self._name = name
        self._token: Token | None = None

    def __enter__(self) -> Backend:
        if self._token is not None:
            raise StateError("using: this choice is in use already. Write `with polykeras.using(name)` for each block.")
        chosen = self._name if isinstance(self._name, Backend) else load(self._name)
        self._token = CURRENT.set(chosen)
        return chosen

    def __exit__(self, *exception: object) -> None:
        token, self._token = self._token, None
        assert token is not None
        CURRENT.reset(token)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with _Choice(self._name):
                return function(*args, **kwargs)

        return run


def using(name: str | Backend) -> _Choice:
    """Choose the backend for a block, or as a decorator for a function. Threads and asyncio tasks have their own.

    >>> with using("numpy") as chosen:
    ...     chosen.name
    'numpy'
    """
    return _Choice(name)


_REPEATS: ContextVar[bool] = ContextVar("polykeras_repeats", default=False)


@contextlib.contextmanager
def repeatably() -> Iterator[None]:
    """Have compiled functions give the same bits as in any other process, for a block.

    Else a backend may choose between programs by how fast each turns out to be, and they may round differently.
    """
    token = _REPEATS.set(True)
    try:
        yield
    finally:
        _REPEATS.reset(token)


def is_repeatable() -> bool:
    """Whether compiled functions have to give the same bits as in any other process."""
    return _REPEATS.get()


# Devices ---------------------------------------------------------------------------------------------------

_DEVICE: ContextVar[str | None] = ContextVar("polykeras_device", default=None)


def devices() -> list[str]:
    """The devices of the current backend, the default one first.

    >>> with using("numpy"):
    ...     devices()
    ['cpu:0']
    """
    return current().devices()


@contextlib.contextmanager
def device(device_name: str) -> Iterator[None]:
    """Place new arrays on a device, such as `"cpu"` or `"gpu:0"`, for a block."""
    token = _DEVICE.set(_find_device(device_name, current()))
    try:
        yield
    finally:
        _DEVICE.reset(token)


def chosen_device(backend: Backend) -> str | None:
    """The device that a `device` block asks for; None, the backend's default, where it has no such device."""
    name = _DEVICE.get()
    return name if name is not None and name in backend.devices() else None


def _find_device(name: str, backend: Backend) -> str:
    kind, _, index = str(name).lower().removeprefix("/").replace("cuda", "gpu").partition(":")
    full = f"{kind}:{index or 0}"
    if full not in backend.devices():
        raise DeviceError(f"no device {name!r} on backend {backend.name}; devices: {', '.join(backend.devices())}.")
    return full


def mixed_homes(op: str, homes: Sequence[Backend]) -> MixedBackendsError:
    """The error for a call whose arrays come from several frameworks."""
    names = [home.name for home in homes]
    return MixedBackendsError(
        f"arrays of {' and '.join(names)} met in one call. Bring them together first, "
        f'for example with polykeras.convert(x, "{names[0]}").'
    ).named(op)  # type: ignore[return-value]


# Keras's names ---------------------------------------------------------------------------------------------

_HOMES = {
    "backend": "config",
    "clear_session": "session",
    "epsilon": "config",
    "floatx": "config",
    "get_uid": "session",
    "image_data_format": "config",
    "is_float_dtype": "dtypes",
    "is_int_dtype": "dtypes",
    "is_keras_tensor": "spec",
    "set_epsilon": "config",
    "set_floatx": "config",
    "set_image_data_format": "config",
    "standardize_dtype": "dtypes",
}
"""What people find here by the names of `keras.backend`, and the rooms in which it lives, most of them above this."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"polykeras.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
