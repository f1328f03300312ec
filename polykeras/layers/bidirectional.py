"""Recurrent layers in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import ops, tree
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from .layer import Layer

_MERGES = {
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda x, y: ops.multiply(ops.add(x, y), 0.5),
    "concat": lambda x, y: ops.concatenate([x, y], -1),
}
_ALIKE = ("return_sequences", "return_state", "stateful")


class Bidirectional(Layer):
    """A recurrent layer that runs from the first step to the last, and another that runs from the last to the first.

    Args:
        layer: The recurrent layer. The one that runs forwards is made from its configuration.
        merge_mode: What becomes of both outputs: "sum", "mul", "ave", "concat", or None for a tuple of both.
        weights: The first values of the weights, first those of the layer that runs forwards; None for what the
            initializers give.
        backward_layer: The layer that runs backwards; None for one like `layer`.

    >>> from polykeras.layers import LSTM
    >>> ops.shape(Bidirectional(LSTM(3, return_sequences=True))(ops.ones((2, 4, 5))))
    (2, 4, 6)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ):
        for given in (layer, *(() if backward_layer is None else (backward_layer,))):
            if not isinstance(given, Layer) or not all(hasattr(given, name) for name in ("go_backwards", *_ALIKE)):
                raise ArgumentError(f"Bidirectional: expected a recurrent layer, such as LSTM(32); got {given!r}.")
        if merge_mode is not None and merge_mode not in _MERGES:
            raise ArgumentError(
                f"Bidirectional: expected merge_mode to be one of {', '.join(_MERGES)}, or None; got {merge_mode!r}."
            )
        super().__init__(**kwargs)
        self.merge_mode = merge_mode
        self.forward_layer = _renamed(layer, "forward", layer.go_backwards)
        if backward_layer is None:
            backward_layer = _renamed(layer, "backward", not layer.go_backwards)
        self.backward_layer = backward_layer
        self._check_both()
        if layer.return_sequences:  # outputs of steps that do not count must not depend on the direction
            self.forward_layer.zero_output_for_mask = self.backward_layer.zero_output_for_mask = True
        self._first_weights = weights
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.stateful = layer.stateful
        self.input_spec = layer.input_spec
        self.supports_masking = True

    def _check_both(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ArgumentError(
                f"Bidirectional: both layers have go_backwards={forward.go_backwards}. Give one of them the opposite."
            )
        for name in _ALIKE:
            if getattr(forward, name) != getattr(backward, name):
                raise ArgumentError(
                    f"Bidirectional: expected both layers to have the same {name}; got {getattr(forward, name)} and "
                    f"{getattr(backward, name)}."
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        """Build both layers."""
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)
            self._first_weights = None

    @property
    def states(self) -> Any:
        """The states that stateful layers keep."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return None if forward is None else [*forward, *backward]

    def reset_state(self) -> None:
        """Forget the states that stateful layers keep."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """Run in both directions, and merge."""
        options: dict[str, Any] = {} if mask is None else {"mask": mask}
        first, second = dict(options), dict(options)
        if initial_state is not None:
            half = len(initial_state) // 2
            first["initial_state"], second["initial_state"] = initial_state[:half], initial_state[half:]
        forward, backward = self.forward_layer(sequences, **first), self.backward_layer(sequences, **second)
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*forward[1:], *backward[1:])
            forward, backward = forward[0], backward[0]
        if self.return_sequences:
            backward = ops.flip(backward, 1)
        merged = (forward, backward) if self.merge_mode is None else _MERGES[self.merge_mode](forward, backward)
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the outputs: that of the inputs, if there are outputs for all steps."""
        mask = tree.flatten(previous_mask)[0] if self.return_sequences else None
        masks = [mask, mask] if self.merge_mode is None else [mask]
        if self.return_state:
            masks += [None for _ in tree.flatten([self.forward_layer.state_size, self.backward_layer.state_size])]
        return masks if len(masks) > 1 else mask

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
        """A layer made from its configuration."""
        made = {
            name: deserialize_keras_object(config[name], custom_objects)
            for name in ("layer", "backward_layer")
            if config.get(name) is not None
        }
        return cls(**{**config, **made})


def _renamed(layer: Any, prefix: str, go_backwards: bool) -> Any:
    """A layer like another one, in a direction."""
    name = f"{prefix}_{layer.name.removeprefix(f'{prefix}_')}"
    return type(layer).from_config({**layer.get_config(), "name": name, "go_backwards": go_backwards})
