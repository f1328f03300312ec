"""Calls that frameworks answer each in its own way: here they mean one thing, or are refused in the same words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator

import numpy as np
import pytest

import polykeras
from polykeras import ops, state
from polykeras.backend import Backend, load, using
from polykeras.errors import DTypeError, GradientError, OutOfRangeError, PolykerasError, ShapeError, StateError
from polykeras.spec import Spec, dim


@pytest.fixture(params=polykeras.available())
def home(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """A backend, which is in use as long as the test runs."""
    with using(load(request.param)) as chosen:
        yield chosen


# Indices ---------------------------------------------------------------------------------------------------


def test_indices_beyond_32_bits_do_not_wrap(home):
    x = home.asarray(np.arange(6.0).reshape(3, 2))
    with pytest.raises(OutOfRangeError, match="index 4294967297 is out of range for axis 0 with size 3"):
        ops.get_item(x, (np.array([2**32 + 1]), np.array([0])))


def test_masks_in_compiled_functions(home):
    """A mask that is known fits any program; one that is computed, only those without fixed sizes."""
    x = home.asarray(np.arange(6.0).reshape(2, 3))
    known = np.array([[True, False, True], [False, True, False]])
    computed = polykeras.compile(lambda x: ops.get_item(x, ops.greater(x, 2.0)))
    np.testing.assert_array_equal(polykeras.compile(lambda x: ops.get_item(x, known))(x), [0.0, 2.0, 4.0])
    there = home.asarray(known)
    np.testing.assert_array_equal(polykeras.compile(lambda x: ops.get_item(x, there))(x), [0.0, 2.0, 4.0])
    if home.name == "jax":
        with pytest.raises(StateError, match=r"nonzero: how large the result is, .* jax compiles for fixed sizes"):
            computed(x)
    else:
        np.testing.assert_array_equal(computed(x), [3.0, 4.0, 5.0])
        twice = polykeras.compile(lambda x: ops.get_item(y := ops.get_item(x, ops.greater(x, 0.0)), ops.less(y, 4.0)))
        np.testing.assert_array_equal(twice(x), [1.0, 2.0, 3.0])
        mixed = polykeras.compile(lambda x: ops.get_item(x, (ops.greater(x[:, 0], 1.0), 1)))
        np.testing.assert_array_equal(mixed(x), [4.0])


# Gradients -------------------------------------------------------------------------------------------------


def test_argnums_may_be_any_integers_each_named_once(home):
    x, y = home.asarray(2.0), home.asarray(3.0)
    assert float(ops.grad(ops.multiply, np.int64(1))(x, y)) == 2.0
    assert [float(g) for g in ops.grad(ops.multiply, (np.int64(1), 0))(x, y)] == [2.0, 3.0]
    for twice in ((0, 0), (1, -1)):
        with pytest.raises(GradientError, match="names an argument twice"):
            ops.grad(ops.multiply, twice)(x, y)


@pytest.mark.parametrize(
    ("function", "got"),
    [
        (lambda x: (x, x), "got a tuple"),
        (lambda x: {"a": x}, "got a dict"),
        (lambda x: ops.cast(x, "int32"), "got one of int32"),
    ],
)
def test_jacobian_is_of_one_array(home, function, got):
    with pytest.raises(GradientError, match=f"jacobian: expected the function to return one array of floats; {got}"):
        ops.jacobian(function)(home.asarray([1.0, 2.0]))


@pytest.mark.parametrize(
    ("gradient", "complaint"),
    [
        (lambda g: (g, g), r"returned 2 cotangents for 1 arguments"),
        (lambda g: (), r"returned 0 cotangents for 1 arguments"),
        (lambda g: ops.ones((3,)), r"a cotangent of shape \(3,\) for argument 0, whose shape is \(2,\)"),
        (lambda g: 1.0, r"a cotangent of shape \(\) for argument 0, whose shape is \(2,\)"),
    ],
)
def test_gradients_of_one_s_own_are_checked(home, gradient, complaint):
    function = ops.custom_gradient(lambda x: (ops.multiply(x, 2), gradient))
    with pytest.raises(GradientError, match=complaint):
        ops.grad(lambda x: ops.sum(function(x)))(home.asarray([1.0, 2.0]))


def test_a_gradient_of_one_s_own_takes_the_dtype_of_its_argument(home):
    function = ops.custom_gradient(lambda x: (ops.multiply(x, 2), lambda g: 5.0))
    gradient = ops.grad(function)(home.asarray(np.array(1.0)))
    assert home.dtype(gradient) == "float64"
    assert float(gradient) == 5.0
    with pytest.raises(GradientError, match="custom_gradient: expected the function to return a pair"):
        ops.custom_gradient(lambda x: x)(home.asarray(1.0))


# Loops -----------------------------------------------------------------------------------------------------

Pair = namedtuple("Pair", ["x", "n"])


def test_loops_without_a_round_give_arrays(home):
    results = [
        ops.while_loop(lambda x: ops.less(x, 0), lambda x: ops.add(x, 1), 3),
        ops.fori_loop(0, 0, lambda i, x: ops.add(x, i), 3),
        ops.scan(lambda x, _: (x, x), 3, length=0)[0],
    ]
    for result in results:
        assert isinstance(result, home.array_types)
        assert home.dtype(result) == "int32"
        assert int(result) == 3


def test_numpy_gets_arrays_also_of_single_numbers(home):
    total = ops.convert_to_numpy(ops.sum(ops.ones(3)))
    assert type(total) is np.ndarray
    assert total.shape == ()


def test_loops_keep_named_tuples(home):
    last = ops.while_loop(lambda x, n: ops.less(n, 3), lambda x, n: (ops.multiply(x, 2), ops.add(n, 1)), Pair(1.0, 0))
    assert type(last) is Pair
    assert float(last.x) == 8.0


def _halved_if_even(x):
    return x // 2 if int(x) % 2 == 0 else x - 1


def test_loops_may_look_at_values(home):
    start = ops.array(11)
    assert int(ops.while_loop(lambda x: x > 4, _halved_if_even, start)) == 4
    assert int(ops.fori_loop(0, 3, lambda i, x: _halved_if_even(x), start)) == 4
    last, seen = ops.scan(lambda x, _: (_halved_if_even(x), x), start, length=3)
    assert int(last) == 4
    assert ops.convert_to_numpy(seen).tolist() == [11, 10, 5]
    halves = ops.vectorized_map(_halved_if_even, ops.array([11, 10]))
    assert ops.convert_to_numpy(halves).tolist() == [10, 5]
    doubled = ops.fori_loop(0, 3, lambda i, x: ops.array(ops.convert_to_numpy(x) * 2), start)
    assert int(doubled) == 88


DRIFTING = {
    "while_loop: the loop's variables and its body must give the same": lambda x: ops.while_loop(
        lambda x: ops.less(ops.sum(x), 9), lambda x: ops.add(x, 0.5), x
    ),
    "fori_loop: the first value and the body must give the same": lambda x: ops.fori_loop(
        0, 2, lambda i, x: ops.concatenate([x, x]), x
    ),
    "scan: the first carry and the function's must give the same": lambda x: ops.scan(
        lambda x, _: (ops.cast(x, "float64"), None), x, length=2
    ),
    "while_loop: the loop's variables and its body must give the same structure": lambda x: ops.while_loop(
        lambda x, n: ops.less(n, 9), lambda x, n: (x,), Pair(x, 0)
    ),
}


ODD = {
    "while_loop: expected cond to give one condition; got None": lambda x: ops.while_loop(
        lambda x: None, ops.negative, x
    ),
    "while_loop: expected cond to give one condition; got an array of shape": lambda x: ops.while_loop(
        lambda x: ops.less(x, 0), ops.negative, x
    ),
    "while_loop: expected maximum_iterations to be a whole number; got 2.5": lambda x: ops.while_loop(
        lambda x: ops.less(ops.sum(x), 9), lambda x: ops.add(x, 1), x, maximum_iterations=2.5
    ),
    "map: expected arrays to run along, with at least one axis": lambda x: ops.map(ops.negative, [x[0], x[1]]),
    "scan: expected f to return a pair": lambda x: ops.scan(lambda carry, x: carry, x[0], x),
    "associative_scan: elements and what the function makes of two of them must give the same": lambda x: (
        ops.associative_scan(lambda x, y: ops.sum(x), x)
    ),
    "jvp: expected a tuple or list of primals, one for each argument": lambda x: ops.jvp(ops.negative, x, x),
    "hessian: expected the function to return one number": lambda x: ops.hessian(ops.sin)(ops.cast(x, "float32")),
}


@pytest.mark.parametrize("complaint", ODD)
def test_functions_of_another_kind_are_refused_in_the_same_words(home, complaint):
    with pytest.raises(PolykerasError, match=complaint):
        ODD[complaint](home.asarray([1, 2]))


LOOKS = {
    "if": lambda x: x if x > 0 else ops.negative(x),
    "float": lambda x: ops.multiply(x, float(x)),
    "NumPy": lambda x: ops.multiply(x, ops.convert_to_tensor(np.sign(np.asarray(x)))),
    "range": lambda x: ops.add(x, len(range(ops.cast(ops.abs(x), "int32")))),
    "a gradient's if": ops.grad(lambda x: ops.square(x) if x > 0 else x),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_compiled_function_may_look_at_values_or_says_that_it_cannot(home, name):
    compiled = polykeras.compile(LOOKS[name])
    if home.traces:
        with pytest.raises(StateError, match=f"looked at a value.*{home.name} traces it once"):
            compiled(home.asarray(3.0))
    else:
        assert [float(compiled(home.asarray(x))) for x in (3.0, -2.0)] == [
            float(LOOKS[name](home.asarray(x))) for x in (3.0, -2.0)
        ]


@pytest.mark.parametrize("complaint", DRIFTING)
@pytest.mark.parametrize("compiled", [False, True])
def test_what_a_loop_hands_on_keeps_its_shape_and_dtype(home, complaint, compiled):
    function = polykeras.compile(DRIFTING[complaint]) if compiled else DRIFTING[complaint]
    with pytest.raises(ShapeError, match=complaint):
        function(home.asarray([1, 2]))


def test_branches_that_differ_are_explained_where_both_are_traced(home):
    if not home.traces:
        pytest.skip("one branch runs, and nobody sees the other")
    function = polykeras.compile(lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: ops.cast(x, "int32")))
    with pytest.raises(ShapeError, match="cond: both branches must give the same structure, shapes and dtypes; got fl"):
        function(home.asarray([1.0, 2.0]))


def test_an_error_of_the_function_itself_goes_through(home):
    class Stop(Exception):
        pass

    def body(x):
        raise Stop

    with pytest.raises(Stop):
        ops.while_loop(lambda x: ops.less(x, 3), body, 1)


# What is an array ------------------------------------------------------------------------------------------


def test_variables_are_tensors(home):
    assert ops.is_tensor(polykeras.Variable([1.0]))
    assert ops.is_tensor(home.asarray([1.0]))
    assert not ops.is_tensor(1.0)
    assert not ops.is_tensor({"a": 1.0})


def test_array_copies_what_convert_to_tensor_may_share(home):
    memory = np.zeros(64, "float32")
    copy = ops.array(memory)
    memory += 1
    assert ops.convert_to_numpy(copy).sum() == 0


@pytest.mark.parametrize("name", [name for name in polykeras.available() if name in ("numpy", "torch")])
def test_array_copies_arrays_that_can_be_written_to(name):
    with using(name) as home:
        memory = home.asarray([0.0, 0.0])
        copy, same = ops.array(memory), ops.convert_to_tensor(memory)
        memory += 1
        assert (copy[0], same[0]) == (0, 1)


def test_foreign_byte_order_makes_no_difference(home):
    x = np.array([1, 2], ">f4")
    for result in (
        ops.add(x, 1),
        ops.add(x, x),
        ops.where(x > 1, x, 0),
        ops.cast(x, "float32"),
        ops.concatenate([x, x]),
    ):
        assert isinstance(result, home.array_types)
        assert home.dtype(result) == "float32"
    assert ops.convert_to_numpy(ops.multiply(x, x)).tolist() == [1.0, 4.0]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (None, "expected x1 to be an array or a number; got None"),
        ({"a": 1}, "expected arrays, numbers, or nested lists of them; got a builtins.dict"),
        ([[1, 2], [3]], r"expected nested lists of one length on each axis; got \[\[1, 2\], \[3\]\]"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "expected arrays without masks"),
    ],
)
def test_what_is_no_array_is_refused_in_the_same_words(home, wrong, complaint):
    with pytest.raises(PolykerasError, match=f"add: {complaint}"):
        ops.add(wrong, home.asarray([1.0, 2.0]))


def test_masks_are_refused_wherever_arrays_go(home):
    x, complaint = np.ma.array([[1.0], [2.0]], mask=[[True], [False]]), "expected arrays without masks"
    with pytest.raises(PolykerasError, match=f"grad: {complaint}"):
        ops.grad(lambda x: ops.sum(ops.square(x)))(x)
    model = polykeras.Sequential([polykeras.Input((1,)), polykeras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for use in (model.fit, model.evaluate, model.train_on_batch, model.test_on_batch):
        for data in ((x, x.data), (x.data, x)):
            with pytest.raises(PolykerasError, match=complaint):
                use(*data)
    for use in (model.predict, model.predict_on_batch):
        with pytest.raises(PolykerasError, match=complaint):
            use(x)


def test_none_among_arrays_is_refused(home):
    with pytest.raises(DTypeError, match="concatenate: expected xs to be a list of arrays; got"):
        ops.concatenate([home.asarray([1.0]), None])


def test_numbers_that_need_64_bits_get_them(home):
    for result in (ops.add(2**40, 1), ops.add(True, 2**40), ops.multiply(2**40, 1)):
        assert home.dtype(result) == "int64"
        assert int(result) in (2**40, 2**40 + 1)
    with pytest.raises(DTypeError, match="add: expected numbers that int32 can hold; got 1099511627776"):
        ops.add(home.asarray([1]), 2**40)


# Seeds, variables, sizes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64"])
def test_a_number_that_a_framework_holds_is_a_seed(home, dtype):
    def draw(seed):
        return ops.random.uniform((4,), seed=seed)

    for number in (3, 2**40 + 3) if dtype == "int64" else (3,):
        seed = home.asarray(np.array(number, dtype))
        expected = ops.convert_to_numpy(draw(number))
        for drawn in (draw(seed), polykeras.compile(draw)(seed)):
            assert isinstance(drawn, home.array_types)
            assert (ops.convert_to_numpy(drawn) == expected).all()


def test_conversions_of_arguments_name_the_op(home):
    for complaint, call in {
        "cast: expected a dtype, one of": lambda: ops.cast(1.0, "float12"),
        "uniform: expected a seed from 0 to": lambda: ops.random.uniform((2,), seed=-1),
        "zeros: expected a shape, such as": lambda: ops.zeros(1.5),
        "stack: expected a list of arrays": lambda: ops.stack(1.5),
        "fori_loop: expected upper to be integers; got float32": lambda: ops.fori_loop(0, 2.5, lambda i, x: x, 0),
    }.items():
        with pytest.raises(PolykerasError, match=complaint):
            call()


def test_axes_and_shapes_may_come_from_numpy(backend):
    x = np.arange(12.0).reshape(3, 4)
    for axis in (np.int64(1), np.int32(-1), np.array(1), np.array([1]), [np.int64(1)]):
        assert ops.convert_to_numpy(ops.sum(x, axis=axis)).tolist() == x.sum(1).tolist()
    assert ops.shape(ops.transpose(x, np.array([1, 0]))) == (4, 3)
    assert ops.shape(ops.reshape(x, np.array([4, 3]))) == (4, 3)
    assert ops.shape(ops.zeros(np.array(3))) == (3,)
    with pytest.raises(ShapeError, match="sum: expected an axis or several; got True"):
        ops.sum(x, axis=True)


def test_segments_are_counted_where_values_are_known(backend):
    data, ids = np.array([1.0, 2.0, 3.0], "float32"), np.array([2, 0, 2], "int32")
    assert ops.convert_to_numpy(ops.segment_sum(data, ids)).tolist() == [2.0, 0.0, 4.0]
    assert ops.convert_to_numpy(ops.segment_max(data, ids))[2] == 3.0
    if backend.traces:
        with pytest.raises(StateError, match="a compiled function cannot know the number of segments"):
            polykeras.compile(ops.segment_sum)(data, ids)


def test_branches_need_no_operands(backend):
    branches = [lambda: ops.array(1), lambda: ops.array(2)]
    compiled = polykeras.compile(lambda i: ops.switch(i, branches))
    for run in (lambda i: ops.switch(i, branches), compiled):
        assert [int(run(ops.array(i))) for i in (0, 1)] == [1, 2]


def test_variables_say_what_they_expect(home):
    assert polykeras.Variable(lambda shape, dtype: ops.zeros(shape, dtype), shape=3).shape == (3,)
    assert polykeras.Variable([1.0], shape=1).shape == (1,)
    with pytest.raises(StateError, match="Variable: expected name to be a string; got 5"):
        polykeras.Variable(1.0, name=5)
    with pytest.raises(StateError, match="bind: expected a value for each of 1 variables; got 0"):
        state.bind([polykeras.Variable(1.0)], []).__enter__()


def test_sizes_say_what_cannot_be_done_with_them():
    n = dim("n")
    with pytest.raises(ShapeError, match=r"expected the power of a size to be a whole number from 0; got n\*\*-1"):
        n**-1
    with pytest.raises(ShapeError, match="the size n cannot be divided by 0"):
        n // 0
    with pytest.raises(ShapeError, match="the size n cannot be divided by 0"):
        n % 0
    with pytest.raises(ShapeError, match="expected sizes to be whole numbers from 0"):
        Spec((np.int64(-3),))
    assert Spec((np.int64(3),)).shape == (3,)


# Which backend an array is from ----------------------------------------------------------------------------


def test_a_value_on_the_tape_that_is_at_home_stays_there(home):
    gradient = ops.grad(lambda x: ops.sum(ops.square(polykeras.convert(x, home))))(home.asarray([1.0, 2.0]))
    assert ops.convert_to_numpy(gradient).tolist() == [2.0, 4.0]


def in_new_process(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", [name for name in polykeras.available() if name == "torch"])
def test_a_type_that_is_no_array_loads_no_backend(name):
    code = (
        f"import {name}, pathlib\nfrom polykeras import backend, ops\n"
        "print(ops.is_tensor(pathlib.Path()), [found.name for found in backend.loaded()])"
    )
    assert in_new_process(code).strip() == "False []"


@pytest.mark.parametrize("name", [name for name in polykeras.available() if name == "torch"])
def test_arrays_of_a_backend_that_does_not_load_are_no_host_data(name):
    code = (
        f"import {name}\nfrom polykeras import backend, ops\n"
        "def broken(name):\n    raise backend.BackendError('libwrong.so: no such file')\n"
        f"backend.load = broken\nops.add({name}.ones(2), 1)"
    )
    assert in_new_process(code).strip().endswith("BackendError: libwrong.so: no such file")


@pytest.mark.parametrize("condition", [True, 0, np.bool_(True)])
def test_conditions_of_python_choose_in_compiled_functions(home, condition):
    chosen = polykeras.compile(lambda x: ops.cond(condition, lambda: x, lambda: ops.multiply(x, 2.0)))
    np.testing.assert_array_equal(ops.convert_to_numpy(chosen(home.asarray(np.ones(2)))), 1.0 if condition else 2.0)


def test_lengths_of_64_bits_do_not_matter_in_programs_of_32(home):
    logits = np.random.default_rng(0).normal(size=(2, 5, 4)).astype("float32")
    decode = polykeras.compile(lambda x: ops.ctc_decode(x, np.array([5, 4])))
    for found, wanted in zip(decode(home.asarray(logits)), ops.ctc_decode(logits, [5, 4]), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(found), ops.convert_to_numpy(wanted))


def test_blocks_of_negative_sizes_are_refused_in_compiled_functions(home):
    rest = polykeras.compile(lambda x: ops.slice(x, (0, 0), (2, -1)))
    with pytest.raises(ShapeError, match=r"slice: expected sizes to be whole numbers from 0; got \(2, -1\)"):
        rest(home.asarray(np.ones((3, 4))))


# Compiled functions ----------------------------------------------------------------------------------------


def test_an_argument_may_be_written_to_after_a_compiled_call(home):
    """A program that is still running has its own copy."""
    slow = home.asarray(np.full((500, 500), 1 / 500, "float32"))

    def function(x, w):
        for _ in range(6):
            w = ops.matmul(w, w)
        return ops.add(ops.sum(x), ops.multiply(0.0, ops.sum(w))), ops.multiply(x, 2.0)

    run, size = polykeras.compile(function), 1 << 20
    for _ in range(4):
        x = np.ones(size, "float32")
        total, twice = run(x, slow)
        x[...] = 5.0
        assert float(total) == size
        np.testing.assert_array_equal(ops.convert_to_numpy(twice), 2.0)


def test_branches_of_different_structures_are_not_taken_for_each_other(home):
    """Where a program holds both they are refused; where it runs one, that has its own names."""
    choose = polykeras.compile(lambda p, x: ops.cond(p, lambda: {"a": x}, lambda: {"b": ops.add(x, 1.0)}))
    if home.traces:
        with pytest.raises(ShapeError, match="cond: both branches must give the same structure"):
            choose(home.asarray(True), home.asarray(1.0))
    else:
        assert list(choose(home.asarray(True), home.asarray(1.0))) == ["a"]


@pytest.mark.parametrize("start", [-2, -1, 4])
def test_updates_of_a_block_that_does_not_fit_are_refused_in_compiled_functions(home, start):
    if home.name == "jax":  # a gap that is stated
        assert "A compiled function cannot raise" in home.gaps["indices"]
        return
    update = polykeras.compile(ops.slice_update)
    with pytest.raises(Exception, match="does not lie in"):
        update(home.asarray(np.arange(5.0)), home.asarray(np.array([start])), home.asarray(np.ones(2)))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("option", [True, None, "exp"])
def test_a_function_with_recomputed_results_takes_what_is_no_array(home, option, compiled):
    def loss(x, option, *, factor):
        return ops.sum(ops.multiply(ops.exp(x) if option else ops.square(x), factor))

    def slope(x, factor):
        return ops.grad(lambda x, factor: ops.remat(loss)(x, option, factor=factor), (0, 1))(x, factor)

    x, factor = home.asarray(np.array([1.0, 2.0])), home.asarray(np.array([3.0, 4.0]))
    found = (polykeras.compile(slope) if compiled else slope)(x, factor)
    value, derivative = (np.exp, np.exp) if option else (np.square, lambda x: 2 * x)
    wanted = np.array([3.0, 4.0]) * derivative([1.0, 2.0] * np.ones(2)), value([1.0, 2.0])
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(one), other, rtol=1e-12)  # of a few roundings


# Networks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), ()])
def test_masks_and_biases_of_attention_may_have_fewer_axes(home, shape):
    generator = np.random.default_rng(0)
    x = home.asarray(generator.normal(size=(2, 5, 2, 4)))
    bias, mask = generator.normal(size=shape), np.broadcast_to([True, False, True, True, False], (5,))
    mask = mask if shape else np.array(True)
    found = ops.dot_product_attention(x, x, x, bias=home.asarray(bias), mask=home.asarray(mask))
    wanted = ops.dot_product_attention(
        x, x, x, bias=home.asarray(np.broadcast_to(bias, (5, 5))), mask=home.asarray(np.broadcast_to(mask, (5, 5)))
    )
    np.testing.assert_allclose(found, wanted, rtol=1e-12)  # of a few roundings


def test_biases_of_recurrent_networks_have_one_shape(home):
    x, h = home.asarray(np.ones((2, 3, 4))), home.asarray(np.ones((2, 5)))
    for op, states, gates in ((ops.simple_rnn, [h], 1), (ops.lstm, [h, h], 4)):
        kernels = [home.asarray(np.ones((n, 5 * gates))) for n in (4, 5)]
        for shape in ((2, 5 * gates), (3, 5 * gates), ()):
            with pytest.raises(ShapeError, match="expected a bias with"):
                op(x, *states, *kernels, home.asarray(np.ones(shape)))
