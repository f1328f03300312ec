"""Layers that compute in half precision, with weights in float32, and probabilities in float32."""

from __future__ import annotations

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


def main(epochs: int = 5) -> float:
    """Train, and return the accuracy on images not seen before."""
    keras.set_random_seed(0)
    images, labels = digits()
    images = images.reshape(len(images), -1).astype("float32") / 16

    # `keras.config.set_dtype_policy("mixed_bfloat16")` would say so for all layers at once; under "mixed_float16",
    # whose numbers are smaller, compile also scales the loss, so that gradients do not vanish.
    model = keras.Sequential(
        [
            layers.Dense(64, "relu", dtype="mixed_bfloat16"),
            layers.Dense(10, "softmax", dtype="float32"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images, labels, epochs=epochs, validation_split=0.1, verbose=0)
    accuracy = history.history["val_accuracy"][-1]
    hidden = model.layers[0]
    print(f"computed in {hidden.compute_dtype}, weights in {hidden.variable_dtype}: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main()
