"""Orthogonal steps for matrices, Adam's for everything else."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..ops.updates import Rule, adam, adam_each, adam_numbers, each
from ..state import Variable
from .optimizer import Optimizer


def orthogonalized(x: Any, steps: int, coefficients: Sequence[float]) -> Any:
    """A matrix whose singular values have come near one, by iterations of a polynomial (Jordan et al., 2024).

    Args:
        x: The matrix.
        steps: The number of iterations.
        coefficients: Those of the first, third and fifth power.

    Returns:
        The matrix.
    """
    linear, cubic, quintic = coefficients
    rows, columns = ops.shape(x)
    x = ops.transpose(x) if rows > columns else x
    x = ops.divide(x, ops.add(ops.sqrt(ops.sum(ops.multiply(x, x))), 1e-7))
    for _ in range(steps):
        square = ops.matmul(x, ops.transpose(x))
        factor = ops.add(ops.multiply(square, cubic), ops.matmul(ops.multiply(square, quintic), square))
        x = ops.add(ops.multiply(x, linear), ops.matmul(factor, x))
    return ops.transpose(x) if rows > columns else x


def _formula(
    gradient: Any,
    value: Any,
    momentum: Any,
    rate: Any,
    *,
    decay: float,
    nesterov: bool,
    steps: int,
    coefficients: tuple[float, ...],
    rms_rate: float | None,
) -> tuple[Any, ...]:
    momentum = ops.add(ops.multiply(momentum, decay), gradient)
    ahead = ops.add(gradient, ops.multiply(momentum, decay)) if nesterov else momentum
    move = ops.multiply(orthogonalized(ahead, steps, coefficients), rate)
    size = 1.0 if rms_rate is None else math.sqrt(max(ops.shape(value))) * rms_rate
    return ops.subtract(value, ops.multiply(move, size)), momentum


class Muon(Optimizer):
    """Momentum whose steps are made orthogonal, for matrices; for everything else Adam with weight decay.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        adam_beta_1: How much of the mean of the gradients stays in each step of Adam.
        adam_beta_2: How much of the mean of their squares stays.
        adam_weight_decay: The weight decay of what Adam moves.
        epsilon: Added to the root of that mean.
        weight_decay: The weight decay of matrices.
        clipnorm: The largest norm of each gradient.
        clipvalue: The largest element of gradients.
        global_clipnorm: The largest norm of all gradients together.
        use_ema: Whether to keep a moving average of the variables.
        ema_momentum: How much of the average stays in each step.
        ema_overwrite_frequency: After how many steps variables are replaced by their averages.
        loss_scale_factor: What the loss is multiplied by, and gradients are divided by.
        gradient_accumulation_steps: The number of steps whose gradients are averaged for one update.
        name: A name; None for one that is made up.
        exclude_layers: Regular expressions; matrices whose path contains what one of them describes are left to Adam.
        exclude_embeddings: Whether matrices with "embedding" in their path are.
        muon_a: The polynomial's coefficient of the first power.
        muon_b: That of the third.
        muon_c: That of the fifth.
        adam_lr_ratio: The learning rate of Adam, in units of the other.
        momentum: How much of the last move of a matrix stays in the next one.
        ns_steps: The number of iterations of the polynomial.
        nesterov: Whether to use the move that follows the next one.
        rms_rate: The size of a step, in units of the root of the longer side; None for steps that are just orthogonal.
        **kwargs: None are known.

    >>> weight = polykeras.Variable([[2.0, 0.0], [0.0, 1.0]])
    >>> Muon(0.1, weight_decay=None).apply([ops.array([[1.0, 0.0], [0.0, 3.0]])], [weight])
    >>> weight.numpy().round(1)
    array([[2., 0.],
           [0., 1.]], dtype=float32)
    """

    _settings = (
        *("adam_beta_1", "adam_beta_2", "epsilon", "exclude_layers", "muon_a", "muon_b", "muon_c", "adam_lr_ratio"),
        *("momentum", "ns_steps", "nesterov", "exclude_embeddings", "adam_weight_decay", "rms_rate"),
    )
    _formula = staticmethod(_formula)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ):
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        if not adam_lr_ratio > 0:
            raise ArgumentError(f"Muon: expected adam_lr_ratio to be positive; got {adam_lr_ratio}.")
        self.adam_beta_1 = adam_beta_1
        self.adam_beta_2 = adam_beta_2
        self.adam_weight_decay = adam_weight_decay
        self.epsilon = epsilon
        self.exclude_layers = exclude_layers or []
        self.exclude_embeddings = exclude_embeddings
        self.muon_a = muon_a
        self.muon_b = muon_b
        self.muon_c = muon_c
        self.adam_lr_ratio = adam_lr_ratio
        self.momentum = momentum
        self.ns_steps = ns_steps
        self.nesterov = nesterov
        self.rms_rate = rms_rate

    def _kind_of(self, variable: Variable) -> Any:
        """Whether it is left to Adam."""
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def build(self, variables: Any) -> None:
        if self.built:
            return
        super().build(variables)
        self._slots = [[], []]
        for variable in self._trainable_variables:
            wanted = [not variable.overwrite_with_gradient] * 2
            wanted[1] = wanted[1] and self._kind_of(variable)
            for slots, name, is_wanted in zip(self._slots, ("momentum", "velocity"), wanted, strict=True):
                slots.append(self.add_variable_from_reference(variable, name, ops.zeros) if is_wanted else None)

    def _decay_of(self, variable: Variable) -> float | None:
        decay = self.adam_weight_decay if self._kind_of(variable) else self.weight_decay
        return decay if self._use_weight_decay(variable) else None

    def _rule(self, group: Any, decays: bool) -> Rule:
        decay = self._decay_of(group.written[0]) if decays else None
        if group.kind:
            settings = (("beta_1", self.adam_beta_1), ("beta_2", self.adam_beta_2), ("epsilon", self.epsilon))
            decay = decay and decay / self.adam_lr_ratio
            return Rule(adam, group.lists, 2, adam_numbers, (*settings, ("amsgrad", False)), decay)
        settings = {
            "decay": self.momentum,
            "nesterov": self.nesterov,
            "steps": self.ns_steps,
            "coefficients": (self.muon_a, self.muon_b, self.muon_c),
            "rms_rate": self.rms_rate,
        }
        return Rule(_formula, group.lists, 2, self._numbers, tuple(settings.items()), decay)

    def _run(self, arrays: list[Any], rule: Rule, donate: tuple[int, ...]) -> list[Any]:
        if rule.formula is not adam:
            return each(arrays, rule)
        arrays = [ops.multiply(arrays[0], self.adam_lr_ratio), *arrays[1:]]
        return adam_each(arrays, **dict(rule.settings), decay=rule.decay, donate=donate)
