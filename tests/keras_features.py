"""Run by tests in a process of its own: what Keras's FeatureSpace makes of features, and files in both directions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

FEATURES = {
    "city": ["Rome", "Oslo", "Rome", "Bonn"],
    "year": [1, 2, 3, 1],
    "tag": ["x", "y", "z", "x"],
    "code": [5, 6, 7, 8],
    "plain": [0.1, 0.2, 0.3, 0.4],
    "age": [1.0, 2.0, 3.0, 4.0],
    "size": [1.0, 2.0, 3.0, 4.0],
    "price": [1.0, 2.0, 3.0, 4.0],
    "text": ["a", "b", "c", "a"],
}
NEW = {
    **{name: values[::-1] for name, values in FEATURES.items()},
    "city": ["Oslo", "Kyiv", "", "Rome"],
    "year": [3, 9, 1, 0],
}


def space_of(keras, output_mode):
    """Every kind of feature, and crosses of them, in Keras or in polykeras."""
    kinds = keras.utils.FeatureSpace
    words = keras.layers.StringLookup(output_mode="multi_hot")
    features = {
        "city": "string_categorical",
        "year": kinds.integer_categorical(num_oov_indices=2),
        "tag": kinds.string_hashed(num_bins=10),
        "code": "integer_hashed",
        "plain": "float",
        "age": "float_normalized",
        "size": kinds.float_discretized(num_bins=3),
        "price": kinds.float_rescaled(scale=2.0, offset=1.0),
        "text": kinds.feature("string", words, "float"),
    }
    if output_mode == "dict":
        features["city"] = kinds.string_categorical(max_tokens=3, output_mode="int")
    crosses = [("city", "year"), kinds.cross(("code", "tag"), crossing_dim=5)]
    return kinds(features, output_mode, crosses, crossing_dim=7, hashing_dim=11)


def save(file, found):
    """Save what a FeatureSpace gave: one array, or several by name."""
    arrays: Any = {name: np.asarray(x) for name, x in found.items()} if isinstance(found, dict) else {"all": found}
    np.savez(file, **arrays)


def main(folder: Path) -> None:
    import keras
    import tensorflow as tf

    slices: Any = tf.data.Dataset.from_tensor_slices
    for mode in ("concat", "dict"):
        space = space_of(keras, mode)
        space.adapt(slices(FEATURES))
        save(folder / f"{mode}.npz", space(NEW))
        space.save(folder / f"{mode}.theirs.keras")
        loaded: Any = keras.saving.load_model(folder / f"{mode}.ours.keras")
        save(folder / f"{mode}.again.npz", loaded(NEW))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
