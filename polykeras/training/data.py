"""Where the batches of a training come from."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import ops, random, tree
from ..backend import current, using
from ..errors import ArgumentError
from ..interpreters import SCALAR, kind_or_none
from ..settings import EMBEDDED
from . import arrays, sources
from .arrays import as_array, as_columns, count_samples, dense, is_sparse
from .background import in_background
from .py_dataset import PyDataset, PyDatasetBatches
from .stretches import Stretch, on_device
from .texts import gathered

BATCH_SIZE = 32
"""How many samples make a batch where nobody says."""


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
    return (x,) if tree.is_nested(x) else x


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
        x, y = as_columns((gathered(x), y))
        self._count = count_samples(x, y, sample_weight)
        self._data = tree.map_structure(as_array, pack_x_y_sample_weight(x, y, sample_weight))
        self._columns, self._form = tree.take_apart(self._data)
        self.batch_size = BATCH_SIZE if batch_size is None else batch_size
        if not hasattr(self.batch_size, "__index__") or self.batch_size < 1:
            raise ArgumentError(f"expected batch_size to be a whole number from 1; got {batch_size!r}.")
        self.limit: int | None = None
        self.check: Callable[[Any], bool] = _accept
        self._is_checked = False
        if not isinstance(shuffle, (bool, np.bool_)) and shuffle != "batch":
            raise ArgumentError(f"expected shuffle to be True, False or 'batch'; got {shuffle!r}.")
        self._shuffle = shuffle
        self._steps = steps
        self._batches = -(-self._count // self.batch_size)
        self._on_device: Any = None

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
            yield self._batch(order, place)

    def _look(self) -> None:
        """Look at the labels, as soon as it is known what they have to be."""
        if not self._is_checked:
            self._is_checked = self.check(self._data)

    def _batch(self, order: Any, place: int) -> Any:
        self._look()
        chosen = order[place * self.batch_size : (place + 1) * self.batch_size]
        return tree.put_together(self._form, [_rows(array, chosen) for array in self._columns])

    def in_stretches(self, size_for: Callable[[Any], int]) -> Iterator[Any]:
        """The batches of an epoch, whole ones in stretches where several steps are to be taken at once.

        Args:
            size_for: Tells how many steps may be taken at once, given a batch.

        Returns:
            An iterator over batches and stretches.
        """
        number, size, whole = 0, 0, self._count // self.batch_size
        order = rows = None
        while number < self.steps:
            place = number % self._batches
            if place == 0:
                order, rows = self._order(), None
            size = size or size_for(self._batch(order, place))
            count = min(size - number % size, whole - place, self.steps - number)
            if count < 1 or size == 1 or not self._is_on_device():
                yield self._batch(order, place)
                number += 1
                continue
            if rows is None:
                table = np.asarray(order)[: whole * self.batch_size].reshape(whole, self.batch_size)
                rows = current().asarray(table.astype("int32"))
            self._look()
            yield Stretch(self._on_device, rows, place, count)
            number += count

    def _is_on_device(self) -> bool:
        """Whether the data is on the device, where it is brought once if that can be."""
        if self._on_device is None:
            self._on_device = on_device(self._data)
        return self._on_device is not None

    def _order(self) -> Any:
        if not self._shuffle:
            return range(self._count)
        if self._shuffle == "batch":
            batches = _permutation(self._batches)
            starts = [range(b * self.batch_size, min((b + 1) * self.batch_size, self._count)) for b in batches]
            return np.concatenate(starts) if starts else range(0)
        return _permutation(self._count)

    def states(self) -> list[np.ndarray]:
        """The states of generators of others: there are none, the order comes from our random stream."""
        return []

    def set_states(self, states: list[np.ndarray]) -> None:
        """Nothing has to be set."""

    def skip(self, count: int) -> None:
        """Nothing has to be left out: each epoch begins anew."""

    def close(self) -> None:
        """Nothing has to be let go of."""


def _permutation(count: int) -> np.ndarray:
    """Numbers in an order of the random stream, which is the same wherever it is made, and soonest on the host."""
    with using(EMBEDDED):
        return np.asarray(random.permutation(count))


def _rows(array: Any, chosen: Any) -> Any:
    """Some rows of an array."""
    if array is None:
        return None
    if isinstance(chosen, range):
        return dense(array[chosen.start : chosen.stop])
    on_host = isinstance(array, np.ndarray) or is_sparse(array)
    return dense(array[chosen]) if on_host else ops.take(array, chosen, axis=0)


class IterableData:
    """Batches that something iterable gives, of any framework. A thread makes the next ones ready on the device.

    Args:
        batches: The iterable: of x, (x, y) or (x, y, sample_weight).
        steps: How many batches make an epoch; None for as many as there are.
    """

    def __init__(self, batches: Iterable[Any], steps: int | None = None):
        self._batches = batches
        self._steps = steps
        self._rest: Iterator[Any] | None = None
        self._taken = 0
        self._first_states: list[np.ndarray] | None = None
        self.limit: int | None = None
        self.check: Callable[[Any], bool] = _accept
        self.starts_anew = False

    @property
    def steps(self) -> int | None:
        """How many batches there are in an epoch, if that is known."""
        known = _length(self._batches) if self._steps is None else self._steps
        return known if self.limit is None or known is None else min(known, self.limit)

    def __iter__(self) -> Iterator[Any]:
        if self._taken and self._steps is None and isinstance(self._batches, Iterator):
            raise ArgumentError(
                f"the data, a {type(self._batches).__name__}, has ended after {self._taken} batches, in the first "
                "epoch. Give steps_per_epoch and one that goes on, or what can be gone through again: "
                "a PyDataset, a DataLoader, a tf.data.Dataset."
            )
        tell = {name: getattr(self._batches, name, _nothing) for name in ("on_epoch_begin", "on_epoch_end")}
        tell["on_epoch_begin"]()
        for batch in in_background(self._epoch(), self._loaded):
            self._taken += 1
            yield batch
        tell["on_epoch_end"]()

    def _epoch(self) -> Iterator[Any]:
        """As they come, no more of them than are asked for: who gives them may count."""
        if self._steps is None:
            return itertools.islice(iter(self._batches), self.limit)
        if self.starts_anew:
            self._rest = None
        count = self._steps if self.limit is None else min(self._steps, self.limit)
        return (self._next() for _ in range(count))

    def _next(self) -> Any:
        """The next batch, from the beginning again where the iterable has ended and can begin again."""
        for _ in range(2):
            if self._rest is None:
                self._rest = iter(self._batches)
            for batch in self._rest:
                return batch
            self._rest = None
            if isinstance(self._batches, Iterator):
                break
        raise ArgumentError(
            f"the data has ended before {self._steps} steps were taken. Give a generator that goes on, or fewer steps."
        )

    def _loaded(self, batch: Any) -> Any:
        """A batch on the device; looked at on the host, where that costs no waiting."""
        batch = gathered(batch)
        batch = tuple(batch) if isinstance(batch, list) else batch
        if all(isinstance(leaf, np.ndarray) for leaf in tree.flatten(batch)):
            self.check(batch)
        return tree.map_structure(arrays.on_device, batch)

    def states(self) -> list[np.ndarray]:
        """The states of the generators that give the order, from which the batches that are left come again.

        Where an epoch begins where the last one ended, they are those from which the first one began.
        """
        found = sources.states_of(self._source)
        if self._first_states is None:
            self._first_states = found
        return found if self._steps is None or self.starts_anew else self._first_states

    def set_states(self, states: list[np.ndarray]) -> None:
        """Have the generators go on from where they were."""
        self._first_states = states
        sources.set_states(self._source, states)

    @property
    def _source(self) -> Any:
        return self._batches.batches if isinstance(self._batches, _Weighted) else self._batches

    def skip(self, count: int) -> None:
        """Leave out the batches of earlier epochs, where an epoch begins where the last one ended."""
        if self._steps is not None and not self.starts_anew:
            for _ in range(count):
                self._next()

    def close(self) -> None:
        """Let go of what makes the batches."""
        getattr(self._batches, "close_workers", _nothing)()


def _nothing() -> None:
    """Do nothing."""


def _accept(batch: Any) -> bool:
    """Find nothing wrong."""
    return True


def _length(batches: Any) -> int | None:
    """How many there are, if they say so."""
    try:
        return len(batches)
    except TypeError:  # they have no length, or only a method that refuses to tell
        return None


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
        if isinstance(x, PyDataset):
            x = PyDatasetBatches(x, shuffle)
        if class_weight is not None:
            weighted = _Weighted(x, class_weight)
            x = iter(weighted) if isinstance(x, Iterator) else weighted
        return IterableData(x, steps)
    if class_weight is not None:
        if sample_weight is not None:
            raise ArgumentError("expected either class_weight or sample_weight; got both. Multiply them yourself.")
        sample_weight = weights_of_classes(y, class_weight)
    return ArrayData(x, y, sample_weight, batch_size, shuffle, steps)


@contextlib.contextmanager
def opened(*args: Any, starts_anew: bool = False, **kwargs: Any) -> Iterator[Any]:
    """What `batches_of` gives, for a while.

    Args:
        *args: As for `batches_of`.
        starts_anew: Whether an epoch begins where the data begins, not where the last epoch ended.
        **kwargs: As for `batches_of`.
    """
    data = batches_of(*args, **kwargs)
    if isinstance(data, IterableData):
        data.starts_anew = starts_anew
    try:
        yield data
    finally:
        data.close()


def one_batch(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch that a user gives as such."""
    x, y = as_columns((gathered(x), y))
    batch = pack_x_y_sample_weight(x, y, sample_weight)
    return tree.map_structure(lambda leaf: leaf if kind_or_none(type(leaf)) is SCALAR else dense(as_array(leaf)), batch)


def fits_a_batch(x: Any, batch_size: int | None) -> bool:
    """Whether this is an array of numbers on the host that makes one batch, as it is."""
    size = BATCH_SIZE if batch_size is None else batch_size
    return type(x) is np.ndarray and x.dtype.kind in "biuf" and x.ndim > 0 and type(size) is int and 0 < len(x) <= size


def at_most(data: ArrayData | IterableData, steps: int | None) -> ArrayData | IterableData:
    """Data with no more than some batches in an epoch."""
    if steps is not None:
        data.limit = steps
    return data


def _is_iterable_of_batches(x: Any) -> bool:
    """Whether x gives batches: whatever is gone through and is no array, be it of a framework or of nobody's."""
    if x is None or isinstance(x, (list, tuple, dict, np.ndarray, str)) or hasattr(x, "shape"):
        return False
    if not hasattr(x, "__iter__") and hasattr(x, "__getitem__") and not hasattr(x, "__array__"):
        raise ArgumentError(
            f"expected arrays or batches; got a {type(x).__name__}, which gives samples by number. Put them in "
            "batches, as with torch.utils.data.DataLoader(dataset, batch_size=32)."
        )
    return hasattr(x, "__iter__")


class _Weighted:
    """Batches with the weights of their classes."""

    def __init__(self, batches: Iterable[Any], class_weight: Mapping[int, float]):
        self.batches = batches
        self._class_weight = class_weight

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batches, name)

    def __len__(self) -> int:
        return len(self.batches)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Any]:
        for batch in self.batches:
            x, y, sample_weight = unpack_x_y_sample_weight(batch)
            if sample_weight is not None:
                raise ArgumentError("expected either class_weight or weights in the batches; got both.")
            yield x, y, weights_of_classes(y, self._class_weight)


def weights_of_classes(y: Any, class_weight: Mapping[int, float]) -> np.ndarray:
    """The weight of each sample, by its class: a number, or the place of the largest in a row."""
    if not isinstance(class_weight, Mapping):
        raise ArgumentError(
            f"expected class_weight to be a dictionary from the number of a class to its weight; got {class_weight!r}. "
            "Write {0: 1.0, 1: 2.0}, say."
        )
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
    structures = gathered(structures)
    count = count_samples(*structures)
    first = int(count * (1 - validation_split))
    if first in (0, count):
        raise ArgumentError(
            f"validation_split={validation_split} of {count} samples leaves nothing on one side. Give more samples."
        )

    def part(structure: Any, begin: int, end: int) -> Any:
        return tree.map_structure(lambda array: None if array is None else dense(as_array(array)[begin:end]), structure)

    return [part(s, 0, first) for s in structures], [part(s, first, count) for s in structures]
