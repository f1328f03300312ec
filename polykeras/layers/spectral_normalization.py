"""Layers whose matrix is kept at a spectral norm of 1."""

from __future__ import annotations

from typing import Any

from .. import initializers, ops
from ..errors import ArgumentError
from .configuration import whole
from .layer import Layer
from .wrapper import Wrapper


class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its spectral norm at each step of training (Miyato and others, 2018).

    Args:
        layer: The layer, with a `kernel` or with `embeddings`.
        power_iterations: How many times the estimate of the norm is refined at each step.

    >>> from polykeras.layers import Dense
    >>> ops.shape(SpectralNormalization(Dense(3))(ops.ones((2, 4)), training=True))
    (2, 3)
    """

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any):
        super().__init__(layer, **kwargs)
        self.power_iterations = whole(self, "power_iterations", power_iterations)

    def build(self, input_shape: Any) -> None:
        """Build the layer, and make the vector from which the norm is estimated."""
        super().build(input_shape)
        own = vars(self.layer)
        found = next((own[name] for name in ("kernel", "_kernel", "embeddings", "_embeddings") if name in own), None)
        if found is None:
            raise ArgumentError(
                f"SpectralNormalization: expected a layer with a kernel or with embeddings; {self.layer.name} has none."
            )
        self._matrix = found
        self.vector_u = self.add_weight(
            (1, found.shape[-1]), initializers.TruncatedNormal(stddev=0.02), trainable=False, name="vector_u"
        )

    @property
    def kernel(self) -> Any:
        """The kernel of the layer."""
        return self._matrix

    def call(self, inputs: Any, training: bool = False) -> Any:
        """What the layer gives; in training, after its kernel has been divided by its norm."""
        if training:
            self._normalize()
        return self.layer(inputs)

    def _normalize(self) -> None:
        """Divide the kernel by its largest singular value, as far as it is known."""
        kernel = ops.stop_gradient(self._matrix)
        matrix = ops.reshape(kernel, (-1, kernel.shape[-1]))
        u = ops.stop_gradient(self.vector_u)
        v = u
        for _ in range(self.power_iterations):
            v = ops.normalize(ops.matmul(u, ops.transpose(matrix)))
            u = ops.normalize(ops.matmul(v, matrix))
        norm = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        self.vector_u.assign(u)
        self._matrix.assign(ops.reshape(ops.divide(matrix, norm), self._matrix.shape))

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), "power_iterations": self.power_iterations}
