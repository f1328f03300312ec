"""Texts as the numbers of their words."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import ops
from ...errors import ArgumentError
from ...registry import deserialize_keras_object, serialize_keras_object
from ...spec import Spec
from ...text import decoded, text_of
from ..configuration import whole
from .data_layer import DataLayer, as_values, batches_of, is_text_input, on_host
from .encoding import check_mode, refuse_sparse
from .hashing import shape_of_categories, without_whole_dtype
from .lookup import StringLookup
from .vocabulary import refuse_files

_PUNCTUATION = re.compile(rb"""[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~']""")
_STANDARDIZED: dict[Any, Callable[[bytes], bytes]] = {
    None: lambda text: text,
    "lower": bytes.lower,
    "strip_punctuation": lambda text: _PUNCTUATION.sub(b"", text),
    "lower_and_strip_punctuation": lambda text: _PUNCTUATION.sub(b"", text.lower()),
}
_SPLIT: dict[Any, Callable[[bytes], list[bytes]]] = {
    None: lambda text: [text],
    "whitespace": bytes.split,
    "character": lambda text: [character.encode() for character in text.decode("utf-8", "replace")],
}
MODES = ("int", "multi_hot", "count", "tf_idf")


class TextVectorization(DataLayer):
    """For each text the numbers of its words, or a row of numbers about them.

    Args:
        max_tokens: The size that the vocabulary can have, with the tokens for padding and for others; None for any.
        standardize: What is done to texts first: "lower_and_strip_punctuation", "lower", "strip_punctuation", None, or
            a function from an array of strings to another. Only letters and signs of ASCII are changed.
        split: How texts are split: "whitespace", "character", None, or a function from an array of strings to a list
            of strings for each.
        ngrams: How many words at most, joined by spaces, are a token, or a tuple of the numbers of words; None for 1.
        output_mode: "int" for the number of each token, 0 where a text has no more; "multi_hot" or "count" for which
            tokens are in it, or how often; "tf_idf" for counts times weights.
        output_sequence_length: How many numbers there are for each text; None for as many as the longest has.
        pad_to_max_tokens: Whether rows have max_tokens columns, however many tokens there are.
        vocabulary: The tokens in order, or the name of a text file with one in each line; None for those that `adapt`
            finds.
        idf_weights: In mode "tf_idf" how much each of them counts.
        sparse: Must be False: no backend here has sparse arrays.
        ragged: Must be False: no backend here has ragged arrays.
        encoding: The encoding of a vocabulary file.
        name: A name; None for one that is made up.
        **kwargs: Arguments of every layer.

    >>> layer = TextVectorization()
    >>> layer.adapt(["to be or not to be"])
    >>> layer(["To be!", "Not me."])
    array([[2, 3],
           [5, 1]], dtype=int32)
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, **without_whole_dtype(kwargs))
        refuse_sparse(self, sparse=sparse, ragged=ragged)
        self.autocast = False
        self.standardize = self._known("standardize", standardize, _STANDARDIZED)
        self.split = self._known("split", split, _SPLIT)
        self.ngrams = ngrams
        self._sizes = self._sizes_of_ngrams(ngrams)
        self.output_mode = check_mode(self, output_mode, MODES)
        self.output_sequence_length = output_sequence_length
        if output_sequence_length is not None:
            whole(self, "output_sequence_length", output_sequence_length)
            if output_mode != "int":
                raise ArgumentError(
                    f"TextVectorization: output_sequence_length is for output_mode='int'; got {output_mode!r}."
                )
        self._lookup = StringLookup(
            max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            encoding=encoding,
            dtype=self.dtype_policy,
            name=f"{self.name}_lookup",
        )

    def _known(self, name: str, value: Any, known: dict[Any, Any]) -> Any:
        if callable(value) or value in known:
            return value
        raise ArgumentError(
            f"TextVectorization: expected {name} to be one of {', '.join(filter(None, known))}, None or a function; "
            f"got {value!r}."
        )

    def _sizes_of_ngrams(self, ngrams: Any) -> Sequence[int]:
        if ngrams is None:
            return (1,)
        if hasattr(ngrams, "__index__"):
            return range(1, whole(self, "ngrams", ngrams) + 1)
        if not isinstance(ngrams, (tuple, list)):
            raise ArgumentError(f"TextVectorization: expected ngrams to be a whole number, or a tuple; got {ngrams!r}.")
        return [whole(self, "a number in ngrams", size) for size in ngrams]

    # The vocabulary ----------------------------------------------------------------------------------------

    @property
    def max_tokens(self) -> int | None:
        """The size that the vocabulary can have."""
        return self._lookup.max_tokens

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Make the vocabulary of the words in texts, the frequent ones first; what was known before is forgotten.

        Args:
            data: Strings, or batches of them: a `tf.data.Dataset`, a `DataLoader`, a generator.
            batch_size: Accepted for compatibility.
            steps: How many batches to look at; None for all.
        """
        self._lookup.adapt_to(
            ([token.decode("utf-8", "replace") for token in tokens] for tokens in self._tokens(self._texts(batch)))
            for batch in batches_of(self, data, steps)
        )

    @property
    def is_adapted(self) -> bool:
        """Whether there is a vocabulary."""
        return self._lookup.is_adapted

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary in place of the one there is.

        Args:
            vocabulary: The tokens in order, or the name of a text file with one in each line.
            idf_weights: In mode "tf_idf" how much each of them counts.
        """
        self._lookup.set_vocabulary(vocabulary, idf_weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in order, those for padding and for others in front if they are wanted."""
        return self._lookup.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """How many tokens there are, with those for padding and for others."""
        return self._lookup.vocabulary_size()

    # Calls -------------------------------------------------------------------------------------------------

    def call(self, inputs: Any) -> Any:
        """The numbers of the tokens, or rows for them."""
        self._lookup.known_terms()
        batch = self._check(inputs)
        if self.output_mode == "int":
            return on_host(self._numbers, [inputs], self._shape_of_numbers(batch), "int32")
        depth = self._lookup.depth()
        return on_host(self._rows, [inputs], (*batch[:1], depth), self.compute_dtype)

    def _check(self, inputs: Any) -> tuple[Any, ...]:
        """The shape of the texts, which they have to be, one for each sample."""
        if not is_text_input(inputs):
            raise ArgumentError(f"{self.name}: expected strings; got an array of {ops.dtype(inputs)}.")
        batch = shape_of_categories(inputs)
        if len(batch) > 2 or (len(batch) == 2 and batch[1] not in (1, None)):
            raise ArgumentError(f"{self.name}: expected texts of shape (), (batch,) or (batch, 1); got shape {batch}.")
        return batch

    def _shape_of_numbers(self, batch: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.split is None and self._sizes == (1,):
            return batch if self.output_sequence_length is None else (*batch[:1], self.output_sequence_length)
        return (*batch[:1], self.output_sequence_length)

    def _numbers(self, values: np.ndarray) -> np.ndarray:
        samples = self._places(values)
        if self.split is None and self.output_sequence_length is None and self._sizes == (1,):
            return np.array(samples, "int32").reshape(values.shape)
        length = self.output_sequence_length
        if length is None:
            length = max(map(len, samples), default=0)
        padded = np.zeros((len(samples), length), "int32")
        for row, places in zip(padded, samples, strict=True):
            row[: min(len(places), length)] = places[:length]
        return padded if values.ndim else padded[0]

    def _rows(self, values: np.ndarray) -> np.ndarray:
        samples = self._places(values)
        rows = np.zeros((len(samples), self._lookup.depth()), "float64")
        for row, places in zip(rows, samples, strict=True):
            np.add.at(row, places[places >= 0], 1)
        if self.output_mode == "multi_hot":
            rows = np.minimum(rows, 1)
        if self.output_mode == "tf_idf" and self._lookup.idf_weights is not None:
            rows[:, : len(self._lookup.idf_weights)] *= self._lookup.idf_weights
        return rows if values.ndim else rows[0]

    def _places(self, values: np.ndarray) -> list[np.ndarray]:
        """The places of the tokens of each text."""
        samples = list(self._tokens(self._texts(values)))
        flat = np.empty(sum(map(len, samples)), dtype=object)
        flat[:] = [token for tokens in samples for token in tokens]
        ends = np.cumsum([len(tokens) for tokens in samples])
        return np.split(self._lookup.places_of(flat), ends[:-1]) if samples else []

    def _texts(self, values: np.ndarray) -> list[bytes]:
        """The texts after standardization."""
        flat = text_of(values).values.reshape(-1)
        if callable(self.standardize):
            return list(text_of(as_values(self.standardize(decoded(flat)))).values.reshape(-1))
        return list(map(_STANDARDIZED[self.standardize], flat))

    def _tokens(self, texts: list[bytes]) -> list[list[bytes]]:
        if callable(self.split):
            given = np.empty(len(texts), dtype=object)
            given[:] = texts
            words = [list(text_of(list(row)).values) if len(row) else [] for row in _rows(self.split(decoded(given)))]
        else:
            words = [_SPLIT[self.split](text) for text in texts]
        return words if self._sizes == (1,) else [self._joined(sample) for sample in words]

    def _joined(self, words: list[bytes]) -> list[bytes]:
        """The tokens of one or more words."""
        return [
            b" ".join(words[start : start + size]) for size in self._sizes for start in range(len(words) - size + 1)
        ]

    def compute_output_spec(self, inputs: Any) -> Any:
        """The Spec of the numbers or rows."""
        self._check(inputs)
        if self.output_mode == "int":
            return Spec(self._shape_of_numbers(tuple(inputs.shape)), "int32")
        return Spec((*inputs.shape[:1], self._lookup.depth()), self.compute_dtype)

    # Configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made, the vocabulary among them."""
        lookup = self._lookup.get_config()
        kept = ("max_tokens", "pad_to_max_tokens", "vocabulary", "idf_weights", "encoding")
        return {
            **super().get_config(),
            **{name: lookup[name] for name in kept},
            "standardize": _plain(self.standardize),
            "split": _plain(self.split),
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "sparse": False,
            "ragged": False,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TextVectorization:
        """A layer made from its configuration, which holds the tokens and names no file."""
        config = dict(config)
        refuse_files(cls, config)
        config.pop("vocabulary_size", None)
        for name in ("standardize", "split"):
            if isinstance(config.get(name), dict):
                config[name] = deserialize_keras_object(config[name])
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        return cls(**config)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary from a folder into which Keras wrote that of a layer."""
        self._lookup.load_assets(Path(dir_path))

    def save_assets(self, dir_path: Any) -> None:
        """Nothing is written: the vocabulary is in the configuration."""


def _plain(value: Any) -> Any:
    return serialize_keras_object(value) if inspect.isfunction(value) or inspect.isclass(value) else value


def _rows(words: Any) -> list[list[Any]]:
    """What a function that splits gives, as lists."""
    rows = words.to_list() if hasattr(words, "to_list") else words
    return [list(row) for row in rows]
