"""News, and what they are about."""

from __future__ import annotations

import json

import numpy as np

from .files import fetched
from .stored import read_npz
from .tables import Split, check_test_split
from .texts import Words

__all__ = ["get_label_names", "get_word_index", "load_data"]

LABELS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass "
    "crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi "
    "iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead"
)


def load_data(
    path: str = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
) -> Split:
    """11228 news of the agency Reuters, of 46 subjects.

    A word is its place among the words by how frequent they are, plus `index_from`. 0 is left for padding.

    Args:
        path: The name under which the file is kept.
        num_words: Words with numbers from here on count as unknown; None for no bound.
        skip_top: Words with numbers below count as unknown.
        maxlen: News with so many words, or more, are left out; None for none.
        test_split: The share of the news for tests.
        seed: The seed of the order of the news.
        start_char: The number with which each text begins.
        oov_char: The number of unknown words; None to leave them out.
        index_from: What is added to the numbers of words.

    Returns:
        (x_train, y_train), (x_test, y_test): NumPy arrays of lists of numbers, and of the numbers of subjects.
    """
    check_test_split(test_split)
    found = read_npz(fetched("reuters.npz", path))
    order = np.random.RandomState(seed).permutation(len(found["x"]))
    words = Words(num_words, skip_top, maxlen, start_char, oov_char, index_from)
    texts, labels = words.shifted(found["x"][order], found["y"][order])
    x, kept = words.counting(texts), int(len(texts) * (1 - test_split))
    return (x[:kept], labels[:kept]), (x[kept:], labels[kept:])


def get_word_index(path: str = "reuters_word_index.json") -> dict[str, int]:
    """The number of each word, by which `load_data` adds `index_from`.

    Args:
        path: The name under which the file is kept.

    Returns:
        The numbers by word.
    """
    with open(fetched("reuters_word_index.json", path), encoding="utf-8") as file:
        return json.load(file)


def get_label_names() -> tuple[str, ...]:
    """The subjects, in the order of their numbers.

    Returns:
        Their names.

    >>> get_label_names()[:3]
    ('cocoa', 'grain', 'veg-oil')
    """
    return tuple(LABELS.split())
