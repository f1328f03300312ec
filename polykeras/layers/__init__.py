"""The layers."""

from .dense import Dense
from .einsum_dense import EinsumDense
from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .layer import Layer
from .serialization import deserialize, serialize

__all__ = [
    "Dense",
    "EinsumDense",
    "Input",
    "InputLayer",
    "InputSpec",
    "Layer",
    "deserialize",
    "serialize",
]
