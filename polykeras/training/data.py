"""Where the batches of a training come from."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import ops, random, tree
from ..backend import Backend, using
from ..errors import ArgumentError
from ..interpreters import HOST, kind_or_none


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Inputs, targets and weights of a batch, None for what it does not have.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if len(data) > 3:
        raise ArgumentError(f"expected a batch to be x, (x, y) or (x, y, sample_weight); got a tuple of {len(data)}.")
    return (*data, None, None, None)[:3]  # type: ignore[return-value]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch of inputs, targets and weights, as short a tuple as it can be.

    >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight(1, 2)
    (1, (1, 2))
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, tuple) else x


class ArrayData:
    """Batches out of arrays in memory.

    Args:
        x: The inputs: an array, or a structure of arrays.
        y: The targets.
        sample_weight: A weight for each sample.
        batch_size: The size of a batch.
        shuffle: Whether each epoch has an order of its own, which the random stream gives.
        steps: How many batches make an epoch; None for all.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        shuffle: bool | str = False,
        steps: int | None = None,
    ):
        self._data = tree.map_structure(_array, pack_x_y_sample_weight(x, y, sample_weight))
        self._count = count_samples(x, y, sample_weight)
        self.batch_size = 32 if batch_size is None else batch_size
        if not hasattr(self.batch_size, "__index__") or self.batch_size < 1:
            raise ArgumentError(f"expected batch_size to be a whole number from 1; got {batch_size!r}.")
        self.limit: int | None = None
        self._shuffle = shuffle
        self._steps = steps
        self._batches = -(-self._count // self.batch_size)

    @property
    def steps(self) -> int:
        """How many batches there are in an epoch."""
        steps = self._batches if self._steps is None else self._steps
        return steps if self.limit is None else min(steps, self.limit)

    def __iter__(self) -> Iterator[Any]:
        for number in range(self.steps):
            place = number % self._batches
            if place == 0:
                order = self._order()
            chosen = order[place * self.batch_size : (place + 1) * self.batch_size]
            yield tree.map_structure(lambda array, chosen=chosen: _rows(array, chosen), self._data)

    def _order(self) -> Any:
        if not self._shuffle:
            return range(self._count)
        if self._shuffle == "batch":
            batches = _permutation(self._batches)
            starts = [range(b * self.batch_size, min((b + 1) * self.batch_size, self._count)) for b in batches]
            return np.concatenate(starts) if starts else range(0)
        return _permutation(self._count)


def _permutation(count: int) -> np.ndarray:
    """Numbers in an order of the random stream, which is the same wherever it is made, and soonest on the host."""
    with using("numpy"):
        return np.asarray(random.permutation(count))


def _rows(array: Any, chosen: Any) -> Any:
    """Some rows of an array."""
    if array is None:
        return None
    if isinstance(chosen, range):
        return array[chosen.start : chosen.stop]
    return array[chosen] if isinstance(array, np.ndarray) else ops.take(array, chosen, axis=0)


def _array(x: Any) -> Any:
    """An array as it is, anything else as a NumPy array."""
    if x is None or kind_or_none(type(x)) is HOST or isinstance(kind_or_none(type(x)), Backend):
        return x
    return np.asarray(x)


def count_samples(*structures: Any) -> int:
    """The number of samples, which all arrays have to have."""
    counts = {}
    for name, structure in zip(("x", "y", "sample_weight"), structures, strict=False):
        for array in tree.flatten(structure):
            if array is None:
                continue
            shape = np.shape(array) if not hasattr(array, "shape") else array.shape
            if not len(shape):
                raise ArgumentError(f"expected {name} to have an axis of samples; got a single number.")
            counts.setdefault(int(shape[0]), name)
    if len(counts) > 1:
        found = ", ".join(f"{name} has {count}" for count, name in counts.items())
        raise ArgumentError(f"expected as many samples in all arrays; {found}. Give each sample its target.")
    if not counts:
        raise ArgumentError("expected x to be arrays; got nothing.")
    return next(iter(counts))


class IterableData:
    """Batches that something iterable gives.

    Args:
        batches: The iterable: of x, (x, y) or (x, y, sample_weight).
        steps: How many batches make an epoch; None for as many as there are.
    """

    def __init__(self, batches: Iterable[Any], steps: int | None = None):
        self._batches = batches
        self._steps = steps
        self._rest: Iterator[Any] | None = None
        self.limit: int | None = None

    @property
    def steps(self) -> int | None:
        """How many batches there are in an epoch, if that is known."""
        known = self._steps
        if known is None and hasattr(self._batches, "__len__"):
            known = len(self._batches)  # type: ignore[arg-type]
        return known if self.limit is None or known is None else min(known, self.limit)

    def __iter__(self) -> Iterator[Any]:
        if self._steps is None:
            yield from itertools.islice(map(_batch, self._batches), self.limit)
            return
        for _ in range(self._steps if self.limit is None else min(self._steps, self.limit)):
            yield self._next()

    def _next(self) -> Any:
        """The next batch, from the beginning again where the iterable has ended and can begin again."""
        for _ in range(2):
            if self._rest is None:
                self._rest = iter(self._batches)
            for batch in self._rest:
                return _batch(batch)
            self._rest = None
            if iter(self._batches) is self._batches:
                break
        raise ArgumentError(
            f"the data has ended before {self._steps} steps were taken. Give a generator that goes on, or fewer steps."
        )


def _batch(batch: Any) -> Any:
    batch = tuple(batch) if isinstance(batch, list) else batch
    return tree.map_structure(_array, batch)


def batches_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    shuffle: bool | str = False,
    steps: int | None = None,
    class_weight: Mapping[int, float] | None = None,
) -> ArrayData | IterableData:
    """The data of a training, whatever a user gave for it."""
    if _is_iterable_of_batches(x):
        for name, value in (("y", y), ("sample_weight", sample_weight)):
            if value is not None:
                raise ArgumentError(f"expected {name} to come with the batches of x; got it as an argument too.")
        if class_weight is not None:
            return IterableData(_Weighted(x, class_weight), steps)
        return IterableData(x, steps)
    if class_weight is not None:
        if sample_weight is not None:
            raise ArgumentError("expected either class_weight or sample_weight; got both. Multiply them yourself.")
        sample_weight = weights_of_classes(y, class_weight)
    return ArrayData(x, y, sample_weight, batch_size, shuffle, steps)


def at_most(data: ArrayData | IterableData, steps: int | None) -> ArrayData | IterableData:
    """Data with no more than some batches in an epoch."""
    if steps is not None:
        data.limit = steps
    return data


def _is_iterable_of_batches(x: Any) -> bool:
    if isinstance(x, (list, tuple, dict, np.ndarray)) or hasattr(x, "shape"):
        return False
    return hasattr(x, "__iter__")


class _Weighted:
    """Batches with the weights of their classes."""

    def __init__(self, batches: Iterable[Any], class_weight: Mapping[int, float]):
        self._batches = batches
        self._class_weight = class_weight

    def __iter__(self) -> Iterator[Any]:
        for batch in self._batches:
            x, y, sample_weight = unpack_x_y_sample_weight(batch)
            if sample_weight is not None:
                raise ArgumentError("expected either class_weight or weights in the batches; got both.")
            yield x, y, weights_of_classes(y, self._class_weight)


def weights_of_classes(y: Any, class_weight: Mapping[int, float]) -> np.ndarray:
    """The weight of each sample, by its class: a number, or the place of the largest in a row."""
    if y is None or (tree.is_nested(y) and not isinstance(y, list)):
        raise ArgumentError("class_weight works for models with one output, whose targets are given in one array.")
    classes = np.asarray(ops.convert_to_numpy(y))
    if classes.ndim > 1 and classes.shape[-1] > 1:
        classes = classes.argmax(-1)
    elif classes.ndim > 1:
        classes = classes[..., 0]
    classes = np.rint(classes).astype("int64")
    weights = np.ones(classes.shape, "float32")
    for label, weight in class_weight.items():
        weights[classes == label] = weight
    return weights


def split(validation_split: float, *structures: Any) -> tuple[list[Any], list[Any]]:
    """Arrays without their last share, and that share."""
    if not 0 < validation_split < 1:
        raise ArgumentError(f"expected validation_split to be between 0 and 1; got {validation_split}.")
    count = count_samples(*structures)
    first = int(count * (1 - validation_split))
    if first in (0, count):
        raise ArgumentError(
            f"validation_split={validation_split} of {count} samples leaves nothing on one side. Give more samples."
        )

    def part(structure: Any, begin: int, end: int) -> Any:
        return tree.map_structure(lambda array: None if array is None else _array(array)[begin:end], structure)

    return [part(s, 0, first) for s in structures], [part(s, first, count) for s in structures]
