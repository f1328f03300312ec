"""Graphs of layers and ops as functions."""

from __future__ import annotations

from typing import Any

from .. import tree
from ..errors import ArgumentError
from ..layers.calling import map_shapes, plain_shape, shape_of
from ..layers.operation import Operation
from ..spec import Spec, same_size, show_shape
from ..state import unique_name
from ..symbolic import spec_of
from .functional import Wiring


class Function(Operation):
    """What leads from some Specs to others, as a function of arrays. It owns no weights and cannot be trained: a model.

    Args:
        inputs: Specs from `Input`, single or in a structure.
        outputs: What layers and ops made of them.
        name: A name; None for one that is made up.

    >>> from polykeras.layers import Input
    >>> x, y = Input((2,)), Input((2,))
    >>> Function([x, y], {"sum": x + y})([ops.ones((1, 2)), ops.ones((1, 2))])
    {'sum': array([[2., 2.]], dtype=float32)}
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None):
        super().__init__(name=unique_name("function") if name is None else name)
        self._wiring = Wiring(inputs, outputs, self.name)

    @property
    def operations(self) -> list[Operation]:
        """The layers and calls of ops, the first ones first."""
        return list(self._wiring.graph.operations)

    @property
    def inputs(self) -> list[Spec]:
        """The Specs of the inputs, in a list."""
        return self._wiring.graph.inputs

    @property
    def outputs(self) -> list[Spec]:
        """The Specs of the outputs, in a list."""
        return self._wiring.graph.outputs

    @property
    def input(self) -> Any:
        """The Specs of the inputs in their structure."""
        return self._wiring.inputs

    @property
    def output(self) -> Any:
        """The Specs of the outputs in their structure."""
        return self._wiring.outputs

    def call(self, inputs: Any) -> Any:
        """The outputs for inputs in the structure of the Specs."""
        self._check(inputs)
        return self._wiring.run(inputs)

    def compute_output_spec(self, inputs: Any) -> Any:
        """The Specs of the outputs for Specs of the inputs."""
        return self.call(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shapes of the outputs for shapes of the inputs."""
        dtypes = iter([spec.dtype for spec in self.inputs])
        return shape_of(self.call(map_shapes(lambda shape: Spec(shape, next(dtypes)), input_shape)))

    def get_config(self) -> dict[str, Any]:
        """There is none, as in Keras: a Model of the same inputs and outputs has one."""
        raise NotImplementedError(
            f"{self.name}: a Function has no configuration. Make a Model of its inputs and outputs, which has."
        )

    def _check(self, inputs: Any) -> None:
        """Refuse what a model would make fit."""
        if tree.take_apart(inputs)[1] != tree.take_apart(self.input)[1]:
            raise ArgumentError(
                f"{self.name}: expected inputs in the structure {shape_of(self.input)}; got "
                f"{tree.map_structure(lambda x: show_shape(spec_of(x).shape), inputs)}."
            )
        for x, wanted in zip(tree.flatten(inputs), self.inputs, strict=True):
            given = spec_of(x).shape
            if len(given) != wanted.ndim or not all(map(same_size, given, wanted.shape)):
                raise ArgumentError(
                    f"{self.name}: expected input {wanted.name} to have shape "
                    f"{show_shape(plain_shape(wanted.shape))}; got {show_shape(plain_shape(given))}. Reshape it."
                )
