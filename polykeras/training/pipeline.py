"""Data sets made of others: mapped, shuffled, in batches. Nothing is computed before somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import ops, random, tree
from ..backend import using
from ..errors import ArgumentError
from ..seeds import next_seed
from ..settings import EMBEDDED
from .py_dataset import PyDataset

Get = Callable[[int], Any]


class Pipeline(PyDataset):
    """Elements by number, of which other pipelines can be made. In a training they are its batches, in their order.

    Args:
        get: Makes an element out of its number.
        count: How many elements there are.
        source: The pipeline that this one is made of.
        workers: How many threads make elements.

    >>> squares = Pipeline.of_arrays((np.arange(5.0), np.arange(5.0) ** 2)).map(lambda x, y: (x + 1, y))
    >>> [y.tolist() for x, y in squares.batch(2)]
    [[0.0, 1.0], [4.0, 9.0], [16.0]]
    >>> len(squares.skip(1).take(3))
    3
    """

    keeps_order = True

    class_names: list[str] | None = None
    """The names of the classes, where the data come from folders."""

    file_paths: list[str] | None = None
    """The files, where the data come from folders."""

    def __init__(self, get: Get, count: int, source: Pipeline | None = None, workers: int = 1):
        super().__init__(max(workers, 1 if source is None else source.workers))
        self._get = get
        self._count = count
        self._source = source
        if source is not None:
            self.class_names, self.file_paths = source.class_names, source.file_paths

    @classmethod
    def of_arrays(cls, arrays: Any) -> Pipeline:
        """The samples of arrays: their rows.

        Args:
            arrays: A structure of arrays.
        """
        arrays = tree.map_structure(np.asarray, arrays)
        lengths = {len(array) for array in tree.flatten(arrays)}
        if len(lengths) != 1:
            raise ArgumentError(f"expected arrays with as many rows each; got {sorted(lengths)}.")
        return cls(lambda index: tree.map_structure(lambda array: array[index], arrays), lengths.pop())

    def __len__(self) -> int:
        return self._count

    def cardinality(self) -> int:
        """How many elements there are."""
        return self._count

    def __getitem__(self, index: int) -> Any:
        if not -self._count <= index < self._count:
            raise IndexError(f"expected a number below {self._count}; got {index}.")
        return self._get(index % self._count)

    def __iter__(self) -> Iterator[Any]:
        self.begin_pass()
        for index in range(self._count):
            yield self._get(index)

    def begin_pass(self) -> None:
        """Let what is shuffled be shuffled anew."""
        if self._source is not None:
            self._source.begin_pass()

    def map(self, map_func: Callable[..., Any], num_parallel_calls: int | None = None) -> Pipeline:
        """What a function makes of each element, whose parts it gets as arguments if it is a tuple.

        Args:
            map_func: The function.
            num_parallel_calls: How many threads call it in a training; None for as many as there are already.
        """

        def get(index: int) -> Any:
            element = self._get(index)
            return map_func(*element) if isinstance(element, tuple) else map_func(element)

        return Pipeline(get, self._count, self, max(num_parallel_calls or 1, 1))

    def take(self, count: int) -> Pipeline:
        """The first elements.

        Args:
            count: How many; -1 for all.
        """
        return Pipeline(self._get, self._count if count < 0 else min(count, self._count), self)

    def skip(self, count: int) -> Pipeline:
        """All but the first elements.

        Args:
            count: How many are left out; -1 for all.
        """
        count = self._count if count < 0 else min(count, self._count)
        return Pipeline(lambda index: self._get(index + count), self._count - count, self)

    def repeat(self, count: int) -> Pipeline:
        """The elements several times.

        Args:
            count: How many times.
        """
        return Pipeline(lambda index: self._get(index % self._count), self._count * count, self)

    def shuffle(
        self, buffer_size: int | None = None, seed: int | None = None, reshuffle_each_iteration: bool = True
    ) -> Pipeline:
        """The elements in random order, another one in each pass. All of them are shuffled together.

        Args:
            buffer_size: Not needed, as elements have numbers.
            seed: A seed; None for one that `set_random_seed` determines.
            reshuffle_each_iteration: Whether each pass has an order of its own.
        """
        return _Shuffled(self, next_seed() if seed is None else seed, reshuffle_each_iteration)

    def batch(self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: int | None = None) -> Pipeline:
        """Elements stacked.

        Args:
            batch_size: How many there are in a batch.
            drop_remainder: Whether a last batch that is smaller is left out.
            num_parallel_calls: How many threads make batches in a training; None for as many as there are already.
        """
        if not hasattr(batch_size, "__index__") or batch_size < 1:
            raise ArgumentError(f"batch: expected batch_size to be a whole number from 1; got {batch_size!r}.")
        count = self._count // batch_size if drop_remainder else -(-self._count // batch_size)
        return self._stacked(batch_size, count, np.stack, num_parallel_calls)

    def padded_batch(self, batch_size: int) -> Pipeline:
        """Elements stacked, short ones filled up with zeros at the end of each axis.

        Args:
            batch_size: How many there are in a batch.
        """
        return self._stacked(batch_size, -(-self._count // batch_size), _padded, None)

    def _stacked(self, size: int, count: int, stack: Callable[[list[Any]], Any], workers: int | None) -> Pipeline:
        def get(index: int) -> Any:
            chosen = range(index * size, min((index + 1) * size, self._count))
            elements = [self._get(number) for number in chosen]
            return tree.map_structure(lambda *parts: stack([np.asarray(part) for part in parts]), *elements)

        return Pipeline(get, count, self, max(workers or 1, 1))

    def cache(self) -> Pipeline:
        """The elements, which are kept when they have been made once."""
        kept: dict[int, Any] = {}

        def get(index: int) -> Any:
            if index not in kept:
                kept[index] = self._get(index)
            return kept[index]

        return Pipeline(get, self._count, self)

    def prefetch(self, buffer_size: int | None = None) -> Pipeline:
        """The same, as a training always makes the next batches while it uses one.

        Args:
            buffer_size: How many may wait; None or -1 for 10.
        """
        same = Pipeline(self._get, self._count, self)
        if buffer_size is not None and buffer_size > 0:
            same.max_queue_size = buffer_size
        return same


class _Shuffled(Pipeline):
    """The elements of a pipeline in random order."""

    def __init__(self, source: Pipeline, seed: int, reshuffles: bool):
        super().__init__(lambda index: source._get(int(self._order[index])), len(source), source)
        self._seed = seed
        self._reshuffles = reshuffles
        self._passes = 0
        self._order = self._drawn()

    def _drawn(self) -> np.ndarray:
        with using(EMBEDDED):
            key = random.fold_in(self._seed, self._passes if self._reshuffles else 0)
            return np.asarray(ops.convert_to_numpy(random.permutation(len(self), seed=key)))

    def begin_pass(self) -> None:
        super().begin_pass()
        self._order = self._drawn()
        self._passes += 1


def _padded(parts: list[np.ndarray]) -> np.ndarray:
    if not parts[0].ndim:
        return np.stack(parts)
    shape = map(max, zip(*(part.shape for part in parts), strict=True))
    room = np.zeros((len(parts), *shape), parts[0].dtype)
    for row, part in zip(room, parts, strict=True):
        row[tuple(map(slice, part.shape))] = part
    return room
