"""Elementary functions of one array."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import COMPLEXES, COMPUTABLE, FLOATS, NUMBERS, ORDERED, inexact, real_of, same
from ..op import Array, alias, composed, primitive
from ..spec import Spec
from . import plane
from .arithmetic import MACHINE
from .conversion import in_single
from .rules import elementwise, to_bool

TUNED = "every framework has a tuned kernel"


def _magnitude(x: Spec) -> Spec:
    return Spec(x.shape, real_of(x.dtype))


def _abs_rule(g: Any, out: Any, x: Any) -> Any:
    if ops.dtype(x) not in COMPLEXES:
        return ops.multiply(g, ops.sign(x))
    return ops.multiply(g, ops.divide(ops.conjugate(x), ops.where(ops.equal(out, 0), 1, out)))


@primitive(
    why=MACHINE,
    infer=_magnitude,
    accepts=NUMBERS,
    promote=same,
    vjp=(_abs_rule,),
    ulp=0,
)
def abs(x: Array) -> Array:
    """The distance of each element from zero. The gradient at 0 is 0.

    Args:
        x: Array or number.

    Returns:
        The absolute values.

    >>> abs([1.0, -2.0])
    array([1., 2.], dtype=float32)
    """


absolute = alias("absolute", abs)


@primitive(why=MACHINE, infer=elementwise, accepts=NUMBERS, promote=same, ulp=0)
def sign(x: Array) -> Array:
    """-1, 0 or 1 for each element, as it is negative, zero or positive; NaN for NaN. It has no gradient.

    Args:
        x: Array or number.

    Returns:
        The signs, in the dtype of the argument.

    >>> sign([3.0, -2.0, 0.0])
    array([ 1., -1.,  0.], dtype=float32)
    """


@primitive(
    why=TUNED,
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, out),),
    ulp=4,
)
def exp(x: Array) -> Array:
    """The exponential of each element.

    Args:
        x: Array or number.

    Returns:
        e to the power of the elements.

    >>> exp([0.0, 1.0])
    array([1.       , 2.7182817], dtype=float32)
    """


@primitive(
    why="accurate near zero, unlike exp(x) - 1",
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.add(out, 1)),),
    ulp=4,
)
def expm1(x: Array) -> Array:
    """The exponential of each element minus one, accurate near zero.

    Args:
        x: Array or number.

    Returns:
        exp(x) - 1.

    >>> expm1([0.0, 1e-8])
    array([0.e+00, 1.e-08], dtype=float32)
    """


@primitive(
    why=TUNED, infer=elementwise, accepts=COMPUTABLE, promote=inexact, vjp=(lambda g, out, x: ops.divide(g, x),), ulp=4
)
def log(x: Array) -> Array:
    """The natural logarithm of each element.

    Args:
        x: Array or number.

    Returns:
        The logarithms: -inf for 0, NaN for negative numbers.

    >>> log([1.0, 2.0])
    array([0.       , 0.6931472], dtype=float32)
    """


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(g, ops.add(x, 1)),),
    ulp=4,
)
def log1p(x: Array) -> Array:
    """The natural logarithm of one plus each element, accurate near zero.

    Args:
        x: Array or number.

    Returns:
        log(1 + x).

    >>> log1p([0.0, 1e-8])
    array([0.e+00, 1.e-08], dtype=float32)
    """
    if ops.dtype(x) in COMPLEXES:
        return plane.log1p(x)
    return in_single(_log1p, x)


def _log1p(x: Any) -> Any:
    """log(1 + x), times what x is to the part of it that the sum has kept."""
    above = ops.add(x, 1)
    kept = ops.subtract(above, 1)
    plain = ops.logical_or(ops.equal(kept, 0), ops.equal(above, float("inf")))
    scaled = ops.multiply(log(above), ops.divide(x, ops.where(plain, 1, kept)))
    return ops.where(plain, x, scaled)


@primitive(
    why=MACHINE,
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.divide(ops.multiply(g, 0.5), out),),
    ulp=1,
)
def sqrt(x: Array) -> Array:
    """The square root of each element. The gradient at 0 is infinite.

    Args:
        x: Array or number.

    Returns:
        The non-negative roots; NaN for negative numbers.

    >>> sqrt([4.0, 9.0])
    array([2., 3.], dtype=float32)
    """


@composed(
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(ops.multiply(g, -0.5), ops.divide(out, x)),),
    ulp=4,
)
def rsqrt(x: Array) -> Array:
    """One divided by the square root of each element.

    Args:
        x: Array or number.

    Returns:
        The reciprocal roots.

    >>> rsqrt([4.0, 0.25])
    array([0.5, 2. ], dtype=float32)
    """
    return ops.divide(1, sqrt(x))


@primitive(
    why=TUNED,
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.cos(x)),),
    ulp=4,
)
def sin(x: Array) -> Array:
    """The sine of each element.

    Args:
        x: Array or number, angles in radians.

    Returns:
        The sines.

    >>> sin([0.0, 1.5707964])
    array([0., 1.], dtype=float32)
    """


@primitive(
    why=TUNED,
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.negative(ops.multiply(g, ops.sin(x))),),
    ulp=4,
)
def cos(x: Array) -> Array:
    """The cosine of each element.

    Args:
        x: Array or number, angles in radians.

    Returns:
        The cosines.

    >>> cos([0.0, 3.1415927])
    array([ 1., -1.], dtype=float32)
    """


@primitive(
    why="a tuned kernel, accurate near zero and for large arguments",
    infer=elementwise,
    accepts=COMPUTABLE,
    promote=inexact,
    vjp=(lambda g, out, x: ops.multiply(g, ops.subtract(1, ops.square(out))),),
    ulp=6,  # XLA and Eigen approximate tanh in float32 by a rational function, good to about 5 units
)
def tanh(x: Array) -> Array:
    """The hyperbolic tangent of each element.

    Args:
        x: Array or number.

    Returns:
        Numbers between -1 and 1.

    >>> tanh([0.0, 100.0])
    array([0., 1.], dtype=float32)
    """


# W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969): numerators and
# denominators, highest power first, for |x| <= 0.46875, up to 4, and above 4 (in 1 / x**2).
_ERF_SMALL = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_ERFC_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)


_ERFC_FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e0,
        1.87295284992346725e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


def _polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """The polynomial's value, by Horner's scheme; the highest power comes first."""
    value: Any = coefficients[0]
    for coefficient in coefficients[1:]:
        value = ops.add(ops.multiply(value, x), coefficient)
    return value


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Any) -> Any:
    return ops.divide(_polynomial(coefficients[0], x), _polynomial(coefficients[1], x))


_NEAR, _FAR, _VANISHED = 0.46875, 4.0, 28.0  # where the approximations meet, and where erfc is 0 even in float64


def _erf_near(x: Any) -> Any:
    """erf for small x."""
    return ops.multiply(x, _ratio(_ERF_SMALL, ops.square(ops.clip(x, -_NEAR, _NEAR))))


def _erfc_positive(x: Any) -> Any:
    """erfc for x from the end of the small ones up."""
    x = ops.clip(x, _NEAR, _VANISHED)
    middle = _ratio(_ERFC_MIDDLE, ops.minimum(x, _FAR))
    large = ops.maximum(x, _FAR)
    inverse = ops.divide(1, ops.square(large))
    correction = ops.multiply(inverse, _ratio(_ERFC_FAR, inverse))
    far = ops.divide(ops.subtract(0.5641895835477563, correction), large)  # 1 / sqrt(pi)
    coarse = ops.divide(ops.floor(ops.multiply(x, 128)), 128)  # its square is exact, and so exp loses nothing
    rest = ops.multiply(ops.subtract(x, coarse), ops.add(x, coarse))
    decay = exp(ops.negative(ops.square(coarse)))
    decay = ops.add(decay, ops.multiply(decay, expm1(ops.negative(rest))))  # of two exp, XLA would make one of a sum
    return ops.multiply(ops.where(ops.less_equal(x, _FAR), middle, far), decay)


def _erf_rule(g: Any, out: Any, x: Any) -> Any:
    return ops.multiply(ops.multiply(g, 1.1283791670955126), ops.exp(ops.negative(ops.square(x))))  # 2 / sqrt(pi)


def _erf(x: Any) -> Any:
    far = ops.multiply(sign(x), ops.subtract(1, _erfc_positive(abs(x))))
    return ops.where(ops.less_equal(abs(x), _NEAR), _erf_near(x), far)


@composed(infer=elementwise, accepts=ORDERED, promote=inexact, vjp=(_erf_rule,), ulp=4)
def erf(x: Array) -> Array:
    """The error function of each element: the integral of the bell curve, scaled to run from -1 to 1.

    Args:
        x: Array or number.

    Returns:
        Numbers between -1 and 1.

    >>> erf([0.0, 1.0, 10.0])
    array([0.       , 0.8427008, 1.       ], dtype=float32)
    """
    return in_single(_erf, x)


def _erfc(x: Any) -> Any:
    tail = _erfc_positive(abs(x))
    far = ops.where(ops.less(x, 0), ops.subtract(2, tail), tail)
    return ops.where(ops.less_equal(abs(x), _NEAR), ops.subtract(1, _erf_near(x)), far)


# Some times slower on JAX and TensorFlow than their own, which are off by 30 units for large numbers.
@composed(
    infer=elementwise,
    accepts=ORDERED,
    promote=inexact,
    vjp=(lambda g, out, x: ops.negative(_erf_rule(g, out, x)),),
    ulp=6,
)
def erfc(x: Array) -> Array:
    """One minus the error function of each element, accurate where that is small.

    Args:
        x: Array or number.

    Returns:
        Numbers between 0 and 2.

    >>> erfc([0.0, 1.0, 10.0])
    array([1.0000000e+00, 1.5729921e-01, 2.0884877e-45], dtype=float32)
    """
    return in_single(_erfc, x)


# M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Statist. 37 (1988):
# numerators and denominators, highest power first, for the middle, the tails, and the far tails.
_QUANTILE_MIDDLE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
_QUANTILE_TAIL = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
_QUANTILE_FAR = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)


def _erfinv_rule(g: Any, out: Any, x: Any) -> Any:
    return ops.multiply(ops.multiply(g, 0.886226925452758), ops.exp(ops.square(out)))  # sqrt(pi) / 2


@composed(
    infer=elementwise,
    accepts=ORDERED,
    promote=inexact,
    vjp=(_erfinv_rule,),
    own_gradient=True,  # that of the body is 0 at -1 and 1, where the function is infinitely steep
    ulp=4,
)
def erfinv(x: Array) -> Array:
    """The inverse of the error function, for each element.

    Args:
        x: Array or number, between -1 and 1.

    Returns:
        The numbers whose `erf` the elements are: infinite for -1 and 1, NaN beyond.

    >>> erfinv([0.0, 0.8427008])
    array([0.       , 1.0000001], dtype=float32)
    """
    return in_single(_erfinv, x)


def _erfinv(x: Any) -> Any:
    magnitude = abs(x)
    middle_half = ops.multiply(ops.minimum(magnitude, 0.85), 0.5)
    middle = ops.multiply(
        x, ops.multiply(_ratio(_QUANTILE_MIDDLE, ops.subtract(0.180625, ops.square(middle_half))), 0.5)
    )
    tail = ops.multiply(ops.subtract(1, ops.maximum(magnitude, 0.85)), 0.5)  # the probability beyond the quantile
    root = sqrt(ops.negative(log(ops.where(ops.greater(tail, 0), tail, 1e-30))))
    near = _ratio(_QUANTILE_TAIL, ops.subtract(ops.minimum(root, 5.0), 1.6))
    far = _ratio(_QUANTILE_FAR, ops.subtract(ops.maximum(root, 5.0), 5.0))
    outer = ops.multiply(sign(x), ops.where(ops.less_equal(root, 5.0), near, far))
    quantile = ops.where(ops.less_equal(magnitude, 0.85), middle, outer)
    limit = ops.where(ops.equal(magnitude, 1), ops.multiply(sign(x), float("inf")), float("nan"))
    return ops.where(ops.less(magnitude, 1), ops.multiply(quantile, 0.7071067811865476), limit)


@primitive(why=MACHINE, infer=elementwise, accepts=ORDERED, promote=inexact, ulp=0)
def floor(x: Array) -> Array:
    """Round each element down. The result has no gradient.

    Args:
        x: Array or number.

    Returns:
        The largest whole numbers that are at most the elements, as floats.

    >>> floor([1.5, -1.5])
    array([ 1., -2.], dtype=float32)
    """


@primitive(why=MACHINE, infer=elementwise, accepts=ORDERED, promote=inexact, ulp=0)
def ceil(x: Array) -> Array:
    """Round each element up. The result has no gradient.

    Args:
        x: Array or number.

    Returns:
        The smallest whole numbers that are at least the elements, as floats.

    >>> ceil([1.5, -1.5])
    array([ 2., -1.], dtype=float32)
    """


@primitive(why=MACHINE, infer=elementwise, accepts=ORDERED, promote=same, ulp=0)
def rint(x: Array) -> Array:
    """Round each element to the nearest whole number, halves to the even one. The result has no gradient.

    Args:
        x: Array or number. Integers stay as they are.

    Returns:
        The rounded numbers.

    >>> rint([0.5, 1.5, 2.6])
    array([0., 2., 3.], dtype=float32)
    """


@composed(infer=elementwise, accepts=ORDERED, promote=same)
def round(x: Array, decimals: int = 0) -> Array:
    """Round each element to a number of decimals, halves to the even digit. The result has no gradient.

    Args:
        x: Array or number.
        decimals: How many decimals stay; negative numbers round to tens, hundreds and so on.

    Returns:
        The rounded numbers, in the dtype of the argument; the first or last integer for those past its range.

    >>> round([1.25, 2.675], decimals=1)
    array([1.2, 2.7], dtype=float32)
    """
    if decimals == 0 or (decimals > 0 and ops.dtype(x) not in FLOATS):
        return rint(x)
    factor = 10.0**decimals if decimals > 0 else 10.0**-decimals
    if decimals > 0:
        return ops.divide(rint(ops.multiply(x, factor)), factor)
    dtype = ops.dtype(x)
    if dtype in FLOATS:
        return ops.multiply(rint(ops.divide(x, factor)), factor)
    return ops.saturate_cast(ops.multiply(rint(ops.divide(ops.cast(x, "float64"), factor)), factor), dtype)


@primitive(why=MACHINE, infer=to_bool, promote=same, accepts=COMPUTABLE)
def isnan(x: Array) -> Array:
    """Whether each element is NaN.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> isnan([1.0, float("nan")])
    array([False,  True])
    """


@primitive(why=MACHINE, infer=to_bool, promote=same, accepts=COMPUTABLE)
def isinf(x: Array) -> Array:
    """Whether each element is infinite.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> isinf([1.0, float("-inf")])
    array([False,  True])
    """


@primitive(why=MACHINE, infer=to_bool, promote=same, accepts=COMPUTABLE)
def isfinite(x: Array) -> Array:
    """Whether each element is a finite number.

    Args:
        x: Array or number.

    Returns:
        A bool for each element.

    >>> isfinite([1.0, float("inf")])
    array([ True, False])
    """
