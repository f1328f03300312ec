"""Sequences of labels without positions: how likely they are, and which is the likeliest.

A path names a label or the blank at each step. It stands for the sequence that is left when repeated labels count once
and blanks are taken out (A. Graves et al., "Connectionist temporal classification", ICML 2006).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..dtypes import ORDERED, inexact, result_type
from ..errors import OptionError, ShapeError
from ..op import Array, Index, composed
from ..spec import Spec, same_size, show_shape
from ..symbolic import spec_of

_NEVER = -1e30  # the logarithm of the probability of what cannot be; finite, so that differences of two of them are


def _single_at_least(dtype: str) -> str:
    return result_type(dtype, "float32")


def _index_in_range(mask_index: int, classes: Any) -> None:
    if isinstance(classes, int) and not 0 <= mask_index < classes:
        raise OptionError(f"mask_index={mask_index} names none of the {classes} classes.")


def _infer_loss(target: Spec, output: Spec, target_length: Spec, output_length: Spec, mask_index: int) -> Spec:
    shapes = [x.shape for x in (target, output, target_length, output_length)]
    ranks = [len(shape) for shape in shapes]
    if ranks != [2, 3, 1, 1] or not all(same_size(shape[0], output.shape[0]) for shape in shapes):
        raise ShapeError(
            "expected target of shape (batch, labels), output of shape (batch, steps, classes), and lengths of shape "
            f"(batch,); got {', '.join(map(show_shape, shapes))}."
        )
    _index_in_range(mask_index, output.shape[2])
    return Spec((output.shape[0],), _single_at_least(output.dtype))


@composed(
    infer=_infer_loss,
    accepts=ORDERED,
    promote=inexact,
    summands=lambda target, output, *_: 9 * output.shape[1],
)
def ctc_loss(target: Index, output: Array, target_length: Index, output_length: Index, mask_index: int = 0) -> Array:
    """Minus the logarithm of the probability of a sequence of labels: of all paths that stand for it together.

    Args:
        target: The labels, array of integers of shape (batch, labels).
        output: The logits, array of shape (batch, steps, classes).
        target_length: For each sequence how many of the labels count.
        output_length: For each sequence how many of the steps count.
        mask_index: The number of the class that means blank.

    Returns:
        The losses, of shape (batch,), in float32 at least. Infinite, without gradient, where the
        sequence is too long for the steps.

    >>> ctc_loss([[1, 2]], [[[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]], [2], [2])
    array([2.1972246], dtype=float32)
    """
    _infer_loss(spec_of(target), spec_of(output), spec_of(target_length), spec_of(output_length), mask_index)
    batch, steps, _ = ops.shape(output)
    count = ops.shape(target)[1]
    logs = ops.log_softmax(ops.cast(output, _single_at_least(ops.dtype(output))), -1)
    target, target_length, output_length = (ops.cast(x, "int32") for x in (target, target_length, output_length))
    number = ops.cumsum(ops.ones_like(target), 1)
    labels = ops.where(ops.less_equal(number, ops.expand_dims(target_length, 1)), target, mask_index)
    states = ops.stack([ops.full_like(labels, mask_index), labels], -1)
    states = ops.reshape(states, (batch, 2 * count))
    states = ops.pad_constant(states, ((0, 0), (0, 1)), mask_index)  # blank, label, blank, label, ..., blank
    before = ops.pad_constant(states, ((0, 0), (2, 0)), mask_index)[:, :-2]
    may_skip = ops.logical_and(ops.not_equal(states, mask_index), ops.not_equal(states, before))
    every_step = ops.broadcast_to(ops.expand_dims(states, 1), (batch, steps, 2 * count + 1))
    emitted = ops.maximum(ops.transpose(ops.gather_along_axis(logs, every_step, 2), (1, 0, 2)), _NEVER)
    counts = ops.transpose(_step_counts(logs, output_length))

    def shifted(x: Any, by: int) -> Any:
        return ops.pad_constant(x, ((0, 0), (by, 0)), _NEVER)[:, :-by]

    def step(reached: Any, now: Any) -> Any:
        emission, goes_on = now
        ways = [reached, shifted(reached, 1), ops.where(may_skip, shifted(reached, 2), _NEVER)]
        entered = ops.add(ops.logsumexp(ops.stack(ways), 0), emission)
        return ops.where(ops.expand_dims(goes_on, 1), entered, reached), None

    is_first = ops.equal(ops.cumsum(ops.ones_like(states), 1), 1)
    start = ops.where(is_first, ops.zeros_like(states, ops.dtype(logs)), _NEVER)
    reached, _ = ops.scan(step, start, (emitted, counts))
    last = ops.expand_dims(ops.multiply(target_length, 2), 1)
    ends = [ops.gather_along_axis(reached, ops.maximum(ops.subtract(last, i), 0), 1) for i in (0, 1)]
    ends[1] = ops.where(ops.greater(last, 0), ends[1], _NEVER)
    likelihood = ops.logsumexp(ops.concatenate(ends, 1), 1)
    return ops.where(ops.greater(likelihood, _NEVER / 2), ops.negative(likelihood), np.inf)


def _infer_decode(
    inputs: Spec,
    sequence_lengths: Spec,
    strategy: str,
    beam_width: int,
    top_paths: int,
    merge_repeated: bool,
    mask_index: int | None,
) -> tuple[Spec, Spec]:
    if inputs.ndim != 3 or sequence_lengths.ndim != 1 or not same_size(inputs.shape[0], sequence_lengths.shape[0]):
        raise ShapeError(
            "expected inputs of shape (batch, steps, classes) and sequence_lengths of shape (batch,); got "
            f"{show_shape(inputs.shape)} and {show_shape(sequence_lengths.shape)}."
        )
    batch, steps, classes = inputs.shape
    if classes == 0:
        raise ShapeError(f"expected at least one class; got inputs of shape {show_shape(inputs.shape)}.")
    if mask_index is not None:
        _index_in_range(mask_index, classes)
    dtype = _single_at_least(inputs.dtype)
    if strategy == "greedy":
        return Spec((1, batch, steps), "int32"), Spec((batch, 1), dtype)
    if strategy != "beam_search":
        raise OptionError(f"expected strategy to be 'greedy' or 'beam_search'; got {strategy!r}.")
    if not 1 <= top_paths <= beam_width:
        raise OptionError(f"expected from 1 to beam_width={beam_width} top_paths; got {top_paths}.")
    return Spec((top_paths, batch, steps), "int32"), Spec((batch, top_paths), dtype)


@composed(infer=_infer_decode, accepts=ORDERED, promote=inexact, summands=lambda inputs, *_: inputs.shape[1])
def ctc_decode(
    inputs: Array,
    sequence_lengths: Index,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> Any:
    """The likeliest sequences of labels.

    Args:
        inputs: The logits, array of shape (batch, steps, classes).
        sequence_lengths: For each sequence how many of the steps count.
        strategy: "greedy" for what the likeliest path stands for; "beam_search" for the sequences whose paths are
            likeliest together, among those that could be followed.
        beam_width: How many sequences the beam search follows.
        top_paths: How many of them it returns.
        merge_repeated: Whether repeated labels of a path count once; the beam search always takes them so.
        mask_index: The number of the class that means blank; None for the last.

    Returns:
        The labels, int32 of shape (top_paths, batch, steps) with -1 after the last, and scores of shape (batch,
        top_paths): for the greedy strategy minus the sum of the logits along the path, for the beam search the
        logarithm of the probability.

    >>> labels, scores = ctc_decode([[[0.0, 2.0], [1.0, 0.0], [0.0, 3.0]]], [3])
    >>> labels, scores
    (array([[[ 1,  1, -1]]], dtype=int32), array([[-6.]], dtype=float32))
    """
    lengths = ops.cast(sequence_lengths, "int32")
    _infer_decode(spec_of(inputs), spec_of(lengths), strategy, beam_width, top_paths, merge_repeated, mask_index)
    classes = ops.shape(inputs)[2]
    blank = classes - 1 if mask_index is None else mask_index
    inputs = ops.cast(inputs, _single_at_least(ops.dtype(inputs)))
    if strategy == "greedy":
        return _greedy(inputs, lengths, merge_repeated, blank)
    return _beam_search(inputs, lengths, beam_width, top_paths, blank)


def _step_counts(inputs: Any, lengths: Any) -> Any:
    """For each sequence and step whether the step counts."""
    numbers = ops.cumsum(ops.ones_like(inputs[:, :, 0], "int32"), 1)
    return ops.less_equal(numbers, ops.expand_dims(lengths, 1))


def _greedy(inputs: Any, lengths: Any, merge_repeated: bool, blank: Any) -> tuple[Any, Any]:
    counts = _step_counts(inputs, lengths)
    path = ops.where(counts, ops.argmax(inputs, -1), blank)
    score = ops.negative(ops.sum(ops.where(counts, ops.amax(inputs, -1), 0), 1, keepdims=True))
    left_out = ops.equal(path, blank)
    if merge_repeated:
        before = ops.pad_constant(path, ((0, 0), (1, 0)), -1)[:, :-1]
        left_out = ops.logical_or(left_out, ops.equal(path, before))
    order = ops.argsort(left_out, -1)  # stable: what stays keeps its order
    labels = ops.take_along_axis(ops.where(left_out, -1, path), order, -1)
    return ops.expand_dims(labels, 0), score


class _Beam:
    """The sequences that a beam search follows, as a tuple of arrays over (batch, width) for the loop that runs it.

    Besides labels, last label and length of each there are the logarithms of the probabilities of its paths that end
    with the blank and of those that do not, and for each two sequences how many labels they begin with alike. From the
    last follows, without comparing labels, which sequence is another one with a label more.
    """

    def __init__(self, values: Any):
        self.labels, self.last, self.length, self.blank, self.label, self.common = values

    @property
    def total(self) -> Any:
        """The logarithm of the probability of all paths."""
        return _log_add(self.blank, self.label)

    @property
    def values(self) -> tuple[Any, ...]:
        """The arrays."""
        return self.labels, self.last, self.length, self.blank, self.label, self.common


def _log_add(x: Any, y: Any) -> Any:
    return ops.logsumexp(ops.stack([x, y]), 0)


def _beam_search(inputs: Any, lengths: Any, width: int, top_paths: int, blank: Any) -> tuple[Any, Any]:
    batch, steps, _ = ops.shape(inputs)
    logs = ops.log_softmax(inputs, -1)
    rows = ops.expand_dims(ops.cast(ops.zeros_like(lengths), ops.dtype(inputs)), 1)  # one number for each sequence
    numbers = ops.cast(ops.broadcast_to(rows, (batch, width)), "int32")
    only_first = ops.add(rows, np.where(np.arange(width) == 0, 0.0, _NEVER).astype(ops.dtype(inputs)))
    start = _Beam(
        (
            ops.subtract(ops.cast(ops.broadcast_to(ops.expand_dims(rows, 1), (batch, width, steps)), "int32"), 1),
            ops.subtract(numbers, 1),
            numbers,
            only_first,
            ops.full_like(only_first, _NEVER),
            ops.cast(ops.broadcast_to(ops.expand_dims(rows, 1), (batch, width, width)), "int32"),
        )
    )

    def step(values: Any, now: Any) -> Any:
        here, counts = now
        following = _follow(_Beam(values), here, width, blank)
        kept = []
        for new, old in zip(following.values, values, strict=True):
            goes_on = ops.reshape(counts, (batch, *(1,) * (len(ops.shape(old)) - 1)))
            kept.append(ops.where(goes_on, new, old))
        return tuple(kept), None

    counts = ops.transpose(_step_counts(inputs, lengths))
    steps_left = not isinstance(steps, int) or steps > 0
    values = ops.scan(step, start.values, (ops.transpose(logs, (1, 0, 2)), counts))[0] if steps_left else start.values
    end = _Beam(values)
    scores, places = ops.top_k(end.total, top_paths)
    chosen = ops.take_along_axis(end.labels, ops.expand_dims(places, -1), 1)
    never = ops.less(scores, _NEVER / 2)
    chosen = ops.where(ops.expand_dims(never, -1), -1, chosen)
    return ops.transpose(chosen, (1, 0, 2)), ops.where(never, -np.inf, scores)


def _follow(beam: _Beam, here: Any, width: int, blank: Any) -> _Beam:
    """The beam one step later, given the logarithms of the probabilities of the classes there."""
    total, label = beam.total, ops.arange(ops.shape(here)[1])
    repeats = ops.equal(label, ops.expand_dims(beam.last, -1))
    longer = ops.add(
        ops.where(repeats, ops.expand_dims(beam.blank, -1), ops.expand_dims(total, -1)), ops.expand_dims(here, 1)
    )
    longer = ops.where(ops.equal(label, blank), _NEVER, longer)

    # A sequence that is another one of the beam with a label more takes over the paths that lead there.
    last = ops.maximum(beam.last, 0)
    length, other = ops.expand_dims(beam.length, 2), ops.expand_dims(beam.length, 1)
    extends = ops.logical_and(ops.equal(beam.common, length), ops.equal(other, ops.add(length, 1)))
    alive = ops.greater(total, _NEVER / 2)
    extends = ops.logical_and(extends, ops.expand_dims(alive, 1))
    to_last = ops.take_along_axis(longer, ops.expand_dims(last, 1), 2)
    joined = ops.logsumexp(ops.where(extends, to_last, _NEVER), 1)
    is_last = ops.cast(ops.equal(label, ops.expand_dims(last, -1)), ops.dtype(here))
    taken = ops.matmul(ops.cast(extends, ops.dtype(here)), is_last)
    longer = ops.where(ops.greater(taken, 0), _NEVER, longer)

    at_last = ops.take_along_axis(here, last, 1)
    same_label = ops.where(ops.greater(beam.length, 0), ops.add(beam.label, at_last), _NEVER)
    same_label = _log_add(same_label, joined)
    same_blank = ops.add(total, here[:, blank : blank + 1])
    return _best(beam, same_blank, same_label, longer, width)


def _best(beam: _Beam, same_blank: Any, same_label: Any, longer: Any, width: int) -> _Beam:
    """The likeliest of the sequences of a beam as they are, and of those with a label more."""
    batch, _, classes = ops.shape(longer)
    candidates = ops.concatenate([_log_add(same_blank, same_label), ops.reshape(longer, (batch, width * classes))], 1)
    scores, places = ops.top_k(ops.maximum(candidates, _NEVER), width)
    grows = ops.greater_equal(places, width)
    which = ops.subtract(places, width)
    origin = ops.where(grows, ops.floor_divide(which, classes), places)
    added = ops.where(grows, ops.mod(which, classes), -1)

    def of_origin(x: Any) -> Any:
        return ops.take_along_axis(x, origin, 1)

    labels = ops.take_along_axis(beam.labels, ops.expand_dims(origin, -1), 1)
    length = of_origin(beam.length)
    position = ops.arange(ops.shape(labels)[2])
    at_end = ops.logical_and(ops.expand_dims(grows, -1), ops.equal(position, ops.expand_dims(length, -1)))
    common = ops.take_along_axis(beam.common, ops.expand_dims(origin, -1), 1)
    common = ops.take_along_axis(common, ops.expand_dims(origin, 1), 2)
    same = ops.equal(ops.expand_dims(origin, 2), ops.expand_dims(origin, 1))
    common = ops.where(same, ops.expand_dims(length, 2), common)
    new_labels = ops.where(at_end, ops.expand_dims(added, -1), labels)
    new_length = ops.add(length, ops.cast(grows, "int32"))
    common = ops.where(_goes_on_alike(common, new_labels, new_length, length), ops.add(common, 1), common)
    return _Beam(
        (
            new_labels,
            ops.where(grows, added, of_origin(beam.last)),
            new_length,
            ops.where(grows, _NEVER, of_origin(ops.maximum(same_blank, _NEVER))),
            ops.where(grows, scores, of_origin(ops.maximum(same_label, _NEVER))),
            common,
        )
    )


def _goes_on_alike(common: Any, labels: Any, length: Any, before: Any) -> Any:
    """Whether two sequences have the label after their common beginning in common, now that one of them has grown.

    That can be so only where the common beginning was all of one of the two before it grew.
    """
    one, other = ops.expand_dims(length, 2), ops.expand_dims(length, 1)
    both_longer = ops.logical_and(ops.less(common, one), ops.less(common, other))
    at = ops.minimum(common, ops.shape(labels)[2] - 1)
    next_of_one = ops.take_along_axis(labels, at, 2)
    next_of_other = ops.transpose(ops.take_along_axis(labels, ops.transpose(at, (0, 2, 1)), 2), (0, 2, 1))
    return ops.logical_and(both_longer, ops.equal(next_of_one, next_of_other))
