"""Complex numbers: their parts, and how they are made of them.

The gradient of a real number with respect to a complex one is its derivative by the real part plus i times that by the
imaginary part: the direction in which it grows fastest. Rules of ops are bilinear instead, without conjugation: the
cotangent c of z stands for the linear function Re(c dz). The hooks of a backend conjugate on the way in and out.
"""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPLEXES, COMPUTABLE, ORDERED, inexact, real_of, same
from ..errors import ShapeError
from ..op import Array, alias, composed, primitive
from ..spec import Spec, broadcast_shapes, show_shape
from .rules import elementwise, to_bool

PARTS = "the representation of a complex number is the framework's"


def single_at_least(*dtypes: str | type) -> str:
    """The common dtype, with floatx for integers, and 32 bits at least: what parts of complex numbers have."""
    dtype = inexact(*dtypes)
    return "float32" if dtype in ("bfloat16", "float16") else dtype


def complex_dtype(dtype: str) -> str:
    """The dtype of complex numbers with parts of this dtype."""
    return dtype if dtype in COMPLEXES else "complex128" if dtype == "float64" else "complex64"


def is_complex(x: Any) -> bool:
    """Whether the dtype of an array is a complex one."""
    return ops.dtype(x) in COMPLEXES


def conjugated(x: Any) -> Any:
    """The conjugate of an array; a real one as it is."""
    return conjugate(x) if is_complex(x) else x


def squared_size(x: Any) -> Any:
    """The square of the distance of each element from zero, which unlike that of `abs` bends at 0."""
    return ops.add(ops.square(ops.real(x)), ops.square(ops.imag(x))) if is_complex(x) else ops.square(x)


def _part(x: Spec) -> Spec:
    return Spec(x.shape, real_of(x.dtype))


@primitive(why=PARTS, infer=_part, promote=same, accepts=COMPUTABLE, vjp=(lambda g, out, x: g,), ulp=0)
def real(x: Array) -> Array:
    """The real part of each element.

    Args:
        x: Array or number. Real numbers stay as they are.

    Returns:
        The real parts.

    >>> real([1 + 2j, 3j])
    array([1., 0.], dtype=float32)
    """


def _imag_rule(g: Any, out: Any, x: Any) -> Any:
    return make_complex(0.0, ops.negative(g)) if is_complex(x) else ops.zeros_like(x)


@primitive(why=PARTS, infer=_part, promote=same, accepts=COMPUTABLE, vjp=(_imag_rule,), ulp=0)
def imag(x: Array) -> Array:
    """The imaginary part of each element.

    Args:
        x: Array or number. Real numbers have the imaginary part 0, in their own dtype.

    Returns:
        The imaginary parts.

    >>> imag([1 + 2j, 3.0])
    array([2., 0.], dtype=float32)
    """


def _infer_complex(real: Spec, imag: Spec) -> Spec:
    return Spec(broadcast_shapes(real.shape, imag.shape), complex_dtype(real.dtype))


@primitive(
    why=PARTS,
    infer=_infer_complex,
    promote=single_at_least,
    accepts=ORDERED,
    vjp=(lambda g, out, real, imag: ops.real(g), lambda g, out, real, imag: ops.negative(ops.imag(g))),
    ulp=0,
)
def make_complex(real: Array, imag: Array) -> Array:
    """Complex numbers made of their parts.

    Args:
        real: Array or number, the real parts.
        imag: Array or number, the imaginary parts; the shapes broadcast.

    Returns:
        The complex numbers: complex128 for float64, else complex64.

    >>> make_complex([1.0, 2.0], 3.0)
    array([1.+3.j, 2.+3.j], dtype=complex64)
    """


@primitive(
    why=PARTS,
    infer=elementwise,
    promote=same,
    accepts=COMPUTABLE,
    vjp=(lambda g, out, x: conjugated(g),),
    ulp=0,
)
def conjugate(x: Array) -> Array:
    """The complex conjugate of each element.

    Args:
        x: Array or number. Real numbers stay as they are.

    Returns:
        The elements with the sign of their imaginary part changed.

    >>> conjugate([1 + 2j, 3.0])
    array([1.-2.j, 3.-0.j], dtype=complex64)
    """


conj = alias("conj", conjugate)


@composed(infer=_part, promote=inexact, accepts=COMPUTABLE, ulp=4)
def angle(x: Array) -> Array:
    """The angle of each element in the complex plane, between -pi and pi. The gradient at 0 is that of `arctan2`.

    Args:
        x: Array or number. Negative real numbers, and -0.0, have the angle pi.

    Returns:
        The angles in radians.

    >>> angle([2.0, -1.0])
    array([0.       , 3.1415927], dtype=float32)
    """
    return ops.arctan2(imag(x), real(x)) if is_complex(x) else ops.arctan2(ops.zeros_like(x), x)


def _infer_polar(abs_: Spec, angle: Spec) -> Spec:
    return _infer_complex(abs_, angle)


@composed(infer=_infer_polar, promote=single_at_least, accepts=ORDERED, ulp=4)
def polar(abs_: Array, angle: Array) -> Array:
    """Complex numbers made of their distances from zero and their angles.

    Args:
        abs_: Array or number, the distances.
        angle: Array or number, the angles in radians; the shapes broadcast.

    Returns:
        The complex numbers.

    >>> polar([1.0, 2.0], 0.0)
    array([1.+0.j, 2.+0.j], dtype=complex64)
    """
    return make_complex(ops.multiply(abs_, ops.cos(angle)), ops.multiply(abs_, ops.sin(angle)))


@composed(infer=to_bool, promote=same, accepts=COMPUTABLE)
def isreal(x: Array) -> Array:
    """Whether the imaginary part of each element is 0.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> isreal([1 + 2j, 3.0])
    array([False,  True])
    """
    return ops.equal(imag(x), 0) if is_complex(x) else ops.ones_like(x, dtype="bool")


def _infer_view_as_complex(x: Spec) -> Spec:
    if not x.ndim or x.shape[-1] != 2:
        raise ShapeError(
            f"expected a last axis of size 2, for the real and the imaginary part; got shape {show_shape(x.shape)}. "
            "Use make_complex for parts in two arrays."
        )
    return Spec(x.shape[:-1], complex_dtype(x.dtype))


@composed(infer=_infer_view_as_complex, promote=single_at_least, accepts=ORDERED, ulp=0)
def view_as_complex(x: Array) -> Array:
    """Complex numbers made of pairs on the last axis.

    Args:
        x: Array whose last axis has size 2: real and imaginary part.

    Returns:
        The complex numbers, with one axis less.

    >>> view_as_complex([[1.0, 2.0], [3.0, 4.0]])
    array([1.+2.j, 3.+4.j], dtype=complex64)
    """
    _infer_view_as_complex(Spec(ops.shape(x)))
    return make_complex(x[..., 0], x[..., 1])


def _infer_view_as_real(x: Spec) -> Spec:
    return Spec((*x.shape, 2), real_of(x.dtype))


@composed(infer=_infer_view_as_real, promote=inexact, accepts=COMPUTABLE, ulp=0)
def view_as_real(x: Array) -> Array:
    """Complex numbers as pairs on a new last axis.

    Args:
        x: Array or number.

    Returns:
        Real and imaginary parts, with one axis more.

    >>> view_as_real([1 + 2j, 3.0])
    array([[1., 2.],
           [3., 0.]], dtype=float32)
    """
    return ops.stack([real(x), imag(x)], axis=-1)
