"""Fourier transforms. Complex numbers come and go as pairs of arrays: real part and imaginary part."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPLEXES, FLOATS, ORDERED, Accepted, inexact, same
from ..errors import ShapeError
from ..op import Array, Arrays, composed, primitive
from ..spec import Spec, show_shape
from .complexes import complex_dtype, make_complex
from .matrices import all_in_single
from .rules import elementwise

COMPLEX_ONLY = Accepted(COMPLEXES, "make complex numbers with make_complex.")
FLOATS_ONLY = Accepted(FLOATS, "cast to floats first; complex numbers go as a pair (real, imag).")


def _fourier_rule(g: Any, out: Any, x: Any, rank: int, inverse: bool) -> Any:
    return fourier_transform(g, rank, inverse)


@primitive(
    why="the fast algorithm, of which every framework has a tuned kernel",
    infer=elementwise,
    promote=same,
    accepts=COMPLEX_ONLY,
    vjp=(_fourier_rule,),
    ulp=4,  # the error of a row is a small multiple of its norm, which the case counts in
)
def fourier_transform(x: Array, rank: int, inverse: bool) -> Array:
    """The Fourier transform of complex numbers.

    Args:
        x: Array of complex numbers.
        rank: Over how many of the last axes, 1 or 2.
        inverse: Whether to undo a transform.

    Returns:
        The transformed numbers.

    >>> fourier_transform(make_complex([1.0, 2.0], 0.0), 1, False)
    array([ 3.+0.j, -1.+0.j], dtype=complex64)
    """


def _as_long(x: Any, length: int) -> Any:
    """Rows cut, or filled up with zeros, to a length."""
    shape = ops.shape(x)
    if shape[-1] > length:
        return x[..., :length]
    return ops.pad(x, [(0, 0)] * (len(shape) - 1) + [(0, length - shape[-1])]) if shape[-1] < length else x


def _check_length(length: Any) -> None:
    if isinstance(length, int) and length < 1:
        raise ShapeError(f"expected at least one number to transform; got a length of {length}.")


def _infer_real_fourier(x: Spec) -> Spec:
    return Spec((*x.shape[:-1], x.shape[-1] // 2 + 1), complex_dtype(x.dtype))


def _real_fourier_rule(g: Any, out: Any, x: Any) -> Any:
    return ops.real(fourier_transform(_as_long(g, ops.shape(x)[-1]), 1, False))


@composed(infer=_infer_real_fourier, promote=same, accepts=FLOATS_ONLY, vjp=(_real_fourier_rule,), ulp=4)
def real_fourier(x: Array) -> Array:
    """The first half of the Fourier transform of real numbers; the other half is its mirror image, conjugated.

    Args:
        x: Array of floats, transformed over the last axis.

    Returns:
        `n // 2 + 1` complex numbers for each row of n.

    >>> real_fourier([1.0, 2.0])
    array([ 3.+0.j, -1.+0.j], dtype=complex64)
    """
    return fourier_transform(make_complex(x, 0.0), 1, False)[..., : ops.shape(x)[-1] // 2 + 1]


def _infer_inverse_real_fourier(x: Spec, length: Any) -> Spec:
    return Spec((*x.shape[:-1], length), "float64" if x.dtype == "complex128" else "float32")


@composed(infer=_infer_inverse_real_fourier, promote=same, accepts=COMPLEX_ONLY, ulp=4)
def inverse_real_fourier(x: Array, length: int) -> Array:
    """The real numbers of which `real_fourier` has made complex ones.

    Args:
        x: Array of complex numbers, transformed over the last axis. The imaginary parts of the first, and for an even
            length of the last, do not matter.
        length: How many real numbers to make, of `length // 2 + 1` complex ones.

    Returns:
        The real numbers.

    >>> inverse_real_fourier(make_complex([3.0, -1.0], 0.0), 2)
    array([1., 2.], dtype=float32)
    """
    mirrored = ops.conjugate(ops.flip(x[..., 1 : (length + 1) // 2], axis=-1))
    return ops.real(fourier_transform(ops.concatenate([x, mirrored], axis=-1), 1, True))


# In pairs of real numbers ----------------------------------------------------------------------------------


def _check_pair(x: list[Any], rank: int = 1) -> None:
    if len(x) != 2 or ops.shape(x[0]) != ops.shape(x[1]):
        raise ShapeError(
            "expected a pair (real, imag) of arrays of one shape; got "
            f"{len(x)} of shape{'s' * (len(x) != 1)} {', '.join(show_shape(ops.shape(part)) for part in x)}."
        )
    shape = ops.shape(x[0])
    if len(shape) < rank:
        raise ShapeError(f"expected arrays with at least {rank} axes; got shape {show_shape(shape)}.")
    for size in shape[-rank:]:
        _check_length(size)


def _pair(x: Any) -> tuple[Any, Any]:
    return ops.real(x), ops.imag(x)


def _infer_pairs(rank: int) -> Any:
    def infer(x: list[Spec]) -> tuple[Spec, Spec]:
        _check_pair(x, rank)
        return Spec(x[0].shape, x[0].dtype), Spec(x[0].shape, x[0].dtype)

    return infer


def _transformed(x: list[Any], rank: int, inverse: bool) -> tuple[Any, Any]:
    _check_pair(x, rank)
    return all_in_single(lambda real, imag: _pair(fourier_transform(make_complex(real, imag), rank, inverse)), *x)


@composed(infer=_infer_pairs(1), promote=same, accepts=FLOATS_ONLY, ulp=4)
def fft(x: Arrays) -> tuple[Array, Array]:
    """The Fourier transform over the last axis.

    Args:
        x: A pair of arrays of floats, the real and the imaginary parts.

    Returns:
        The real and the imaginary parts of the transform.

    >>> fft(([1.0, 2.0], [0.0, 1.0]))
    (array([ 3., -1.], dtype=float32), array([ 1., -1.], dtype=float32))
    """
    return _transformed(x, 1, False)


@composed(infer=_infer_pairs(2), promote=same, accepts=FLOATS_ONLY, ulp=4)
def fft2(x: Arrays) -> tuple[Array, Array]:
    """The Fourier transform over the last two axes.

    Args:
        x: A pair of arrays of floats, the real and the imaginary parts.

    Returns:
        The real and the imaginary parts of the transform.

    >>> fft2(([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]]))[0]
    array([[10., -2.],
           [-4.,  0.]], dtype=float32)
    """
    return _transformed(x, 2, False)


@composed(infer=_infer_pairs(2), promote=same, accepts=FLOATS_ONLY, ulp=4)
def ifft2(x: Arrays) -> tuple[Array, Array]:
    """What undoes the Fourier transform over the last two axes.

    Args:
        x: A pair of arrays of floats, the real and the imaginary parts.

    Returns:
        The real and the imaginary parts.

    >>> ifft2(([[10.0, -2.0], [-4.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]))[0]
    array([[1., 2.],
           [3., 4.]], dtype=float32)
    """
    return _transformed(x, 2, True)


def _infer_rfft(x: Spec, fft_length: Any) -> tuple[Spec, Spec]:
    if not x.ndim:
        raise ShapeError("expected an array with at least one axis; got a number.")
    length = x.shape[-1] if fft_length is None else fft_length
    _check_length(length)
    shape = (*x.shape[:-1], length // 2 + 1)
    return Spec(shape, x.dtype), Spec(shape, x.dtype)


@composed(infer=_infer_rfft, promote=inexact, accepts=ORDERED, ulp=4)
def rfft(x: Array, fft_length: int | None = None) -> tuple[Array, Array]:
    """The first half of the Fourier transform of real numbers over the last axis.

    Args:
        x: Array of real numbers.
        fft_length: To how many elements the last axis is cut or filled up with zeros; None for as many as it has.

    Returns:
        The real and the imaginary parts, `fft_length // 2 + 1` for each row.

    >>> rfft([1.0, 2.0, 3.0, 4.0])
    (array([10., -2., -2.], dtype=float32), array([0., 2., 0.], dtype=float32))
    """
    length = ops.shape(x)[-1] if fft_length is None else fft_length
    _check_length(length)
    return all_in_single(lambda x: _pair(real_fourier(_as_long(x, length))), x)


def _infer_irfft(x: list[Spec], fft_length: Any) -> Spec:
    _check_pair(x)
    length = 2 * (x[0].shape[-1] - 1) if fft_length is None else fft_length
    _check_length(length)
    return Spec((*x[0].shape[:-1], length), x[0].dtype)


@composed(infer=_infer_irfft, promote=same, accepts=FLOATS_ONLY, ulp=4)
def irfft(x: Arrays, fft_length: int | None = None) -> Array:
    """What undoes the Fourier transform of real numbers over the last axis.

    Args:
        x: A pair of arrays of floats, the real and the imaginary parts of the first half of the transform. The
            imaginary parts of the first element, and for an even length of the last, do not matter.
        fft_length: How many real numbers to make; None for `2 * (n - 1)` out of n.

    Returns:
        The real numbers.

    >>> irfft(([10.0, -2.0, -2.0], [0.0, 2.0, 0.0]))
    array([1., 2., 3., 4.], dtype=float32)
    """
    _check_pair(x)
    length = 2 * (ops.shape(x[0])[-1] - 1) if fft_length is None else fft_length
    _check_length(length)
    count = length // 2 + 1
    half = (_as_long(part, count) for part in x)
    return all_in_single(lambda real, imag: inverse_real_fourier(make_complex(real, imag), length), *half)
