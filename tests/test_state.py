"""Variables, binding, and compiled functions over variables."""

from __future__ import annotations

import contextlib
import threading

import numpy as np
import pytest

import polykeras
from polykeras import Variable, bind, name_scope, ops, pure
from polykeras.backend import available, load, using
from polykeras.errors import ArgumentError, ConfigError, MixedBackendsError, ShapeError, StateError
from polykeras.state import autocast, reset_names


def listed(x) -> list:
    return ops.convert_to_numpy(x).tolist()


# Variables -------------------------------------------------------------------------------------------------


def test_a_variable_takes_what_it_is_given(backend):
    v = Variable(np.arange(6).reshape(2, 3), dtype="float16", name="table", trainable=False)
    assert (v.shape, v.dtype, v.ndim, v.size, len(v)) == ((2, 3), "float16", 2, 6, 2)
    assert (v.name, v.path, v.trainable) == ("table", "table", False)
    assert isinstance(v.value, backend.array_types)
    assert v.numpy().tolist() == [[0, 1, 2], [3, 4, 5]]
    assert Variable(1.0).dtype == "float32"
    assert Variable([1, 2]).dtype == "int32"
    assert Variable(np.zeros(2)).dtype == "float64"
    assert repr(v) == f"<Variable table, float16(2, 3), on {backend.name}>"


def test_a_function_makes_the_same_first_value_on_every_backend(backend):
    def initializer(shape, dtype):
        return polykeras.random.normal(shape, dtype=dtype, seed=3)

    v = Variable(initializer, shape=(4, 5))
    with using("numpy"):
        want = initializer((4, 5), "float32")
    assert v.dtype == "float32"
    assert v.numpy().tobytes() == want.tobytes()


def test_a_variable_has_its_values_to_itself(backend):
    """Whatever happens to the array that it was made of, or to what `numpy` gives."""
    source = np.ones(3, "float32")
    native = backend.copy(ops.array(source))
    made = [Variable(source), Variable(native), Variable([0.0, 0.0, 0.0]).assign(native)]
    source[0] = 7.0
    with contextlib.suppress(TypeError):  # where arrays cannot be changed, they need not be copied
        native[0] = 7.0
    for v in made:
        v.numpy()[1] = 7.0
        assert v.numpy().tolist() == [1.0, 1.0, 1.0]
    other = Variable(made[0])
    made[0].assign_add([1.0, 1.0, 1.0])
    assert other.numpy().tolist() == [1.0, 1.0, 1.0]


def test_assigning(backend):
    v = Variable([1.0, 2.0])
    assert v.assign([3, 4]) is v
    assert (v.numpy().tolist(), v.dtype) == ([3.0, 4.0], "float32")
    v.assign_add([1.0, 1.0]).assign_sub(ops.array([0.5, 0.5]))
    assert v.numpy().tolist() == [3.5, 4.5]
    v.assign(np.array([1 / 3, 2.0], "float64"))
    assert v.numpy().dtype == np.float32
    with pytest.raises(ShapeError, match=r"expected a value of shape \(2,\) for variable .*; got \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="Leave out the shape"):
        Variable([1.0, 2.0], shape=(3,))
    with pytest.raises(ShapeError, match="needs a shape"):
        Variable(lambda shape, dtype: np.zeros(shape, dtype))


@pytest.mark.parametrize(
    ("compute", "want"),
    [
        (lambda v: v + 1, [3.0, 5.0]),
        (lambda v: 1 - v, [-1.0, -3.0]),
        (lambda v: v * v, [4.0, 16.0]),
        (lambda v: 8 / v, [4.0, 2.0]),
        (lambda v: v // 3, [0.0, 1.0]),
        (lambda v: v % 3, [2.0, 1.0]),
        (lambda v: v**2, [4.0, 16.0]),
        (lambda v: np.array([[1.0, 2.0]], "float32") @ v, [10.0]),
        (lambda v: -v, [-2.0, -4.0]),
        (lambda v: abs(-v), [2.0, 4.0]),
        (lambda v: v > 3, [False, True]),
        (lambda v: v[1], 4.0),
        (lambda v: ops.exp(v - v), [1.0, 1.0]),
        (lambda v: ops.concatenate([v, v]), [2.0, 4.0, 2.0, 4.0]),
        (lambda v: np.asarray(v), [2.0, 4.0]),
        (lambda v: np.float32(2) + v, [4.0, 6.0]),
    ],
)
def test_a_variable_computes_like_its_array(backend, compute, want):
    assert listed(compute(Variable([2.0, 4.0]))) == want


def test_variables_are_compared_by_value_and_kept_apart_by_identity(backend):
    one, other = Variable([1.0, 2.0]), Variable([1.0, 3.0])
    assert listed(one == other) == [True, False]
    assert listed(one != other) == [False, True]
    assert listed(np.array([1.0, 0.0]) == one) == [True, False]
    assert len({one, other, one}) == 2
    assert {one: 1, other: 2}[other] == 2
    assert [one == x for x in (None, "word", object())] == [False] * 3
    number = Variable(1.0)
    assert (bool(number), int(number), float(number)) == (True, 1, 1.0)


@pytest.mark.parametrize(
    ("compute", "want"),
    [
        (np.sum, 6.0),
        (np.exp, np.exp(np.array([2.0, 4.0], "float32")).tolist()),
        (lambda v: np.concatenate([v, v]), [2.0, 4.0, 2.0, 4.0]),
        (lambda v: np.dot(v, v), 20.0),
    ],
)
def test_numpy_s_functions_take_variables(backend, compute, want):
    result = compute(Variable([2.0, 4.0]))
    assert isinstance(result, (np.ndarray, np.generic))
    assert result.tolist() == want


@pytest.mark.parametrize("compute", [lambda a, v: a * v, lambda a, v: a < v, lambda a, v: np.float32(2) - v])
def test_numpy_s_operators_leave_variables_to_ours(backend, compute):
    assert isinstance(compute(np.ones(2, "float32"), Variable([2.0, 4.0])), backend.array_types)


def test_names_and_paths():
    reset_names()
    assert [Variable(0.0).name for _ in range(3)] == ["variable", "variable_1", "variable_2"]
    with name_scope("encoder"), name_scope("dense"):
        assert Variable(0.0, name="kernel").path == "encoder/dense/kernel"
    assert Variable(0.0, name="kernel").path == "kernel"
    with pytest.raises(StateError, match="cannot contain '/'"):
        Variable(0.0, name="dense/kernel")


OTHERS = [(one, other) for one in available() for other in available() if one != other]
if OTHERS:  # with NumPy alone there is nowhere else to be at home

    @pytest.mark.parametrize(("home", "elsewhere"), OTHERS)
    def test_a_variable_stays_on_its_backend(home, elsewhere):
        with using(home):
            v = Variable([1.0, 2.0])
        with using(elsewhere):
            v.assign_add([1.0, 1.0])
            v.assign(ops.add(ops.array([1.0, 2.0]), 1.0))
        assert isinstance(v.value, load(home).array_types)
        assert v.numpy().tolist() == [2.0, 3.0]
        if "numpy" not in (home, elsewhere):
            with using(elsewhere), pytest.raises(MixedBackendsError, match=f"arrays of .*{home}"):
                ops.add(v, ops.array([1.0, 2.0]))


# Binding ---------------------------------------------------------------------------------------------------


def test_bound_values_come_and_go(backend):
    v, w = Variable(1.0), Variable(10.0)
    with bind([v], [ops.array(5.0)]) as binding:
        v.assign_add(1.0)
        w.assign_add(v.value)
        assert (float(v), float(w)) == (6.0, 16.0)
        with bind([v], [ops.array(0.0)]):
            assert float(v) == 0.0
        assert float(v) == 6.0
        assert [float(x) for x in binding.collect()] == [6.0]
        assert [variable for variable, _ in binding.written()] == [v, w]
    assert (float(v), float(w)) == (1.0, 10.0)


def test_bindings_of_threads_do_not_disturb_each_other(backend):
    v, results = Variable(0.0), {}

    def work(number):
        with using(backend), bind([v], [ops.array(float(number))]):
            for _ in range(100):
                v.assign_add(1.0)
            results[number] = float(v)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: number + 100.0 for number in range(4)}
    assert float(v) == 0.0


def test_pure_functions_leave_variables_as_they_are(backend):
    v, other = Variable([1.0, 2.0]), Variable(3.0)
    step = pure(lambda x, scale: ops.sum(v.assign_add(x * scale)), [v])
    result, (state,) = step([ops.array([0.0, 0.0])], ops.array([1.0, 2.0]), scale=2.0)
    assert float(result) == 6.0
    assert listed(state) == [2.0, 4.0]
    assert v.numpy().tolist() == [1.0, 2.0]
    for function in (lambda: other.value, lambda: other.assign(1.0)):
        with pytest.raises(StateError, match=r"does not have it among its variables.*Add it to the variables"):
            pure(function, [v])([v.value])


def test_gradients_with_respect_to_variables(backend):
    v, count = Variable([1.0, 2.0, 3.0]), Variable(0, trainable=False)

    def loss(weights, x):
        count.assign_add(1)
        return ops.sum(ops.multiply(ops.square(v), x)) + ops.sum(weights[0])

    gradients = ops.grad(loss)([v], np.array([1.0, 10.0, 100.0], "float32"))
    assert listed(gradients[0]) == [3.0, 41.0, 601.0]
    assert v.numpy().tolist() == [1.0, 2.0, 3.0]
    assert int(count) == 1


# Compiled functions ----------------------------------------------------------------------------------------


def counting(function):
    """The function, and the list to which each run of its Python code adds an entry."""
    runs = []

    def counted(*args, **kwargs):
        runs.append(1)
        return function(*args, **kwargs)

    return counted, runs


def training_step():
    kernel, velocity = Variable(np.ones((3, 2), "float32")), Variable(np.zeros((3, 2), "float32"), trainable=False)

    def step(x, y):
        value, (gradient,) = ops.value_and_grad(lambda w: ops.mean(ops.square(ops.subtract(ops.matmul(x, w[0]), y))))(
            [kernel]
        )
        velocity.assign(velocity * 0.9 + gradient)
        kernel.assign_sub(velocity * 0.1)
        return {"loss": value, "name": "mse"}

    return step, [kernel, velocity]


@pytest.mark.parametrize("donate", [False, True])
def test_a_compiled_step_trains_and_runs_its_python_code_once(backend, donate):
    x, y = np.eye(4, 3, dtype="float32"), np.zeros((4, 2), "float32")
    step, variables = training_step()
    losses = [float(step(x, y)["loss"]) for _ in range(3)]
    again, compiled_variables = training_step()
    counted, runs = counting(again)
    compiled = polykeras.compile(counted, variables=compiled_variables, donate_variables=donate)
    logs = [compiled(x, y) for _ in range(3)]
    # three steps, each a few roundings of numbers below one, which a compiler may put together otherwise
    assert [float(log["loss"]) for log in logs] == pytest.approx(losses, abs=16 * 2**-24)
    assert logs[0]["name"] == "mse"
    for one, other in zip(variables, compiled_variables, strict=True):
        np.testing.assert_allclose(other.numpy(), one.numpy(), rtol=0, atol=16 * 2**-24)
        assert isinstance(other.value, backend.array_types)
    assert len(runs) == (1 if backend.traces or backend.records else 3)


def test_a_compiled_function_is_traced_again_for_other_shapes_and_settings(backend):
    counted, runs = counting(lambda x, power: ops.power(x, power))
    compiled = polykeras.compile(counted)
    for x, power in [([1.0], 2), ([2.0], 2), ([1.0, 2.0], 2), ([3.0], 3), ([4.0], 2)]:
        assert listed(compiled(ops.array(x), power)) == [e**power for e in x]
    assert len(runs) == (3 if backend.traces or backend.records else 5)


def test_what_is_assigned_outside_counts_in_the_next_call(backend):
    v = Variable(1.0)
    compiled = polykeras.compile(lambda: v.assign_add(1.0).value, variables=[v])
    assert float(compiled()) == 2.0
    v.assign(10.0)
    assert float(compiled()) == float(v) == 11.0
    with bind([v], [ops.array(100.0)]):
        assert float(compiled()) == float(v) == 101.0
    assert float(v) == 11.0


def test_a_compiled_function_uses_no_variables_but_its_own(backend):
    v, stale = Variable(1.0), Variable(2.0, name="stale")
    for function in (lambda: v + stale, lambda: stale.assign(v)):
        with pytest.raises(StateError, match=r"variable stale is .* in a function that does not have it"):
            polykeras.compile(function, variables=[v])()
    assert float(stale) == 2.0


def test_a_compiled_function_that_fails_leaves_variables_as_they_were(backend):
    v = Variable([1.0, 2.0])

    def fails():
        v.assign_add([1.0, 1.0])
        return ops.matmul(v, ops.ones((3,)))

    with pytest.raises(ShapeError, match="matmul"):
        polykeras.compile(fails, variables=[v])()
    assert v.numpy().tolist() == [1.0, 2.0]


def test_donated_arguments_give_the_same_results(backend):
    step = polykeras.compile(lambda state, x: [ops.add(s, x) for s in state], donate=(0,))
    state = [ops.add(ops.zeros((1000,)), number) for number in range(3)]
    for _ in range(4):
        state = step(state, ops.array(1.0))
    assert [float(s[-1]) for s in state] == [4.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: polykeras.compile(ops.exp, jit_compile="fast"), "jit_compile to be True, False or 'auto'; got 'fast'"),
        (
            lambda: polykeras.compile(ops.exp, variables=Variable(1.0)),
            r"a list of them; got <Variable .*variables=\[v\]",
        ),
        (lambda: polykeras.compile(ops.exp, variables=[1.0]), r"a list of them; got \['float'\]"),
        (lambda: bind(Variable([1.0]), [1.0]).__enter__(), "bind: expected a list of variables; got <Variable"),
        (lambda: pure(ops.exp, Variable([1.0]))([1.0], 2.0), "bind: expected a list of variables; got <Variable"),
        (lambda: polykeras.compile(lambda x, y: x)(np.ones(2), {1, 2}), "arrays or hashable values"),
    ],
)
def test_wrong_arguments_of_compile_are_errors(backend, call, words):
    with pytest.raises((StateError, ConfigError), match=words):
        call()


def test_autocast_shows_floats_in_another_dtype_and_stores_them_in_their_own(backend):
    weight, count = Variable([1.0, 1e-4]), Variable(3)
    exact = Variable([1.0], autocast=False)
    with autocast("float16"):
        assert (weight.dtype, count.dtype, exact.dtype) == ("float16", "int32", "float32")
        assert ops.dtype(ops.add(weight, weight)) == "float16"
        weight.assign_add([0.0, 1e-6])
        with autocast(None):
            assert ops.dtype(ops.add(weight, weight)) == "float32"
    assert weight.dtype == "float32"
    np.testing.assert_array_equal(weight.numpy(), np.float32([1.0, 1e-4]) + np.float32([0.0, 1e-6]))


def test_autocast_passes_gradients_and_assignments_through(backend):
    weight, seen = Variable([2.0]), Variable([0.0], trainable=False)

    def loss(weights):
        with autocast("bfloat16"):
            seen.assign(ops.multiply(weight, 2.0))
            return ops.cast(ops.sum(ops.square(weight)), "float32")

    gradient = ops.grad(loss)([weight])[0]
    assert ops.dtype(gradient) == "float32"
    assert (float(gradient[0]), float(seen[0])) == (4.0, 4.0)


def test_a_variable_moves_to_another_backend():
    variable = Variable([1.0, 2.0])
    for name in available():
        variable.move_to(load(name))
        assert variable.home.name == name
        np.testing.assert_array_equal(variable.numpy(), [1.0, 2.0])


@pytest.mark.parametrize("argument", [{"aggregation": "median"}, {"synchronization": "often"}, {"colour": "red"}])
def test_a_variable_says_which_argument_is_wrong(argument):
    with pytest.raises(ArgumentError, match=next(iter(argument))):
        Variable(0.0, **argument)
