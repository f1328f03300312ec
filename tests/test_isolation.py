"""What one call must not do to another: change its arrays, its random numbers, its gradients or its program."""

from __future__ import annotations

import gc
import importlib
import threading

import numpy as np
import pytest

import polykeras
from polykeras import config, ops, random
from polykeras.errors import GradientError, StateError


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x)).tolist()


# Functions that run again ----------------------------------------------------------------------------------


def test_remat_keeps_what_is_assigned(backend):
    count = polykeras.Variable(0.0)
    counting = polykeras.remat(lambda x: ops.multiply(x, count.assign_add(1.0).value))
    assert numbers(counting(ops.ones((2,)))) == [1.0, 1.0]
    assert numbers(ops.grad(lambda x: ops.sum(counting(x)))(ops.ones((2,)))) == [2.0, 2.0]
    assert float(count) == 2.0


@pytest.mark.parametrize("seeded", [True, False])
def test_remat_draws_the_same_numbers_again(backend, seeded):
    seed = random.SeedGenerator(5) if seeded else None
    dropped = polykeras.remat(lambda x: random.dropout(x, 0.5, seed=seed))

    def loss(x):
        y = dropped(x)
        return ops.sum(ops.square(y)), y

    masks = []
    for _ in range(3):
        (_, y), gradient = ops.value_and_grad(loss, has_aux=True)(ops.ones((16,)))
        assert numbers(gradient) == [4.0 * number for number in numbers(y)]
        masks.append(numbers(y))
    assert masks[0] != masks[1] != masks[2]


@pytest.mark.parametrize("loop", ["map", "scan", "cond", "fori_loop", "while_loop"])
def test_functions_that_ops_run_cannot_assign(backend, loop):
    total = polykeras.Variable(0.0)
    xs = ops.ones((3,))
    calls = {
        "map": lambda: ops.map(lambda x: total.assign_add(x).value, xs),
        "scan": lambda: ops.scan(lambda carry, x: (carry, total.assign_add(x).value), 0.0, xs),
        "cond": lambda: ops.cond(True, lambda: total.assign_add(1.0).value, lambda: 0.0),
        "fori_loop": lambda: ops.fori_loop(0, 3, lambda i, x: total.assign_add(x).value, 1.0),
        "while_loop": lambda: ops.while_loop(lambda x: x < 3.0, lambda x: total.assign_add(x).value, 1.0),
    }
    with pytest.raises(StateError, match=rf"variable {total.path} is assigned in a function that an op such as cond"):
        calls[loop]()
    assert float(total) == 0.0


def test_functions_that_ops_run_need_seeds(backend):
    with pytest.raises(StateError, match="a draw without a seed"):
        ops.map(lambda x: ops.add(x, random.uniform(())), ops.ones((3,)))


# Gradients -------------------------------------------------------------------------------------------------


def test_gradients_do_not_change_with_each_other():
    x, y = np.ones(2), np.ones(2)
    gx, gy = ops.grad(lambda x, y: ops.sum(ops.square(x + y)), argnums=(0, 1))(x, y)
    gx[0] = 100.0
    assert gy.tolist() == [4.0, 4.0]
    gradient = ops.grad(ops.sum)(np.ones(5000))
    gradient[0] = 7.0
    assert gradient[1] == 1.0


def test_arrays_can_be_written_to_again_after_a_gradient():
    x = np.arange(4.0)
    part = x[:2]
    ops.grad(lambda v: ops.sum(ops.multiply(v, v)) * ops.sum(ops.multiply(ops.sum(v), x)))(part)
    part[0], x[3] = 5.0, 6.0
    with pytest.raises(ZeroDivisionError):
        ops.grad(lambda v: ops.sum(ops.multiply(v, x)) * (1 / 0))(x)
    x[0] = 1.0


def test_arrays_stay_read_only_as_long_as_a_pull_back_needs_them():
    x = np.array([1.0, 2.0])
    _, pull = ops.vjp(ops.square, x)
    with pytest.raises(ValueError, match="read-only"):
        x[:] = 100.0
    assert pull(np.ones(2))[0].tolist() == [2.0, 4.0]
    del pull
    gc.collect()
    x[:] = 100.0


def test_inner_gradients_leave_arrays_to_the_outer_one():
    factor = np.array([1.0, 2.0])

    def outer(x):
        product = ops.multiply(x, factor)
        ops.grad(lambda y: ops.sum(ops.multiply(y, factor)))(np.ones(2))
        with pytest.raises(ValueError, match="read-only"):
            factor[:] = 50.0
        return ops.sum(product)

    assert ops.grad(outer)(np.ones(2)).tolist() == [1.0, 2.0]
    factor[:] = 50.0


def test_a_pull_back_that_failed_leaves_nothing_behind(backend):
    failing = [True]

    @ops.custom_gradient
    def double(x):
        def gradient(upstream):
            if failing[0]:
                failing[0] = False
                raise ZeroDivisionError
            return ops.multiply(upstream, 2.0)

        return ops.multiply(x, 2.0), gradient

    gradient = ops.grad(lambda x: ops.sum(ops.add(ops.square(x), double(x))))
    with pytest.raises(ZeroDivisionError):
        gradient(ops.ones((2,)))
    assert numbers(gradient(ops.ones((2,)))) == [4.0, 4.0]


def test_a_pull_back_serves_several_threads():
    _, pull = ops.vjp(lambda x: ops.multiply(ops.square(x), x), np.array([1.0, 2.0]))
    wrong = []

    def work(share: float) -> None:
        for _ in range(200):
            if pull(np.full(2, share))[0].tolist() != [3 * share, 12 * share]:
                wrong.append(share)

    threads = [threading.Thread(target=work, args=(share,)) for share in (1.0, 2.0, 3.0, 4.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_complex_gradients_follow_one_convention(backend):
    z = ops.array([1 + 2j])
    assert numbers(ops.grad(lambda z: ops.sum(ops.square(ops.abs(z))))(z)) == [2 + 4j]


# Compiled functions ----------------------------------------------------------------------------------------


def test_programs_are_told_apart_by_the_sign_of_zero_and_by_settings(backend):
    divided = polykeras.compile(lambda x, y: ops.divide(x, ops.array(y)))
    assert [float(divided(ops.array(1.0), zero)) for zero in (0.0, -0.0)] == [np.inf, -np.inf]
    ones = polykeras.compile(lambda x: ops.add(ops.cast(x, "float16"), ops.ones((1,))))
    x = ops.array([1.0], dtype="float32")
    found = []
    try:
        for floatx in ("float32", "float64"):
            config.set_floatx(floatx)
            found.append(backend.dtype(ones(x)))
    finally:
        config.set_floatx("float32")
    assert found == ["float32", "float64"]


def test_compiled_functions_serve_several_threads(backend):
    function = polykeras.compile(lambda x, number: (ops.add(x, 1), number))
    x, wrong = ops.ones((2,)), []

    def work(number: int) -> None:
        with polykeras.using(backend):
            for _ in range(50):
                if function(x, number)[1] != number:
                    wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_donated_variables_do_not_take_arrays_of_others(backend):
    x = ops.array([1.0, 2.0])
    one, other = polykeras.Variable(x), polykeras.Variable(x)

    @polykeras.compile(variables=[one, other], donate_variables=True)
    def step(y):
        one.assign_add(y)
        other.assign_add(y)

    step(1.0)
    step(one.value)
    assert one.numpy().tolist() == other.numpy().tolist() == [4.0, 6.0]
    assert numbers(x) == [1.0, 2.0]


def test_compiled_functions_run_where_their_variables_are(backend):
    weight = polykeras.Variable([1.0, 2.0])
    scaled = polykeras.compile(lambda x: ops.multiply(weight, x), variables=[weight])
    for name in polykeras.available():
        with polykeras.using(name):
            assert numbers(scaled([2.0, 2.0])) == [2.0, 4.0]
            if name not in ("numpy", backend.name):
                with pytest.raises(StateError, match=rf"is on {backend.name}, and there is something on {name}"):
                    scaled(ops.ones((2,)))


def test_compiled_methods_know_their_object(backend):
    class Scale:
        factor = 3.0

        @polykeras.compile
        def apply(self, x):
            return ops.multiply(x, self.factor)

    assert numbers(Scale().apply(ops.ones((2,)))) == [3.0, 3.0]


def test_only_positional_arguments_can_be_donated(backend):
    with pytest.raises(StateError, match="argument 1 is to be donated, but the call has 1 arguments by position"):
        polykeras.compile(lambda a, b: a, donate=(1,))(ops.ones((2,)), b=ops.ones((2,)))


@pytest.mark.parametrize("given", [0, True, "x", [-1], [1.0], None])
def test_donate_is_a_list_of_positions(given):
    with pytest.raises(StateError, match="expected donate to be a list of positions of arguments, from 0; got"):
        polykeras.compile(lambda a: a, donate=given)


def test_numpy_arrays_of_variables_are_copies_or_read_only(backend):
    variable = polykeras.Variable([1.0, 2.0])
    np.array(variable)[0] = 100.0
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(variable)[0] = 100.0
    assert variable.numpy().tolist() == [1.0, 2.0]


# Native code around ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("framework", [name for name in polykeras.available() if name == "torch"])
def test_torch_parameters_keep_their_gradients(framework):
    torch = importlib.import_module(framework)
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    loss = ops.sum(weight) + ops.sum(ops.grad(lambda x: ops.sum(x * x * weight))(torch.tensor([3.0])))
    loss.backward()
    assert weight.grad.tolist() == [7.0]
    with torch.inference_mode(), pytest.raises(GradientError, match="inference mode"):
        ops.grad(ops.sum)(torch.tensor([3.0]))


@pytest.mark.parametrize("framework", [name for name in polykeras.available() if name == "tensorflow"])
def test_tensorflow_variables_keep_their_gradients(framework):
    tensorflow = importlib.import_module(framework)
    weight, ours = tensorflow.Variable([1.0, 2.0]), polykeras.Variable([1.0, 2.0])
    with tensorflow.GradientTape() as tape:
        loss = ops.sum(ops.square(weight))
    assert tape.gradient(loss, weight).numpy().tolist() == [2.0, 4.0]
    with polykeras.using(framework):
        ours = polykeras.Variable([1.0, 2.0])
        gradient = ops.grad(lambda w: ops.sum(ops.multiply(w, w) * w))(ours)
    assert gradient.numpy().tolist() == [3.0, 12.0]
