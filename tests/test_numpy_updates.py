"""Updates of large arrays on NumPy, in parts and in place: the same numbers as for whole arrays."""

import threading

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backends import numpy_updates
from polykeras.backends.numpy_updates import PART, _update_of
from polykeras.dtypes import in_single
from polykeras.ops.updates import Rule, elementwise_each

SIZE = 3 * PART + 5
"""Three parts, and some elements more."""


@pytest.fixture(autouse=True)
def on_numpy():
    with polykeras.using("numpy"):
        yield


def two_arrays(dtype="float32"):
    return [np.random.default_rng(i).normal(size=SIZE).astype(dtype) for i in range(2)]


FORMULAS = {
    "the first result is needed for the second": lambda x, y, n: (ops.add(x, y), ops.multiply(ops.add(x, y), n)),
    "what is written over is read later": lambda x, y, n: (ops.add(x, n), ops.multiply(ops.subtract(x, y), x)),
    "both are read later": lambda x, y, n: (ops.add(y, n), ops.multiply(x, n)),
    "each for itself": lambda x, y, n: (ops.add(x, n), ops.multiply(y, n)),
    "arrays change places": lambda x, y, n: (y, x),
    "one array stays": lambda x, y, n: (x, ops.multiply(x, y)),
    "one result twice": lambda x, y, n: (ops.add(x, y),) * 2,
    "a choice by values": lambda x, y, n: (ops.where(ops.greater(x, n), x, y), ops.relu(x)),
    "a result of another dtype": lambda x, y, n: (ops.add(x, y), ops.greater(x, y)),
    "a number for all": lambda x, y, n: (ops.add(x, y), ops.ones_like(x)),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("donate", [(), (0,), (1,), (0, 1)])
@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_updates_in_parts_give_what_the_formula_gives_for_whole_arrays(formula, donate, dtype):
    rule = Rule(formula, 2, 1)
    for number in (0.5, 2.0):
        wide = in_single(dtype)
        wanted = formula(*(x.astype(wide) for x in two_arrays(dtype)), np.array(number, wide))
        wanted = [x.astype(dtype) if x.dtype == wide else x for x in wanted]
        found = elementwise_each([np.float32(number), *two_arrays(dtype)], rule, donate)
        for one, other in zip(found, wanted, strict=True):
            assert one.dtype == other.dtype
            np.testing.assert_array_equal(one, other)
        assert not np.shares_memory(*found)


@pytest.mark.parametrize("left", [0, 1, PART - 1])
def test_whatever_is_left_over_is_updated_too(left):
    rule = Rule(FORMULAS["the first result is needed for the second"], 2, 1)
    x, y = (np.arange(2 * PART + left, dtype="float32") + i for i in range(2))
    first, second = elementwise_each([np.float32(2.0), x.copy(), y], rule, (0,))
    np.testing.assert_array_equal(first, x + y)
    np.testing.assert_array_equal(second, (x + y) * 2)


def test_arrays_of_more_sizes_than_there_are_plans_for(monkeypatch):
    """Plans that took turns would be made anew in every step."""
    monkeypatch.setattr(numpy_updates, "SIZES", 3)
    seen = []

    def formula(x, y, n):
        seen.append(ops.shape(x))
        return ops.add(x, n), ops.multiply(ops.add(x, n), y)

    rule = Rule(formula, 2, 1)
    for _ in range(3):
        seen.clear()
        arrays = [[np.arange(2 * PART + left, dtype="float32") + i for left in range(1, 5)] for i in range(2)]
        wanted = [x + 2 for x in arrays[0]] + [(x + 2) * y for x, y in zip(*arrays, strict=True)]
        found = elementwise_each([np.float32(2.0), *arrays[0], *arrays[1]], rule, (0,))
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
    assert seen == [(3,), (4,)]


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_run_as_plans_but_where_results_are_not_new_arrays(name):
    update = _update_of(Rule(FORMULAS[name], 2, 1), np.dtype("float32"), 1, (0,))
    assert (update is None) == (name in ("arrays change places", "one array stays", "one result twice"))


def test_parts_run_without_the_formula():
    calls = []

    def formula(x, y, n):
        calls.append(np.shape(x))
        return ops.add(x, n), ops.multiply(y, n)

    rule = Rule(formula, 2, 1)
    for _ in range(2):
        elementwise_each([np.float32(2.0), *two_arrays()], rule, (0, 1))
    assert calls == [(PART,), (5,)]  # for the plan, and for that of what is left


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_functions_in_parts_give_what_they_give_for_whole_arrays(formula):
    wanted = formula(*two_arrays(), np.float32(0.5))
    found = ops.elementwise(lambda x, y: formula(x, y, np.float32(0.5)), tuple(two_arrays()), (0, 1))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_memory_that_is_given_up_is_written_to():
    rule = Rule(FORMULAS["what is written over is read later"], 2, 1)
    x, y = two_arrays()
    first, second = elementwise_each([np.float32(1.0), x, y], rule, (1,))
    assert np.shares_memory(first, y)
    assert not np.shares_memory(second, y)
    np.testing.assert_array_equal(x, two_arrays()[0])


def test_memory_that_several_arrays_share_is_not_written_to():
    long = np.arange(4.0 * numpy_updates.PART)
    same, first, second = long.copy(), long[1:], long[:-1]
    for given in ((same, same), (first, second), (second, first)):
        wanted = given[0] + 1, given[1] * 2
        found = ops.elementwise(lambda x, y: (x + 1, y * 2), given, donate=(0, 1))
        for result, expected in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(result, expected)


def test_arrays_that_are_the_same_or_cannot_be_written_to():
    rule = Rule(FORMULAS["each for itself"], 2, 1)
    x, _ = two_arrays()
    wanted = rule.formula(x, x.copy(), 1.0)
    fixed = x.copy()
    fixed.flags.writeable = False
    for one, other in ((x.copy(), fixed), (fixed, x.copy())):
        for result, expected in zip(elementwise_each([1.0, one, other], rule, (0, 1)), wanted, strict=True):
            np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(fixed, x)
    for result, expected in zip(elementwise_each([1.0, x, x], rule, (0,)), wanted, strict=True):
        np.testing.assert_array_equal(result, expected)


def test_arrays_that_differ_in_shape_or_order():
    rule = Rule(FORMULAS["each for itself"], 2, 1)
    x, y = (array[5:] for array in two_arrays())
    for one, other in ((x.reshape(-1, 1), y[:1]), (x.reshape(4, -1).T, y.reshape(-1, 4)), (x[::2], y[::2])):
        wanted = rule.formula(one.copy(), other.copy(), np.float32(2.0))
        for result, expected in zip(elementwise_each([2.0, one, other], rule, (0, 1)), wanted, strict=True):
            np.testing.assert_array_equal(result, expected)


def test_threads_update_at_the_same_time():
    rule = Rule(FORMULAS["the first result is needed for the second"], 2, 1)
    wanted = rule.formula(*two_arrays(), np.float32(2.0))
    found = []

    def update():
        for _ in range(20):
            with polykeras.using("numpy"):
                found.append(elementwise_each([np.float32(2.0), *two_arrays()], rule, (0, 1)))

    threads = [threading.Thread(target=update) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    for results in found:
        for one, other in zip(results, wanted, strict=True):
            np.testing.assert_array_equal(one, other)
