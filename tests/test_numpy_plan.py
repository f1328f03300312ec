"""Plans of NumPy's kernels: the same results in every call, none in memory that another call writes to."""

import functools
import threading

import numpy as np
import pytest

import polykeras
from polykeras import Variable, ops, optimizers, random
from polykeras.backends import numpy_plan, numpy_windows
from polykeras.errors import OutOfRangeError
from polykeras.ops.updates import Rule, elementwise_each


@pytest.fixture(autouse=True)
def on_numpy():
    with polykeras.using("numpy"):
        yield


def counting(function):
    """The function compiled, and a list that grows with each run of its Python code."""
    runs = []

    def counted(*args):
        runs.append(args)
        return function(*args)

    return polykeras.compile(counted), runs


def steps(number, size=8):
    return [np.random.default_rng(i).normal(size=(size, size)).astype("float32") for i in range(number)]


def network(x, w):
    def loss(w):
        hidden = ops.relu(ops.matmul(x, w))
        return ops.mean(ops.square(ops.softmax(ops.transpose(hidden)) - x)), hidden

    return ops.value_and_grad(loss, has_aux=True)(w)


def test_a_plan_gives_what_the_function_gives_and_keeps_earlier_results():
    compiled, runs = counting(network)
    xs, ws = steps(4), steps(8)[4:]
    found = [compiled(x, w) for x, w in zip(xs, ws, strict=True)]
    for x, w, ((loss, hidden), gradient) in zip(xs, ws, found, strict=True):
        (wanted_loss, wanted_hidden), wanted_gradient = network(x, w)
        np.testing.assert_array_equal(loss, wanted_loss)
        np.testing.assert_array_equal(hidden, wanted_hidden)
        np.testing.assert_array_equal(gradient, wanted_gradient)
    assert len(runs) == 1


def test_the_same_array_given_twice_is_two_arguments():
    compiled, _ = counting(lambda x, y: ops.subtract(x, ops.multiply(y, 2)))
    x, y = steps(2)
    np.testing.assert_array_equal(compiled(x, x), -x)
    np.testing.assert_array_equal(compiled(x, y), x - 2 * y)


def test_results_share_no_memory_with_arguments_constants_or_each_other():
    constant = np.ones((8, 8), "float32")
    compiled, _ = counting(lambda x: [ops.transpose(x), x, ops.reshape(constant, (64,)), constant])
    for x in steps(3):
        results = compiled(x)
        for i, one in enumerate(results):
            assert not any(np.shares_memory(one, other) for other in [x, constant, *results[:i]])


def test_layouts_of_arguments_may_differ():
    compiled, _ = counting(lambda x: ops.multiply(ops.reshape(ops.transpose(ops.add(x, 1)), (64,)), 2))
    for x in steps(3):
        for view in (x, x.T, x[::-1], np.asfortranarray(x), x[:, ::-1], x):
            np.testing.assert_array_equal(compiled(view), (view + 1).T.reshape(64) * 2)


def test_a_function_that_looks_at_values_runs_as_it_is():
    looks = [
        lambda x: x if ops.sum(x) > 0 else ops.negative(x),
        lambda x: ops.multiply(x, float(ops.sum(x))),
        lambda x: ops.multiply(x, ops.convert_to_numpy(x).max()),
        lambda x: ops.multiply(x, x.mean()),
        lambda x: ops.multiply(x, np.exp(x)),
        lambda x: ops.nonzero(x > 0)[0],
        lambda x: ops.cond(ops.sum(x) > 0, lambda: x, lambda: ops.negative(x)),
    ]
    for look in looks:
        compiled, _ = counting(look)
        for x in steps(4):
            np.testing.assert_array_equal(compiled(x), look(x))


def test_shapes_have_plans_of_their_own():
    compiled, runs = counting(lambda x: ops.sum(ops.exp(x), axis=0))
    for x in (*steps(2, 4), *steps(2, 3), *steps(2, 4)):
        np.testing.assert_array_equal(compiled(x), np.exp(x).sum(0))
    assert len(runs) == 2


def test_variables_and_random_counters_advance():
    v, seed = Variable(np.zeros(3, "float32")), random.SeedGenerator(1)
    wanted = random.SeedGenerator(1)

    @polykeras.compile(variables=[v, seed.state], donate_variables=True)
    def step(x):
        v.assign_add(ops.multiply(x, random.uniform((3,), seed=seed)))
        return v.value

    total, logs = np.zeros(3, "float32"), []
    for i in range(4):
        logs.append(
            (step(np.full(3, i, "float32")), total := total + np.float32(i) * random.uniform((3,), seed=wanted))
        )
    for found, expected in logs:
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(v.numpy(), total)


def test_a_variable_does_not_share_memory_with_what_was_assigned_to_it():
    v = Variable(np.zeros((8, 8), "float32"))
    hold = polykeras.compile(lambda x: v.assign(x).value, variables=[v])
    for x in steps(3):
        hold(x)
        before = x.copy()
        x += 1
        np.testing.assert_array_equal(v.numpy(), before)


def test_a_step_that_fails_says_so_in_the_words_of_the_op():
    compiled, _ = counting(lambda x, i: ops.take_along_axis(x, i, axis=0))
    x, index = np.arange(4.0, dtype="float32"), np.array([1, 2], "int32")
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x, index), [1, 2])
    with pytest.raises(OutOfRangeError, match="take_along_axis"):
        compiled(x, index + 5)
    np.testing.assert_array_equal(compiled(x, index), [1, 2])


def test_threads_do_not_share_buffers():
    compiled, _ = counting(lambda x: ops.sum(ops.exp(ops.multiply(ops.exp(ops.negative(x * x)), 2))))
    x = steps(1, 64)[0]
    wanted, wrong = compiled(x), []

    def many(scale):
        for _ in range(50):
            wrong.extend([scale] if compiled(x * scale) != expected[scale] else [])

    expected = {scale: compiled(x * np.float32(scale)) for scale in (1, 2, 3)}
    threads = [threading.Thread(target=many, args=(np.float32(scale),)) for scale in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wanted == expected[1]
    assert not wrong


def test_large_updates_in_place_leave_gradients_and_logs_alone():
    size = 300  # more elements than are updated kernel by kernel
    weights = Variable(steps(1, size)[0])
    optimizer = polykeras.optimizers.Adam(0.1)
    optimizer.build([weights])
    eager = Variable(weights.numpy().copy())
    other = polykeras.optimizers.Adam(0.1)
    other.build([eager])

    def step_with(variable, optimizer):
        def step(x):
            gradient = ops.grad(lambda v: ops.sum(ops.square(ops.subtract(ops.matmul(x, v[0]), x))))([variable])
            optimizer.apply(gradient, [variable])
            return gradient[0]

        return step

    state = [weights, *optimizer.variables]
    compiled = polykeras.compile(step_with(weights, optimizer), variables=state, donate_variables=True)
    plain, found = step_with(eager, other), []
    for x in steps(4, size):
        found.append((compiled(x), plain(x)))
    for one, wanted in found:
        np.testing.assert_array_equal(one, wanted)
    np.testing.assert_array_equal(weights.numpy(), eager.numpy())


def test_updated_state_stays_in_its_memory_and_shares_it_with_nobody():
    size = 1 << 17  # so large that it is updated in parts, in place
    one, other = (Variable(np.zeros(size, "float32")) for _ in range(2))
    rule = Rule(lambda x: (ops.add(x, 1.0),), lists=1)

    @polykeras.compile(variables=[one, other], donate_variables=True)
    def step():
        (new,) = elementwise_each([one.value], rule, (0,))
        one.take(new)
        other.take(new)
        return new

    seen = [step() for _ in range(3)]
    places = [one.value.ctypes.data]
    seen.append(step())
    places.append(one.value.ctypes.data)
    assert places[0] == places[1]
    assert [x[-1] for x in seen] == [1.0, 2.0, 3.0, 4.0]
    assert (one.value[0], other.value[0]) == (4.0, 4.0)
    assert not np.shares_memory(one.value, other.value)
    assert not np.shares_memory(one.value, seen[-1])


@pytest.fixture
def written(monkeypatch):
    """The plans that are made from now on: their source, and what its names mean."""
    plans, write = [], numpy_plan.function_from
    monkeypatch.setattr(
        numpy_plan,
        "function_from",
        lambda name, source, names: plans.append((source, names)) or write(name, source, names),
    )
    return plans


def test_what_is_the_same_in_every_call_is_computed_once(written):
    ones = ops.ones((3,))

    @polykeras.compile
    def run(x):
        same = ops.sin(ops.ones_like(x))
        return ops.multiply(x, same), same, ops.broadcast_to(same[:1], (40000,)), ones

    for x in steps(3):
        results = run(x[0])
        np.testing.assert_array_equal(results[0], x[0] * np.sin(np.float32(1)))
        for result in results:
            result[...] = 7.0
    np.testing.assert_array_equal(ones, 1.0)
    ((source, names),) = written
    assert not any(x is np.sin for x in names.values()), source


def test_what_only_constants_need_is_not_computed(written):
    compiled, _ = counting(lambda x: ops.add(ops.zeros_like(ops.sin(x)), x))
    for x in steps(3, size=200):
        np.testing.assert_array_equal(compiled(x), x)
    ((source, names),) = written
    assert not any(x is np.sin for x in names.values()), source


def test_choices_write_to_memory_of_the_plan(written):
    compiled, _ = counting(lambda x: ops.add(ops.where(ops.greater(x, 0), x, 0.5), 1))
    for x in steps(3, size=40):
        np.testing.assert_array_equal(compiled(x), np.where(x > 0, x, np.float32(0.5)) + 1)
    ((source, names),) = written
    memory = [name for name, x in names.items() if isinstance(x, np.ndarray) and x.shape == (40, 40)]
    assert len(memory) == 2, source  # the comparison's, and the choice's


def memories(names):
    """The memory that a plan has set aside, each once."""
    return {id(x.base) for name, x in names.items() if name[0] == "b" and isinstance(x, np.ndarray)}


def test_results_are_written_over_what_nobody_needs_any_more_whatever_its_shape(written):
    def layer(x, w, g):
        hidden = ops.relu(ops.add(ops.reshape(ops.matmul(x, w), (4, 25, 40)), 1.0))
        return ops.sum(ops.where(ops.greater(g, 0), ops.exp(hidden), 0))

    compiled, _ = counting(layer)
    for x, w in zip(steps(3, size=100), steps(3, size=40), strict=True):
        given = x[:, :40], w, np.cos(x[:, :40]).reshape(4, 25, 40)
        np.testing.assert_array_equal(compiled(*given), layer(*given))
    ((source, names),) = written
    assert len(memories(names)) == 2, source  # the comparison's besides


NEEDED = {
    "read later": lambda x: ops.add(ops.relu(y := ops.sin(x)), y),
    "given": lambda x: (y := ops.sin(x), ops.relu(y)),
    "a view of it read later": lambda x: ops.add((y := ops.sin(x))[:20], ops.relu(y)[20:]),
    "a view of it given": lambda x: ((y := ops.sin(x))[1], ops.negative(y)),
    "a view of it added": lambda x: ops.add(y := ops.sin(x), ops.transpose(y)),
    "transposed and added": lambda x: ops.add(ops.transpose(ops.sin(x)), x),
    "both of a choice": lambda x: ops.where(ops.greater(y := ops.sin(x), 0), y, ops.negative(y)),
    "of another dtype": lambda x: ops.multiply(ops.cast(ops.greater(ops.sin(x), 0), "float32"), x),
    "broadcast": lambda x: ops.add(ops.sin(x[0]), ops.exp(x)),
    "turned": lambda x: ops.add(ops.reshape(ops.transpose(ops.sin(x)), (1600,)), ops.reshape(ops.exp(x), (1600,))),
}


@pytest.mark.parametrize("function", NEEDED.values(), ids=NEEDED)
def test_what_is_needed_is_not_written_over(function):
    compiled, runs = counting(function)
    for x in steps(3, size=40):
        given = x.copy()
        found, wanted = compiled(x), function(x)
        for one, other in zip(*(y if isinstance(y, tuple) else (y,) for y in (found, wanted)), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(x, given)
    assert len(runs) == 1


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("shape", [(5,), (2048,), (64, 128), (70, 128), (3, 8192), (3, 8200)])
@pytest.mark.parametrize("way", [polykeras.compile, lambda function: function])
def test_the_larger_of_each_number_and_zero(shape, dtype, way):
    run = way(lambda x: ops.multiply(ops.relu(ops.negative(x)), 1))
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=shape).astype(dtype)
        if dtype != "int32":
            x.flat[:5] = [np.nan, np.inf, -np.inf, 0.0, -0.0]
        for given in (x, np.asfortranarray(x)):
            found, wanted = run(given), np.maximum(-given, 0)
            np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))


def test_what_changes_nothing_is_not_done(written):
    def run(x, y):
        one = ops.reshape(ops.exp(x), (8, 8))
        other = ops.where(False, 0.0, ops.divide(one, 1))
        return one, other, ops.multiply(x, 1.0), ops.sum(y[:1], axis=0, keepdims=True), ops.add(other, y)

    compiled, _ = counting(run)
    for x, y in zip(steps(3), steps(6)[3:], strict=True):
        results = compiled(x, y)
        for found, wanted in zip(results, run(x, y), strict=True):
            np.testing.assert_array_equal(found, wanted)
        for i, one in enumerate(results):
            assert not any(np.shares_memory(one, other) for other in [x, y, *results[:i]])
    ((source, names),) = written
    done = {getattr(x, "__name__", "") for x in names.values()}
    assert not done & {"divide", "multiply", "reshape", "where"}, source


@pytest.mark.parametrize("size", [4, 40])
def test_choices_of_numbers_or_zero_keep_zeros_and_what_is_not_finite(size):
    compiled, _ = counting(lambda x: ops.add(ops.where(ops.greater(ops.abs(x), 1), x, 0.0), 0.0))
    for x in steps(3, size):
        x[0, :3] = np.inf, -np.inf, np.nan
        np.testing.assert_array_equal(compiled(x), np.where(np.abs(x) > 1, x, np.float32(0)))


def test_choices_of_single_numbers_are_made_in_each_call():
    compiled, runs = counting(lambda x: [ops.where(ops.greater(x, 0), x, 1), ops.where(ops.isnan(x), 0.0, x)])
    for x in (2.0, -3.0, np.nan, 0.0):
        kept, cleared = compiled(np.array(x, "float32"))
        assert kept == (x if x > 0 else 1.0)
        assert cleared == (0.0 if np.isnan(x) else x)
        assert kept.dtype == cleared.dtype == "float32"
        assert type(kept) is type(cleared) is np.ndarray
    assert len(runs) == 1


@pytest.mark.parametrize("dtype", ["int32", "int8", "uint8", "uint64"])
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_places_along_an_axis_are_looked_at_in_each_call(axis, dtype):
    shape = (40, 5, 3)  # of which int8 cannot count the elements
    places = [1 if a == axis % 3 else n for a, n in enumerate(shape)]

    def picked(x, i):
        return ops.value_and_grad(lambda x: ops.sum(ops.square(ops.take_along_axis(x, i, axis))))(x)

    compiled, runs = counting(picked)
    for seed in range(4):
        random = np.random.default_rng(seed)
        x = random.normal(size=shape)
        from_end = seed % 2 and not dtype.startswith("u")
        i = random.integers(-shape[axis] if from_end else 0, shape[axis], places).astype(dtype)
        value, gradient = compiled(x, i)
        wanted = np.zeros(shape)
        np.put_along_axis(wanted, i, 2 * np.take_along_axis(x, i, axis), axis)
        np.testing.assert_allclose(value, np.square(np.take_along_axis(x, i, axis)).sum(), rtol=1e-14)
        np.testing.assert_array_equal(gradient, wanted)
    assert len(runs) == 1
    with pytest.raises(OutOfRangeError, match=r"take_along_axis: .*index 47 is out of range"):
        compiled(x, np.full(places, 47, dtype))


PICKS = {
    "the largest of short rows": lambda x, i: ops.amax(x, -1),
    "the smallest": lambda x, i: ops.amin(x, 1),
    "along an axis": lambda x, i: ops.take_along_axis(x, i, 1),
    "one along an axis": lambda x, i: ops.take_along_axis(x, i[:, :1], 1),
    "added along an axis": lambda x, i: ops.grad(lambda x: ops.sum(ops.take_along_axis(x, i[:, :1], 1)))(x),
    "a choice": lambda x, i: ops.where(ops.greater(x, 0), x, 0.0),
    "a cast": lambda x, i: ops.cast(x, "float64"),
    "a sum": lambda x, i: ops.sum(x, -1),
}


@pytest.mark.parametrize("order", ["CC", "CF", "FC", "FF"])
@pytest.mark.parametrize("pick", PICKS)
def test_results_lie_in_memory_as_they_did_in_the_recording(pick, order):
    """Else what was a copy in the recording shares memory in the plan."""
    compiled, _ = counting(lambda x, i: [found := PICKS[pick](x, i), ops.reshape(found, (-1,))])
    for seed in range(3):
        random = np.random.default_rng(seed)
        x = np.asarray(random.normal(size=(20, 30, 4)), "float32", order=order[0])
        i = np.asarray(random.integers(0, 30, (20, 30, 4)), order=order[1])
        found, flat = compiled(x, i)
        np.testing.assert_array_equal(found, PICKS[pick](x, i))
        np.testing.assert_array_equal(flat, np.reshape(found, -1))
        assert not any(np.shares_memory(one, other) for one, other in [(found, flat), (found, x), (flat, x)])


def test_plans_take_the_shortcuts(written):
    compiled, _ = counting(lambda x, i: [PICKS[pick](x, i) for pick in PICKS])
    compiled(np.ones((20, 30, 4), "float32"), np.zeros((20, 30, 4), "int32"))
    ((_, names),) = written
    taken = {x.__qualname__.split(".")[0] for x in names.values() if hasattr(x, "__qualname__")}
    assert taken >= {
        "fitted_extreme",
        "fitted_gathering",
        "fitted_addition",
        "_choice_or_zero",
        "fitted_cast",
        "_fitted_sum",
    }


def test_large_arrays_of_places_are_not_kept(written):
    compiled, _ = counting(lambda x, i: ops.take_along_axis(x, i, 1))
    compiled(np.ones((200, 300)), np.zeros((200, 300), "int32"))
    ((_, names),) = written
    assert not any("fitted_gathering" in str(x) for x in names.values())


@pytest.mark.parametrize(("shape", "axis"), [((40, 8), 1), ((5, 9, 8), -1), ((8, 40), 0), ((40, 8), (0, 1))])
def test_the_largest_and_the_smallest_of_short_rows(shape, axis):
    compiled, _ = counting(lambda x: [ops.amax(x, axis, keepdims=True), ops.amin(x, axis), ops.cast(x, "int32")])
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=shape).astype("float32") * 9
        largest, smallest, whole = compiled(x)
        np.testing.assert_array_equal(largest, x.max(axis, keepdims=True))
        np.testing.assert_array_equal(smallest, x.min(axis))
        np.testing.assert_array_equal(whole, x.astype("int32"))
    x[0, 3] = np.nan
    np.testing.assert_array_equal(compiled(x)[1], x.min(axis))


@pytest.mark.parametrize("shape", [(1100, 4), (5, 6)])
def test_sums_are_the_same_over_any_axes(shape):
    def run(x):
        sums = [ops.sum(x, axis, keepdims=k) for axis in (None, 0, 1, (0, 1)) for k in (False, True)]
        return [ops.multiply(total, 2) for total in sums]

    compiled, _ = counting(run)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=shape).astype("float32")
        for found, wanted in zip(compiled(x), run(x), strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_results_are_no_arguments():
    for function in (lambda x: x, lambda x: ops.multiply(x, 1.0), lambda x: ops.reshape(x, (8, 8))):
        compiled, _ = counting(function)
        for x in steps(3):
            assert not np.shares_memory(compiled(x), x)


@pytest.mark.parametrize("copied", [lambda x: ops.multiply(x, 1.0), lambda x: ops.where(True, x, 0.0)])
def test_a_copy_of_state_outlives_its_update_in_place(copied):
    weights = Variable(np.ones((300, 300), "float32"))
    optimizer = optimizers.SGD(1.0)
    optimizer.build([weights])

    @polykeras.compile(variables=[weights, *optimizer.variables], donate_variables=True)
    def step(gradient):
        before = copied(weights.value)
        optimizer.apply([gradient], [weights])
        return ops.mean(before)

    gradient = np.ones((300, 300), "float32")
    assert [float(step(gradient)) for _ in range(4)] == [1.0, 0.0, -1.0, -2.0]


def test_donated_arrays_that_are_updated_in_place_are_returned_without_a_copy():
    rule = Rule(lambda value, change: (ops.add(value, change),), lists=2)
    step = polykeras.compile(lambda state, x: elementwise_each([*state, x], rule, donate=(0,)), donate=(0,))
    state = [np.zeros((300, 300), "float32")]
    for number in range(4):
        before, state = state, step(state, np.ones((300, 300), "float32"))
        assert np.shares_memory(state[0], before[0])
        assert state[0].min() == state[0].max() == number + 1


def reshaped(x):
    """A copy in the order of its axes, whose reshape is another copy, unless it is taken for the transposed array."""
    turned = ops.transpose(ops.broadcast_to(ops.transpose(ops.exp(x)), (8, 8)))
    return ops.add(ops.reshape(turned, (64,)), ops.reshape(ops.multiply(ops.sin(x), 2.0), (64,)))


def chosen(x):
    return ops.reshape(ops.transpose(ops.where(True, ops.transpose(x), 0.0)), (64,))


@pytest.mark.parametrize("function", [reshaped, chosen, lambda x: ops.multiply(ops.exp(x)[:1], 1.0)])
def test_layouts_stay_those_of_the_recording(function):
    compiled, _ = counting(function)
    for x in steps(4):
        found = compiled(x)
        np.testing.assert_array_equal(found, function(x))
        assert not np.shares_memory(found, x)
        assert found.flags.writeable
        assert found.base is None or found.base.size == found.size


def test_a_single_number_that_is_chosen_for_certain_is_passed_on(written):
    compiled, _ = counting(lambda x: ops.exp(ops.where(False, 0.0, ops.divide(ops.amax(x), 3))))
    for x in steps(3):
        np.testing.assert_array_equal(compiled(x), np.exp(x.max() / np.float32(3)))
    ((source, names),) = written
    assert "choose" not in {getattr(x, "__name__", "") for x in names.values()}, source


def test_identities_keep_signs_and_what_is_not_finite():
    compiled, _ = counting(lambda x: (ops.multiply(ops.add(x, 0.0), 1.0), ops.sum(ops.negative(x), 0, keepdims=True)))
    signed = np.array([[0.0, 1.0]], "float32")
    infinite = np.array([[np.inf, complex(1, np.nan)]], "complex64")
    for x in (signed, infinite):
        with np.errstate(invalid="ignore"):
            wanted = [np.multiply(x + 0.0, 1.0), (-x).sum(0, keepdims=True)]
        for _ in range(3):
            for found, y in zip(compiled(x), wanted, strict=True):
                assert found.tobytes() == y.tobytes()


def test_updates_in_place_may_give_back_what_they_were_given():
    rule = Rule(lambda g, v, p: (ops.subtract(v, g), ops.multiply(v, 1.0)), lists=3)
    for size in (10, 1 << 17):
        g, v, p = (np.full(size, x, "float32") for x in (1.0, 5.0, 0.0))
        less, same = elementwise_each([g, v, p], rule, [1, 2])
        assert (float(less[0]), float(same[0])) == (4.0, 5.0)


def times_called(written, *kernels):
    """How often the plan that was written calls each of some kernels."""
    ((source, names),) = written
    return [sum(source.count(f" {name}(") for name, x in names.items() if x is kernel) for kernel in kernels]


def convolutions(x, narrow, plain, wide, grouped, few):
    """One number of several convolutions, most of them of the same array."""
    return sum(
        ops.sum(ops.sin(y))
        for y in (
            ops.conv(x, plain, data_format="channels_last"),
            ops.conv(x, wide, dilation_rate=2, data_format="channels_last"),
            ops.conv(x, grouped, padding="same", data_format="channels_last"),
            ops.conv(narrow, few, strides=2, data_format="channels_last"),
            ops.conv(ops.transpose(x, (0, 3, 1, 2)), plain, padding="same", data_format="channels_first"),
        )
    )


@pytest.mark.parametrize("kept", [0, numpy_windows.KEPT])
def test_patches_are_copied_once_for_a_convolution_and_its_gradient(kept, written, monkeypatch):
    monkeypatch.setattr(numpy_windows, "KEPT", kept)
    shapes = (4, 9, 9, 6), (4, 9, 9, 2), (3, 3, 6, 4), (3, 3, 6, 4), (3, 3, 3, 4), (3, 3, 2, 5)
    gradient = ops.grad(convolutions, argnums=(0, 1, 2, 3, 4, 5))
    compiled, runs = counting(gradient)
    for seed in range(3):
        random = np.random.default_rng(seed)
        arrays = [random.normal(size=shape) for shape in shapes]
        for found, wanted in zip(compiled(*arrays), gradient(*arrays), strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert len(runs) == 1
    copying = (numpy_windows.window_patches, numpy_windows.convolve, numpy_windows.convolve_kernel_gradient)
    calls = times_called(written, *copying)
    assert calls == ([5, 0, 0] if kept else [0, 5, 5])


def test_patches_are_kept_for_as_long_and_as_often_as_they_are_needed(written):
    constant = np.random.default_rng(0).normal(size=(2, 6, 6, 5))
    convolve = functools.partial(ops.conv, data_format="channels_last")

    def loss(x, one, other):
        both = ops.sin(convolve(x, one)) * convolve(x, other)
        again = ops.sin(polykeras.remat(lambda x: ops.tanh(convolve(x, one)))(ops.cos(x)))
        return ops.sum(both + again + ops.sin(convolve(constant, one)))

    gradient = ops.grad(loss, argnums=(1, 2))
    compiled, _ = counting(gradient)
    for seed in range(3):
        random = np.random.default_rng(seed)
        arrays = [random.normal(size=shape) for shape in ((2, 6, 6, 5), (3, 3, 5, 4), (3, 3, 5, 4))]
        for found, wanted in zip(compiled(*arrays), gradient(*arrays), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-14)  # sums of gradients may come in another order
    kept, taken = times_called(written, numpy_windows.window_patches, numpy_windows.gradient_from_patches)
    assert (kept, taken) == (2, 3)  # for both kernels; after the second run of what was not to be remembered


def test_what_no_gradient_follows_keeps_no_patches(written):
    compiled, _ = counting(lambda x, k: ops.grad(lambda x: ops.sum(ops.sin(ops.conv(x, k))))(x))
    for x, k in ((np.ones((2, 6, 6, 5)), np.ones((3, 3, 5, 4))),) * 2:
        compiled(x, k)
    assert times_called(written, numpy_windows.window_patches) == [0]


TRUTHS = {
    "both": lambda x, y: ops.logical_and(ops.all(x > 0), ops.all(y > 0)),
    "alike": lambda x, y: ops.equal(ops.all(x > 0), ops.all(y > 0)),
    "stacked": lambda x, y: ops.stack([ops.any(x > 0), ops.any(y > 0)]),
    "chosen": lambda x, y: ops.where(ops.logical_and(ops.all(x > 0), ops.all(y > 0)), x, y),
    "with an argument": lambda x, y: ops.logical_and(ops.logical_not(ops.all(x > 0)), ops.any(y > 0)),
}


@pytest.mark.parametrize("function", TRUTHS.values(), ids=TRUTHS)
def test_truth_values_that_were_the_same_in_the_recording_may_differ(function):
    cases = [(x, y) for x in (np.ones(2), -np.ones(2)) for y in (np.ones(2), -np.ones(2))]
    for recorded in cases:
        compiled = polykeras.compile(function)
        compiled(*recorded)
        for case in cases:
            np.testing.assert_array_equal(compiled(*case), function(*case))
    given = polykeras.compile(lambda x, y: ops.logical_or(ops.logical_not(x), y))
    given(np.False_, np.True_)
    assert [bool(given(x, y)) for x in (np.True_, np.False_) for y in (np.True_, np.False_)] == [1, 0, 1, 1]
