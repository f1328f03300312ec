"""What an array is, and turning it into another kind of array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..backend import Backend, host_array
from ..dtypes import canonical
from ..errors import DTypeError, OptionError
from ..interpreters import CONVERTIBLE, HOST, Interpreter, held, kind_of, kind_or_none, values_of
from ..op import Array, DType, Value, composed, names_its_errors, primitive
from ..spec import Spec
from ..symbolic import spec_of
from .rules import elementwise


def _kind(x: Any, name: str) -> Any:
    try:
        return kind_of(type(x))
    except DTypeError as error:
        raise error.named(name) from None


def shape(x: Any) -> tuple[Any, ...]:
    """The shape of an array. A size that only the run will know is symbolic, or an array of the framework.

    Args:
        x: Array of any backend, host data, or a Spec.

    Returns:
        A tuple of sizes.

    >>> shape([[1, 2, 3]])
    (1, 3)
    """
    kind = _kind(x, "shape")
    if kind is HOST:
        return x.shape
    return kind.shape(x) if isinstance(kind, (Backend, Interpreter)) else spec_of(x).shape


def dtype(x: Any) -> str:
    """The name of an array's dtype.

    Args:
        x: Array of any backend, host data, or a Spec.

    Returns:
        The name, such as `"float32"`.

    >>> dtype([1.0])
    'float32'
    """
    kind = _kind(x, "dtype")
    if kind is HOST:
        return canonical(x.dtype)
    return kind.dtype(x) if isinstance(kind, (Backend, Interpreter)) else spec_of(x).dtype


def ndim(x: Any) -> int:
    """The number of axes of an array.

    Args:
        x: Array of any backend, host data, or a Spec.

    Returns:
        A number.

    >>> ndim([[1.0, 2.0]])
    2
    """
    return len(shape(x))


def size(x: Any) -> Any:
    """The number of elements of an array.

    Args:
        x: Array of any backend, host data, or a Spec.

    Returns:
        A number; symbolic where a size is.

    >>> size([[1.0, 2.0]])
    2
    """
    _kind(x, "size")
    return spec_of(x).size


def is_tensor(x: Any) -> bool:
    """Whether this is an array of any backend, or a variable.

    Args:
        x: Anything.

    Returns:
        True for arrays of any backend, NumPy's included, and for variables; False for lists and numbers.

    >>> import numpy as np
    >>> is_tensor(np.ones(2)), is_tensor([1.0, 2.0])
    (True, False)
    """
    x = held(x)
    kind = kind_or_none(type(x))
    return kind is HOST or isinstance(kind, Backend) or (isinstance(kind, Interpreter) and kind.home(x) is not None)


def _infer_cast(x: Any, dtype: str | None) -> Spec:
    spec = spec_of(x)
    return Spec(spec.shape, dtype or spec.dtype)


def _cast_rule(g: Any, out: Any, x: Any, dtype: str) -> Any:
    return cast(g, ops.dtype(x))


@primitive(why="changes the representation", infer=_infer_cast, vjp=(_cast_rule,), ulp=1)
def cast(x: Value, dtype: DType) -> Array:
    """The array in another dtype. To integers drops the fraction, to reals the imaginary part.

    Args:
        x: Array or number.
        dtype: The dtype.

    Returns:
        The array.

    >>> cast([1.7, -1.7], "int32")
    array([ 1, -1], dtype=int32)
    """


@composed(infer=lambda x, dtype, sparse, ragged: _infer_cast(x, dtype), ulp=1)
def convert_to_tensor(x: Value, dtype: DType = None, sparse: bool | None = None, ragged: bool | None = None) -> Array:
    """An array of the backend in use, or of the one that the array comes from; with `array`, a copy.

    As NumPy's `asarray`, it shares the memory of `x` where it can: write to neither of them.

    Args:
        x: Array, number, or nested list. NumPy arrays keep their dtype; numbers get int32, floatx or bool.
        dtype: The dtype; None keeps it.
        sparse: Must not be True: no backend here has sparse arrays.
        ragged: Must not be True: no backend here has ragged arrays.

    Returns:
        The array.

    >>> convert_to_tensor([1, 2], dtype="float32")
    array([1., 2.], dtype=float32)
    """
    if sparse or ragged:
        raise OptionError("there are no sparse and no ragged arrays here. Leave out sparse=True and ragged=True.")
    return as_array(x) if dtype is None else cast(x, dtype)


@names_its_errors
def array(x: Any, dtype: Any = None) -> Array:
    """A new array of the backend in use, as `convert_to_tensor`, in memory of its own.

    >>> array([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    kind = kind_or_none(type(x))
    if kind is HOST or kind is CONVERTIBLE:
        x = np.array(x)
    elif isinstance(kind, Backend):
        x = kind.copy(x)
    return convert_to_tensor(x, dtype)


@primitive(why="host data enters the framework here", infer=elementwise, vjp=(lambda g, out, x: g,), ulp=0)
def as_array(x: Array) -> Array:
    """An array of the backend, nothing else changed.

    Args:
        x: Array, number, or nested list.

    Returns:
        The array.

    >>> as_array(2.0)
    array(2., dtype=float32)
    """


def convert_to_numpy(x: Any) -> np.ndarray:
    """The values of an array of any backend as a NumPy array. Its memory may be shared: do not write to it.

    Args:
        x: Array of any backend, or host data.

    Returns:
        A NumPy array.

    >>> convert_to_numpy([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """
    kind = _kind(x, "convert_to_numpy")
    if isinstance(kind, (Backend, Interpreter)):
        return values_of(x)
    return x if type(x) is np.ndarray else host_array(x)


@primitive(why="stops the gradient", infer=elementwise, ulp=0)
def stop_gradient(variable: Array) -> Array:
    """The same array, through which no gradient flows.

    Args:
        variable: Array.

    Returns:
        The array.

    >>> stop_gradient([1.0, 2.0])
    array([1., 2.], dtype=float32)
    """


def in_single(function: Callable[[Any], Any], x: Any) -> Any:
    """A function of an array, computed in float32 where the array's dtype is narrower."""
    own = dtype(x)
    return cast(function(cast(x, "float32")), own) if own in ("bfloat16", "float16") else function(x)
