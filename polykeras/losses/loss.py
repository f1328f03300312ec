"""What losses have in common: from the values of samples to one number, with weights and masks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops, tree
from ..dtypes import BOOLS, INTEGERS, canonical, inexact, result_type
from ..errors import ArgumentError, ShapeError
from ..masks import mask_of
from ..registry import Configurable, serialize_keras_object
from ..settings import settings
from ..spec import broadcast_shapes, same_size, show_shape
from ..state import snake_case, unique_name
from ..symbolic import spec_of

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss(Configurable):
    """How far predictions are from what is true, as one number. A subclass says in `call` how far each sample is.

    Args:
        name: A name; None for one that is made up.
        reduction: What becomes of the values of the samples: "sum_over_batch_size" or "mean" for their mean, "sum" for
            their sum, "mean_with_sample_weight" for the sum divided by that of the weights, "none" or None for nothing.
        dtype: The dtype of the computation, or a policy that has one; None for floatx.

    >>> class SquaredError(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return ops.square(y_true - y_pred)
    >>> SquaredError()([1.0, 2.0], [1.0, 4.0], sample_weight=[1.0, 0.5])
    array(1., dtype=float32)
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None):
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.reduction = check_reduction(reduction)
        self.dtype = dtype_of_policy(dtype)
        self._dtype_given = dtype is not None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: What is true, an array or a structure of them.
            y_pred: The predictions. If they carry a mask, what it leaves out does not count.
            sample_weight: How much each sample counts: an array of the shape of the values of the samples, or of
                their first axes, or one that broadcasts.
        """
        mask = mask_of(y_pred)
        values = self.call(as_arrays(y_true, self._as_truth), as_arrays(y_pred, self._as_prediction))
        own_mask = mask_of(values)
        if mask is None or own_mask is None:
            mask = own_mask if mask is None else mask
        else:
            mask = ops.logical_and(mask, own_mask)
        return reduce_weighted_values(values, sample_weight, mask, self.reduction, self.dtype)

    def _as_prediction(self, x: Any) -> Any:
        return ops.cast(x, self.dtype)

    _as_truth = _as_prediction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each sample."""
        raise NotImplementedError(f"{type(self).__name__} has no method `call`. Write one that returns the values.")

    def get_config(self) -> dict[str, Any]:
        config = {"name": self.name, "reduction": self.reduction}
        return {**config, "dtype": self.dtype} if self._dtype_given else config


class LossFunctionWrapper(Loss):
    """A loss out of a function.

    Args:
        fn: A function of `y_true` and `y_pred` that returns the value of each sample.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.
        **kwargs: Further arguments of the function.

    >>> loss = LossFunctionWrapper(lambda y_true, y_pred, power: ops.abs(y_true - y_pred) ** power, power=2)
    >>> loss([1.0, 2.0], [1.0, 4.0])
    array(2., dtype=float32)
    """

    not_in_keras_files: tuple[str, ...] = ()
    """Arguments that Keras leaves out of configurations, and so loses. Here they are left out at their defaults."""

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._arguments = kwargs
        if type(self) is not LossFunctionWrapper:
            vars(self).update(kwargs)

    def _as_truth(self, x: Any) -> Any:
        is_class = getattr(self.fn, "takes_classes", False) and ops.dtype(x) in INTEGERS | BOOLS
        return ops.convert_to_tensor(x) if is_class else ops.cast(x, self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.fn(*_paired(y_true, y_pred), **self._arguments)

    def get_config(self) -> dict[str, Any]:
        return config_of_wrapper(self, super().get_config(), self.fn, self._arguments, self.not_in_keras_files)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**with_function(config))


def takes_classes(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function whose `y_true` has the numbers of classes, which a float dtype might not tell apart."""
    function.takes_classes = True  # type: ignore[attr-defined]
    return function


def config_of_wrapper(
    wrapper: Any, config: dict[str, Any], fn: Any, arguments: dict[str, Any], omitted: tuple[str, ...]
) -> dict[str, Any]:
    """A configuration with the function's arguments, and the function where the constructor takes one."""
    parameters = inspect.signature(type(wrapper)).parameters
    if "fn" in parameters:
        config = {**config, "fn": serialize_keras_object(fn)}
    for name, value in arguments.items():
        if name not in omitted or value != parameters[name].default:
            config[name] = serialize_keras_object(value)
    return config


def with_function(config: dict[str, Any]) -> dict[str, Any]:
    """A configuration with the function itself in place of the data that stand for it."""
    if "fn" not in config:
        return config
    from . import find_function

    return {**config, "fn": find_function(config["fn"])}


# Arrays ----------------------------------------------------------------------------------------------------


def dtype_of_policy(dtype: Any) -> str:
    """The dtype in which to compute, given as a dtype or as a policy with `compute_dtype` or `name`; None is floatx."""
    if dtype is None:
        return settings.floatx
    dtype = getattr(dtype, "compute_dtype", None) or getattr(dtype, "name", None) or dtype
    return canonical(dtype.removeprefix("mixed_") if isinstance(dtype, str) else dtype)


def as_arrays(structure: Any, convert: Callable[[Any], Any]) -> Any:
    """The arrays of a structure, nested lists of numbers as one array, each as a function converts it."""
    if not isinstance(structure, (list, tuple, dict)):
        return convert(ops.convert_to_tensor(structure))
    numbers = (bool, int, float, np.generic)
    if not isinstance(structure, dict) and all(isinstance(x, numbers) for x in tree.flatten(structure)):
        array = np.asarray(structure)
        return convert(ops.convert_to_tensor(array if array.dtype.kind == "f" else structure))  # no digits are lost
    return tree.map_structure(lambda x: convert(ops.convert_to_tensor(x)), structure)


def _paired(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both structures with arrays of the same number of axes, where an axis of size one makes the difference."""
    if not tree.is_nested(y_pred) and not tree.is_nested(y_true):
        return squeeze_or_expand_to_same_rank(y_true, y_pred)
    (true, true_structure), (predicted, predicted_structure) = map(tree.take_apart, (y_true, y_pred))
    if len(true) != len(predicted):
        raise ArgumentError(
            f"expected y_true and y_pred to have the same structure; got {len(true)} and {len(predicted)} arrays."
        )
    pairs = [squeeze_or_expand_to_same_rank(*pair) for pair in zip(true, predicted, strict=True)]
    return (
        tree.put_together(true_structure, [pair[0] for pair in pairs]),
        tree.put_together(predicted_structure, [pair[1] for pair in pairs]),
    )


def squeeze_or_expand_to_same_rank(x1: Any, x2: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Two arrays with the same number of axes, if they differ by a last axis of size one.

    Args:
        x1: An array.
        x2: Another.
        expand_rank_1: Whether an array with one axis gets a second one, rather than the other losing its second.

    Returns:
        The two arrays.

    >>> x1, x2 = squeeze_or_expand_to_same_rank(ops.ones((2, 3)), ops.ones((2, 3, 1)))
    >>> ops.shape(x2)
    (2, 3)
    """
    first, second = spec_of(x1).shape, spec_of(x2).shape
    if len(first) == len(second) + 1 and same_size(first[-1], 1):
        return (x1, ops.expand_dims(x2, -1)) if len(second) == 1 and expand_rank_1 else (ops.squeeze(x1, -1), x2)
    if len(second) == len(first) + 1 and same_size(second[-1], 1):
        return (ops.expand_dims(x1, -1), x2) if len(first) == 1 and expand_rank_1 else (x1, ops.squeeze(x2, -1))
    return x1, x2


def compared(name: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """What is true and what is predicted as arrays of one dtype of floats, whose shapes broadcast.

    Predictions decide about the dtype, unless they are integers.
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    dtype = ops.dtype(y_pred)
    if dtype in INTEGERS | BOOLS:
        dtype = inexact(result_type(dtype, ops.dtype(y_true)))
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.cast(y_true, dtype), ops.cast(y_pred, dtype))
    check_fitting(name, "y_true and y_pred", y_true, y_pred)
    return y_true, y_pred


def check_fitting(name: str, what: str, one: Any, other: Any) -> None:
    """Refuse two arrays that do not broadcast."""
    shapes = spec_of(one).shape, spec_of(other).shape
    try:
        broadcast_shapes(*shapes)
    except ShapeError as error:
        numbers = name == "categorical_crossentropy" and len(shapes[0]) == len(shapes[1]) - 1
        mend = f"For numbers of classes there is sparse_{name}" if numbers else "Reshape one of them"
        raise ShapeError(
            f"{name}: expected {what} of shapes that fit; got {' and '.join(map(show_shape, shapes))}. {mend}."
        ) from error


# Weights, masks and reductions -----------------------------------------------------------------------------


def check_reduction(reduction: Any) -> str | None:
    """The reduction, if it is one."""
    if reduction not in REDUCTIONS:
        known = ", ".join(map(repr, REDUCTIONS))
        raise ArgumentError(f"expected reduction to be one of {known}; got {reduction!r}.")
    return reduction


def aligned(weights: Any, values: Any, into: bool = False) -> Any:
    """Weights in as many axes as the values have, if they have fewer; with `into`, none that ask for more values.

    Weights in the shape of the first axes belong to these: one for each sample counts for all of its timesteps. Only
    where they do not fit there are they aligned at the end, as arrays that broadcast usually are.
    """
    shape, target = spec_of(weights).shape, spec_of(values).shape
    missing = len(target) - len(shape)
    if shape and missing > 0 and all(same_size(a, b) or a == 1 for a, b in zip(shape, target, strict=False)):
        weights = ops.reshape(weights, (*ops.shape(weights), *(1,) * missing))
    check_fitting("sample_weight", "weights and values", weights, values)
    shape = spec_of(weights).shape
    pairs = zip(reversed(shape), reversed(target), strict=False)
    if into and (len(shape) > len(target) or not all(same_size(a, b) or a == 1 for a, b in pairs)):
        raise ShapeError(
            f"sample_weight: expected weights for values of shape {show_shape(target)}; got shape {show_shape(shape)}."
        )
    return weights


def weighted(values: Any, weights: Any) -> Any:
    """The values times their weights. Without weight a value does not count, even one that is infinite or NaN."""
    return ops.multiply(ops.where(ops.equal(weights, 0), 0, values), weights)


def joined(sample_weight: Any, mask: Any, dtype: str) -> Any:
    """Weights that are 0 where a mask leaves something out; None without weights and mask."""
    if mask is None:
        return None if sample_weight is None else ops.cast(sample_weight, dtype)
    mask = ops.cast(ops.cast(mask, "bool"), dtype)
    if sample_weight is None:
        return mask
    mask, sample_weight = squeeze_or_expand_to_same_rank(mask, ops.cast(sample_weight, dtype))
    if len(spec_of(mask).shape) < len(spec_of(sample_weight).shape):
        return ops.multiply(aligned(mask, sample_weight), sample_weight)
    return ops.multiply(mask, aligned(sample_weight, mask))


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
) -> Any:
    """The values of samples as one number.

    Args:
        values: The values.
        sample_weight: How much each counts.
        mask: Which of them count at all. A mean is one of those only.
        reduction: As for `Loss`.
        dtype: The dtype of the result; None for that of the values.

    Returns:
        The number, or the weighted values where nothing is reduced.

    >>> reduce_weighted_values([1.0, 3.0, 100.0], mask=[True, True, False])
    array(2., dtype=float32)
    """
    check_reduction(reduction)
    values = ops.convert_to_tensor(values, dtype)
    own = ops.dtype(values)
    wide = result_type(own, "float32")  # sums of many values, and their number, are too much for 16 bits
    values = ops.cast(values, wide)
    weights = joined(sample_weight, mask, wide)
    if weights is not None:
        values, weights = squeeze_or_expand_to_same_rank(values, weights)
        weights = aligned(weights, values)
        values = weighted(values, weights)
    if reduction in (None, "none") or not spec_of(values).shape:
        return ops.cast(values, own)
    return ops.cast(_reduced(values, weights, mask, reduction), own)


def _reduced(values: Any, weights: Any, mask: Any, reduction: str | None) -> Any:
    total = ops.sum(values)
    if reduction == "sum" or 0 in spec_of(values).shape:
        return total
    if reduction == "mean_with_sample_weight" and weights is not None:
        # Every value has a weight, also where one weight stands for several values. Keras adds up the weights as they
        # were given, so that its result depends on how they were written down.
        return ops.divide_no_nan(total, ops.sum(ops.broadcast_to(weights, ops.shape(values))))
    mean = ops.divide(total, ops.cast(ops.size(values), ops.dtype(total)))
    if mask is None or reduction == "mean_with_sample_weight":
        return mean
    return ops.divide_no_nan(mean, ops.mean(ops.cast(ops.cast(mask, "bool"), ops.dtype(total))))
