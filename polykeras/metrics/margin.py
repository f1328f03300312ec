"""Metrics of margins: the means of the losses of the same names."""

from __future__ import annotations

from typing import Any

from ..losses import categorical_hinge, hinge, squared_hinge
from .reduction import MeanMetricWrapper


class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true * y_pred, 0), for labels -1 and 1 or 0 and 1.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> Hinge()([[0.0, 1.0]], [[-2.0, 0.5]])
    array(0.25, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of the squares of max(1 - y_true * y_pred, 0), for labels -1 and 1 or 0 and 1.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> SquaredHinge()([[0.0, 1.0]], [[-2.0, 0.5]])
    array(0.125, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None):
        super().__init__(squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of that by which the prediction for the true class fails to be greater by 1 than all others.

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    >>> CategoricalHinge()([[0.0, 1.0, 0.0]], [[0.5, 0.75, 0.25]])
    array(0.75, dtype=float32)
    """

    _direction = "down"

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None):
        super().__init__(categorical_hinge, name, dtype)
