"""The formulas of optimizers in NumPy, one array and one step at a time, as their papers and Keras have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Step = Callable[[np.ndarray, np.ndarray, dict[str, Any], int], np.ndarray]
"""From a gradient, a value, what is remembered, and the number of the step from one, to the new value."""

FORMULAS: dict[str, Callable[..., Step]] = {}
"""For each optimizer the function that makes its step out of learning rate and settings."""


def formula(make: Callable[..., Step]) -> Callable[..., Step]:
    """Enter the formula of the optimizer of its name."""
    FORMULAS[make.__name__] = make
    return make


def remembered(slots: dict[str, Any], name: str, like: np.ndarray, first: float = 0.0) -> Any:
    """What is remembered under a name, which begins as the same number everywhere."""
    return slots.setdefault(name, np.full_like(like, first))


def moments(g: Any, w: Any, slots: dict[str, Any], beta_1: float, beta_2: float) -> tuple[Any, Any]:
    """The fading means of gradients and of their squares."""
    slots["m"] = beta_1 * remembered(slots, "m", w) + (1 - beta_1) * g
    slots["v"] = beta_2 * remembered(slots, "v", w) + (1 - beta_2) * g * g
    return slots["m"], slots["v"]


@formula
def SGD(rate: float, momentum: float = 0.0, nesterov: bool = False) -> Step:
    """Descent, with or without momentum."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        slots["m"] = momentum * remembered(slots, "m", w) - rate * g
        return w + (momentum * slots["m"] - rate * g if nesterov else slots["m"])

    return step


@formula
def Adam(rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, amsgrad: bool = False) -> Step:
    """Kingma and Ba, 2014, with epsilon beside the uncorrected root; AMSGrad: Reddi et al., 2018."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        m, v = moments(g, w, slots, beta_1, beta_2)
        if amsgrad:
            v = slots["highest"] = np.maximum(remembered(slots, "highest", w), v)
        return w - rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (np.sqrt(v) + epsilon)

    return step


FORMULAS["AdamW"] = Adam


@formula
def Adamax(rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Step:
    """Kingma and Ba, 2014."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        slots["m"] = beta_1 * remembered(slots, "m", w) + (1 - beta_1) * g
        slots["u"] = np.maximum(beta_2 * remembered(slots, "u", w), np.abs(g))
        return w - rate / (1 - beta_1**t) * slots["m"] / (slots["u"] + epsilon)

    return step


@formula
def Adagrad(rate: float, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7) -> Step:
    """Duchi et al., 2011."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        slots["sum"] = remembered(slots, "sum", w, initial_accumulator_value) + g * g
        return w - rate * g / np.sqrt(slots["sum"] + epsilon)

    return step


@formula
def Adadelta(rate: float, rho: float = 0.95, epsilon: float = 1e-7) -> Step:
    """Zeiler, 2012."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        slots["g"] = rho * remembered(slots, "g", w) + (1 - rho) * g * g
        move = np.sqrt(remembered(slots, "d", w) + epsilon) / np.sqrt(slots["g"] + epsilon) * g
        slots["d"] = rho * slots["d"] + (1 - rho) * move * move
        return w - rate * move

    return step


@formula
def RMSprop(
    rate: float, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7, centered: bool = False
) -> Step:
    """Hinton, 2012."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        square = slots["v"] = rho * remembered(slots, "v", w) + (1 - rho) * g * g
        if centered:
            slots["a"] = rho * remembered(slots, "a", w) + (1 - rho) * g
            square = square - slots["a"] ** 2
        slots["m"] = momentum * remembered(slots, "m", w) + rate * g / np.sqrt(square + epsilon)
        return w - slots["m"]

    return step


@formula
def Nadam(rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Step:
    """Dozat, 2016."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        m, v = moments(g, w, slots, beta_1, beta_2)
        now, following = (beta_1 * (1 - 0.5 * 0.96**k) for k in (t, t + 1))
        product = slots["product"] = slots.get("product", 1.0) * now
        mean = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
        return w - rate * mean / (np.sqrt(v / (1 - beta_2**t)) + epsilon)

    return step


@formula
def Ftrl(
    rate: float,
    learning_rate_power: float = -0.5,
    initial_accumulator_value: float = 0.1,
    l1_regularization_strength: float = 0.0,
    l2_regularization_strength: float = 0.0,
    l2_shrinkage_regularization_strength: float = 0.0,
    beta: float = 0.0,
) -> Step:
    """McMahan et al., 2013."""
    l1, power = l1_regularization_strength, -learning_rate_power

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        old = remembered(slots, "n", w, initial_accumulator_value)
        new = slots["n"] = old + g * g
        sigma = (new**power - old**power) / rate
        shrunk = g + 2 * l2_shrinkage_regularization_strength * w
        z = slots["z"] = remembered(slots, "z", w) + shrunk - sigma * w
        quadratic = new**power / rate + 2 * (l2_regularization_strength + beta / (2 * rate))
        return np.where(np.abs(z) <= l1, 0.0, (np.sign(z) * l1 - z) / quadratic)

    return step


@formula
def Lion(rate: float, beta_1: float = 0.9, beta_2: float = 0.99) -> Step:
    """Chen et al., 2023."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        m = remembered(slots, "m", w)
        slots["m"] = beta_2 * m + (1 - beta_2) * g
        return w - rate * np.sign(beta_1 * m + (1 - beta_1) * g)

    return step


@formula
def Lamb(rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7) -> Step:
    """You et al., 2019."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        m, v = moments(g, w, slots, beta_1, beta_2)
        move = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + epsilon)
        sizes = np.sqrt(np.sum(w * w)), np.sqrt(np.sum(move * move))
        return w - rate * (sizes[0] / sizes[1] if all(sizes) else 1.0) * move

    return step


@formula
def Adafactor(
    rate: float,
    beta_2_decay: float = -0.8,
    epsilon_1: float = 1e-30,
    epsilon_2: float = 1e-3,
    clip_threshold: float = 1.0,
    relative_step: bool = True,
) -> Step:
    """Shazeer and Stern, 2018."""

    def size(x: Any) -> Any:
        return np.sqrt(np.mean(x * x))

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        kept = 1 - float(t) ** beta_2_decay
        square = g * g + epsilon_1
        if w.ndim > 1:
            rows = slots["r"] = kept * slots.get("r", 0.0) + (1 - kept) * square.mean(-1)
            columns = slots["c"] = kept * slots.get("c", 0.0) + (1 - kept) * square.mean(-2)
            v = (rows / rows.mean(-1, keepdims=True))[..., None] * columns[..., None, :]
        else:
            v = slots["v"] = kept * slots.get("v", 0.0) + (1 - kept) * square
        move = g / np.sqrt(v)
        relative = min(rate, 1 / np.sqrt(t)) if relative_step else rate
        return w - max(epsilon_2, size(w)) * relative * move / max(1.0, size(move) / clip_threshold)

    return step


@formula
def Muon(rate: float, momentum: float = 0.95, nesterov: bool = True, rms_rate: float | None = 0.2) -> Step:
    """Jordan et al., 2024, with Adam for what is no matrix."""
    adam = Adam(rate)

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        if w.ndim != 2:
            return adam(g, w, slots, t)
        m = slots["m"] = momentum * remembered(slots, "m", w) + g
        x = g + momentum * m if nesterov else m
        x = x / (np.sqrt(np.sum(x * x)) + 1e-7)
        for _ in range(5):
            square = x.T @ x
            x = 3.4445 * x + x @ (-4.775 * square + 2.0315 * square @ square)
        return w - rate * x * (1.0 if rms_rate is None else rms_rate * np.sqrt(max(w.shape)))

    return step


@formula
def ScheduleFreeAdamW(
    rate: float, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, warmup_steps: int = 0
) -> Step:
    """Defazio et al., 2024."""

    def step(g: Any, w: Any, slots: Any, t: int) -> Any:
        z = slots.setdefault("z", slots["first"])
        slots["v"] = beta_2 * remembered(slots, "v", w) + (1 - beta_2) * g * g
        mean = (w - (1 - beta_1) * z) / beta_1
        warm = min(t / warmup_steps, 1.0) if warmup_steps else 1.0
        z = slots["z"] = z - rate * warm * g / (np.sqrt(slots["v"] / (1 - beta_2**t)) + epsilon)
        return (1 - beta_1) * z + beta_1 * ((1 - 1 / t) * mean + z / t)

    return step


def clipped(grads: list[Any], options: dict[str, Any]) -> list[Any]:
    """Gradients within the limits of an optimizer's options."""
    sizes = [np.sqrt(np.sum(g * g)) for g in grads]
    if options.get("clipnorm"):
        return [g * min(1.0, options["clipnorm"] / size) for g, size in zip(grads, sizes, strict=True)]
    if options.get("global_clipnorm"):
        return [g * min(1.0, options["global_clipnorm"] / np.linalg.norm(sizes)) for g in grads]
    limit = options.get("clipvalue")
    return [np.clip(g, -limit, limit) for g in grads] if limit else grads


def trajectory(
    name: str,
    rate: float,
    settings: dict[str, Any],
    options: dict[str, Any],
    first: list[np.ndarray],
    gradient: Callable[[list[np.ndarray], int], list[np.ndarray]],
) -> Iterator[list[np.ndarray]]:
    """The values after each step of an optimizer."""
    step = FORMULAS[name](rate, **settings)
    values = [w.copy() for w in first]
    slots: list[dict[str, Any]] = [{"first": w.copy()} for w in values]
    averages: list[Any] | None = None
    sums: list[Any] = []
    round_length = options.get("gradient_accumulation_steps") or 1
    decay = options.get("weight_decay", 0.004 if name in ("AdamW", "Muon") else None)
    adam_decay = options.get("adam_weight_decay", 0.004)
    for number in range(10**9):
        sums = [s + g for s, g in zip(sums or [0.0] * len(values), gradient(values, number), strict=True)]
        updates = number // round_length
        if (number + 1) % round_length == 0:
            grads, sums = clipped([s / round_length for s in sums], options), []
            decays = [adam_decay if name == "Muon" and w.ndim != 2 else decay for w in values]
            values = [w - w * (d or 0.0) * rate for w, d in zip(values, decays, strict=True)]
            values = [step(g, w, s, updates + 1) for g, w, s in zip(grads, values, slots, strict=True)]
        if options.get("use_ema"):
            share = options["ema_momentum"] if updates else 0.0
            averages = [share * a + (1 - share) * w for a, w in zip(averages or values, values, strict=True)]
            every = options.get("ema_overwrite_frequency")
            if every and (updates + 1) % every == 0:
                values = [a.copy() for a in averages]
        yield values
