"""Adam, and Adam with weight decay."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..ops.updates import Rule, adam, adam_each
from .optimizer import Optimizer


class Adam(Optimizer):
    """Steps as long as the mean of the gradients is in units of their size (Kingma and Ba, 2014).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        beta_1: How much of the mean of the gradients stays in each step.
        beta_2: How much of the mean of their squares stays.
        epsilon: Added to the root of that mean, before it is corrected for its beginning at zero.
        amsgrad: Whether to divide by the highest mean of squares so far (Reddi et al., 2018).
        *base: Options by position.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> Adam(0.1).apply([ops.array([1.0, -5.0])], [weight])
    >>> weight.numpy()
    array([0.90000033, 2.0999997 ], dtype=float32)
    """

    _settings = ("beta_1", "beta_2", "epsilon", "amsgrad")
    _formula = staticmethod(adam)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *base: Any,
        **options: Any,
    ):
        super().__init__(learning_rate, *base, **options)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def _slot_names(self) -> list[dict[str, Any]]:
        highest = [{"velocity_hat": ops.zeros}] if self.amsgrad else []
        return [{"momentum": ops.zeros, "velocity": ops.zeros}, *highest]

    def _run(self, arrays: list[Any], rule: Rule, donate: tuple[int, ...]) -> list[Any]:
        return adam_each(arrays, **dict(rule.settings), decay=rule.decay, donate=donate)


class AdamW(Adam):
    """Adam with weight decay (Loshchilov and Hutter, 2017).

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        weight_decay: How much of each variable is taken away in each step, in units of the learning rate.
        beta_1: How much of the mean of the gradients stays in each step.
        beta_2: How much of the mean of their squares stays.
        epsilon: Added to the root of that mean, before it is corrected for its beginning at zero.
        amsgrad: Whether to divide by the highest mean of squares so far.
        clipnorm: The largest norm of each gradient.
        clipvalue: The largest element of gradients.
        global_clipnorm: The largest norm of all gradients together.
        **options: What every optimizer can be given; see `Optimizer`.

    >>> weight = polykeras.Variable([1.0, 2.0])
    >>> AdamW(0.1, weight_decay=0.5).apply([ops.array([0.0, 0.0])], [weight])
    >>> weight.numpy()
    array([0.95, 1.9 ], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *base: Any,
        **options: Any,
    ):
        if weight_decay is None:
            raise ArgumentError("AdamW: expected weight_decay to be a number; got None. Without it, use Adam.")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *base, **options)
