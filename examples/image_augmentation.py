"""Digits that are turned, shifted and zoomed while a network learns to read them."""

import numpy as np

import polykeras
from polykeras import layers, models
from polykeras.data import digits


def main() -> float:
    """Train, and give the accuracy on digits that were not trained on."""
    polykeras.set_random_seed(1)
    images, labels = digits()
    images = images.reshape(-1, 8, 8, 1).astype("float32")
    x_train, y_train, x_test, y_test = images[:1500], labels[:1500], images[1500:], labels[1500:]
    low, high = float(images.min()), float(images.max())

    model = models.Sequential(
        [
            layers.Rescaling(1 / (high - low), offset=-low / (high - low)),
            layers.RandomTranslation(0.1, 0.1, fill_mode="constant"),
            layers.RandomRotation(0.03, fill_mode="constant"),
            layers.RandomContrast(0.2, value_range=(0, 1)),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = polykeras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=polykeras.optimizers.Adam(0.01), loss=loss, metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=4, batch_size=64, verbose=0)

    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"accuracy on digits as they were written: {accuracy:.2f}")
    return float(np.asarray(accuracy))


if __name__ == "__main__":
    main()
