"""Losses: how far predictions are from what is true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import SerializationError
from ..registry import Family, serialize_keras_object
from .classification import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from .loss import Loss, LossFunctionWrapper
from .margin import (
    CategoricalHinge,
    Circle,
    Hinge,
    SquaredHinge,
    categorical_hinge,
    circle,
    hinge,
    squared_hinge,
)
from .probability import CTC, KLDivergence, Poisson, ctc, kl_divergence, poisson
from .regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from .segmentation import Dice, Tversky, dice, tversky

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

_SHORT = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
_ours = {name: globals()[name] for name in __all__ if name not in ("deserialize", "get", "serialize")}
_ours["LossFunctionWrapper"] = LossFunctionWrapper
_family = Family("loss", {**_ours, **_SHORT, **{name.upper(): loss for name, loss in _SHORT.items()}})


def get(identifier: Any) -> Any:
    """The loss that an identifier stands for.

    Args:
        identifier: The name of a class or function, such as "mse" or "MeanSquaredError", a configuration, a class, or a
            loss itself.

    Returns:
        The loss: an object of a class, or a function. None for None.

    >>> get("MeanSquaredError")
    <MeanSquaredError name=mean_squared_error>
    """
    return _family.get(identifier)


def serialize(loss: Any) -> Any:
    """A loss as plain data.

    Args:
        loss: An object of a class, or a function.

    Returns:
        The data, from which `deserialize` makes such a loss again.

    >>> serialize(Dice())["config"]
    {'name': 'dice', 'reduction': 'sum_over_batch_size', 'axis': None}
    """
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss that data from `serialize` describe.

    Args:
        name: The data, or the name of a class or function.
        custom_objects: Classes and functions by name, besides those that are registered.

    Returns:
        The loss; for a name what has that name.

    >>> deserialize({"class_name": "Huber", "config": {"delta": 2.0}}).delta
    2.0
    """
    return _family.deserialize(name, custom_objects)


def find_function(fn: Any) -> Any:
    """The function in a configuration: itself, or the data that stand for it."""
    found = _family.deserialize(fn) if isinstance(fn, (str, Mapping)) else fn
    if not callable(found):
        raise SerializationError(f"expected the function of a loss or metric; got {fn!r}.")
    return found
