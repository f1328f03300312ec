"""A layer and a model of one's own: polynomials whose coefficients are learned."""

from __future__ import annotations

from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers, ops


class Polynomial(layers.Layer):
    """The value of a polynomial, the same one for every number that comes in."""

    def __init__(self, degree: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.degree = degree

    def build(self, input_shape: Any) -> None:
        self.coefficients = self.add_weight(shape=(self.degree + 1,), initializer="zeros", name="coefficients")

    def call(self, inputs: Any) -> Any:
        value = ops.zeros_like(inputs)
        for place in range(self.degree, -1, -1):
            value = value * inputs + self.coefficients[place]
        return value

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "degree": self.degree}


class Curve(keras.Model):
    """A model of one layer, written as a subclass."""

    def __init__(self, degree: int):
        super().__init__()
        self.polynomial = Polynomial(degree)

    def call(self, inputs: Any) -> Any:
        return self.polynomial(inputs)


def main(epochs: int = 150) -> float:
    """Train, and return how far the coefficients are off."""
    keras.set_random_seed(0)
    x = np.linspace(-1, 1, 128, dtype="float32")[:, None]
    y = 1 - 2 * x + 3 * x**2
    model = Curve(degree=2)
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    model.fit(x, y, batch_size=128, epochs=epochs, verbose=0)
    found = model.polynomial.coefficients.numpy()
    print("1 - 2 x + 3 x^2 was found as", " ".join(f"{c:+.2f}" for c in found))
    return float(np.abs(found - [1, -2, 3]).max())


if __name__ == "__main__":
    main(epochs=200)
