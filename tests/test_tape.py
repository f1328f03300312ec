"""The tape, which differentiates for NumPy: long chains, memory, nesting, and what it refuses."""

from __future__ import annotations

import gc
import math
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.errors import GradientError

MEBIBYTE = 2**20


@pytest.fixture(autouse=True)
def _on_numpy():
    with polykeras.using("numpy"):
        yield


@pytest.fixture
def _without_garbage_collector():
    """So that only what nobody refers to is freed, at once."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x, length, step=lambda x: ops.multiply(x, 0.99999)):
    for _ in range(length):
        x = step(x)
    return x


# Long chains -----------------------------------------------------------------------------------------------


def test_a_chain_of_100_000_ops_has_a_gradient():
    """It would need as many frames if the tape were walked by recursion, and so would freeing it."""
    gradient = ops.grad(lambda x: chain(x, 100_000))(np.array(2.0))
    # each of the factors is rounded once on the way: by half a unit, 100,000 times at most
    assert gradient == pytest.approx(0.99999**100_000, rel=100_000 * 2**-53)


def test_a_long_chain_that_is_kept_can_be_dropped():
    _, pull = ops.vjp(lambda x: chain(x, 100_000), np.array(2.0))
    assert pull(np.array(0.0)) == (0.0,)
    del pull
    gc.collect()


# Memory ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_without_garbage_collector")
def test_everything_is_freed_when_the_gradient_is_there():
    seen = []

    def function(x):
        for _ in range(5):
            x = ops.exp(ops.multiply(x, 0.1))
            seen.append(weakref.ref(x.array))
        return ops.sum(x)

    ops.grad(function)(np.ones(100))
    assert [reference() for reference in seen] == [None] * 5


@pytest.mark.usefixtures("_without_garbage_collector")
def test_a_function_that_fails_leaves_nothing_behind():
    seen = []

    def function(x):
        seen.append(weakref.ref(ops.exp(x).array))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ops.grad(function)(np.ones(100))
    assert seen[0]() is None


def peak_of(function, *args) -> float:
    """The most memory that is in use beyond what was before, in MiB."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        function(*args)
        return (tracemalloc.get_traced_memory()[1] - before) / MEBIBYTE
    finally:
        tracemalloc.stop()


def test_the_way_back_needs_no_more_memory_than_the_way_there():
    """Forty results of 1 MiB are kept, and each goes as soon as its cotangent has been pulled back."""
    x = np.full(MEBIBYTE // 8, 0.5)
    peak = peak_of(ops.grad(lambda x: ops.sum(chain(x, 40, ops.sin))), x)
    assert 40 <= peak <= 40 + 5  # the results, and what a rule needs for a moment


def test_what_has_been_pulled_back_makes_room_for_gradients():
    """Forty sines and forty sums of 1 MiB are kept; without that room, forty gradients would come on top."""
    xs = [np.full(MEBIBYTE // 8, 0.5) for _ in range(40)]

    def function(xs):
        total = ops.sin(xs[0])
        for x in xs[1:]:
            total = ops.add(total, ops.sin(x))
        return ops.sum(total)

    assert peak_of(ops.grad(function), xs) <= 80 + 5


def test_recomputing_trades_memory_for_time():
    x = np.full(MEBIBYTE // 8, 0.5)
    calls = []

    def block(x):
        calls.append(1)
        return chain(x, 10, ops.sin)

    def loss(block):
        return lambda x: ops.sum(chain(x, 4, block))

    kept = peak_of(ops.grad(loss(block)), x)
    assert len(calls) == 4
    recomputed = peak_of(ops.grad(loss(polykeras.remat(block))), x)
    assert len(calls) == 4 + 2 * 4
    assert recomputed < kept / 2  # one block of ten at a time, and its five ends


# Arrays that must not change -------------------------------------------------------------------------------


def test_arrays_that_the_gradient_needs_cannot_be_changed_in_place():
    x, factor = np.ones(3), np.full(3, 2.0)

    def function(t):
        y = ops.multiply(t, factor)
        factor[0] = 7.0
        return ops.sum(y)

    with pytest.raises(ValueError, match="read-only"):
        ops.grad(function)(x)
    x[0], factor[0] = 5.0, 3.0  # both belong to the caller again, although the function failed
    assert ops.grad(lambda t: ops.sum(ops.multiply(t, factor)))(x).tolist() == [3.0, 2.0, 2.0]
    x[0], factor[0] = 1.0, 1.0


def test_an_array_is_protected_until_the_last_gradient_is_there():
    x = np.ones(3)
    (_, first), (_, second) = ops.vjp(ops.square, x), ops.vjp(ops.square, x)
    del first
    with pytest.raises(ValueError, match="read-only"):
        x[...] = 50.0
    assert second(np.ones(3))[0].tolist() == [2.0, 2.0, 2.0]
    del second
    x[...] = 50.0


def test_an_array_that_was_read_only_stays_so():
    x = np.ones(3)
    x.flags.writeable = False
    ops.grad(lambda x: ops.sum(x))(x)
    assert not x.flags.writeable


@pytest.mark.parametrize(
    ("misuse", "words"),
    [
        (lambda x: x.__setitem__(0, 1.0), "cannot be changed in place. Use ops.slice_update"),
        (lambda x: np.exp(x), "handed to NumPy|ufunc|operand"),
        (lambda x: np.asarray(x), "handed to NumPy or to another framework, where its gradient would be lost"),
        (lambda x: np.sum(x), "handed to NumPy|ufunc|unsupported"),
    ],
)
def test_what_would_lose_the_gradient_is_an_error(misuse, words):
    with pytest.raises(TypeError, match=words):
        ops.grad(lambda x: ops.sum(misuse(x)))(np.ones(3))


def test_a_value_that_escaped_cannot_be_used_afterwards():
    escaped = []
    ops.grad(lambda x: ops.sum(escaped.append(x) or ops.square(x)))(np.ones(3))
    with pytest.raises(GradientError, match=r"used after the function has ended.*has_aux=True"):
        ops.exp(escaped[0])


def test_a_traced_value_behaves_like_its_array():
    def function(x):
        assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((2, 3), 2, 6, 2, np.float64)
        assert [row.shape for row in x] == [(3,), (3,)]
        assert float(x[0, 1]) == x[0, 1].item() == 1.0
        assert x[0, 1] > 0.5
        assert range(5)[ops.argmax(x)] == 0
        return ops.sum(x.T @ x) if x[0, 0] > 0 else x[0, 0]

    gradient = ops.grad(function)(np.ones((2, 3)))
    assert gradient.tolist() == np.full((2, 3), 6.0).tolist()


# Nesting ---------------------------------------------------------------------------------------------------


def test_nested_gradients_do_not_confuse_each_other():
    """d/dx (x * d/dy (x + y)) is 1: an inner tape that took the outer variable for its own would give 2."""
    inner = ops.grad(lambda y, x: ops.add(x, y))
    assert ops.grad(lambda x: ops.multiply(x, inner(np.array(1.0), x)))(np.array(5.0)) == 1.0


def test_higher_derivatives_to_the_fifth_order():
    derivative, expected = ops.sin, [math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x), math.sin, math.cos]
    for formula in expected:
        derivative = ops.grad(derivative)
        # sums of a few products, each rounded to half a unit
        assert derivative(np.array(0.7)) == pytest.approx(formula(0.7), abs=2**-50)


def test_threads_differentiate_side_by_side():
    results = {}

    def work(number):
        x = np.full(1000, float(number))
        results[number] = [float(ops.grad(lambda x: ops.sum(ops.square(x)))(x)[0]) for _ in range(50)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [2.0 * number] * 50 for number in range(4)}
