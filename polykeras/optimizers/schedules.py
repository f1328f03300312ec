"""Learning rates that change from step to step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .. import ops
from ..errors import ArgumentError
from ..registry import Configurable, Family
from ..settings import settings


class LearningRateSchedule(Configurable):
    """The base of schedules: functions of the number of steps done, which optimizers take as `learning_rate`.

    One of your own defines `__call__`, written in ops, and `get_config`.

    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5**step
    >>> Halving()(2)
    0.025
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate after this many steps."""
        raise NotImplementedError(f"{type(self).__name__}: a schedule defines __call__(self, step).")

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        raise NotImplementedError(
            f"{type(self).__name__}: a schedule defines get_config(self), so that it can be saved."
        )


def _check_steps(schedule: Any, name: str) -> None:
    steps = getattr(schedule, name)
    if steps <= 0:
        raise ArgumentError(f"{type(schedule).__name__}: expected {name} to be positive; got {steps}.")


def _steps(step: Any) -> Any:
    """The number of steps as a float."""
    return ops.cast(step, settings.floatx)


class ExponentialDecay(LearningRateSchedule):
    """A learning rate that is multiplied by the same factor again and again.

    Args:
        initial_learning_rate: The first one.
        decay_steps: The number of steps for the whole factor.
        decay_rate: The factor.
        staircase: Whether to wait for so many steps, rather than to use part of the factor in each.
        name: A name.

    >>> ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    array(0.025, dtype=float32)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name
        _check_steps(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        share = ops.divide(_steps(step), self.decay_steps)
        share = ops.floor(share) if self.staircase else share
        return ops.multiply(ops.power(self.decay_rate, share), self.initial_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class InverseTimeDecay(LearningRateSchedule):
    """A learning rate divided by one plus something that grows evenly.

    Args:
        initial_learning_rate: The first one.
        decay_steps: In how many steps it grows by the rate.
        decay_rate: The rate.
        staircase: Whether to wait for so many steps, rather than to grow in each.
        name: A name.

    >>> InverseTimeDecay(0.1, decay_steps=10, decay_rate=0.5)(20)
    array(0.05, dtype=float32)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name
        _check_steps(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        share = ops.divide(_steps(step), self.decay_steps)
        share = ops.floor(share) if self.staircase else share
        return ops.divide(self.initial_learning_rate, ops.add(ops.multiply(share, self.decay_rate), 1.0))

    get_config = ExponentialDecay.get_config


class PiecewiseConstantDecay(LearningRateSchedule):
    """A learning rate that stays the same between given steps.

    Args:
        boundaries: The last steps of all stretches but the last one, in rising order.
        values: The learning rates of the stretches, one more.
        name: A name.

    >>> PiecewiseConstantDecay([10, 20], [0.1, 0.01, 0.001])(11)
    array(0.01, dtype=float32)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"):
        if len(boundaries) != len(values) - 1:
            raise ArgumentError(
                "PiecewiseConstantDecay: expected one value more than boundaries; got "
                f"{len(boundaries)} boundaries and {len(values)} values."
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        rate = ops.convert_to_tensor(self.values[0], settings.floatx)
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = ops.where(ops.greater(step, boundary), ops.convert_to_tensor(value, settings.floatx), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """A learning rate that goes from one value to another along a power.

    Args:
        initial_learning_rate: The first one.
        decay_steps: The number of steps.
        end_learning_rate: The last one.
        power: The power; one for a straight line.
        cycle: Whether to start again, from where a slower decay would be, when the last one is reached.
        name: A name.

    >>> PolynomialDecay(0.1, decay_steps=10, end_learning_rate=0.0)(5)
    array(0.05, dtype=float32)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name
        _check_steps(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        share = ops.divide(_steps(step), self.decay_steps)
        if self.cycle:
            share = ops.divide(share, ops.maximum(ops.ceil(share), 1.0))
        else:
            share = ops.minimum(share, 1.0)
        height = self.initial_learning_rate - self.end_learning_rate
        return ops.add(ops.multiply(ops.power(ops.subtract(1.0, share), self.power), height), self.end_learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


def _half_wave(share: Any, height: Any, alpha: float) -> Any:
    """Half a wave of a cosine, from one down to a share of one."""
    wave = ops.multiply(ops.add(ops.cos(ops.multiply(share, math.pi)), 1.0), ops.multiply(height, 0.5))
    return ops.add(ops.multiply(wave, 1 - alpha), alpha)


class CosineDecay(LearningRateSchedule):
    """A learning rate that falls along a cosine (Loshchilov and Hutter, 2016), if asked for after a rise.

    Args:
        initial_learning_rate: The first one.
        decay_steps: The number of steps that it falls.
        alpha: Where it ends, as a share of where it began to fall.
        name: A name.
        warmup_target: Where it begins to fall; None for the first one, without a rise.
        warmup_steps: The number of steps that it rises.

    >>> CosineDecay(0.1, decay_steps=10)(5)
    array(0.05, dtype=float32)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ):
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = decay_steps
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps
        _check_steps(self, "decay_steps")

    def __call__(self, step: Any) -> Any:
        step = _steps(step)
        if self.warmup_target is None:
            return self._fall(step, self.initial_learning_rate)
        fall = self._fall(ops.maximum(ops.subtract(step, self.warmup_steps), 0.0), self.warmup_target)
        if not self.warmup_steps:
            return fall
        height = self.warmup_target - self.initial_learning_rate
        rise = ops.add(ops.multiply(ops.divide(step, self.warmup_steps), height), self.initial_learning_rate)
        return ops.where(ops.less(step, self.warmup_steps), rise, fall)

    def _fall(self, step: Any, start: float) -> Any:
        share = ops.divide(ops.minimum(step, self.decay_steps), self.decay_steps)
        return ops.multiply(_half_wave(share, 1.0, self.alpha), start)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """A learning rate that falls along a cosine, and then starts again (Loshchilov and Hutter, 2016).

    Args:
        initial_learning_rate: The first one.
        first_decay_steps: The number of steps that it falls the first time.
        t_mul: How many times as long each fall is as the one before.
        m_mul: How many times as high each one begins as the one before.
        alpha: Where it ends, as a share of the first one.
        name: A name.

    >>> CosineDecayRestarts(0.1, first_decay_steps=10)(10)
    array(0.1, dtype=float32)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = first_decay_steps
        self._t_mul = t_mul
        self._m_mul = m_mul
        self.alpha = alpha
        self.name = name
        _check_steps(self, "first_decay_steps")

    def __call__(self, step: Any) -> Any:
        share = ops.divide(_steps(step), self.first_decay_steps)
        if self._t_mul == 1.0:
            restarts = ops.floor(share)
            share = ops.subtract(share, restarts)
        else:
            restarts = self._restarts(share)
            share = ops.divide(ops.subtract(share, self._begin(restarts)), ops.power(self._t_mul, restarts))
        wave = _half_wave(share, ops.power(self._m_mul, restarts), self.alpha)
        return ops.multiply(wave, self.initial_learning_rate)

    def _begin(self, restarts: Any) -> Any:
        """When a fall begins, in units of the first one: the sum of a geometric series."""
        return ops.divide(ops.subtract(ops.power(self._t_mul, restarts), 1.0), self._t_mul - 1.0)

    def _restarts(self, share: Any) -> Any:
        """How many falls are over. Near a restart the logarithm may be rounded to either side, so it is set right."""
        inside = ops.add(ops.multiply(share, self._t_mul - 1.0), 1.0)
        found = ops.floor(ops.divide(ops.log(inside), math.log(self._t_mul)))
        found = ops.where(ops.less(share, self._begin(found)), ops.subtract(found, 1.0), found)
        following = ops.add(found, 1.0)
        return ops.where(ops.greater_equal(share, self._begin(following)), following, found)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self._t_mul,
            "m_mul": self._m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


_family = Family(
    "learning rate schedule",
    {
        cls.__name__: cls
        for cls in (
            *(CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay),
            *(PiecewiseConstantDecay, PolynomialDecay),
        )
    },
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The configuration of a schedule, from which `deserialize` makes another one like it.

    >>> serialize(CosineDecay(0.1, 10))["class_name"]
    'CosineDecay'
    """
    return _family.serialize(learning_rate_schedule)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule that a configuration describes.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes of yours by name.

    Returns:
        The schedule.

    >>> deserialize(serialize(CosineDecay(0.1, 10))).decay_steps
    10
    """
    return _family.deserialize(config, custom_objects)


__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
