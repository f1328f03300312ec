"""Elementary functions in the complex plane, out of functions of real numbers.

Branch cuts are those of C and NumPy, and the sign of a zero tells on which side of a cut a number lies (W. Kahan,
"Branch cuts for complex elementary functions, or much ado about nothing's sign bit", 1987).
"""

from __future__ import annotations

import math
from typing import Any

from .. import ops
from .complexes import make_complex


def _parts(z: Any) -> tuple[Any, Any]:
    return ops.real(z), ops.imag(z)


def _with_sign_of(size: Any, x: Any) -> Any:
    return ops.where(ops.signbit(x), ops.negative(size), size)


def _times_i(z: Any) -> Any:
    """i z, which a complex product would rob of the signs of zeros."""
    x, y = _parts(z)
    return make_complex(ops.negative(y), x)


def _through_i(function: Any, z: Any) -> Any:
    """-i f(i z)."""
    x, y = _parts(function(_times_i(z)))
    return make_complex(y, ops.negative(x))


def _roots(z: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """The parts of the roots of 1 - z and of 1 + z."""
    x, y = _parts(z)
    below = ops.sqrt(make_complex(ops.subtract(1, x), ops.negative(y)))
    above = ops.sqrt(make_complex(ops.add(x, 1), y))
    return _parts(below), _parts(above)


def _difference(a: Any, b: Any, c: Any, d: Any) -> Any:
    return ops.subtract(ops.multiply(a, b), ops.multiply(c, d))


def arcsin(z: Any) -> Any:
    """Cut along the real axis beyond -1 and 1."""
    (p, q), (r, s) = _roots(z)
    return make_complex(ops.arctan2(ops.real(z), _difference(p, r, q, s)), ops.arcsinh(_difference(p, s, q, r)))


def arccos(z: Any) -> Any:
    """Cut along the real axis beyond -1 and 1."""
    (p, q), (r, s) = _roots(z)
    return make_complex(ops.multiply(ops.arctan2(p, r), 2), ops.arcsinh(_difference(q, r, p, s)))


def arccosh(z: Any) -> Any:
    """Cut along the real axis below 1."""
    x, y = _parts(z)
    p, q = _parts(ops.sqrt(make_complex(ops.subtract(x, 1), y)))
    r, s = _parts(ops.sqrt(make_complex(ops.add(x, 1), y)))
    return make_complex(
        ops.arcsinh(ops.add(ops.multiply(p, r), ops.multiply(q, s))), ops.multiply(ops.arctan2(q, r), 2)
    )


def arcsinh(z: Any) -> Any:
    """Cut along the imaginary axis beyond -i and i."""
    return _through_i(arcsin, z)


def arctan(z: Any) -> Any:
    """Cut along the imaginary axis beyond -i and i."""
    return _through_i(arctanh, z)


_FAR = 1e18  # from here on 1 / z is too small to be seen beside pi / 2, and its square is still a float32


def arctanh(z: Any) -> Any:
    """Cut along the real axis beyond -1 and 1."""
    x, y = (ops.clip(part, -_FAR, _FAR) for part in _parts(z))
    size, square = ops.abs(x), ops.square(y)
    rest = ops.subtract(1, size)
    near = ops.add(ops.square(rest), square)
    length = ops.multiply(ops.log1p(ops.multiply(ops.divide(size, near), 4)), 0.25)
    angle = ops.arctan2(ops.multiply(y, 2), ops.subtract(ops.multiply(rest, ops.add(size, 1)), square))
    return make_complex(_with_sign_of(length, x), ops.multiply(angle, 0.5))


def log1p(z: Any) -> Any:
    """Cut along the real axis below -1."""
    x, y = _parts(z)
    small = ops.logical_and(ops.less(ops.abs(x), 0.5), ops.less(ops.abs(y), 0.5))
    near_x, near_y = ops.where(small, x, 0), ops.where(small, y, 0)
    near = ops.multiply(ops.log1p(ops.add(ops.multiply(near_x, ops.add(near_x, 2)), ops.square(near_y))), 0.5)
    above = make_complex(ops.add(x, 1), y)
    return make_complex(ops.where(small, near, ops.log(ops.abs(above))), ops.arctan2(y, ops.add(x, 1)))


def sinh(z: Any) -> Any:
    """It has no cut."""
    x, y = _parts(z)
    return make_complex(ops.multiply(ops.sinh(x), ops.cos(y)), ops.multiply(ops.cosh(x), ops.sin(y)))


def cosh(z: Any) -> Any:
    """It has no cut."""
    x, y = _parts(z)
    return make_complex(ops.multiply(ops.cosh(x), ops.cos(y)), ops.multiply(ops.sinh(x), ops.sin(y)))


def tan(z: Any) -> Any:
    """It has no cut."""
    return _through_i(ops.tanh, z)


def exp2(z: Any) -> Any:
    """It has no cut."""
    x, y = _parts(z)
    size, angle = ops.exp2(x), ops.multiply(y, math.log(2))
    return make_complex(ops.multiply(size, ops.cos(angle)), ops.multiply(size, ops.sin(angle)))


def inverse_leg(z: Any) -> Any:
    """One divided by the root of 1 - z**2: the derivative of arcsin, on the same side of its cuts."""
    (p, q), (r, s) = _roots(z)
    return ops.divide(1, make_complex(_difference(p, r, q, s), ops.add(ops.multiply(p, s), ops.multiply(q, r))))
