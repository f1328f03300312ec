"""What is wrong with the data of a training, looked for where it is cheap, or after something has failed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import losses, ops
from ..errors import ArgumentError
from .arrays import count_samples

OF_CLASSES = (losses.sparse_categorical_crossentropy, losses.categorical_generalized_cross_entropy)
"""The losses whose targets are numbers of classes that the output has to have."""


def explain(batch: Any) -> None:
    """Say what is wrong with a batch on which a step has failed, if it is something about the batch as such."""
    count_samples(*batch) if isinstance(batch, (tuple, list)) else count_samples(batch)


def check_labels(loss: Any, batch: Any) -> bool:
    """Refuse numbers of classes that an output does not have, of which frameworks make zeros, NaN or crashes.

    What has weights is not looked at, as there may be anything where a weight is zero; nor are negative numbers in
    sequences, which often stand where the sequence has ended.

    Args:
        loss: The `CompiledLoss`, or None.
        batch: A batch, or all data, laid out as one.

    Returns:
        Whether that could be told: not before the loss has seen the outputs.
    """
    if loss is None or not isinstance(batch, (tuple, list)) or len(batch) != 2:
        return True
    for name, one, target, shape in loss.outputs_with(batch[1]):
        if getattr(one, "fn", None) in OF_CLASSES and target is not None:
            settings = one.get_config()
            count = shape[settings.get("axis", -1)]
            if isinstance(count, int):
                _check(np.asarray(ops.convert_to_numpy(target)), count, settings.get("ignore_class"), name)
    return loss.is_built


def _check(y: np.ndarray, count: int, ignored: int | None, name: str) -> None:
    if not y.size or y.dtype.kind not in "biuf":
        return
    lowest = 0 if y.size == len(y) else -np.inf
    if y.min() >= lowest and y.max() < count:
        return
    wrong = ~((y >= lowest) & (y < count))
    if ignored is not None:
        wrong &= y != ignored
    if wrong.any():
        place = tuple(map(int, np.argwhere(wrong)[0]))
        raise ArgumentError(
            f"expected y to have classes from 0 to {count - 1}, as output {name} has {count}; got {y[place]} at sample "
            f"{', '.join(map(str, place))}. Count classes from 0, give the last layer a unit for each class, or name "
            "the class that does not count: ignore_class in the loss."
        )


def check_shapes(loss: Any, y: Any) -> None:
    """Warn of targets of another shape than the output, which a loss would repeat to fit without a word.

    Args:
        loss: The `CompiledLoss`, or None.
        y: Specs of the targets.
    """
    for name, one, target, output in [] if loss is None or y is None else loss.outputs_with(y):
        function, shape = getattr(one, "fn", None), getattr(target, "shape", ())
        is_ours = getattr(function, "__module__", "").startswith("polykeras.") and len(shape) == len(output)
        if not is_ours or getattr(function, "takes_classes", False):
            continue
        if any(a != b and 1 in (a, b) for a, b in zip(shape, output, strict=True)):
            warnings.warn(
                f"the targets of output {name} have shape {tuple(shape)}, it has {tuple(output)}: one of them is "
                "repeated to fit the other, which is seldom meant. Give them the same shape.",
                stacklevel=2,
            )
