"""Classes as rows of zeros and a one, and vectors of length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..backend import Backend
from ..errors import ArgumentError
from ..interpreters import kind_or_none


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Numbers of classes as rows with a one in the place of the class.

    Args:
        x: The numbers, from 0; a last axis of size 1 is left out.
        num_classes: How many classes there are; None for one more than the largest number.

    Returns:
        The rows: a NumPy array of host data, an array of the framework of an array.

    >>> to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]])
    """
    if isinstance(kind_or_none(type(x)), Backend):
        if num_classes is None:
            num_classes = int(np.max(ops.convert_to_numpy(x))) + 1
        shape = ops.shape(x)
        x = ops.reshape(x, shape[:-1]) if len(shape) > 1 and shape[-1] == 1 else x
        return ops.one_hot(ops.cast(x, "int32"), num_classes)
    classes = np.array(x, "int64")
    if classes.ndim > 1 and classes.shape[-1] == 1:
        classes = classes[..., 0]
    if num_classes is None:
        num_classes = int(classes.max(initial=-1)) + 1
    if classes.size and (classes.min() < 0 or classes.max() >= num_classes):
        raise ArgumentError(
            f"to_categorical: expected classes from 0 to {num_classes - 1}; got some from {classes.min()} to "
            f"{classes.max()}. Give num_classes={classes.max() + 1}, or count classes from 0."
        )
    return np.eye(num_classes)[classes]


def normalize(x: Any, axis: int = -1, order: Any = 2) -> Any:
    """Vectors divided by their length; those of length 0 stay.

    Args:
        x: The vectors.
        axis: The axis of their components.
        order: The order of the norm that is the length.

    Returns:
        The vectors: a NumPy array of host data, an array of the framework of an array.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    if isinstance(kind_or_none(type(x)), Backend):
        return ops.normalize(x, axis=axis, order=order)
    x = np.asarray(x)
    length = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(length == 0, 1, length)
