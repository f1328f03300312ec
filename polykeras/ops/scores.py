"""How far predictions are from what is true."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..dtypes import INTEGERS, ORDERED, inexact
from ..errors import ShapeError
from ..op import Array, Index, composed, names_its_errors
from ..settings import settings
from ..spec import Spec, normalize_axis, same_size, show_shape
from ..symbolic import spec_of
from .conversion import in_single
from .normalization import all_in_single


def _check_alike(one: Spec, other: Spec, names: str) -> None:
    if one.ndim != other.ndim or not all(map(same_size, one.shape, other.shape)):
        raise ShapeError(
            f"expected {names} of one shape; got {show_shape(one.shape)} and {show_shape(other.shape)}. Reshape one of "
            "them."
        )


# Cross entropies -------------------------------------------------------------------------------------------


def _infer_binary_crossentropy(target: Spec, output: Spec, from_logits: bool) -> Spec:
    _check_alike(target, output, "target and output")
    return Spec(output.shape, output.dtype)


@composed(
    infer=_infer_binary_crossentropy,
    accepts=ORDERED,
    promote=inexact,
)
def binary_crossentropy(target: Array, output: Array, from_logits: bool = False) -> Array:
    """The cross entropy of probabilities that something is so, element by element.

    Probabilities closer to 0 and 1 than `epsilon` are moved that far away, and get no gradient. With logits nothing is
    lost, however large they are.

    Args:
        target: The true probabilities, often 0 and 1.
        output: The predicted ones, in the same shape.
        from_logits: Whether `output` has logits, whose logistic function the probabilities are.

    Returns:
        -target * log(output) - (1 - target) * log(1 - output).

    >>> binary_crossentropy([0.0, 1.0], [0.0, 100.0], from_logits=True)
    array([0.6931472, 0.       ], dtype=float32)
    """

    def of_logits(target: Any, x: Any) -> Any:
        beyond = ops.log1p(ops.exp(ops.negative(ops.abs(x))))
        return ops.add(ops.subtract(ops.maximum(x, 0), ops.multiply(x, target)), beyond)

    def of_probabilities(target: Any, x: Any) -> Any:
        x = ops.clip(x, settings.epsilon, 1 - settings.epsilon)
        yes, no = ops.log(x), ops.log1p(ops.negative(x))
        return ops.negative(ops.add(ops.multiply(target, yes), ops.multiply(ops.subtract(1, target), no)))

    _infer_binary_crossentropy(spec_of(target), spec_of(output), from_logits)
    return all_in_single(of_logits if from_logits else of_probabilities, target, output)


def log_probabilities(output: Any, from_logits: bool, axis: int) -> Any:
    """The logarithms of probabilities that are given as such, up to a factor, or as logits."""
    if from_logits:
        return ops.log_softmax(output, axis)
    share = ops.divide(output, ops.sum(output, axis, keepdims=True))
    return ops.log(ops.clip(share, settings.epsilon, 1 - settings.epsilon))


def _infer_categorical_crossentropy(target: Spec, output: Spec, from_logits: bool, axis: int) -> Spec:
    _check_alike(target, output, "target and output")
    axis = normalize_axis(axis, output.ndim)
    return Spec((*output.shape[:axis], *output.shape[axis + 1 :]), output.dtype)


def _classes(target: Spec, output: Spec, from_logits: bool, axis: int) -> Any:
    return output.shape[axis]


@composed(
    infer=_infer_categorical_crossentropy,
    accepts=ORDERED,
    promote=inexact,
    summands=_classes,
)
def categorical_crossentropy(target: Array, output: Array, from_logits: bool = False, axis: int = -1) -> Array:
    """The cross entropy of probabilities of classes.

    Probabilities closer to 0 and 1 than `epsilon` are moved that far away, and get no gradient.

    Args:
        target: The true probabilities, often one 1 among zeros.
        output: The predicted ones, in the same shape; they are scaled so that they add up to 1.
        from_logits: Whether `output` has logits, whose softmax the probabilities are.
        axis: The axis of classes.

    Returns:
        -sum(target * log(output)) along the axis.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])
    array([1.3862944], dtype=float32)
    """
    _infer_categorical_crossentropy(spec_of(target), spec_of(output), from_logits, axis)

    def result(target: Any, output: Any) -> Any:
        return ops.negative(ops.sum(ops.multiply(target, log_probabilities(output, from_logits, axis)), axis))

    return all_in_single(result, target, output)


def _infer_sparse(target: Spec, output: Spec, from_logits: bool, axis: int) -> Spec:
    axis = normalize_axis(axis, output.ndim)
    if same_size(output.shape[axis], 0):
        raise ShapeError(f"expected at least one class on axis {axis}; got output of shape {show_shape(output.shape)}.")
    shape = (*output.shape[:axis], *output.shape[axis + 1 :])
    single = target.ndim == output.ndim and same_size(target.shape[axis], 1)
    given = (*target.shape[:axis], *target.shape[axis + 1 :]) if single else target.shape
    if len(given) != len(shape) or not all(map(same_size, given, shape)):
        raise ShapeError(
            f"expected a class for each prediction, in shape {show_shape(shape)} for output of shape "
            f"{show_shape(output.shape)} with classes on axis {axis}; got {show_shape(target.shape)}. "
            "For probabilities of all classes, as with one-hot targets, there is categorical_crossentropy."
        )
    return Spec(shape, output.dtype)


@composed(
    name="sparse_categorical_crossentropy",
    infer=_infer_sparse,
    accepts=ORDERED,
    promote=inexact,
    summands=_classes,
)
def _sparse_categorical_crossentropy(target: Index, output: Array, from_logits: bool = False, axis: int = -1) -> Array:
    """As `sparse_categorical_crossentropy`, for classes in integers."""
    shape = ops.shape(output)
    axis = normalize_axis(axis, len(shape))
    _infer_sparse(spec_of(target), spec_of(output), from_logits, axis)
    if len(ops.shape(target)) < len(shape):
        target = ops.expand_dims(target, axis)
    places, known = within(target, shape[axis])

    def result(output: Any) -> Any:
        if from_logits:
            chosen = ops.gather_along_axis(log_probabilities(output, True, axis), places, axis)
        else:
            share = ops.divide(ops.gather_along_axis(output, places, axis), ops.sum(output, axis, keepdims=True))
            chosen = ops.log(ops.clip(share, settings.epsilon, 1 - settings.epsilon))
        return ops.squeeze(ops.where(known, ops.negative(chosen), 0), axis)

    return in_single(result, output)


def counting(numbers: Any) -> Any:
    """Integers in a dtype that can hold sizes too."""
    return numbers if ops.dtype(numbers) in ("int32", "int64") else ops.cast(numbers, "int64")


def within(classes: Any, count: Any) -> tuple[Any, Any]:
    """Class numbers with 0 in place of those that are none, and which of them are."""
    classes = counting(classes)
    known = ops.logical_and(ops.greater_equal(classes, 0), ops.less(classes, count))
    return ops.where(known, classes, 0), known


@names_its_errors
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Array:
    """The cross entropy of probabilities of classes, of which one is true: minus the logarithm of its probability.

    Probabilities closer to 0 and 1 than `epsilon` are moved that far away, and get no gradient.

    Args:
        target: The numbers of the true classes, in the shape of `output` without the axis of classes, or with size 1
            there. A number that names no class gives 0, so that -1 can stand for what is not to count.
        output: The predicted probabilities; they are scaled so that they add up to 1.
        from_logits: Whether `output` has logits, whose softmax the probabilities are.
        axis: The axis of classes.

    Returns:
        The cross entropies.

    >>> sparse_categorical_crossentropy([1, -1], [[0.75, 0.25], [0.5, 0.5]])
    array([1.3862944, 0.       ], dtype=float32)
    """
    target = target if ops.dtype(target) in INTEGERS else ops.cast(target, "int32")
    return _sparse_categorical_crossentropy(target, output, from_logits, axis)


# Other scores ----------------------------------------------------------------------------------------------


def _infer_psnr(x1: Spec, x2: Spec, max_val: Spec) -> Spec:
    _check_alike(x1, x2, "signals")
    if max_val.ndim:
        raise ShapeError(f"expected max_val to be a number; got shape {show_shape(max_val.shape)}.")
    return Spec((), x1.dtype)


@composed(infer=_infer_psnr, accepts=ORDERED, promote=inexact, summands=lambda x1, x2, max_val: x1.size)
def psnr(x1: Array, x2: Array, max_val: Array) -> Array:
    """The ratio of the peak of a signal to the noise in another version of it, in decibels.

    Args:
        x1: The signal.
        x2: The other version, in the same shape.
        max_val: The greatest value that the signal can have.

    Returns:
        20 * log10(max_val) - 10 * log10(mean((x1 - x2)**2)); infinite where the two are equal.

    >>> psnr([1.0, 2.0], [1.0, 4.0], max_val=255.0)
    array(45.120502, dtype=float32)
    """
    _infer_psnr(spec_of(x1), spec_of(x2), spec_of(max_val))

    def result(x1: Any, x2: Any, max_val: Any) -> Any:
        noise = ops.mean(ops.square(ops.subtract(x1, x2)))
        return ops.multiply(ops.log(ops.divide(ops.square(max_val), noise)), 4.3429448190325183)  # 10 / log(10)

    return all_in_single(result, x1, x2, max_val)


def _infer_in_top_k(targets: Spec, predictions: Spec, k: int) -> Spec:
    if predictions.ndim != targets.ndim + 1 or not all(map(same_size, targets.shape, predictions.shape)):
        raise ShapeError(
            f"expected predictions to have the shape of the targets and an axis of classes; got targets of shape "
            f"{show_shape(targets.shape)} and predictions of shape {show_shape(predictions.shape)}."
        )
    return Spec(targets.shape, "bool")


@composed(infer=_infer_in_top_k)
def in_top_k(targets: Index, predictions: Array, k: int) -> Array:
    """Whether the prediction for the true class is among the greatest.

    Args:
        targets: The numbers of the true classes.
        predictions: A number for each class, on the last axis. NaN counts as greater than anything else.
        k: How many count as the greatest. All that equal the last of them count too.

    Returns:
        A bool for each target; False for one that names no class, or whose prediction is NaN.

    >>> in_top_k([0, 1, 2], [[0.1, 0.4, 0.2], [0.3, 0.3, 0.9], [0.5, 0.1, 0.2]], k=2)
    array([False,  True,  True])
    """
    _infer_in_top_k(spec_of(targets), spec_of(predictions), k)
    places, known = within(ops.expand_dims(targets, -1), ops.shape(predictions)[-1])
    chosen = ops.gather_along_axis(predictions, places, len(ops.shape(predictions)) - 1)
    greater = ops.logical_or(ops.greater(predictions, chosen), ops.isnan(predictions))
    valid = ops.squeeze(ops.logical_and(known, ops.equal(chosen, chosen)), -1)
    return ops.logical_and(valid, ops.less(ops.count_nonzero(greater, axis=-1), k))
