"""Recurrent networks over whole sequences, as one op each.

The products with the inputs are made for all steps at once, before the steps are run; only those with the state are
left for each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..dtypes import ORDERED, inexact
from ..errors import ShapeError
from ..op import Array, Mask, composed
from ..spec import Spec, same_size, show_shape
from ..symbolic import spec_of


def _check(
    x: Spec,
    states: tuple[Spec, ...],
    kernel: Spec | None,
    recurrent: Spec,
    bias: Spec | None,
    mask: Spec | None,
    gates: int,
) -> Any:
    """The number of units, if everything fits together."""
    if recurrent.ndim != 2 or not same_size(recurrent.shape[0] * gates, recurrent.shape[1]):
        given = show_shape(recurrent.shape)
        raise ShapeError(f"expected a recurrent kernel of shape (units, {gates} * units); got shape {given}.")
    units = recurrent.shape[0]
    _check_steps(x.shape, 1)
    wanted = (("kernel", kernel, (x.shape[2], gates * units)), *(("state", s, (x.shape[0], units)) for s in states))
    for name, given, shape in (*wanted, ("mask", mask, x.shape[:2])):
        if given is not None and (given.ndim != len(shape) or not all(map(same_size, given.shape, shape))):
            raise ShapeError(f"expected {name} to have shape {show_shape(shape)}; got {show_shape(given.shape)}.")
    axes = (1, 2) if gates == 3 else (1,)  # units that reset after the product have a bias for either product
    if bias is not None and (bias.ndim not in axes or not same_size(bias.shape[-1], gates * units)):
        raise ShapeError(f"expected a bias with {gates} * {units} numbers; got shape {show_shape(bias.shape)}.")
    return units  # type: ignore[return-value]


def _check_steps(shape: tuple[Any, ...], axis: int) -> None:
    """Refuse inputs without steps along an axis."""
    if len(shape) != 3 or shape[axis] == 0:
        form = "batch, steps" if axis else "steps, batch"
        raise ShapeError(f"expected inputs of shape ({form}, features), with steps; got {show_shape(shape)}.")


def _refuse_misfits(infer: Callable[..., Any], arrays: tuple[Any, ...], *settings: Any) -> None:
    """Refuse arrays whose shapes do not go together, which NumPy might make fit."""
    infer(*(None if array is None else spec_of(array) for array in arrays), *settings)


def _results(x: Spec, units: Any, states: int) -> tuple[Spec, ...]:
    return Spec((*x.shape[:2], units), x.dtype), *(Spec((x.shape[0], units), x.dtype) for _ in range(states))


def _summands(x: Spec, *rest: Any) -> Any:
    return x.shape[1] * x.shape[2]


def run_steps(
    step: Callable[[Any, list[Any]], tuple[Any, list[Any]]],
    sequences: Any,
    states: list[Any],
    mask: Any,
    unroll: bool | int = False,
) -> tuple[Any, list[Any]]:
    """Run steps along the second axis of an array, each of which makes an output and new states of its inputs.

    Where the mask is False, states stay, and what was given out before is given out again, at first zeros.

    Args:
        step: Takes the inputs of a step and the list of states; gives an output, and the list of new states.
        sequences: Array of shape (batch, steps, ...).
        states: The first states.
        mask: Bools of shape (batch, steps), or None.
        unroll: Whether a compiled function has all steps one by one, or how many of them at a time.

    Returns:
        The outputs along the second axis, and the last states.
    """
    xs = ops.swapaxes(sequences, 0, 1)
    if mask is None:
        outputs, states = _scanned(step, xs, states, unroll)
        return ops.swapaxes(outputs, 0, 1), states

    def advance_where(carry: Any, given: Any) -> Any:
        (previous, states), (x, counts) = carry, given
        output, following = step(x, states)
        output = _where(counts, output, previous)
        return (output, [_where(counts, *pair) for pair in zip(following, states, strict=True)]), output

    first = ops.zeros_like(step(sequences[:, 0], states)[0])
    (_, states), outputs = ops.scan(advance_where, (first, states), (xs, ops.swapaxes(mask, 0, 1)), unroll=unroll or 1)
    return ops.swapaxes(outputs, 0, 1), states


def _scanned(step: Any, xs: Any, states: list[Any], unroll: bool | int) -> tuple[Any, list[Any]]:
    """As `run_steps`, with the steps along the first axis, and without a mask."""

    def advance(carry: list[Any], x: Any) -> Any:
        output, following = step(x, carry)
        return following, output

    states, outputs = ops.scan(advance, states, xs, unroll=unroll or 1)
    return outputs, states


def _where(counts: Any, new: Any, old: Any) -> Any:
    """New values for the examples that count."""
    return ops.where(ops.reshape(counts, (-1, *(1,) * (ops.ndim(new) - 1))), new, old)


def _projected(x: Any, kernel: Any, bias: Any) -> Any:
    out = ops.matmul(x, kernel)
    return out if bias is None else ops.add(out, bias)


def _infer_simple_rnn(
    x: Spec, h: Spec, kernel: Spec, recurrent_kernel: Spec, bias: Spec | None, mask: Spec | None, unroll: Any
) -> tuple[Spec, ...]:
    return _results(x, _check(x, (h,), kernel, recurrent_kernel, bias, mask, 1), 1)


_ULP = 64  # of many steps, each of which a few units in error goes through the next ones


@composed(infer=_infer_simple_rnn, accepts=ORDERED, promote=inexact, summands=_summands, ulp=_ULP)
def simple_rnn(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Mask | None = None,
    unroll: Any = False,
) -> Any:
    """Elman's network: at each step h = tanh(x kernel + h recurrent_kernel + bias).

    Args:
        x: Array of shape (batch, steps, features).
        h: The first state, of shape (batch, units).
        kernel: What the inputs are multiplied with, of shape (features, units).
        recurrent_kernel: What the state is multiplied with, of shape (units, units).
        bias: Numbers to add, one for each unit.
        mask: Bools of shape (batch, steps). Where they are False, nothing changes.
        unroll: Whether a compiled function has all steps one by one, or how many of them at a time.

    Returns:
        The states after each step, of shape (batch, steps, units), and the last state.

    >>> simple_rnn(ones((1, 2, 1)), zeros((1, 1)), ones((1, 1)), ones((1, 1)))[1]
    array([[0.9426808]], dtype=float32)
    """
    _refuse_misfits(_infer_simple_rnn, (x, h, kernel, recurrent_kernel, bias, mask), unroll)

    def step(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        state = ops.tanh(ops.add(x, ops.matmul(states[0], recurrent_kernel)))
        return state, [state]

    outputs, states = run_steps(step, _projected(x, kernel, bias), [h], mask, unroll)
    return outputs, *states


def _infer_lstm(
    x: Spec,
    h: Spec,
    c: Spec,
    kernel: Spec,
    recurrent_kernel: Spec,
    bias: Spec | None,
    mask: Spec | None,
    unroll: Any,
) -> tuple[Spec, ...]:
    return _results(x, _check(x, (h, c), kernel, recurrent_kernel, bias, mask, 4), 2)


@composed(infer=_infer_lstm, accepts=ORDERED, promote=inexact, summands=_summands, ulp=_ULP)
def lstm(
    x: Array,
    h: Array,
    c: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Mask | None = None,
    unroll: Any = False,
) -> Any:
    """Hochreiter and Schmidhuber's network, with a forget gate, over a whole sequence.

    Args:
        x: Array of shape (batch, steps, features).
        h: The first state, of shape (batch, units).
        c: The first memory, of shape (batch, units).
        kernel: What the inputs are multiplied with, of shape (features, 4 * units): for the gates of input and
            forgetting, for what is to be remembered, and for the gate of output.
        recurrent_kernel: What the state is multiplied with, of shape (units, 4 * units), likewise.
        bias: Numbers to add, likewise.
        mask: Bools of shape (batch, steps). Where they are False, nothing changes.
        unroll: Whether a compiled function has all steps one by one, or how many of them at a time.

    Returns:
        The states after each step, of shape (batch, steps, units), the last state, and the last memory.

    >>> lstm(ones((1, 2, 1)), zeros((1, 1)), zeros((1, 1)), ones((1, 4)), ones((1, 4)))[1]
    array([[0.6505352]], dtype=float32)
    """
    _refuse_misfits(_infer_lstm, (x, h, c, kernel, recurrent_kernel, bias, mask), unroll)
    if mask is None:
        projected = _projected(ops.swapaxes(x, 0, 1), kernel, bias)
        outputs, h, c = lstm_steps(projected, h, c, recurrent_kernel, unroll)
        return ops.swapaxes(outputs, 0, 1), h, c
    outputs, states = run_steps(_lstm_step(recurrent_kernel), _projected(x, kernel, bias), [h, c], mask, unroll)
    return outputs, *states


def _lstm_step(recurrent_kernel: Any) -> Callable[[Any, list[Any]], tuple[Any, list[Any]]]:
    """A step of `lstm`, whose inputs are multiplied already."""

    def step(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        state, memory = states
        gates, others = ops.split(ops.add(x, ops.matmul(state, recurrent_kernel)), 2, axis=-1)
        entering, keeping = ops.split(ops.sigmoid(gates), 2, axis=-1)
        new, leaving = ops.split(others, 2, axis=-1)
        memory = ops.add(ops.multiply(keeping, memory), ops.multiply(entering, ops.tanh(new)))
        state = ops.multiply(ops.sigmoid(leaving), ops.tanh(memory))
        return state, [state, memory]

    return step


def _infer_lstm_steps(x: Spec, h: Spec, c: Spec, recurrent_kernel: Spec, unroll: Any) -> tuple[Spec, ...]:
    _check_steps(x.shape, 0)
    by_batch = Spec((x.shape[1], x.shape[0], x.shape[2]), x.dtype)
    units = _check(by_batch, (h, c), None, recurrent_kernel, None, None, 4)
    if not same_size(x.shape[2], 4 * units):
        raise ShapeError(f"expected inputs with 4 * {units} numbers for each step; got shape {show_shape(x.shape)}.")
    return Spec((*x.shape[:2], units), x.dtype), h, c


def _lstm_rule(g: Any, out: Any, x: Any, h: Any, c: Any, recurrent_kernel: Any, unroll: Any) -> tuple[Any, ...]:
    """The cotangents of `lstm_steps`: all gates are computed again at once, and so is what depends on them alone."""
    (g_outputs, g_state, g_memory), (outputs, _, _) = g, out
    x, h, c, recurrent_kernel = (ops.cast(given, ops.dtype(outputs)) for given in (x, h, c, recurrent_kernel))
    states = ops.concatenate([ops.expand_dims(h, 0), outputs[:-1]])
    gates = ops.split(ops.add(x, ops.matmul(states, recurrent_kernel)), 4, axis=-1)
    entering, keeping, leaving = (ops.sigmoid(gates[i]) for i in (0, 1, 3))
    new = ops.tanh(gates[2])

    def remember(memory: Any, given: Any) -> tuple[Any, Any]:
        memory = ops.add(ops.multiply(given[0], memory), given[1])
        return memory, memory

    _, memories = ops.scan(remember, c, (keeping, ops.multiply(entering, new)))
    shown = ops.tanh(memories)
    slopes = [
        ops.multiply(new, _slope(entering)),
        ops.multiply(ops.concatenate([ops.expand_dims(c, 0), memories[:-1]]), _slope(keeping)),
        ops.multiply(entering, ops.subtract(1, ops.square(new))),
        ops.multiply(shown, _slope(leaving)),
    ]
    to_memory = ops.multiply(leaving, ops.subtract(1, ops.square(shown)))
    backwards = ops.transpose(recurrent_kernel)

    def go_back(carry: list[Any], given: Any) -> tuple[list[Any], Any]:
        (g_state, g_memory), (g_output, to_memory, slopes, keeping) = carry, given
        g_state = ops.add(g_state, g_output)
        g_memory = ops.add(g_memory, ops.multiply(g_state, to_memory))
        g_gates = ops.multiply(ops.concatenate([g_memory, g_memory, g_memory, g_state], axis=-1), slopes)
        return [ops.matmul(g_gates, backwards), ops.multiply(g_memory, keeping)], g_gates

    along = (g_outputs, to_memory, ops.concatenate(slopes, axis=-1), keeping)
    (g_h, g_c), g_gates = ops.scan(go_back, [g_state, g_memory], along, reverse=True)
    rows, columns = (ops.reshape(each, (-1, ops.shape(each)[-1])) for each in (states, g_gates))
    return g_gates, g_h, g_c, ops.matmul(ops.transpose(rows), columns)


def _slope(gate: Any) -> Any:
    """The derivative of the logistic function where it has a value."""
    return ops.multiply(gate, ops.subtract(1, gate))


@composed(
    infer=_infer_lstm_steps,
    accepts=ORDERED,
    promote=inexact,
    pull=_lstm_rule,
    summands=lambda x, h, *rest: h.shape[-1],
    ulp=_ULP,
)
def lstm_steps(x: Array, h: Array, c: Array, recurrent_kernel: Array, unroll: Any = False) -> Any:
    """The steps of `lstm`, when its inputs have been multiplied with their kernel, and the bias has been added.

    Args:
        x: Array of shape (steps, batch, 4 * units).
        h: The first state, of shape (batch, units).
        c: The first memory, of shape (batch, units).
        recurrent_kernel: What the state is multiplied with, of shape (units, 4 * units).
        unroll: Whether a compiled function has all steps one by one, or how many of them at a time.

    Returns:
        The states after each step, of shape (steps, batch, units), the last state, and the last memory.

    >>> lstm_steps(ones((2, 1, 4)), zeros((1, 1)), zeros((1, 1)), ones((1, 4)))[1]
    array([[0.6505352]], dtype=float32)
    """
    _refuse_misfits(_infer_lstm_steps, (x, h, c, recurrent_kernel), unroll)
    outputs, states = _scanned(_lstm_step(recurrent_kernel), x, [h, c], unroll)
    return outputs, *states


def _infer_gru(
    x: Spec,
    h: Spec,
    kernel: Spec,
    recurrent_kernel: Spec,
    bias: Spec | None,
    mask: Spec | None,
    reset_after: bool,
    unroll: Any,
) -> tuple[Spec, ...]:
    units = _check(x, (h,), kernel, recurrent_kernel, bias, mask, 3)
    if bias is not None and (bias.ndim != 1 + reset_after or (reset_after and bias.shape[0] != 2)):
        wanted = f"(2, {3 * units}), as reset_after is True" if reset_after else f"({3 * units},)"
        raise ShapeError(f"expected a bias of shape {wanted}; got shape {show_shape(bias.shape)}.")
    return _results(x, units, 1)


@composed(infer=_infer_gru, accepts=ORDERED, promote=inexact, summands=_summands, ulp=_ULP)
def gru(
    x: Array,
    h: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    mask: Mask | None = None,
    reset_after: bool = True,
    unroll: Any = False,
) -> Any:
    """Cho's gated recurrent units over a whole sequence.

    Args:
        x: Array of shape (batch, steps, features).
        h: The first state, of shape (batch, units).
        kernel: What the inputs are multiplied with, of shape (features, 3 * units): for the gates of updating and of
            resetting, and for the candidate.
        recurrent_kernel: What the state is multiplied with, of shape (units, 3 * units), likewise.
        bias: Numbers to add, likewise: one row, or with `reset_after` two, the second for the product with the state.
        mask: Bools of shape (batch, steps). Where they are False, nothing changes.
        reset_after: Whether the state is reset after its product with the recurrent kernel, or before.
        unroll: Whether a compiled function has all steps one by one, or how many of them at a time.

    Returns:
        The states after each step, of shape (batch, steps, units), and the last state.

    >>> gru(ones((1, 2, 1)), zeros((1, 1)), ones((1, 3)), ones((1, 3)))[1]
    array([[0.34675312]], dtype=float32)
    """
    _refuse_misfits(_infer_gru, (x, h, kernel, recurrent_kernel, bias, mask), reset_after, unroll)
    units = ops.shape(recurrent_kernel)[0]
    of_inputs, of_state = (None, None) if bias is None else ops.unstack(bias) if reset_after else (bias, None)
    for_gates, for_candidate = recurrent_kernel[:, : 2 * units], recurrent_kernel[:, 2 * units :]

    def step(x: Any, states: list[Any]) -> tuple[Any, list[Any]]:
        (state,) = states
        updating, resetting, new = ops.split(x, 3, axis=-1)
        if reset_after:
            products = ops.split(_projected(state, recurrent_kernel, of_state), 3, axis=-1)
        else:
            products = ops.split(ops.matmul(state, for_gates), 2, axis=-1)
        update, reset = ops.sigmoid(ops.add(updating, products[0])), ops.sigmoid(ops.add(resetting, products[1]))
        fresh = (
            ops.multiply(reset, products[2]) if reset_after else ops.matmul(ops.multiply(reset, state), for_candidate)
        )
        candidate = ops.tanh(ops.add(new, fresh))
        state = ops.add(ops.multiply(update, state), ops.multiply(ops.subtract(1, update), candidate))
        return state, [state]

    outputs, states = run_steps(step, _projected(x, kernel, of_inputs), [h], mask, unroll)
    return outputs, *states
