"""Metrics of predicted probabilities: the means of the losses of the same names."""

from __future__ import annotations

from typing import Any

from ..losses import (
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from .reduction import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    """The mean of the Kullback-Leibler divergences of probabilities.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]])
    array(0.14384103, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None):
        super().__init__(kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean of y_pred - y_true * log(y_pred), for counts and their predicted expectations.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> Poisson()([[0.0, 1.0]], [[1.0, 1.0]])
    array(0.99999994, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of the cross entropies of probabilities that something is so.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_logits: Whether predictions are logits rather than probabilities.
        label_smoothing: How far to move the true probabilities towards equal ones.

    >>> BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.25]])
    array(1.0397208, dtype=float32)
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of the cross entropies of probabilities of classes.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_logits: Whether predictions are logits rather than probabilities.
        label_smoothing: How far to move the true probabilities towards equal ones.
        axis: The axis of classes.

    >>> CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])
    array(1.3862944, dtype=float32)
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        super().__init__(
            categorical_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of the cross entropies of probabilities of classes, of which the true one is given as a number.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_logits: Whether predictions are logits rather than probabilities.
        ignore_class: The number of a class whose samples do not count.
        axis: The axis of classes.

    >>> SparseCategoricalCrossentropy(ignore_class=0)([1, 0], [[0.75, 0.25], [0.5, 0.5]])
    array(1.3862944, dtype=float32)
    """

    _direction = "down"

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        super().__init__(
            sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )
