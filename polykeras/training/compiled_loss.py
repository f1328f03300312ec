"""The losses that a model was compiled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import losses, ops, tree
from ..errors import ArgumentError
from ..metrics import Mean
from ..state import Stateful, Variable
from .outputs import Outputs, name_of


class CompiledLoss(Stateful):
    """The weighted sum of the losses of all outputs.

    Args:
        loss: A loss, its name, or a function, for all outputs; or a structure of them, None for outputs without.
        loss_weights: The weight of each.
        names: The names of the outputs, where the model knows them.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, names: Sequence[str] | None = None):
        self._loss = loss
        for identifier in [leaf for leaf in tree.flatten(loss) if isinstance(leaf, str)] if _is_named(loss) else []:
            losses.get(identifier)  # a name that is misspelled is told at once
        self._weights = loss_weights
        self._names = names
        self._by_output: list[tuple[Any, float | None]] | None = None
        self._means: list[Any] = []

    @property
    def metrics(self) -> list[Any]:
        """The means of the losses of the outputs, where there are several, in the order of the model's outputs."""
        found = [self._means[number] for number in self._outputs.order] if self._means else []
        return [mean for mean in found if mean is not None]

    @property
    def variables(self) -> list[Variable]:
        """The variables of these means."""
        return [variable for mean in self.metrics for variable in mean.variables]

    def build(self, y_pred: Any) -> None:
        """Find the loss of each output."""
        outputs = Outputs(y_pred, self._names)
        self._outputs = outputs
        outputs.check(y_pred)
        self._shapes = [leaf.shape for leaf in tree.flatten(y_pred)]
        if _is_one(self._loss) and len(outputs) > 1:
            found = [self._loss] * len(outputs)
        else:
            found = outputs.of(self._loss, "a loss", _is_one)
        one_weight = isinstance(self._weights, (int, float))
        if one_weight and len(outputs) > 1:
            raise ArgumentError(f"loss_weights: expected one for each of {len(outputs)} outputs; got {self._weights}.")
        weights = outputs.of(self._weights, "a weight of the loss")
        self._by_output = [(_loss(one), weight) for one, weight in zip(found, weights, strict=True)]
        if all(one is None for one, _ in self._by_output):
            raise ArgumentError("compile: expected a loss for one output at least; got none.")
        if sum(one is not None for one, _ in self._by_output) > 1 and not self._means:
            self._means = [
                None if one is None else Mean(name=f"{name}_loss")
                for name, (one, _) in zip(outputs.names, self._by_output, strict=True)
            ]

    @property
    def is_built(self) -> bool:
        """Whether the loss of each output is known."""
        return self._by_output is not None

    def outputs_with(self, y_true: Any) -> list[tuple[str, Any, Any, tuple[Any, ...]]]:
        """For each output its name, its loss, its targets and its shape; nothing before it has been built."""
        if self._by_output is None:
            return []
        targets = self._outputs.of(y_true, "targets", _is_array)
        found = [loss for loss, _ in self._by_output]
        return list(zip(self._outputs.names, found, targets, self._shapes, strict=True))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total loss of a batch."""
        if self._by_output is None:
            self.build(y_pred)
        outputs, by_output = self._outputs, self._by_output or []
        targets = outputs.of(y_true, "targets", _is_array)
        predictions = outputs.of(y_pred, "outputs", _is_array)
        if sample_weight is not None and _is_array(sample_weight):
            weights = [sample_weight] * len(outputs)
        else:
            weights = outputs.of(sample_weight, "sample weights", _is_array)
        total: Any = None
        for number, ((loss, factor), y, prediction, weight) in enumerate(
            zip(by_output, targets, predictions, weights, strict=True)
        ):
            if loss is None:
                continue
            if y is None:
                raise ArgumentError(
                    f"expected targets for output {outputs.names[number]}, which has a loss; got none. Pass them as y, "
                    "or with the inputs in a data set or generator, (x, y)."
                )
            value = loss(y, prediction, weight)
            if self._means:
                self._means[number].update_state(value, ops.shape(prediction)[0])
            value = value if factor is None else ops.multiply(value, factor)
            total = value if total is None else ops.add(total, value)
        return total

    def get_config(self) -> dict[str, Any]:
        """What it was made from."""
        return {"loss": self._loss, "loss_weights": self._weights}


def _is_one(loss: Any) -> bool:
    """Whether this is a loss, not a structure of losses; a configuration is one too."""
    if isinstance(loss, Mapping):
        return "class_name" in loss
    return not isinstance(loss, (list, tuple))


def _is_named(loss: Any) -> bool:
    """Whether strings in a structure of losses are names, not parts of a configuration."""
    parts = loss.values() if isinstance(loss, Mapping) else loss if isinstance(loss, (list, tuple)) else [loss]
    return all(isinstance(part, str) or not isinstance(part, (list, tuple, Mapping)) for part in parts)


def _is_array(x: Any) -> bool:
    return not isinstance(x, (list, tuple, Mapping))


def _loss(identifier: Any) -> Any:
    """The loss that a user meant, as a function of targets, outputs and weights."""
    found = losses.get(identifier)
    if found is None or isinstance(found, losses.Loss):
        return found
    return losses.LossFunctionWrapper(found, name=name_of(found, "loss"))
