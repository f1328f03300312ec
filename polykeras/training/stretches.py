"""Several steps without a look at what comes of each, on data in memory: batches are gathered where they are used.

Where programs have loops, they are one call of a program; elsewhere each call of a program takes some of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import ops, tree
from ..backend import Backend, current
from ..interpreters import kind_or_none

STEPS_AT_ONCE = 256
"""How many steps "auto" takes at once. Between two times progress is shown, and an interruption heard."""

TOGETHER = 8
"""How many steps are written out in one program where it cannot have a loop."""

SMALL = 1 << 20
"""Up to how many products of a weight and a place where it is used a step is so short that calling it costs more than
it may. What is longer gains nothing by a loop, within which compilers make less use of several processors."""

MEMORY = 1 << 30
"""How many bytes of data are brought to the device at once."""


class Stretch(NamedTuple):
    """Whole batches that follow each other, as rows of arrays on the device."""

    data: Any
    rows: Any
    """The rows of each batch of the epoch."""
    first: int
    """The number of the first batch."""
    count: int
    """How many batches there are."""

    def __len__(self) -> int:
        return self.count

    def batches(self, first: int, count: int) -> list[Any]:
        """Some of the batches.

        Args:
            first: The number of the first of them, within the stretch.
            count: How many.
        """
        first += self.first
        chosen = self.rows[first : first + count]
        leaves, structure = tree.take_apart(self.data)
        gathered = [None if leaf is None else ops.unstack(ops.take(leaf, chosen, axis=0), count) for leaf in leaves]
        return [
            tree.put_together(structure, [None if parts is None else parts[i] for parts in gathered])
            for i in range(count)
        ]

    def arguments(self) -> tuple[Any, ...]:
        """The same as arrays, so that a program serves for all numbers."""
        return self.data, self.rows, np.int32(self.first), np.int32(self.count)


def batch_of(data: Any, rows: Any, number: Any) -> Any:
    """A batch, whose number need not be known yet."""
    chosen = ops.take(rows, number, axis=0)
    return tree.map_structure(lambda array: None if array is None else ops.take(array, chosen, axis=0), data)


def on_device(data: Any) -> Any:
    """Arrays on the device, or None where they are none of numbers, or too large."""
    leaves = [leaf for leaf in tree.flatten(data) if leaf is not None]
    if not all(map(_is_plain, leaves)) or sum(map(_bytes, leaves)) > MEMORY:
        return None
    home = current()
    return tree.map_structure(lambda x: home.asarray(x) if isinstance(x, np.ndarray) else x, data)


def _is_plain(array: Any) -> bool:
    if isinstance(array, np.ndarray):
        return array.dtype.kind not in "OSUMm"
    return isinstance(kind_or_none(type(array)), Backend)


def _bytes(array: Any) -> int:
    return array.nbytes
