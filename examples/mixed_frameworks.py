"""Data of one framework for a model on another: a DataLoader feeds JAX, and a tf.data pipeline feeds PyTorch."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import torch
from torch.utils.data import DataLoader, Dataset

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


class Digits(Dataset):
    """Handwritten digits with some noise, as one writes it for PyTorch."""

    def __init__(self, images: np.ndarray, labels: np.ndarray):
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image = torch.from_numpy(self.images[index])
        return image + 0.05 * torch.randn(image.shape), int(self.labels[index])


def classifier() -> keras.Model:
    """A small network, on the backend in use."""
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def main(epochs: int = 5) -> float:
    """Train both, and return the lower of the two accuracies on images not seen before."""
    keras.set_random_seed(0)
    images, labels = digits()
    x, y = (images / 16).reshape(-1, 64).astype("float32"), labels.astype("int32")
    seen, unseen = (x[:1500], y[:1500]), (x[1500:], y[1500:])

    with keras.using("jax"):
        on_jax = classifier()
        loader = DataLoader(Digits(*seen), batch_size=32, shuffle=True)
        on_jax.fit(loader, epochs=epochs, validation_data=DataLoader(Digits(*unseen), batch_size=32), verbose=0)
        first = on_jax.evaluate(*unseen, verbose=0, return_dict=True)["accuracy"]

    with keras.using("torch"):
        on_torch = classifier()
        pipeline = tf.data.Dataset.from_tensor_slices(seen).shuffle(1500, seed=0)
        pipeline = pipeline.map(lambda image, label: (image + tf.random.normal((64,), stddev=0.05), label))
        on_torch.fit(pipeline.batch(32).prefetch(tf.data.AUTOTUNE), epochs=epochs, verbose=0)
        second = on_torch.evaluate(*unseen, verbose=0, return_dict=True)["accuracy"]

    print(f"a DataLoader feeding JAX: {first:.1%}; a tf.data pipeline feeding PyTorch: {second:.1%}")
    return min(first, second)


if __name__ == "__main__":
    main()
