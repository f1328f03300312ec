"""Models that are stacks of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..dtypes import INTEGERS, TEXT
from ..errors import ArgumentError, StateError
from ..layers.calling import is_shape
from ..layers.input_layer import Input, InputLayer
from ..layers.layer import Layer
from ..layers.preprocessing.data_layer import DataLayer
from ..registry import CustomObjectScope, deserialize_keras_object, serialize_keras_object
from ..spec import Spec
from ..state import unique_name
from .functional import Wiring
from .model import Model

KEPT = INTEGERS | {TEXT}
"""What layers that prepare data get as it is, without an Input that says so. What others get, are floats."""


class Sequential(Model):
    """Layers, one after another.

    Args:
        layers: The layers. The first may be an `Input`; without one the model is built when it sees its first data.
        trainable: Whether training changes the weights.
        name: A name; None for one that is made up.

    >>> from polykeras.layers import Dense
    >>> model = Sequential([Input((3,)), Dense(4, activation="relu"), Dense(1)])
    >>> model.output_shape, model.count_params()
    ((None, 1), 21)
    """

    _given: str | None = None
    """The dtype of the array for which the model is built."""

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None):
        super().__init__(trainable=trainable, name=name)
        self._layers: list[Layer] = []
        self.supports_masking = True
        if isinstance(layers, Layer):
            raise ArgumentError(f"Sequential: expected a list of layers; got {layers!r}. Put the layers in brackets.")
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._connect()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: The layer, or an `Input` as the first one.
            rebuild: Whether to connect it at once.
        """
        if isinstance(layer, Spec) and layer.producer is not None and isinstance(layer.producer.operation, InputLayer):
            layer = layer.producer.operation
        if not isinstance(layer, Layer):
            mend = f"Call it: {layer.__name__}()" if isinstance(layer, type) else "Wrap a function in layers.Lambda"
            raise ArgumentError(f"Sequential: expected a layer; got {layer!r}. {mend}.")
        if isinstance(layer, InputLayer) and self._layers:
            raise ArgumentError("Sequential: an Input can be the first layer only; there are layers before it already.")
        if any(layer.name == other.name for other in self._layers):
            raise ArgumentError(f"Sequential: there is a layer named {layer.name!r} already. Rename this one.")
        shape = getattr(layer, "_input_shape_argument", None)
        if not self._layers and shape is not None and not isinstance(layer, InputLayer):
            self.add(Input(shape, name=unique_name("input_layer")), rebuild=False)
        self._layers.append(layer)
        if rebuild:
            self._connect()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer away, and return it.

        Args:
            rebuild: Whether to connect the others at once.
        """
        if not self.layers:
            raise ArgumentError("Sequential: there is no layer to take away.")
        layer = self._layers.pop()
        if rebuild:
            self._connect()
        return layer

    def _connect(self) -> None:
        """Become a graph, where the shape of the input is known."""
        self._wiring, self.built, self._functions, self.autocast = None, False, None, True
        self._is_settled = False
        first = self._layers[0] if self._layers else None
        if isinstance(first, InputLayer) and len(self._layers) > 1:
            self.build(first.batch_shape)
        elif isinstance(first, Model) and first._wiring is not None:
            self.build(first.input_shape)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of all layers, for inputs of this shape."""
        if not self.layers:
            raise StateError("Sequential: a model without layers cannot be built. Add one.")
        if isinstance(self._layers[0], InputLayer):
            inputs = self._layers[0].output
        elif input_shape is None or not is_shape(input_shape):
            return  # inputs in a structure have no graph; the layers are built when they are called
        else:
            dtype = self._input_dtype()
            inputs = Input(input_shape[1:], dtype=dtype)
            if dtype in KEPT:  # which files have to say
                self._layers.insert(0, inputs.producer.operation)
        x = inputs
        for layer in self.layers:
            x = layer(x)
        self._wiring = Wiring(inputs, x, self.name)
        self.autocast = False  # inputs get the dtype of the Input

    def _build_for(self, context: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._given = getattr(args[0], "dtype", None) and ops.dtype(args[0]) if args else None
        super()._build_for(context, args, kwargs)

    def _input_dtype(self) -> str:
        first = self.layers[0]
        if self._given in KEPT and isinstance(first, DataLayer):
            return self._given
        return first.input_dtype if first.autocast else self.compute_dtype

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for inputs."""
        if self._wiring is not None:
            return self._wiring.run(inputs)
        x = inputs
        for layer in self.layers:
            x = layer(x)
        return x

    def get_config(self) -> dict[str, Any]:
        """What another model like this can be made from."""
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": serialize_keras_object(self.dtype_policy),
            "layers": [serialize_keras_object(layer) for layer in self._layers],
            **({"build_input_shape": self.input_shape} if self._wiring is not None else {}),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Sequential:
        """A model made from its configuration."""
        with CustomObjectScope(custom_objects):
            layers = [deserialize_keras_object(layer) for layer in config["layers"]]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        shape = config.get("build_input_shape")
        if shape is not None and not model.built:
            model.build(tuple(shape))
        return model
