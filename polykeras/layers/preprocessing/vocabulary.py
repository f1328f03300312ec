"""A vocabulary: tokens in order, and the places of those that are in it and of those that are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ... import ops
from ...errors import ArgumentError, SerializationError
from ...spec import Spec
from ..configuration import described, whole
from .data_layer import DataLayer, batches_of, not_adapted
from .encoding import check_mode, encoded, encoded_shape, refuse_sparse
from .hashing import without_whole_dtype

MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


class Lookup(DataLayer):
    """The base of the layers that turn tokens into their places in a vocabulary."""

    kind: type
    """The type of a token."""

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        sparse: bool,
        **kwargs: Any,
    ):
        super().__init__(**without_whole_dtype(kwargs))
        self.autocast = False
        refuse_sparse(self, sparse=sparse)
        self.max_tokens = None if max_tokens is None else whole(self, "max_tokens", max_tokens, 2)
        self.num_oov_indices = whole(self, "num_oov_indices", num_oov_indices, 0)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = check_mode(self, "multi_hot" if output_mode == "binary" else output_mode, MODES)
        self.invert, self.pad_to_max_tokens = invert, pad_to_max_tokens
        self._check(idf_weights)
        self._terms: list[Any] | None = None
        """The vocabulary without the mask and the tokens for others."""
        self.idf_weights: np.ndarray | None = None
        """In mode "tf_idf" how much each class counts, that of unknown tokens first."""
        self._first = self.num_oov_indices
        """The place of the first term."""
        self._has_mask = mask_token is not None and self.output_mode == "int"
        self._first += self._has_mask
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def _check(self, idf_weights: Any) -> None:
        if self.invert and self.output_mode != "int":
            raise ArgumentError(f"{self.name}: expected output_mode='int' with invert; got {self.output_mode!r}.")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ArgumentError(f"{self.name}: expected max_tokens with pad_to_max_tokens; got None.")
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ArgumentError(
                f"{self.name}: idf_weights are for output_mode='tf_idf'; got output_mode={self.output_mode!r}."
            )

    # The vocabulary ----------------------------------------------------------------------------------------

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Take a vocabulary in place of the one there is.

        Args:
            vocabulary: The tokens in order, or the name of a text file with one in each line. The mask and the token
                for others may be in front.
            idf_weights: In mode "tf_idf" how much each of them counts.
        """
        tokens = self._read(vocabulary) if isinstance(vocabulary, (str, Path)) else self._as_tokens(vocabulary)
        if not tokens:
            raise ArgumentError(f"{self.name}: expected at least one token in vocabulary; got none.")
        leading = self._leading(tokens)
        terms = tokens[leading:]
        self._check_terms(terms)
        if self.output_mode == "tf_idf":
            self.idf_weights = self._weights_for(terms, leading, idf_weights)
        self._take(terms)

    def _as_tokens(self, vocabulary: Any) -> list[Any]:
        tokens = [self._as_token(token) for token in np.asarray(_host(vocabulary), dtype=object).reshape(-1)]
        return tokens

    def _as_token(self, token: Any) -> Any:
        raise NotImplementedError

    def _read(self, path: str | Path) -> list[Any]:
        """The tokens in a text file."""
        if not Path(path).is_file():
            raise ArgumentError(
                f"{self.name}: there is no vocabulary file {str(path)!r}. Give its path, or the tokens."
            )
        lines = Path(path).read_text(self._encoding()).split("\n")
        return [self._as_token(line) for line in (lines[:-1] if lines and not lines[-1] else lines)]

    def _encoding(self) -> str:
        return "utf-8"

    def _special(self) -> list[Any]:
        """What is in front of the terms: the mask, and as often as there are places for them the token for others."""
        mask = [self.mask_token] if self._has_mask else []
        return [*mask, *[self.oov_token] * self.num_oov_indices]

    def _leading(self, tokens: Sequence[Any]) -> int:
        """How many tokens in front of a vocabulary are no terms."""
        special = self._special()
        if special and list(tokens[: len(special)]) == special:
            return len(special)
        if not self._has_mask and self.mask_token is not None and tokens[:1] == [self.mask_token]:
            return 1 + (list(tokens[1 : 1 + len(special)]) == special) * len(special)
        return 0

    def _check_terms(self, terms: list[Any]) -> None:
        repeated = [token for token, count in Counter(terms).items() if count > 1]
        if repeated:
            raise ArgumentError(
                f"{self.name}: expected each token once in vocabulary; got {repeated[:5]} several times."
            )
        if self.mask_token is not None and self.mask_token in terms:
            raise ArgumentError(
                f"{self.name}: the mask token {self.mask_token!r} is among the tokens of vocabulary. Leave it out, or "
                f"put {self._special()} in front of them."
            )
        if self.invert and self.oov_token in terms:
            raise ArgumentError(
                f"{self.name}: the token for others, {self.oov_token!r}, is among those of vocabulary. Leave it out, "
                f"or put {self._special()} in front of them."
            )
        size = len(terms) + len(self._special())
        if self.max_tokens is not None and size > self.max_tokens:
            raise ArgumentError(
                f"{self.name}: expected at most max_tokens={self.max_tokens} tokens with those for the mask and for "
                f"others; got {size}."
            )

    def _weights_for(self, terms: list[Any], leading: int, idf_weights: Any) -> np.ndarray:
        if idf_weights is None:
            raise ArgumentError(
                f"{self.name}: expected idf_weights with a vocabulary in mode 'tf_idf', one for each token; got None."
            )
        weights = np.asarray(_host(idf_weights), "float64").reshape(-1)
        if len(weights) != len(terms) + leading:
            raise ArgumentError(
                f"{self.name}: expected {len(terms) + leading} idf_weights, one for each token; got {len(weights)}."
            )
        if leading:
            return weights[leading - self.num_oov_indices :]
        return np.concatenate([np.full(self.num_oov_indices, weights.mean()), weights])

    def _take(self, terms: list[Any]) -> None:
        self._terms = terms
        self._places = {term: self._first + place for place, term in enumerate(terms)}
        if self._has_mask:
            self._places[self.mask_token] = 0
        elif self.mask_token is not None:
            self._places[self.mask_token] = -1

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in order.

        Args:
            include_special_tokens: Whether the mask and the token for others are in front.

        Returns:
            The list.
        """
        terms = [] if self._terms is None else self._terms
        return [*self._special(), *terms] if include_special_tokens else list(terms)

    def vocabulary_size(self) -> int:
        """How many tokens there are, with those for the mask and for others."""
        return len(self.get_vocabulary())

    # Adapting ----------------------------------------------------------------------------------------------

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Make the vocabulary of the tokens in data, the frequent ones first; what was known before is forgotten.

        Args:
            data: An array, lists, or batches: a `tf.data.Dataset`, a `DataLoader`, a generator, a `PyDataset`.
            steps: How many batches to look at; None for all.
        """
        self.adapt_to(self.samples_of(batch) for batch in batches_of(self, data, steps))

    def samples_of(self, batch: np.ndarray) -> Iterable[list[Any]]:
        """The tokens of each sample in a batch."""
        if batch.ndim < 2:
            batch = batch.reshape(1, -1) if batch.ndim == 0 or self.output_mode != "tf_idf" else batch.reshape(-1, 1)
        return ([self._as_token(token) for token in sample] for sample in batch.reshape(len(batch), -1).tolist())

    def adapt_to(self, batches: Iterable[Iterable[list[Any]]]) -> None:
        """Make the vocabulary of samples, each a list of tokens."""
        counts: Counter[Any] = Counter()
        documents: Counter[Any] = Counter()
        total = 0
        for batch in batches:
            for sample in batch:
                counts.update(sample)
                if self.output_mode == "tf_idf":
                    documents.update(set(sample))
                total += 1
        for special in (self.mask_token, self.oov_token if self.num_oov_indices else None):
            counts.pop(special, None)
        terms = sorted(counts, reverse=True)
        terms.sort(key=counts.__getitem__, reverse=True)
        if self.max_tokens is not None:
            terms = terms[: self.max_tokens - len(self._special())]
        if self.output_mode == "tf_idf":
            known = np.log1p([total / (1 + documents[term]) for term in terms])
            unknown = np.full(self.num_oov_indices, known.mean() if len(known) else 1.0)
            self.idf_weights = np.concatenate([unknown, known])
        self._take(terms)

    def reset_state(self) -> None:
        """Forget the vocabulary."""
        self._terms, self.idf_weights = None, None

    # Calls -------------------------------------------------------------------------------------------------

    @property
    def is_adapted(self) -> bool:
        """Whether there is a vocabulary."""
        return self._terms is not None

    def known_terms(self) -> list[Any]:
        """The terms of the vocabulary, which there has to be."""
        if self._terms is None:
            raise not_adapted(self, "vocabulary")
        return self._terms

    def depth(self) -> int:
        """The number of classes in a row."""
        return self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()

    def rows_for(self, places: Any) -> Any:
        """Places in the vocabulary in the form that `output_mode` names."""
        weights = None
        if self.output_mode == "tf_idf" and self.idf_weights is not None:
            weights = np.zeros(self.depth(), self.compute_dtype)
            weights[: len(self.idf_weights)] = self.idf_weights
        return encoded(places, self.output_mode, self.depth(), self.compute_dtype, weights)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The Spec of the places or rows."""
        shape = encoded_shape(inputs.shape, self.output_mode, self.depth())
        return Spec(shape, "int32" if self.output_mode == "int" else self.compute_dtype)

    def unknown_ones(self, tokens: Iterable[Any]) -> ArgumentError:
        """The error for tokens for which there is no place."""
        return ArgumentError(
            f"{self.name}: expected tokens of the vocabulary, as num_oov_indices is 0; got {list(tokens)[:5]}. Give "
            "others a place by num_oov_indices=1."
        )

    # Configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made, the vocabulary among them."""
        names = ("invert", "max_tokens", "num_oov_indices", "oov_token", "mask_token", "output_mode")
        weights = self.idf_weights
        if weights is not None and self._terms is not None:
            weights = weights[self.num_oov_indices :] if _is_mean(weights, self.num_oov_indices) else weights
        return {
            **super().get_config(),
            **described(self, *names, "pad_to_max_tokens"),
            "sparse": False,
            "vocabulary": self._vocabulary_for_config(weights),
            "idf_weights": None if weights is None else weights.tolist(),
        }

    def _vocabulary_for_config(self, weights: np.ndarray | None) -> list[Any] | None:
        if not self._terms:
            return None
        with_others = weights is not None and len(weights) > len(self._terms)
        return self.get_vocabulary(with_others)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A layer made from its configuration, which holds the tokens and names no file."""
        config = dict(config)
        refuse_files(cls, config)
        config.pop("vocabulary_size", None)
        return cls(**config)

    def load_assets(self, dir_path: Any) -> None:
        """Read the vocabulary from a folder into which Keras wrote that of a layer."""
        path = Path(dir_path) / "vocabulary.txt"
        if path.is_file():
            tokens = self._read(path)
            weights = self.idf_weights
            self._take(tokens[self._leading(tokens) :])
            if self.output_mode == "tf_idf" and weights is None:
                self.idf_weights = np.ones(self.vocabulary_size())

    def save_assets(self, dir_path: Any) -> None:
        """Nothing is written: the vocabulary is in the configuration."""


def refuse_files(cls: type, config: dict[str, Any]) -> None:
    """A configuration comes from anywhere, and must not make the library read files."""
    if isinstance(config.get("vocabulary"), (str, Path)):
        raise SerializationError(
            f"{cls.__name__}: the configuration names a vocabulary file, {str(config['vocabulary'])!r}, and files that "
            "a configuration names are never read. Put the tokens themselves there, or make the layer yourself and "
            "call set_vocabulary with the file."
        )


def _is_mean(weights: np.ndarray, others: int) -> bool:
    """Whether the weights of unknown tokens are those that are taken where none are given."""
    return len(weights) > others and bool(np.all(weights[:others] == weights[others:].mean()))


def _host(x: Any) -> Any:
    return ops.convert_to_numpy(x) if hasattr(x, "shape") and not isinstance(x, np.ndarray) else x
