"""The layers."""

from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["Input", "InputLayer", "InputSpec", "Layer"]
