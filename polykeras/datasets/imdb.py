"""Reviews of films."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .files import fetched
from .stored import read_npz
from .tables import Split
from .texts import Words

__all__ = ["get_word_index", "load_data"]


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Split:
    """50000 reviews of films, and whether they are favorable.

    A word is its place among the words by how frequent they are, plus `index_from`. 0 is left for padding.

    Args:
        path: The name under which the file is kept.
        num_words: Words with numbers from here on count as unknown; None for no bound.
        skip_top: Words with numbers below count as unknown.
        maxlen: Reviews with so many words, or more, are left out; None for none.
        seed: The seed of the order of the reviews.
        start_char: The number with which each review begins.
        oov_char: The number of unknown words; None to leave them out.
        index_from: What is added to the numbers of words.
        **kwargs: None are known.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of lists of numbers, and of 0 and 1.
    """
    if kwargs:
        raise ArgumentError(f"imdb.load_data: unknown arguments {', '.join(kwargs)}.")
    found = read_npz(fetched("imdb.npz", path))
    words = Words(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    random = np.random.RandomState(seed)
    texts, labels = [], []
    for part in ("train", "test"):
        order = random.permutation(len(found[f"x_{part}"]))
        shifted, kept = words.shifted(found[f"x_{part}"][order], found[f"y_{part}"][order])
        texts.append(shifted)
        labels.append(kept)
    x = words.counting(texts[0] + texts[1])
    return (x[: len(texts[0])], labels[0]), (x[len(texts[0]) :], labels[1])


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The number of each word, by which `load_data` adds `index_from`.

    Args:
        path: The name under which the file is kept.

    Returns:
        The numbers by word.
    """
    with open(fetched("imdb_word_index.json", path), encoding="utf-8") as file:
        return json.load(file)
