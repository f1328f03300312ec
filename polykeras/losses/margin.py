"""Losses with a margin: what is right has to be ahead of what is wrong by so much."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import BOOLS, INTEGERS, inexact, result_type
from ..errors import ShapeError
from ..masks import set_mask
from ..spec import same_size, show_shape
from ..symbolic import spec_of
from .loss import LossFunctionWrapper, compared, takes_classes

_NEVER = -1e30  # the logarithm of no pair at all: finite, so that its gradient is 0 and not NaN


def _margins(name: str, y_true: Any, y_pred: Any) -> Any:
    """By how much each prediction falls short of 1 on its side. Labels 0 and 1 stand for -1 and 1."""
    y_true, y_pred = compared(name, y_true, y_pred)
    are_binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    sides = ops.where(are_binary, ops.subtract(ops.multiply(y_true, 2.0), 1.0), y_true)
    return ops.maximum(ops.subtract(1.0, ops.multiply(sides, y_pred)), 0.0)


def hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of max(1 - y_true * y_pred, 0), along the last axis.

    Args:
        y_true: -1 or 1. If there are only zeros and ones, 0 stands for -1.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> hinge([[0.0, 1.0]], [[-2.0, 0.5]])
    array([0.25], dtype=float32)
    """
    return ops.mean(_margins("hinge", y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """The mean of the squares of max(1 - y_true * y_pred, 0), along the last axis.

    Args:
        y_true: -1 or 1. If there are only zeros and ones, 0 stands for -1.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> squared_hinge([[0.0, 1.0]], [[-2.0, 0.5]])
    array([0.125], dtype=float32)
    """
    return ops.mean(ops.square(_margins("squared_hinge", y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """By how much the prediction for the true class fails to be greater by 1 than all others.

    Args:
        y_true: One 1 among zeros, along the last axis.
        y_pred: The predictions, in the same shape.

    Returns:
        A number for each sample.

    >>> categorical_hinge([[0.0, 1.0, 0.0]], [[0.5, 0.75, 0.25]])
    array([0.75], dtype=float32)
    """
    y_true, y_pred = compared("categorical_hinge", y_true, y_pred)
    right = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(wrong, right), 1.0), 0.0)


@takes_classes
def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Any:
    """The circle loss of embeddings: those of one class are to be similar, others not (Sun et al., arXiv 2002.10857).

    Args:
        y_true: The numbers of the classes, of shape (batch,).
        y_pred: The embeddings, of shape (batch, size), each of norm 1.
        ref_labels: The classes of what to compare them with; None for the batch itself.
        ref_embeddings: The embeddings of what to compare them with; None for the batch itself.
        remove_diagonal: Whether an embedding is not compared with a reference of its class at the same position, which
            by default is itself.
        gamma: A factor in front of all similarities.
        margin: How strict to be, from 0 up; smaller is stricter.

    Returns:
        A number for each embedding. Those that are 0, for want of any to compare with, are masked.

    >>> circle([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]], gamma=2.0)
    array([0.5458929, 1.2841775, 0.       ], dtype=float32)
    """
    labels, embeddings = _labelled("y_true and y_pred", y_true, y_pred)
    own = ops.dtype(embeddings)
    references, reference_labels = embeddings, labels
    if ref_embeddings is not None or ref_labels is not None:
        given = y_true if ref_labels is None else ref_labels, y_pred if ref_embeddings is None else ref_embeddings
        reference_labels, references = _labelled("ref_labels and ref_embeddings", *given)
    wide = result_type(own, "float32")
    similarities = ops.matmul(ops.cast(embeddings, wide), ops.transpose(ops.cast(references, wide)))
    distances = ops.maximum(ops.subtract(1.0, similarities), 0.0)
    alike = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(reference_labels, 0))
    counted = alike
    if remove_diagonal:
        counted = ops.logical_and(alike, ops.logical_not(ops.eye(*ops.shape(alike), dtype="bool")))

    def together(pairs: Any, values: Any) -> Any:
        return ops.logsumexp(ops.where(pairs, ops.multiply(values, gamma), _NEVER), axis=1)

    from_alike = together(counted, ops.multiply(ops.add(distances, margin), ops.subtract(distances, margin)))
    far = ops.maximum(ops.subtract(1.0 + margin, distances), 0.0)
    from_others = together(ops.logical_not(alike), ops.multiply(far, ops.subtract(1.0 - margin, distances)))
    values = ops.cast(ops.softplus(ops.add(from_alike, from_others)), own)
    set_mask(values, ops.greater(values, 0))
    return values


def _labelled(names: str, labels: Any, embeddings: Any) -> tuple[Any, Any]:
    """Classes in a row, and as many embeddings of floats."""
    labels, embeddings = ops.convert_to_tensor(labels), ops.convert_to_tensor(embeddings)
    shapes = spec_of(labels).shape, spec_of(embeddings).shape
    if len(shapes[0]) == 2 and same_size(shapes[0][1], 1):
        labels = ops.squeeze(labels, 1)
    row = spec_of(labels).shape
    if len(row) != 1 or len(shapes[1]) != 2 or not same_size(row[0], shapes[1][0]):
        raise ShapeError(
            f"circle: expected {names} of shapes (batch,) and (batch, size); got "
            f"{' and '.join(map(show_shape, shapes))}."
        )
    if ops.dtype(labels) not in INTEGERS | BOOLS:
        labels = ops.cast(labels, "int32")
    return labels, ops.cast(embeddings, inexact(ops.dtype(embeddings)))


class Hinge(LossFunctionWrapper):
    """The mean of max(1 - y_true * y_pred, 0), for labels -1 and 1 or 0 and 1.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> Hinge()([[0.0, 1.0]], [[-2.0, 0.5]])
    array(0.25, dtype=float32)
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """The mean of the squares of max(1 - y_true * y_pred, 0), for labels -1 and 1 or 0 and 1.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> SquaredHinge()([[0.0, 1.0]], [[-2.0, 0.5]])
    array(0.125, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge", dtype: Any = None
    ):
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """By how much the prediction for the true class fails to be greater by 1 than all others.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 0.75, 0.25]])
    array(0.75, dtype=float32)
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge", dtype: Any = None
    ):
        super().__init__(categorical_hinge, reduction, name, dtype)


class Circle(LossFunctionWrapper):
    """The circle loss of embeddings: those of one class are to be similar, others not (Sun et al., arXiv 2002.10857).

    Args:
        gamma: A factor in front of all similarities.
        margin: How strict to be, from 0 up; smaller is stricter.
        remove_diagonal: Whether to leave out the comparison of an embedding with itself.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    >>> Circle(gamma=2.0)([0, 0, 1], [[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    array(0.91503525, dtype=float32)
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ):
        super().__init__(circle, reduction, name, dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
