"""Gradients on every backend, against closed formulas in float64."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.errors import DTypeError, GradientError
from polykeras.interpreters import home_of
from polykeras.spec import Spec

X = np.array([0.3, -1.2, 2.0])
Y = np.array([1.5, 0.4, -0.7])

# What is computed here takes some ten operations on numbers below a hundred, each rounded to half a unit; elementary
# functions are good to two units or so.
EXACT = {"rtol": 0, "atol": 100 * 16 * 2.0**-52}


def close(got, want) -> bool:
    got = ops.convert_to_numpy(got)
    np.testing.assert_allclose(got, want, **EXACT)
    return got.shape == np.shape(want)


def cubes(x):
    return ops.sum(ops.power(x, 3))


def bilinear(x, y):
    return ops.sum(ops.multiply(ops.square(x), y))


# What comes back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argnums", "want"),
    [(0, 2 * X * Y), (1, X**2), (-1, X**2), ((0,), (2 * X * Y,)), ((1, 0), (X**2, 2 * X * Y))],
)
def test_argnums_choose_what_to_differentiate_with_respect_to(backend, argnums, want):
    value, gradient = ops.value_and_grad(bilinear, argnums)(X, Y)
    assert close(value, np.sum(X**2 * Y))
    assert isinstance(gradient, tuple) == isinstance(want, tuple)
    pairs = zip(gradient, want, strict=True) if isinstance(want, tuple) else [(gradient, want)]
    for got, formula in pairs:
        assert isinstance(got, backend.array_types)
        assert close(got, formula)


def test_gradients_have_the_structure_of_the_argument(backend):
    def loss(parameters, scale):
        (first, second), third = parameters["pair"], parameters["single"][0]
        return ops.multiply(ops.sum(ops.multiply(ops.multiply(first, second), third)), scale)

    gradient = ops.grad(loss)({"pair": (X, Y), "single": [X]}, scale=2.0)
    assert set(gradient) == {"pair", "single"}
    assert close(gradient["pair"][0], 2 * X * Y)
    assert close(gradient["pair"][1], 2 * X * X)
    assert close(gradient["single"][0], 2 * X * Y)


def test_auxiliary_results_are_passed_on(backend):
    def function(x):
        return cubes(x), {"doubled": ops.multiply(x, 2), "name": "cubes", "nothing": None}

    (value, aux), gradient = ops.value_and_grad(function, has_aux=True)(X)
    assert close(value, np.sum(X**3))
    assert close(gradient, 3 * X**2)
    assert close(aux["doubled"], 2 * X)
    assert (aux["name"], aux["nothing"]) == ("cubes", None)
    gradient, aux = ops.grad(function, has_aux=True)(X)
    assert close(gradient, 3 * X**2)
    assert close(ops.add(aux["doubled"], 1), 2 * X + 1)  # a plain array, with which one goes on


def test_what_does_not_depend_on_an_argument_has_gradient_zero(backend):
    gradients = ops.grad(lambda x, y: ops.sum(ops.square(x)), (0, 1))(X, Y)
    assert close(gradients[1], np.zeros(3))
    assert close(ops.grad(lambda x: 3.0)(X), np.zeros(3))
    assert close(ops.grad(lambda x: ops.sum(ops.floor(x)))(X), np.zeros(3))


def test_the_gradient_of_a_mean_in_halves_does_not_overflow_with_the_count(backend):
    gradient = ops.grad(ops.mean)(ops.ones((100_000,), "float16"))
    assert set(polykeras.convert(gradient, "numpy").tolist()) == {float(np.float16(1e-5))}


def test_comparisons_and_positions_are_constants_on_the_way(backend):
    def function(x):
        largest = ops.take(x, ops.argmax(x))
        return ops.add(ops.sum(ops.where(ops.greater(x, 0), ops.square(x), x)), ops.multiply(largest, 10.0))

    assert close(ops.grad(function)(X), np.where(X > 0, 2 * X, 1) + np.array([0, 0, 10]))


# Other derivatives -----------------------------------------------------------------------------------------


def outer(x, y):
    return ops.multiply(ops.expand_dims(x, 1), ops.sin(y))


def test_vjp_pulls_cotangents_back(backend):
    weights = np.arange(9.0).reshape(3, 3)
    result, pull = ops.vjp(outer, X, Y)
    assert close(result, X[:, None] * np.sin(Y))
    for _ in range(2):  # the function may be called again
        to_x, to_y = pull(weights)
        assert close(to_x, (weights * np.sin(Y)).sum(1))
        assert close(to_y, (weights * X[:, None] * np.cos(Y)).sum(0))


def test_vjp_of_several_results(backend):
    results, pull = ops.vjp(lambda x: {"square": ops.square(x), "sum": ops.sum(x)}, X)
    assert close(results["sum"], X.sum())
    (gradient,) = pull({"square": Y, "sum": np.array(2.0)})
    assert close(gradient, 2 * X * Y + 2)


def test_tangents_go_through_a_batch_that_is_normalized_in_a_loop(backend):
    def loop(x):
        def step(i, y):
            return i + 1, ops.add(y, ops.normalize_batch(y)[0])

        return ops.while_loop(lambda i, y: ops.less(i, 2), step, (0, x))[1]

    batch = np.square(np.arange(6.0)).reshape(3, 2)
    x, moved = ops.array(batch), ops.array(np.cos(batch))
    found = polykeras.compile(lambda x, moved: ops.jvp(loop, (x,), (moved,))[1])(x, moved)
    with polykeras.using("numpy"):
        wanted = ops.jvp(loop, (batch,), (np.cos(batch),))[1]
    np.testing.assert_allclose(ops.convert_to_numpy(found), wanted, rtol=1e-9)  # few additions in another order


def test_jvp_pushes_tangents_forward(backend):
    result, moved = ops.jvp(outer, (X, Y), (Y, X))
    assert close(result, X[:, None] * np.sin(Y))
    assert close(moved, Y[:, None] * np.sin(Y) + X[:, None] * np.cos(Y) * X)
    result, moved, aux = ops.jvp(lambda x: (ops.square(x), "aux"), (X,), (Y,), has_aux=True)
    assert close(moved, 2 * X * Y)
    assert aux == "aux"


def test_results_can_be_read_by_numpy(backend):
    x = ops.array(X)
    found = [
        *ops.jvp(cubes, (x,), (x,)),
        ops.jvp(ops.grad(cubes), (x,), (x,))[1],
        ops.vjp(cubes, x)[1](np.float64(1))[0],
        ops.grad(cubes)(x),
        ops.jacobian(cubes)(x),
        ops.hessian(cubes)(x),
    ]
    assert all(np.isfinite(np.asarray(y)).all() for y in found)  # PyTorch refuses where gradients may still be wanted


def test_jacobian(backend):
    assert close(ops.jacobian(ops.sin)(X), np.diag(np.cos(X)))
    both = ops.jacobian(outer, (0, 1))(X, Y)
    identity = np.eye(3)
    assert close(both[0], np.einsum("ik,j->ijk", identity, np.sin(Y)))
    assert close(both[1], np.einsum("i,jk,j->ijk", X, identity, np.cos(Y)))
    assert close(ops.jacobian(cubes)(X), 3 * X**2)
    assert close(ops.jacobian(lambda x: x[:0])(X), np.zeros((0, 3)))


def test_hessian(backend):
    assert close(ops.hessian(lambda x: ops.add(cubes(x), ops.multiply(x[0], x[1])))(X), np.diag(6 * X) + SWAP)
    assert close(ops.hessian(lambda x: ops.sum(ops.exp(x)))(X), np.diag(np.exp(X)))


SWAP = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_gradient_of_gradient_of_gradient(backend):
    third = ops.grad(ops.grad(ops.grad(lambda x: ops.multiply(ops.sin(x), ops.power(x, 4)))))
    x = 0.7
    want = -np.cos(x) * x**4 - 12 * np.sin(x) * x**3 + 36 * np.cos(x) * x**2 + 24 * np.sin(x) * x
    assert close(third(np.array(x)), want)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.dot_product_attention(x, ops.tanh(x), ops.exp(x)),
        lambda x: ops.dot_product_attention(x, x, x),
        lambda x: ops.cdist(x[0], ops.exp(x[0])),
        lambda x: ops.power(ops.exp(x), ops.tanh(x)),
        lambda x: ops.layer_normalization(x, ops.exp(x[0, 0, 0]), x[0, 0, 0]),
    ],
    ids=["attention", "attention to itself", "cdist", "power", "layer_normalization"],
)
def test_gradient_of_gradient_where_one_argument_comes_of_another(backend, function):
    def steepness(x):
        return ops.sum(ops.square(ops.grad(lambda y: ops.sum(ops.sin(function(y))))(x)))

    x = np.random.default_rng(0).normal(size=(1, 4, 2, 3))
    way, small = np.random.default_rng(1).normal(size=x.shape), 1e-5
    found = np.sum(ops.convert_to_numpy(ops.grad(steepness)(ops.array(x))) * way)
    with polykeras.using("numpy"):
        wanted = (steepness(x + small * way) - steepness(x - small * way)) / (2 * small)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)  # what finite differences leave of 16 digits


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_hessian_of_a_product_with_zeros(backend, zeros):
    x = np.array([2.0, 3.0, 5.0])
    x[:zeros] = 0
    found = ops.hessian(ops.prod)(x)
    assert close(found, [[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])


def test_second_derivative_of_softplus_where_it_is_straight(backend):
    assert close(ops.hessian(lambda x: ops.sum(ops.softplus(x)))(np.array([-800.0, 800.0])), np.zeros((2, 2)))


def test_forward_over_reverse_is_the_hessian_times_a_vector(backend):
    _, product = ops.jvp(ops.grad(cubes), (X,), (Y,))
    assert close(product, 6 * X * Y)


# Functions with gradients of their own ---------------------------------------------------------------------


@pytest.mark.parametrize("function", [ops.leaky_relu, ops.elu, ops.celu])
def test_slopes_of_activations_have_gradients(backend, function):
    at = ops.array([-1.0, -2.0, 3.0])
    found = ops.grad(lambda slope: ops.sum(function(at, slope)))(ops.array(0.5))
    near = [ops.convert_to_numpy(ops.sum(function(at, slope))) for slope in (0.5 - 1e-2, 0.5 + 1e-2)]
    assert float(found) == pytest.approx((near[1] - near[0]) / 2e-2, rel=1e-3)  # of a difference in float32


@pytest.mark.parametrize("dtype", [None, "float64"])
def test_bits_have_no_gradient(backend, dtype):
    assert close(ops.grad(lambda x: ops.sum(ops.view(x, dtype)))(X), np.zeros(3))


def test_stop_gradient(backend):
    assert close(ops.grad(lambda x: ops.sum(ops.multiply(ops.stop_gradient(ops.square(x)), x)))(X), X**2)
    assert close(ops.hessian(lambda x: ops.sum(ops.multiply(ops.stop_gradient(x), ops.square(x))))(X), np.diag(2 * X))


@ops.custom_gradient
def softened(x, y):
    """A product that says of its gradients what is not true of a product."""
    return ops.multiply(x, y), lambda g: (ops.multiply(g, ops.power(x, 3)), ops.multiply(g, -1.0))


@ops.custom_gradient
def doubled_exp(x):
    """Its gradient uses what was computed on the way, through which the gradient of the gradient has to flow."""
    y = ops.exp(x)
    return y, lambda g: ops.multiply(ops.multiply(g, y), 2.0)


@ops.custom_gradient
def parts(x):
    return (ops.sin(x), ops.cos(x)), lambda g, h: ops.add(ops.multiply(g, 10.0), h)


@pytest.mark.parametrize("transform", [lambda f: f, polykeras.compile], ids=["eager", "compiled"])
def test_custom_gradient_first_and_second_order(backend, transform):
    def function(x, y):
        return ops.sum(softened(x, y))

    assert close(softened(X, Y), X * Y)
    to_x, to_y = transform(ops.grad(function, (0, 1)))(X, Y)
    assert close(to_x, X**3)
    assert close(to_y, -np.ones(3))
    assert close(transform(ops.grad(lambda x: ops.sum(ops.grad(function)(x, Y))))(X), 3 * X**2)


@pytest.mark.parametrize("transform", [lambda f: f, polykeras.compile], ids=["eager", "compiled"])
def test_custom_gradient_from_intermediate_results(backend, transform):
    def function(x):
        return ops.sum(doubled_exp(x))

    assert close(transform(ops.grad(function))(X), 2 * np.exp(X))
    assert close(transform(ops.grad(lambda x: ops.sum(ops.grad(function)(x))))(X), 2 * np.exp(X))


def test_custom_gradient_of_several_results(backend):
    assert close(ops.grad(lambda x: ops.sum(ops.add(ops.multiply(parts(x)[0], X), parts(x)[1])))(X), 10 * X + 1)
    assert close(ops.grad(lambda x: ops.sum(parts(x)[0]))(X), np.full(3, 10.0))


@pytest.mark.parametrize("transform", [lambda f: f, polykeras.compile], ids=["eager", "compiled"])
def test_remat_changes_nothing_but_the_memory(backend, transform):
    block = polykeras.remat(lambda x, y: ops.multiply(ops.sin(x), ops.exp(y)))

    def function(x, y):
        return ops.sum(block(block(x, y), y))

    def plain(x, y):
        return ops.sum(ops.multiply(ops.sin(ops.multiply(ops.sin(x), ops.exp(y))), ops.exp(y)))

    assert close(function(X, Y), ops.convert_to_numpy(plain(X, Y)))
    for argnum in (0, 1):
        want = ops.convert_to_numpy(ops.grad(plain, argnum)(X, Y))
        assert close(transform(ops.grad(function, argnum))(X, Y), want)
    inside = np.exp(Y) * np.sin(X)
    once, twice = np.exp(Y) * np.cos(X), -inside
    want = np.exp(Y) * (np.cos(inside) * twice - np.sin(inside) * once**2)
    assert close(transform(ops.grad(lambda x: ops.sum(ops.grad(function)(x, Y))))(X), want)


# Control flow ----------------------------------------------------------------------------------------------

FLOWS = {
    "cond": (
        lambda x: ops.cond(ops.greater(x[0], 0), lambda: ops.sum(ops.square(x)), lambda: ops.sum(x)),
        lambda x: 2 * x,
    ),
    "switch": (lambda x: ops.switch(1, [ops.sum, lambda x: ops.sum(ops.exp(x))], x), np.exp),
    "fori_loop": (
        lambda x: ops.sum(ops.fori_loop(0, 3, lambda i, y: ops.multiply(y, x), x)),
        lambda x: 4 * x**3,
    ),
    "scan": (
        lambda x: ops.add(
            *(ops.sum(part) for part in ops.scan(lambda h, e: (h * e, h + e), ops.array(2.0, "float64"), x))
        ),
        lambda x: np.array([1 + 2 * (1 + x[1] + x[1] * x[2]), 1 + 2 * x[0] * (1 + x[2]), 1 + 2 * x[0] * x[1]]),
    ),
    "map": (lambda x: ops.sum(ops.map(lambda e: ops.multiply(e, ops.sin(e)), x)), lambda x: np.sin(x) + x * np.cos(x)),
    "elementwise": (
        lambda x: ops.sum(ops.elementwise(lambda x: ops.multiply(x, ops.exp(x)), x)),
        lambda x: (1 + x) * np.exp(x),
    ),
}


@pytest.mark.parametrize("transform", [lambda f: f, polykeras.compile], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", FLOWS)
def test_gradients_through_control_flow(backend, name, transform):
    function, formula = FLOWS[name]
    assert close(transform(ops.grad(function))(X), formula(X))


def test_gradients_through_a_while_loop(backend):
    def function(x):
        return ops.sum(ops.while_loop(lambda y: ops.less(ops.max(y), 100.0), lambda y: ops.multiply(y, x), x))

    powers = int(np.ceil(np.log2(100)))  # the largest of X is 2
    assert close(function(X), np.sum(X**powers))
    assert close(ops.grad(function)(X), powers * X ** (powers - 1))
    compiled = polykeras.compile(ops.grad(function))
    if "while_loop" in backend.gaps:
        with pytest.raises(ValueError, match="while_loop"):
            compiled(X)
    else:
        assert close(compiled(X), powers * X ** (powers - 1))


# Mistakes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ops.grad(cubes)(np.array([1, 2])), "with respect to floats only; got int64. Cast the argument"),
        (lambda: ops.grad(lambda x, y: ops.sum(x), 1)(X, np.array(True)), "with respect to floats only; got bool"),
        (lambda: ops.grad(lambda x: ops.sum(x["a"]))({"a": X, "b": "text"}), "floats only; got str"),
        (lambda: ops.grad(ops.square)(X), r"to return one number, a float; got float64\(3,\)"),
        (lambda: ops.grad(lambda x: ops.argmax(x))(X), r"to return one number, a float; got int32\(\)"),
        (lambda: ops.grad(cubes, 1)(X), "argnums=1 names an argument that is not there; there are 1"),
        (lambda: ops.grad(cubes)(Spec((3,))), "gradients need values"),
        (
            lambda: ops.grad(lambda x: ops.sum(x["a"]))({"a": X, "b": None}),
            "got None. Cast the argument, or leave",
        ),
        (lambda: ops.grad(cubes, has_aux=True)(X), "to return a pair, .*; got one array. Return both"),
        (lambda: ops.jvp(cubes, (X,), (np.array([1, 2]),)), r"got int64\(2,\) for .* Make them with ops.ones_like"),
        (lambda: ops.vjp(ops.square, X)[1](np.ones(2)), "expected cotangents like the results"),
        (lambda: ops.vjp(ops.square, X)[1](np.ones(3, "float32")), "expected cotangents like the results"),
        (lambda: ops.jvp(ops.square, (X,), (np.ones(2),)), "expected tangents with the structure"),
        (lambda: ops.jvp(ops.square, (X,), (X, Y)), "expected tangents with the structure"),
    ],
)
def test_gradients_that_do_not_exist_are_errors(backend, call, words):
    with pytest.raises(GradientError, match=words):
        call()


def test_results_that_are_no_numbers_are_errors(backend):
    with pytest.raises((GradientError, DTypeError), match="str"):
        ops.grad(lambda x: "three")(X)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (lambda x: (ops.sum(x), x), r"one number; got a tuple. With has_aux=True it may return a pair"),
        (lambda x: [ops.sum(x), ops.sum(x)], r"one number; got a list. With has_aux=True"),
        (lambda x: {"loss": ops.sum(x)}, r"one number; got a dict. With has_aux=True"),
        (lambda x: None, r"one number; got None. Is a return missing\?"),
        (lambda x: "loss", r"one number; got a str."),
    ],
)
def test_a_function_to_differentiate_returns_one_number(backend, result, words):
    for differentiate in (ops.value_and_grad, ops.grad):
        with pytest.raises(GradientError, match=f"^{differentiate.__name__}: expected the function to return {words}"):
            differentiate(result)(ops.array([1.0, 2.0]))


LOST = "a value that is being differentiated was made a number, or handed to NumPy or to another framework, where its"


def elsewhere(x):
    own = home_of(x).name
    return polykeras.convert(x, next(name for name in polykeras.available() if name != own))


@pytest.mark.parametrize(
    "leave",
    [
        lambda x: ops.array(ops.convert_to_numpy(ops.square(x))),
        lambda x: ops.array(polykeras.Variable(0.0).assign(ops.sum(x)).numpy()),
        lambda x: elsewhere(ops.square(x)) if len(polykeras.available()) > 1 else ops.convert_to_numpy(x),
    ],
)
@pytest.mark.parametrize(
    "differentiate",
    [
        lambda f, x: ops.grad(f)(x),
        lambda f, x: ops.vjp(f, x),
        lambda f, x: ops.jvp(f, (x,), (x,)),
        lambda f, x: ops.hessian(f)(x),
    ],
)
def test_gradients_are_not_lost_in_numpy(backend, leave, differentiate):
    x = ops.array([1.0, 2.0])
    with pytest.raises(GradientError, match=LOST):
        differentiate(lambda x: ops.sum(leave(x)), x)


def test_what_does_not_depend_on_the_argument_may_leave(backend):
    x, constant = ops.array([1.0, 2.0]), ops.array([3.0, 4.0])

    def function(x):
        stopped = ops.convert_to_numpy(ops.stop_gradient(ops.square(x)))
        largest = int(ops.convert_to_numpy(ops.argmax(x)))
        return ops.sum(ops.multiply(x, ops.convert_to_numpy(constant) + stopped)) + largest

    assert ops.convert_to_numpy(ops.grad(function)(x)).tolist() == [4.0, 8.0]


def test_a_function_with_its_own_gradient_may_leave(backend):
    @ops.custom_gradient
    def cubed(x):
        values = ops.convert_to_numpy(x)
        return ops.array(values**3), lambda g: ops.multiply(g, ops.array(3 * values**2))

    assert ops.convert_to_numpy(ops.grad(lambda x: ops.sum(cubed(x)))(ops.array([1.0, 2.0]))).tolist() == [3.0, 12.0]


def test_a_rule_for_all_gradients_takes_arrays_of_several_dtypes(backend):
    generator = np.random.default_rng(0)
    arrays = [generator.normal(size=shape).astype("float32") for shape in ((3, 2, 8), (2, 2), (2, 2), (2, 8))]
    wide = [x.astype("float64") for x in arrays]

    def total(*args):
        return ops.sum(ops.lstm_steps(*args)[0])

    wanted = ops.grad(total, (0, 1, 2, 3))(*wide)
    for place in range(4):
        given = [*arrays[:place], wide[place], *arrays[place + 1 :]]
        for found, x, exact in zip(ops.grad(total, (0, 1, 2, 3))(*given), given, wanted, strict=True):
            assert ops.dtype(found) == str(x.dtype)
            found, exact = ops.convert_to_numpy(found), ops.convert_to_numpy(exact)
            np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-6)  # rounded to float32 in the end
