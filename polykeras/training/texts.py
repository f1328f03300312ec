"""Strings in the batches of a training: what layers make of them is made on the host, before each step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..backend import current, numpy_dtype
from ..text import KnownText, Outcome, SeenText, Text, as_text, holds_text, text_of


class Made(NamedTuple):
    """What was made of the strings in one place of a batch, as an argument of a compiled step."""

    place: tuple[int, int]
    shape: tuple[Any, ...]
    arrays: list[Any]


class Texts:
    """What a step makes of the strings in batches: found out once, and made before each step."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], dict[Outcome, str]] = {}
        """For each place in a batch, and number of axes there, what is made of the strings, with its dtype."""

    def watched(self, batch: Any) -> Any:
        """The batch, with strings that note what is made of them; the batch itself where it has none."""
        return self._with(batch, lambda place, text: SeenText(text.values, (), self._seen.setdefault(place, {})))

    def are_known(self, batch: Any) -> bool:
        """Whether batches like this have been watched."""
        leaves = tree.flatten(batch)
        return all((place, np.ndim(x)) in self._seen for place, x in enumerate(leaves) if holds_text(x))

    def made(self, batch: Any) -> Any:
        """The batch, with what is made of strings in place of them."""
        home = current()

        def arrays_of(place: tuple[int, int], text: Text) -> Made:
            wanted = self._seen[place].items()
            arrays = [home.from_numpy(np.asarray(made.of(text), numpy_dtype(dtype))) for made, dtype in wanted]
            return Made(place, text.shape, arrays)

        return self._with(batch, arrays_of)

    def known(self, batch: Any) -> Any:
        """The batch, with strings that know what was made of them."""

        def revived(part: Any) -> Any:
            if not isinstance(part, Made):
                return None
            return KnownText(part.shape, (), dict(zip(self._seen[part.place], part.arrays, strict=True)))

        return tree.traverse(revived, batch)

    def _with(self, batch: Any, function: Callable[[tuple[int, int], Text], Any]) -> Any:
        """The batch, with something in place of strings."""
        leaves, structure = tree.take_apart(batch)
        places = [place for place, leaf in enumerate(leaves) if holds_text(leaf)]
        for place in places:
            text = as_text(leaves[place])
            leaves[place] = function((place, len(text.shape)), text)
        return tree.put_together(structure, leaves) if places else batch


def gathered(structure: Any) -> Any:
    """A structure with an array in place of each list of strings, however nested."""

    def array_of(part: Any) -> Any:
        is_list = isinstance(part, (list, tuple)) and all(isinstance(x, (str, bytes)) for x in tree.flatten(part))
        return text_of(part).values if is_list and part else None

    has_strings = any(isinstance(x, (str, bytes)) for x in tree.flatten(structure))
    return tree.traverse(array_of, structure) if has_strings else structure
