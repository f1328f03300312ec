"""A loop of one's own: gradients from ops.value_and_grad, a step from the optimizer, both compiled into one program."""

from __future__ import annotations

from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers, ops
from polykeras.data import digits


def main(steps: int = 60) -> float:
    """Train, and return the accuracy on images not seen before."""
    keras.set_random_seed(0)
    images, labels = digits()
    images, labels = images.reshape(-1, 64).astype("float32") / 16, labels.astype("int32")

    model = keras.Sequential([layers.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(0.01)
    weights = model.trainable_variables
    optimizer.build(weights)

    @keras.compile(variables=[*model.variables, *optimizer.variables], donate_variables=True)
    def step(x: Any, y: Any) -> Any:
        value, gradients = ops.value_and_grad(lambda _: loss(y, model(x, training=True)))(weights)
        optimizer.apply(gradients, weights)
        return value

    random = np.random.default_rng(0)
    for number in range(steps):
        chosen = random.integers(0, 1500, 64)
        value = step(images[chosen], labels[chosen])
        if number % 20 == 0:
            print(f"step {number}: loss {float(value):.3f}")

    predicted = model.predict(images[1500:], verbose=0).argmax(-1)
    accuracy = float((predicted == labels[1500:]).mean())
    print(f"accuracy after {steps} steps: {accuracy:.1%}")
    return accuracy


if __name__ == "__main__":
    main(steps=200)
