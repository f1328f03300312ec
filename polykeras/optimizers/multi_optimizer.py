"""Different optimizers for different variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from ..backend import using
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from ..state import Variable
from .loss_scale_optimizer import LossScaleOptimizer
from .optimizer import Optimizer

if TYPE_CHECKING:
    from typing import Self


def _check(optimizer: Any, where: str) -> Optimizer:
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, (LossScaleOptimizer, MultiOptimizer)):
        raise ArgumentError(
            f"{where}: expected an optimizer for some of the variables, not one around others; got {optimizer!r}."
        )
    return optimizer


class OptimizerMap(MutableMapping[str, Optimizer]):
    """The optimizers of variables, by their paths.

    Args:
        default_optimizer: The optimizer of variables whose path is not there.
        optimizer_map: Optimizers by path, or by a regular expression for whole paths.

    >>> sgd, adam = polykeras.optimizers.SGD(), polykeras.optimizers.Adam()
    >>> optimizers = OptimizerMap(sgd, {"encoder/.*": adam})
    >>> optimizers["encoder/kernel"] is adam, optimizers["decoder/kernel"] is sgd
    (True, True)
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: Mapping[str, Optimizer] | None = None):
        self._default_optimizer = _check(default_optimizer, "OptimizerMap")
        if optimizer_map is not None and not isinstance(optimizer_map, Mapping):
            raise ArgumentError(f"OptimizerMap: expected optimizer_map to be a dict; got {optimizer_map!r}.")
        self._optimizers = dict(optimizer_map or {})

    @property
    def default_optimizer(self) -> Optimizer:
        """The optimizer of variables whose path is not there."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        if key in self._optimizers:
            return self._optimizers[key]
        fitting = [pattern for pattern in self._optimizers if re.fullmatch(pattern, key)]
        if len(fitting) > 1:
            raise ArgumentError(f"OptimizerMap: {key} has several optimizers, by {' and '.join(fitting)}.")
        return self._optimizers[fitting[0]] if fitting else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(key, str):
            raise ArgumentError(f"OptimizerMap: expected a path, or a regular expression; got {key!r}.")
        if key in self._optimizers:
            raise ArgumentError(f"OptimizerMap: {key} has an optimizer already. Delete it first.")
        self._optimizers[key] = _check(optimizer, "OptimizerMap")

    def __delitem__(self, key: str) -> None:
        del self._optimizers[key]

    def __len__(self) -> int:
        return len(self._optimizers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizers)

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimizer of a variable."""
        return self[variable.path]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {
            "default_optimizer": serialize_keras_object(self._default_optimizer),
            "optimizer_map": serialize_keras_object(self._optimizers),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """A map made from its configuration."""
        return cls(**{name: deserialize_keras_object(value, custom_objects) for name, value in config.items()})


class MultiOptimizer(Optimizer):
    """An optimizer that gives each variable to one of several others.

    Args:
        optimizer_map: An `OptimizerMap`, or a function that gives the optimizer of a variable.
        loss_scale_factor: What the loss is multiplied by in `scale_loss`, and gradients are divided by.
        name: A name; None for one that is made up.

    >>> kernel, bias = polykeras.Variable(1.0, name="kernel"), polykeras.Variable(1.0, name="bias")
    >>> slow, fast = polykeras.optimizers.SGD(0.1), polykeras.optimizers.SGD(0.5)
    >>> MultiOptimizer(OptimizerMap(slow, {"bias": fast})).apply([1.0, 1.0], [kernel, bias])
    >>> float(kernel), float(bias)
    (0.9, 0.5)
    """

    def __init__(
        self,
        optimizer_map: Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ):
        self._optimizers: list[Optimizer] = []
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        self._optimizer_map = optimizer_map
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._number_of(optimizer)

    def _number_of(self, optimizer: Optimizer) -> int:
        """Which of the optimizers it is; it is added if it is new."""
        for number, known in enumerate(self._optimizers):
            if known is optimizer:
                return number
        _check(optimizer, self.name).loss_scale_factor = self.loss_scale_factor
        self._optimizers.append(optimizer)
        return len(self._optimizers) - 1

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        self._numbers_of_variables = [self._number_of(self._optimizer_map(variable)) for variable in variables]
        super().build(variables)
        for optimizer, own in zip(self._optimizers, self._divided(variables, variables), strict=True):
            if own:
                optimizer.build(own)

    def _divided(self, items: Sequence[Any], variables: Sequence[Variable]) -> list[list[Any]]:
        """What belongs to some variables, for each of the optimizers."""
        found: list[list[Any]] = [[] for _ in self._optimizers]
        for item, variable in zip(items, variables, strict=True):
            found[self._numbers_of_variables[self._get_variable_index(variable)]].append(item)
        return found

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers."""
        return self._optimizers

    @property
    def variables(self) -> list[Variable]:
        """All variables of the optimizer, and those of the others."""
        return [*self._variables, *(variable for each in self._optimizers for variable in each.variables)]

    @property
    def learning_rate(self) -> Any:
        """There is none."""
        raise AttributeError("a MultiOptimizer has no learning rate. See those of its `optimizers`.")

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        raise AttributeError("a MultiOptimizer has no learning rate. Set those of its `optimizers`.")

    @property
    def loss_scale_factor(self) -> float | None:
        """What the loss is multiplied by in `scale_loss`, and gradients are divided by."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, factor: float | None) -> None:
        self._loss_scale_factor = factor
        for optimizer in self._optimizers:
            optimizer.loss_scale_factor = factor

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Do a step of each optimizer.

        Args:
            grads: The gradients; None for a variable that is to stay as it is.
            trainable_variables: Their variables; None for those that it was built with.
        """
        if not len(grads):
            return
        variables = self._known(grads, trainable_variables)
        parts = zip(self._divided(grads, variables), self._divided(variables, variables), strict=True)
        for optimizer, (own_grads, own) in zip(self._optimizers, parts, strict=True):
            if own:
                optimizer.apply(own_grads, own)
        with using(variables[0].home):
            self._iterations.take(self._next())

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Replace variables by the averages that their optimizers keep, if any."""
        for optimizer, own in zip(self._optimizers, self._divided(var_list, var_list), strict=True):
            optimizer.finalize_variable_values(own)

    def get_config(self) -> dict[str, Any]:
        return {
            "optimizer_map": serialize_keras_object(self._optimizer_map),
            "loss_scale_factor": self.loss_scale_factor,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        return cls(**{**config, "optimizer_map": deserialize_keras_object(config["optimizer_map"], custom_objects)})
