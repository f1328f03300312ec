"""Tokens as their places in a vocabulary, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...dtypes import TEXT
from ...errors import ArgumentError, StateError
from ...spec import Spec
from ..configuration import described
from .data_layer import is_text_input, on_host
from .encoding import encoded_shape
from .hashing import check_salt, hashes_of, shape_of_categories
from .vocabulary import Lookup


class StringLookup(Lookup):
    """For each string its place in a vocabulary.

    Args:
        max_tokens: The size that the vocabulary can have, with the tokens for the mask and for others; None for any.
        num_oov_indices: How many places there are for strings that are not in the vocabulary; the hash chooses one.
        mask_token: A string that stands for nothing: its place is 0, and in the other modes it counts for nothing.
        oov_token: What stands in the vocabulary, and in place of strings, for those that are not in it.
        vocabulary: The strings in order, or the name of a text file with one in each line; None for those that `adapt`
            finds.
        idf_weights: In mode "tf_idf" how much each of them counts.
        invert: Whether to give the strings for places.
        output_mode: "int" for places; "one_hot", "multi_hot" or "count" for rows as CategoryEncoding makes; "tf_idf"
            for counts times weights.
        pad_to_max_tokens: Whether rows have max_tokens columns, however many strings there are.
        sparse: Must be False: no backend here has sparse arrays.
        encoding: The encoding of a vocabulary file.
        name: A name; None for one that is made up.
        salt: A whole number, or two, which change the hash; None for none.
        **kwargs: Arguments of every layer.

    >>> StringLookup(vocabulary=["a", "b"])([["a", "z", "b"]])
    array([[1, 0, 2]], dtype=int32)
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ):
        kwargs.pop("oov_method", None)
        self.encoding = encoding
        self.salt = check_salt(self, salt)
        super().__init__(
            *(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode),
            *(pad_to_max_tokens, sparse),
            name=name,
            **kwargs,
        )

    def _encoding(self) -> str:
        return self.encoding

    def _as_token(self, token: Any) -> str:
        if isinstance(token, (bytes, str)):
            return token.decode("utf-8", "replace") if isinstance(token, bytes) else str(token)
        raise ArgumentError(f"{type(self).__name__}: expected strings as tokens; got {token!r}.")

    def call(self, inputs: Any) -> Any:
        """The places, rows for them, or strings."""
        self.known_terms()
        if self.invert:
            return self._strings(inputs)
        self._check_strings(inputs)
        places = on_host(self.places_of, [inputs], shape_of_categories(inputs), "int32")
        return self.rows_for(places)

    def _check_strings(self, inputs: Any) -> None:
        if not is_text_input(inputs):
            raise ArgumentError(f"{self.name}: expected strings; got an array of {ops.dtype(inputs)}.")

    def compute_output_spec(self, inputs: Any) -> Any:
        """The Spec of the places, rows or strings."""
        if self.invert:
            return Spec(inputs.shape, TEXT)
        self._check_strings(inputs)
        return super().compute_output_spec(inputs)

    def places_of(self, values: np.ndarray) -> np.ndarray:
        """The place of each string."""
        strings = [self._as_token(value) for value in values.reshape(-1).tolist()]
        places = np.array([self._places.get(string, -2) for string in strings], "int64")
        unknown = np.flatnonzero(places == -2)
        if unknown.size:
            if not self.num_oov_indices:
                raise self.unknown_ones(strings[place] for place in unknown)
            chosen = values.reshape(-1)[unknown]
            places[unknown] = self._has_mask
            if self.num_oov_indices > 1:
                hashes = hashes_of(chosen, self.salt)
                places[unknown] += (hashes % np.uint64(self.num_oov_indices)).astype("int64")
        return places.reshape(values.shape)

    def _strings(self, inputs: Any) -> Any:
        """The strings for places, on the host."""
        try:
            places = np.asarray(ops.convert_to_numpy(inputs)).astype("int64")
        except StateError:
            raise StateError(
                f"{self.name}: strings stay on the host, so that a compiled step cannot give them. Leave the layer out "
                "of the model, and call it on what `predict` returns."
            ) from None
        table = np.array([*self.get_vocabulary(), self.oov_token], dtype=str)
        known = (places >= 0) & (places < len(table) - 1)
        return table[np.where(known, places, len(table) - 1)]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made, the vocabulary among them."""
        return {**super().get_config(), **described(self, "encoding", "salt")}


class IntegerLookup(Lookup):
    """For each whole number its place in a vocabulary.

    Args:
        max_tokens: The size that the vocabulary can have, with the tokens for the mask and for others; None for any.
        num_oov_indices: How many places there are for numbers that are not in the vocabulary.
        mask_token: A number that stands for nothing: its place is 0, and in the other modes it counts for nothing.
        oov_token: What stands in the vocabulary, and in place of numbers, for those that are not in it.
        vocabulary: The numbers in order, or the name of a text file with one in each line; None for those that `adapt`
            finds.
        vocabulary_dtype: Must be "int64".
        idf_weights: In mode "tf_idf" how much each of them counts.
        invert: Whether to give the numbers for places.
        output_mode: "int" for places; "one_hot", "multi_hot" or "count" for rows as CategoryEncoding makes; "tf_idf"
            for counts times weights.
        sparse: Must be False: no backend here has sparse arrays.
        pad_to_max_tokens: Whether rows have max_tokens columns, however many numbers there are.
        oov_method: What chooses among several places for others: "floormod" for the remainder of the number,
            "farmhash" for its hash.
        salt: A whole number, or two, which change the hash; None for none.
        name: A name; None for one that is made up.
        **kwargs: Arguments of every layer.

    >>> IntegerLookup(vocabulary=[12, 36])([[36, 7, 12]])
    array([[2, 0, 1]], dtype=int32)
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        if vocabulary_dtype != "int64":
            raise ArgumentError(f"IntegerLookup: expected vocabulary_dtype='int64'; got {vocabulary_dtype!r}.")
        if oov_method not in ("floormod", "farmhash"):
            raise ArgumentError(
                f"IntegerLookup: expected oov_method to be 'floormod' or 'farmhash'; got {oov_method!r}."
            )
        if salt is not None and oov_method != "farmhash":
            raise ArgumentError(f"IntegerLookup: expected oov_method='farmhash' with salt; got {oov_method!r}.")
        self.vocabulary_dtype, self.oov_method = vocabulary_dtype, oov_method
        self.salt = check_salt(self, salt)
        super().__init__(
            *(max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode),
            *(pad_to_max_tokens, sparse),
            name=name,
            **kwargs,
        )

    def _as_token(self, token: Any) -> int:
        if isinstance(token, (str, bytes)):
            try:
                return int(token)
            except ValueError:
                pass
        elif hasattr(token, "__index__"):
            return int(token)
        raise ArgumentError(f"{type(self).__name__}: expected whole numbers as tokens; got {token!r}.")

    def _take(self, terms: list[Any]) -> None:
        super()._take(terms)
        keys = sorted(self._places)
        self._keys = np.array(keys, "int64")
        self._places_of_keys = np.array([self._places[key] for key in keys], "int32")
        self._table = np.array([*self.get_vocabulary(), self.oov_token], "int64")

    def call(self, inputs: Any) -> Any:
        """The places, rows for them, or numbers."""
        self.known_terms()
        if is_text_input(inputs) or np.dtype(ops.dtype(inputs)).kind not in "iub":
            raise self._not_whole(inputs)
        numbers = ops.cast(inputs, "int64")
        if self.invert:
            last = len(self._table) - 1
            known = ops.logical_and(ops.greater_equal(numbers, 0), ops.less(numbers, last))
            return ops.take(self._table, ops.where(known, numbers, last), 0)
        place = ops.minimum(ops.searchsorted(self._keys, numbers), len(self._keys) - 1)
        found = ops.equal(ops.take(self._keys, place, 0), numbers)
        known = ops.take(self._places_of_keys, place, 0)
        places = ops.where(found, known, self._place_of_others(inputs, numbers))
        return self.rows_for(places)

    def _not_whole(self, inputs: Any) -> ArgumentError:
        return ArgumentError(
            f"{self.name}: expected whole numbers; got {inputs!r}. Cast numbers to int32, use StringLookup for strings."
        )

    def _place_of_others(self, inputs: Any, numbers: Any) -> Any:
        if not self.num_oov_indices:
            on_host(self._refuse_unknown, [inputs], (), "int32")
            return ops.cast(self._has_mask, "int32")
        if self.num_oov_indices == 1:
            return ops.cast(int(self._has_mask), "int32")
        if self.oov_method == "floormod":
            chosen = ops.cast(ops.mod(numbers, self.num_oov_indices), "int32")
        else:
            chosen = on_host(self._hashed, [inputs], shape_of_categories(inputs), "int32")
        return ops.add(chosen, int(self._has_mask))

    def _hashed(self, values: np.ndarray) -> np.ndarray:
        return (hashes_of(values, self.salt) % np.uint64(self.num_oov_indices)).astype("int32")

    def _refuse_unknown(self, values: np.ndarray) -> np.ndarray:
        unknown = values[~np.isin(values, self._keys)]
        if unknown.size:
            raise self.unknown_ones(unknown.tolist())
        return np.zeros((), "int32")

    def compute_output_spec(self, inputs: Any) -> Any:
        """The Spec of the places, rows or numbers. How long rows are is not known before the vocabulary."""
        if is_text_input(inputs):
            raise self._not_whole(inputs)
        is_open = self._terms is None and not (self.pad_to_max_tokens and self.max_tokens)
        shape = encoded_shape(inputs.shape, self.output_mode, None if is_open else self.depth())
        whole = "int64" if self.invert else "int32"
        return Spec(shape, whole if self.output_mode == "int" else self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another layer like this can be made, the vocabulary among them."""
        return {**super().get_config(), **described(self, "vocabulary_dtype", "oov_method", "salt")}
