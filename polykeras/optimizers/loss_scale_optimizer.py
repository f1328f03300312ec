"""Losses scaled so that gradients in half precision neither vanish nor overflow."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .. import ops
from ..backend import using
from ..errors import ArgumentError
from ..registry import deserialize_keras_object, serialize_keras_object
from ..state import Variable, take_all
from .memory import full
from .optimizer import Optimizer, run_if

if TYPE_CHECKING:
    from typing import Self

_DEFAULTS = {
    **dict.fromkeys(("weight_decay", "clipnorm", "global_clipnorm", "clipvalue", "ema_overwrite_frequency")),
    **dict.fromkeys(("loss_scale_factor", "gradient_accumulation_steps")),
    "use_ema": False,
    "ema_momentum": 0.99,
    "dynamic": True,
}


class LossScaleOptimizer(Optimizer):
    """An optimizer around another, which scales losses and leaves out the steps whose gradients are not finite.

    The scale is halved after such a step, and doubled after many good ones.

    Args:
        inner_optimizer: The other optimizer.
        initial_scale: The first scale.
        dynamic_growth_steps: The number of good steps in a row after which the scale is doubled.
        name: A name; None for one that is made up.
        **kwargs: None but what means the default: options are given to the other optimizer.

    >>> optimizer = LossScaleOptimizer(polykeras.optimizers.SGD(0.5), initial_scale=4.0)
    >>> weight = polykeras.Variable(1.0)
    >>> loss, gradient = ops.value_and_grad(lambda w: optimizer.scale_loss(w * w))(weight)
    >>> optimizer.apply([gradient], [weight])
    >>> float(gradient), float(weight)
    (8.0, 0.0)
    """

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ):
        wrong = [key for key, value in kwargs.items() if key not in _DEFAULTS or value != _DEFAULTS[key]]
        if wrong:
            raise ArgumentError(
                f"LossScaleOptimizer: expected no {', '.join(wrong)}. Give it to the inner optimizer, if that has it; "
                "for a scale that stays the same, give that a loss_scale_factor."
            )
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.inner_optimizer.loss_scale_factor = None
        self.initial_scale = initial_scale
        self.dynamic_growth_steps = dynamic_growth_steps

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        self.step_counter = self._counter("step_counter")
        self.dynamic_scale = self.add_variable(
            (), functools.partial(full, self.initial_scale), "float32", name="dynamic_scale"
        )
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """All variables of the optimizer, and those of the inner one."""
        return [*self._variables, *self.inner_optimizer.variables]

    @property
    def iterations(self) -> Any:
        """The number of updates that the inner optimizer has done."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Do a step of the inner optimizer, if all gradients are finite.

        Args:
            grads: The gradients of a scaled loss; None for a variable that is to stay as it is.
            trainable_variables: Their variables; None for those that it was built with.
        """
        if not len(grads):
            return
        variables = self._known(grads, trainable_variables)
        with using(variables[0].home):
            finite = [ops.all(ops.isfinite(g)) for g in grads if g is not None]
            if not finite:
                raise ArgumentError(f"{self.name}: there is no gradient for any variable.")
            unscaled = [
                g if g is None or v.overwrite_with_gradient else ops.divide(g, self.dynamic_scale)
                for g, v in zip(grads, variables, strict=True)
            ]
            run_if(
                functools.reduce(ops.logical_and, finite),
                [*variables, *self.inner_optimizer.variables, self.step_counter, self.dynamic_scale],
                lambda: self._go_on(unscaled, variables),
                lambda: self._set_scale(ops.zeros_like(self.step_counter.value), 0.5),
            )

    def _go_on(self, grads: list[Any], variables: list[Variable]) -> None:
        self.inner_optimizer.apply(grads, variables)
        count = ops.add(self.step_counter.value, 1)
        full_round = ops.equal(count, self.dynamic_growth_steps)
        self._set_scale(ops.where(full_round, 0, count), ops.where(full_round, 2.0, 1.0))

    def _set_scale(self, count: Any, factor: Any) -> None:
        scale = ops.multiply(self.dynamic_scale.value, factor)
        take_all([self.step_counter, self.dynamic_scale], [ops.cast(count, "int32"), ops.cast(scale, "float32")])

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale."""
        return ops.multiply(loss, self.dynamic_scale if self.built else self.initial_scale)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Replace variables by the averages that the inner optimizer keeps, if any."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "inner_optimizer": serialize_keras_object(self.inner_optimizer),
            "initial_scale": self.initial_scale,
            "dynamic_growth_steps": self.dynamic_growth_steps,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        inner = deserialize_keras_object(config["inner_optimizer"], custom_objects)
        return cls(**{**config, "inner_optimizer": inner})
