"""Models: layers that can be trained, saved and looked at."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from .. import tree
from ..dtypes import TEXT
from ..errors import ArgumentError
from ..layers.calling import map_shapes, outermost, shape_of
from ..layers.layer import Layer
from ..layers.operation import inherits_config
from ..registry import CustomObjectScope, deserialize_keras_object, serialize_keras_object
from ..spec import Spec
from ..state import bind
from ..training import Trainer
from .functional import Wiring, config_of, connected, only_of
from .graph import Graph, node_of


class Model(Trainer):
    """A layer that can be trained: made of Specs, or by subclassing.

    Args:
        *args: `inputs` and `outputs`: Specs from `Input`, and what layers made of them; single, or in structures.
            A subclass with a method `call` takes whatever it likes.
        **kwargs: The same by name, and the arguments of `Layer`.

    >>> from polykeras.layers import Dense, Input
    >>> inputs = Input((3,))
    >>> model = Model(inputs, Dense(1)(inputs))
    >>> model.output_shape
    (None, 1)
    """

    _wiring: Wiring | None = None
    _text_inputs: Any = None
    """In the structure of the inputs which of them are strings, if any are and no graph says so."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and _has_graph(args, kwargs):
            return Functional.__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any):
        has_graph = _has_graph(args, kwargs)
        positional = dict(zip(("inputs", "outputs", "name"), args, strict=False)) if has_graph else {}
        inputs, outputs = (positional.get(n, kwargs.pop(n, None)) for n in ("inputs", "outputs"))
        if args and not has_graph:
            raise ArgumentError(
                f"{type(self).__name__}: expected super().__init__() to be called with inputs and outputs, or without "
                f"arguments by position; got {len(args)}."
            )
        super().__init__(name=positional.get("name", kwargs.pop("name", None)), **kwargs)
        if has_graph:
            self._set_wiring(inputs, outputs)
        elif type(self).call is Model.call and type(self) is Model:
            raise ArgumentError("Model: expected inputs and outputs, or a subclass with a method call(inputs).")

    def _set_wiring(self, inputs: Any, outputs: Any) -> None:
        """Be the graph between some Specs."""
        self._wiring = Wiring(inputs, outputs, self.name)
        self._graph_layers = self._wiring.graph.layers
        self._graph_variables = self._wiring.variables
        self.autocast = False
        self.built = True
        self.supports_masking = True

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of all layers, for inputs of this shape."""
        if self._wiring is None and input_shape is not None and type(self).call is not Layer.call:
            specs = map_shapes(lambda shape: Spec(shape, self.compute_dtype), input_shape)
            if self._text_inputs is not None:
                specs = tree.map_structure(_of_strings, specs, self._text_inputs)
            with bind([], []), outermost(self, keeps_losses=False):
                self.call(specs)

    def _build_for(self, context: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if args:
            found = tree.map_structure(lambda x: getattr(x, "dtype", None) == TEXT, args[0])
            self._text_inputs = found if any(tree.flatten(found)) else None
        super()._build_for(context, args, kwargs)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        """The outputs for inputs."""
        if self._wiring is None:
            raise NotImplementedError(
                f"{type(self).__name__} has no method `call`. Write call(self, inputs), which returns the outputs."
            )
        return self._wiring.run(inputs)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Masks come from the layers within."""
        return None

    # Looking -----------------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers that the model is made of."""
        return self._graph_layers if self._wiring is not None else self.sublayers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at a place.

        Args:
            name: Its name.
            index: Its place in `layers`.

        Returns:
            The layer.
        """
        if (name is None) == (index is None):
            raise ArgumentError(f"get_layer: expected either name or index; got name={name!r}, index={index!r}.")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ArgumentError(f"get_layer: there is no layer {index}; the model has {len(self.layers)}.")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ArgumentError(f"get_layer: there is no layer {name!r}; the model has {names}.")

    def _graph(self) -> Wiring:
        if self._wiring is None:
            raise AttributeError(
                f"{self.name} is no graph of layers, so that its inputs and outputs have no Specs. Make it of Input "
                "and layers, or call it on a Spec."
            )
        return self._wiring

    def graph(self) -> Graph:
        """The graph that the model is."""
        return self._graph().graph

    @property
    def inputs(self) -> list[Spec]:
        """The Specs of the inputs."""
        return self._graph().graph.inputs

    @property
    def outputs(self) -> list[Spec]:
        """The Specs of the outputs."""
        return self._graph().graph.outputs

    @property
    def input(self) -> Any:
        """The Specs of the inputs in their structure."""
        return self._graph().inputs

    @property
    def output(self) -> Any:
        """The Specs of the outputs in their structure."""
        return self._graph().outputs

    @property
    def input_shape(self) -> Any:
        """The shapes of the inputs, None for sizes that may be anything."""
        return shape_of(self.input)

    @property
    def output_shape(self) -> Any:
        """The shapes of the outputs, None for sizes that may be anything."""
        only = only_of(self.output)
        return shape_of(self.output if only is None else only)

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [spec.name or "" for spec in self.inputs]

    @property
    def output_names(self) -> list[str] | None:
        """The names of the outputs: the keys of a dictionary, else of the layers that make them."""
        if self._wiring is None:
            return None
        outputs = self._wiring.outputs
        if isinstance(outputs, dict) and len(outputs) == len(self.outputs):
            return sorted(outputs)
        return _distinct([_operation_name(spec) for spec in self.outputs])

    # Configuration -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What another model like this can be made from."""
        if self._wiring is None or not is_plain_graph(type(self)):
            return super().get_config() if type(self).get_config is not Model.get_config else self.config_of_arguments()
        return {"name": self.name, "trainable": self.trainable, **config_of(self._wiring)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """A model made from its configuration."""
        if "layers" not in config or "input_layers" not in config:
            return super().from_config(config)
        with CustomObjectScope(custom_objects):
            inputs, outputs = connected(config)
        options = {key: config[key] for key in ("name", "trainable") if key in config}
        return cls(inputs=inputs, outputs=outputs, **options)

    def can_be_called(self) -> bool:
        """Whether there is a graph, or a `call`: a model of which only the steps are defined does without."""
        return self._wiring is not None or type(self).call is not Model.call

    def get_build_config(self) -> dict[str, Any] | None:
        """A graph needs none; other models have the shapes of their inputs, and which of these are strings."""
        config = None if self._wiring is not None else super().get_build_config()
        return config if not config or self._text_inputs is None else {**config, "text_inputs": self._text_inputs}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build for the shapes of `get_build_config`."""
        if config:
            self._text_inputs = config.get("text_inputs")
        super().build_from_config(config)

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` as plain data, or None."""
        if self._compiled is None:
            return None
        given = {"optimizer": self.optimizer, **self._compiled.given}
        rest = {n: getattr(self, n) for n in ("run_eagerly", "steps_per_execution", "jit_compile")}
        return serialize_keras_object({**given, **rest})

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with the arguments of `get_compile_config`."""
        self.compile(**deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as JSON, without weights.

        Args:
            **kwargs: Arguments of `json.dumps`.

        Returns:
            The text, for `model_from_json`.
        """
        import json

        return json.dumps(serialize_keras_object(self), **kwargs)

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Save the model as a whole; `saving.save_model` says what the arguments are."""
        saving().save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Save the weights; `saving.save_weights` says what the arguments are."""
        saving().save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Take the weights out of a file; `saving.load_weights` says what the arguments are."""
        saving().load_weights(self, filepath, skip_mismatch, **kwargs)

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers, their outputs and how many parameters they have.

        Args:
            line_length: The width of the table.
            positions: The shares of the width, one for each column.
            print_fn: What to call with the text in place of printing it.
            expand_nested: Whether the layers of models within are shown, too.
            show_trainable: Whether a column says what is trained.
            layer_range: The names of the first and the last layer to show, as regular expressions.
        """
        from .summary import print_summary

        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)


inherits_config(Model.get_config)


class Functional(Model):
    """A model that is a graph of layers, from inputs to outputs.

    Args:
        inputs: Specs from `Input`, single or in lists and dictionaries.
        outputs: What layers made of them.
        name: A name; None for one that is made up.
        **kwargs: The arguments of `Layer`.
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any):
        super().__init__(inputs, outputs, name=name, **kwargs)


def saving() -> Any:
    """The room above, in which models are put into files; it is entered only when somebody saves or loads."""
    return importlib.import_module("polykeras.saving")


def _of_strings(spec: Spec, is_text: bool) -> Spec:
    return Spec(spec.shape, TEXT) if is_text else spec


def _has_graph(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if "inputs" in kwargs and "outputs" in kwargs:
        return True
    return len(args) >= 2 or (len(args) == 1 and "outputs" in kwargs)


def is_plain_graph(cls: type) -> bool:
    """Whether a class adds no arguments of its own to those of a graph."""
    return cls.__init__ in (Model.__init__, Functional.__init__)


def _operation_name(spec: Spec) -> str:
    node: Any = node_of(spec)
    return node.operation.name


def _distinct(names: list[str]) -> list[str]:
    """The names, with numbers behind those that were there before."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        number = seen.get(name, 0)
        seen[name] = number + 1
        found.append(f"{name}_{number}" if number else name)
    return found
