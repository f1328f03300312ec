"""Tables of features of several kinds as numbers for a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import TEXT, is_float, standardize_dtype
from ..errors import ArgumentError, StateError
from ..layers import (
    CategoryEncoding,
    Discretization,
    HashedCrossing,
    Hashing,
    Identity,
    Input,
    IntegerLookup,
    Layer,
    Normalization,
    Rescaling,
    StringLookup,
)
from ..layers.preprocessing.data_layer import as_input, as_values, is_text_input
from ..layers.preprocessing.vocabulary import Lookup
from ..registry import Configurable, deserialize_keras_object, serialize_keras_object
from ..spec import Spec
from ..state import unique_name
from ..training.arrays import is_frame

__all__ = ["Cross", "Feature", "FeatureSpace", "TFDIdentity"]

TFDIdentity = Identity
"""What files of Keras call the layer of a feature that stays as it is."""

AT_ONCE = 1024
"""How many single values are put together for a layer that adapts to them."""


class Feature(Configurable):
    """How one feature becomes numbers.

    Args:
        dtype: The dtype of its values; "string" for strings.
        preprocessor: The layer that makes numbers of them.
        output_mode: "float" for floats that the layer gives, "int" for whole numbers, "one_hot" for a row for each.

    >>> Feature("float32", Rescaling(0.5), "float").output_mode
    'float'
    """

    def __init__(self, dtype: Any, preprocessor: Any, output_mode: str):
        self.dtype = standardize_dtype(dtype)
        self.preprocessor = deserialize_keras_object(preprocessor) if isinstance(preprocessor, dict) else preprocessor
        if not callable(self.preprocessor):
            raise ArgumentError(f"Feature: expected a layer as preprocessor; got {preprocessor!r}.")
        self.output_mode = _one_of("output_mode", output_mode, ("int", "one_hot", "float"))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"dtype": self.dtype, "preprocessor": self.preprocessor, "output_mode": self.output_mode}


class Cross(Configurable):
    """Which features are crossed: each combination of their values is a category of its own.

    Args:
        feature_names: The names of the features.
        crossing_dim: How many bins there are for the combinations.
        output_mode: "one_hot" for a row for each, "int" for the number of its bin.

    >>> Cross(("city", "age"), 8).name
    'city_X_age'
    """

    def __init__(self, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot"):
        if isinstance(feature_names, str) or len(feature_names) < 2:
            raise ArgumentError(f"Cross: expected the names of at least two features; got {feature_names!r}.")
        self.feature_names = tuple(feature_names)
        self.crossing_dim = crossing_dim
        self.output_mode = _one_of("output_mode", output_mode, ("int", "one_hot"))

    @property
    def name(self) -> str:
        """The names of the features, joined."""
        return "_X_".join(self.feature_names)

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            "feature_names": self.feature_names,
            "crossing_dim": self.crossing_dim,
            "output_mode": self.output_mode,
        }


class FeatureSpace(Layer):
    """Features of a table, each in a column of its own, as numbers for a model.

    Args:
        features: For each feature by its name what it is: a name such as "float_normalized", or what one of the class's
            methods such as `FeatureSpace.float_discretized(num_bins=10)` gives.
        output_mode: "concat" for one array with all features side by side, in the order of their names; "dict" for an
            array for each.
        crosses: Which features are crossed: tuples of names, or what `FeatureSpace.cross` gives.
        crossing_dim: How many bins there are for a cross that does not say it.
        hashing_dim: How many bins there are for "string_hashed" and "integer_hashed".
        num_discretization_bins: How many bins there are for "float_discretized".
        name: A name; None for one that is made up.

    >>> space = FeatureSpace({"city": "string_categorical", "age": "float_normalized"})
    >>> space.adapt({"city": ["Oslo", "Rome", "Oslo"], "age": [20.0, 40.0, 60.0]})
    >>> space({"city": ["Rome", "Bonn"], "age": [40.0, 40.0]})
    array([[0., 0., 0., 1.],
           [0., 1., 0., 0.]], dtype=float32)
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        output_mode: str = "concat",
        crosses: Iterable[Any] | None = None,
        crossing_dim: int = 32,
        hashing_dim: int = 32,
        num_discretization_bins: int = 32,
        name: str | None = None,
    ):
        if not isinstance(features, Mapping) or not features:
            raise ArgumentError(f"FeatureSpace: expected features to be a dictionary by name; got {features!r}.")
        super().__init__(name=name)
        self.crossing_dim, self.hashing_dim = crossing_dim, hashing_dim
        self.num_discretization_bins = num_discretization_bins
        self.output_mode = _one_of("output_mode", output_mode, ("dict", "concat"))
        self.features = {key: self._feature(key, given) for key, given in features.items()}
        self.crosses = [self._cross(given) for given in crosses or ()]
        self.preprocessors = {key: feature.preprocessor for key, feature in self.features.items()}
        self.crossers = {
            cross.name: HashedCrossing(cross.crossing_dim, output_mode=cross.output_mode, name=cross.name)
            for cross in self.crosses
        }
        self.inputs = {key: Input((1,), dtype=feature.dtype, name=key) for key, feature in self.features.items()}
        self._rows: dict[str, CategoryEncoding] = {}
        self._encoded: Any = None

    def _feature(self, name: str, given: Any) -> Feature:
        if isinstance(given, dict):
            given = deserialize_keras_object(given)
        if isinstance(given, Feature):
            return given
        options: dict[str, Any] = {"name": name}
        if given in ("string_hashed", "integer_hashed"):
            options["num_bins"] = self.hashing_dim
        if given == "float_discretized":
            options["num_bins"] = self.num_discretization_bins
        if not isinstance(given, str) or given not in KINDS:
            raise ArgumentError(
                f"FeatureSpace: expected feature {name!r} to be one of {', '.join(KINDS)}, or what a method such as "
                f"FeatureSpace.float_discretized(num_bins=10) gives; got {given!r}."
            )
        return getattr(type(self), given)(**options)

    def _cross(self, given: Any) -> Cross:
        made: Any = deserialize_keras_object(given) if isinstance(given, dict) and "class_name" in given else given
        cross = made if isinstance(made, Cross) else Cross(made, self.crossing_dim)
        unknown = [name for name in cross.feature_names if name not in self.features]
        if unknown:
            raise ArgumentError(
                f"FeatureSpace: expected crosses of the features {', '.join(self.features)}; got {unknown[0]!r}."
            )
        return cross

    # What features can be ----------------------------------------------------------------------------------

    @classmethod
    def cross(cls, feature_names: Sequence[str], crossing_dim: int, output_mode: str = "one_hot") -> Cross:
        """Cross features: each combination of their values is a category, by its hash.

        Args:
            feature_names: The names of the features, which are categories or in bins.
            crossing_dim: How many bins there are.
            output_mode: "one_hot" or "int".

        Returns:
            What `crosses` takes.

        >>> FeatureSpace.cross(("city", "age"), crossing_dim=8).name
        'city_X_age'
        """
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype: Any, preprocessor: Any, output_mode: str) -> Feature:
        """A feature that a layer of your own makes numbers of.

        Args:
            dtype: The dtype of its values; "string" for strings.
            preprocessor: The layer. If it has a method `adapt`, that sees the data.
            output_mode: "float", "int" or "one_hot".

        Returns:
            What `features` takes.

        >>> FeatureSpace.feature("float32", Rescaling(0.5), "float").dtype
        'float32'
        """
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name: str | None = None) -> Feature:
        """A number as it is.

        >>> FeatureSpace.float().output_mode
        'float'
        """
        return Feature("float32", Identity(name=_layer_name("float", name)), "float")

    @classmethod
    def float_rescaled(cls, scale: Any = 1.0, offset: Any = 0.0, name: str | None = None) -> Feature:
        """A number times `scale`, plus `offset`.

        >>> FeatureSpace.float_rescaled(scale=0.1).output_mode
        'float'
        """
        layer = Rescaling(scale, offset, name=_layer_name("float_rescaled", name))
        return Feature("float32", layer, "float")

    @classmethod
    def float_normalized(cls, name: str | None = None) -> Feature:
        """A number, shifted and scaled so that in the data it has mean 0 and variance 1.

        >>> FeatureSpace.float_normalized().output_mode
        'float'
        """
        return Feature("float32", Normalization(axis=-1, name=_layer_name("float_normalized", name)), "float")

    @classmethod
    def float_discretized(
        cls,
        num_bins: int | None,
        bin_boundaries: Sequence[Any] | None = None,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """The bin in which a number is.

        Args:
            num_bins: How many bins of the same amount of data there are; None where bounds are given.
            bin_boundaries: The numbers between the bins.
            output_mode: "one_hot" or "int".
            name: A name; None for one that is made up.

        Returns:
            What `features` takes.

        >>> FeatureSpace.float_discretized(num_bins=10).output_mode
        'one_hot'
        """
        layer = Discretization(bin_boundaries, num_bins, name=_layer_name("float_discretized", name))
        return Feature("float32", layer, output_mode)

    @classmethod
    def integer_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """A whole number that stands for a category.

        Args:
            max_tokens: How many categories there can be, with those for others; None for any.
            num_oov_indices: How many categories there are for numbers that are not in the data.
            output_mode: "one_hot" or "int".
            name: A name; None for one that is made up.

        Returns:
            What `features` takes.

        >>> FeatureSpace.integer_categorical().dtype
        'int32'
        """
        layer = IntegerLookup(max_tokens, num_oov_indices, name=_layer_name("integer_categorical", name))
        return Feature("int32", layer, output_mode)

    @classmethod
    def string_categorical(
        cls,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        output_mode: str = "one_hot",
        name: str | None = None,
    ) -> Feature:
        """A string that stands for a category.

        Args:
            max_tokens: How many categories there can be, with those for others; None for any.
            num_oov_indices: How many categories there are for strings that are not in the data.
            output_mode: "one_hot" or "int".
            name: A name; None for one that is made up.

        Returns:
            What `features` takes.

        >>> FeatureSpace.string_categorical().dtype
        'string'
        """
        layer = StringLookup(max_tokens, num_oov_indices, name=_layer_name("string_categorical", name))
        return Feature(TEXT, layer, output_mode)

    @classmethod
    def string_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """A string that stands for a category, in one of some bins by its hash.

        >>> FeatureSpace.string_hashed(num_bins=8).dtype
        'string'
        """
        return Feature(TEXT, Hashing(num_bins, name=_layer_name("string_hashed", name)), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins: int, output_mode: str = "one_hot", name: str | None = None) -> Feature:
        """A whole number that stands for a category, in one of some bins by its hash.

        >>> FeatureSpace.integer_hashed(num_bins=8).dtype
        'int32'
        """
        return Feature("int32", Hashing(num_bins, name=_layer_name("integer_hashed", name)), output_mode)

    # Adapting ----------------------------------------------------------------------------------------------

    def adapt(self, dataset: Any) -> None:
        """Let layers learn vocabularies, means and bins from data; what they knew before is forgotten.

        Args:
            dataset: Dictionaries of features, without targets: columns of arrays, a frame, a `tf.data.Dataset`, a
                `DataLoader`, a data set of `polykeras.utils`; of single samples or of batches.
        """
        learning = {name: layer for name, layer in self.preprocessors.items() if _adapts(layer)}
        if isinstance(dataset, Iterator) and len(learning) > 1:
            raise ArgumentError(
                f"{self.name}: the data is gone through once for each of {', '.join(learning)}; got a "
                f"{type(dataset).__name__}, which can be gone through once only. Give a data set, or columns."
            )
        for name, layer in learning.items():
            layer.adapt(_column(self.features[name], dataset, name))
        self._rows, self._encoded = {}, None
        self.built = True

    def _check_adapted(self) -> None:
        missing = [name for name, layer in self.preprocessors.items() if not getattr(layer, "is_adapted", True)]
        if missing:
            raise StateError(
                f"{self.name}: the features {', '.join(missing)} have not seen data yet. Call adapt(dataset) first."
            )

    # Calls -------------------------------------------------------------------------------------------------

    def __call__(self, data: Any) -> Any:
        """The numbers for features: of many samples, or of a single one.

        Args:
            data: The features by name, or a frame; each an array of a value for each sample, or a single value.

        Returns:
            An array, or in mode "dict" a dictionary of arrays.
        """
        self._check_adapted()
        given = self._by_name(data)
        columns = {name: self._as_column(name, x) for name, x in given.items()}
        is_single = all(not _shape(x) for x in given.values())
        if not is_single:
            _check_counts(self.name, columns)
        found = self._encode(columns)
        if not is_single:
            return found
        return {name: x[0] for name, x in found.items()} if isinstance(found, dict) else found[0]

    def _by_name(self, data: Any) -> dict[str, Any]:
        if is_frame(data) and hasattr(data, "columns"):
            data = {str(name): data[name].to_numpy() for name in data.columns}
        if not isinstance(data, Mapping):
            raise ArgumentError(f"{self.name}: expected a dictionary of features; got a {type(data).__name__}.")
        if set(data) != set(self.features):
            raise ArgumentError(
                f"{self.name}: expected the features {', '.join(self.features)}; got {', '.join(map(str, data))}. "
                "Give these, and no others."
            )
        return {name: x if isinstance(x, Spec) else as_input(_host_scalar(x)) for name, x in data.items()}

    def _as_column(self, name: str, x: Any) -> Any:
        """Values in the dtype of the feature, as an array with a column."""
        wanted = self.features[name].dtype
        if is_text_input(x) != (wanted == TEXT):
            kinds = ("strings", "numbers")[:: 1 if wanted == TEXT else -1]
            raise ArgumentError(f"{self.name}: expected {kinds[0]} for feature {name!r}; got {kinds[1]}.")
        if wanted != TEXT and not isinstance(x, Spec):
            x = ops.cast(x, wanted)
        for _ in range(2 - len(_shape(x))):
            x = ops.expand_dims(x, -1)
        return x

    def _encode(self, columns: Mapping[str, Any]) -> Any:
        """The numbers for columns, or their Specs for Specs."""
        made = {name: self.preprocessors[name](columns[name]) for name in self.features}
        crossed = {
            cross.name: self.crossers[cross.name]([made[name] for name in cross.feature_names])
            for cross in self.crosses
        }
        encoded = {name: self._in_mode(name, feature, made[name]) for name, feature in self.features.items()}
        if self.output_mode == "dict":
            return {**encoded, **crossed}
        parts = [(name, part[name]) for part in (encoded, crossed) for name in sorted(part)]
        whole = next((name for name, x in parts if not is_float(ops.dtype(x))), None)
        if whole is not None:
            raise ArgumentError(
                f"{self.name}: expected numbers that can stand side by side; {whole!r} gives whole numbers, as its "
                "output_mode is 'int'. Make it 'one_hot', or the FeatureSpace output_mode='dict'."
            )
        arrays = [ops.cast(x, self.compute_dtype) for _, x in parts]
        return arrays[0] if len(arrays) == 1 else ops.concatenate(arrays, axis=-1)

    def _in_mode(self, name: str, feature: Feature, x: Any) -> Any:
        if feature.output_mode == "float":
            return ops.cast(x, self.compute_dtype)
        if feature.output_mode == "int":
            return x
        if is_float(ops.dtype(x)):
            raise ArgumentError(
                f"{self.name}: feature {name!r} has output_mode='one_hot', for which its layer has to give whole "
                f"numbers; it gives {ops.dtype(x)}. Make it output_mode='float'."
            )
        if name not in self._rows:
            self._rows[name] = CategoryEncoding(_count(self.name, name, feature.preprocessor), output_mode="one_hot")
        return self._rows[name](x)

    def get_inputs(self) -> dict[str, Spec]:
        """The inputs of a model of raw features, by name.

        >>> FeatureSpace({"age": "float"}).get_inputs()["age"].shape
        (batch, 1)
        """
        return self.inputs

    def get_encoded_features(self) -> Any:
        """What becomes of the inputs, to call the layers of a model on.

        >>> space = FeatureSpace({"age": "float", "size": "float"})
        >>> space.get_encoded_features().shape
        (batch, 2)
        """
        self._check_adapted()
        if self._encoded is None:
            self._encoded = self._encode(self.inputs)
        return self._encoded

    # Files -------------------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made, with what its layers have learned."""
        names = ("output_mode", "crossing_dim", "hashing_dim", "num_discretization_bins", "name")
        return {
            "features": {name: serialize_keras_object(feature) for name, feature in self.features.items()},
            "crosses": [serialize_keras_object(cross) for cross in self.crosses],
            **{name: getattr(self, name) for name in names},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureSpace:
        """A FeatureSpace made from its configuration."""
        return cls(**config)

    def get_build_config(self) -> dict[str, Any]:
        """For each feature how its layer is built."""
        configs = {name: getattr(layer, "get_build_config", dict)() for name, layer in self.preprocessors.items()}
        return {name: config or {} for name, config in configs.items()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build the layers as they were."""
        for name, layer in self.preprocessors.items():
            if config.get(name):
                layer.build_from_config(config[name])
        self.built = True

    def save(self, filepath: Any) -> None:
        """Save it with what its layers have learned; `saving.load_model` gives it back.

        Args:
            filepath: Where to: a name that ends with `.keras`.
        """
        from ..saving import save_model

        save_model(self, filepath)


KINDS = (
    *("float", "float_rescaled", "float_normalized", "float_discretized"),
    *("integer_categorical", "string_categorical", "integer_hashed", "string_hashed"),
)
"""The methods that a name of a feature can stand for."""


def _one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ArgumentError(f"FeatureSpace: expected {name} to be one of {', '.join(known)}; got {value!r}.")
    return value


def _layer_name(kind: str, name: str | None) -> str:
    return f"{unique_name(kind) if name is None else name}_preprocessor"


def _adapts(layer: Any) -> bool:
    """Whether a layer learns from data what nobody told it."""
    if not hasattr(layer, "adapt"):
        return False
    is_given = isinstance(layer, Discretization) and layer.num_bins is None
    return not is_given and getattr(layer, "input_mean", None) is None


def _count(space: str, name: str, layer: Any) -> int:
    """How many categories the layer of a feature gives."""
    if isinstance(layer, Lookup):
        return layer.vocabulary_size()
    if isinstance(layer, Discretization) and layer.bin_boundaries is not None:
        return len(layer.bin_boundaries) + 1 if layer.num_bins is None else layer.num_bins
    bins: Any = getattr(layer, "num_bins", None)
    if isinstance(bins, int):
        return bins
    raise ArgumentError(
        f"{space}: feature {name!r} has output_mode='one_hot', and how many categories a {type(layer).__name__} gives "
        "is not known. Make it output_mode='int'."
    )


def _shape(x: Any) -> tuple[Any, ...]:
    return tuple(x.shape)


def _host_scalar(x: Any) -> Any:
    return np.asarray(x) if isinstance(x, (bool, int, float, np.generic)) else x


def _check_counts(space: str, columns: Mapping[str, Any]) -> None:
    counts = {name: x.shape[0] for name, x in columns.items() if isinstance(x.shape[0], int)}
    if len(set(counts.values())) > 1:
        found = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise ArgumentError(f"{space}: expected as many values of each feature; {found}.")


# Data to adapt to ------------------------------------------------------------------------------------------


def _column(feature: Feature, dataset: Any, name: str) -> Iterator[np.ndarray]:
    """The values of one feature, in batches with a column."""
    single: list[np.ndarray] = []
    for element in _elements(dataset):
        if not isinstance(element, Mapping) or name not in element:
            got = f"with {', '.join(map(str, element))}" if isinstance(element, Mapping) else type(element).__name__
            raise ArgumentError(
                f"adapt: expected dictionaries of features with {name!r} among them; got {got}. Give the features "
                "alone, as with dataset.map(lambda x, y: x)."
            )
        values = as_values(element[name])
        if feature.dtype != TEXT:
            values = values.astype(feature.dtype)
        if values.ndim:
            yield values.reshape(-1, 1) if values.ndim == 1 else values
            continue
        single.append(values.reshape(1, 1))
        if len(single) == AT_ONCE:
            yield np.concatenate(single)
            single = []
    if single:
        yield np.concatenate(single)


def _elements(dataset: Any) -> Iterable[Any]:
    if isinstance(dataset, Mapping):
        return [dataset]
    if is_frame(dataset) and hasattr(dataset, "columns"):
        return [{str(name): dataset[name].to_numpy() for name in dataset.columns}]
    if not hasattr(dataset, "__iter__"):
        raise ArgumentError(f"adapt: expected a data set of dictionaries; got a {type(dataset).__name__}.")
    return dataset
