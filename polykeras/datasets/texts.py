"""What the data sets of texts have in common: words as numbers, by how frequent they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError


@dataclass
class Words:
    """Which words of the texts count, and which numbers they get.

    Args:
        num_words: Numbers from here on count as rare; None for no bound.
        skip_top: Numbers below count as too frequent.
        maxlen: Texts as long as that, or longer, are left out; None for none.
        start_char: The number with which each text begins; None for none.
        oov_char: The number in the place of words that do not count; None to leave them out.
        index_from: What is added to the numbers of words.
    """

    num_words: int | None
    skip_top: int
    maxlen: int | None
    start_char: int | None
    oov_char: int | None
    index_from: int

    def shifted(self, texts: Iterable[Any], labels: Any) -> tuple[list[list[int]], np.ndarray]:
        """Texts with their beginning and their numbers, without those that are too long."""
        offset = self.index_from or 0
        beginning = [] if self.start_char is None else [self.start_char]
        found = [beginning + [word + offset for word in text] for text in texts]
        if self.maxlen:
            kept = [i for i, text in enumerate(found) if len(text) < self.maxlen]
            if not kept:
                raise ArgumentError(f"no text is shorter than maxlen={self.maxlen}. Give a larger one.")
            found, labels = [found[i] for i in kept], np.asarray(labels)[kept]
        return found, np.asarray(labels)

    def counting(self, texts: list[list[int]]) -> np.ndarray:
        """Texts with the words that count."""
        bound = self.num_words or max(max(text, default=0) for text in texts)
        result = np.empty(len(texts), object)
        for number, text in enumerate(texts):
            if self.oov_char is None:
                result[number] = [word for word in text if self.skip_top <= word < bound]
            else:
                result[number] = [word if self.skip_top <= word < bound else self.oov_char for word in text]
        return result
