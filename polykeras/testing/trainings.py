"""Whether a model learns the same on several backends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..backend import using
from ..callbacks import Callback
from ..dtypes import is_float
from ..errors import ArgumentError, PolykerasError
from ..layers.layer import Layer
from ..random import set_random_seed
from ..settings import EMBEDDED
from ..spec import show_shape
from ..training.data import batches_of, unpack_x_y_sample_weight
from ..training.functions import prepare
from .agreement import names_of
from .rounding import EPSILON, MARGIN

TWINS = 2
"""How many trainings with rounding of another kind show how far rounding carries the losses."""
BATCH = 32
ROUNDINGS_OF_A_LOSS = 8.0
"""How many roundings a loss has at least, that of the mean over a batch among them."""


@dataclass
class Training:
    """What is kept of a training."""

    model: Any
    first: list[np.ndarray]
    losses: np.ndarray
    epsilon: float
    """The rounding of the dtype in which losses are noted."""


def assert_trains_alike(
    model_fn: Callable[[], Any],
    data: Any,
    steps: int = 10,
    *,
    backends: Sequence[str] | None = None,
    seed: int = 0,
    batch_size: int = BATCH,
) -> None:
    """Fail unless a model begins with the same weights and has the same loss at every step, on several backends.

    How far losses may be apart is found out on NumPy, from trainings whose weights are moved by a rounding after every
    step.

    Args:
        model_fn: A function without arguments that makes a model and compiles it.
        data: `(x, y)` or `(x, y, sample_weight)`.
        steps: How many steps of training.
        backends: The names of the backends; None for all that are installed.
        seed: Where the weights, the order of the data and all other random numbers come from.
        batch_size: The size of a batch.

    >>> def make():
    ...     model = polykeras.Sequential([polykeras.layers.Dense(1)])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> assert_trains_alike(make, (np.ones((4, 3)), np.zeros((4, 1))), steps=3)
    """
    if not (isinstance(data, (tuple, list)) and len(data) in (2, 3)):
        raise ArgumentError(
            f"assert_trains_alike: expected data to be (x, y) or (x, y, sample_weight); got {type(data)}."
        )
    if not isinstance(steps, int) or steps < 1:
        raise ArgumentError(f"assert_trains_alike: expected steps to be a whole number from 1; got {steps!r}.")
    if isinstance(model_fn, Layer):
        raise ArgumentError(
            f"assert_trains_alike: expected a function that makes a model and compiles it; got {model_fn!r}, a model, "
            "which has its weights already."
        )
    names = names_of(backends)
    reference = train(EMBEDDED, model_fn, data, steps, seed, batch_size)
    twins = [train(EMBEDDED, model_fn, data, steps, seed, batch_size, number + 1) for number in range(TWINS)]
    allowed = allowed_distance(reference, twins)
    for name in names:
        found = train(name, model_fn, data, steps, seed, batch_size)
        _check_weights(name, found, reference)
        away = np.abs(found.losses - reference.losses)
        wrong = np.flatnonzero(~(away <= allowed) & ~(np.isnan(found.losses) & np.isnan(reference.losses)))
        if len(wrong):
            step = int(wrong[0])
            raise AssertionError(
                f"the model trains otherwise on {name}: from step {step + 1} of {steps} on, where the loss is "
                f"{found.losses[step]:.9g}, and {reference.losses[step]:.9g} on {EMBEDDED}; {away[step]:.3g} apart, "
                f"where rounding explains {allowed[step]:.3g}.\n{_where(model_fn, data, seed, batch_size, name)}"
            )


def allowed_distance(reference: Training, twins: Sequence[Training]) -> np.ndarray:
    """How far the loss of each step may be from the reference's, given trainings with rounding of another kind."""
    away = np.max([np.abs(twin.losses - reference.losses) for twin in twins], axis=0)
    return MARGIN * np.maximum.accumulate(away) + ROUNDINGS_OF_A_LOSS * reference.epsilon * np.abs(reference.losses)


class _Watching(Callback):
    """Keeps the weights at first and the loss of each step by itself, and moves weights by a rounding."""

    takes_arrays = True

    def __init__(self, steps: int, twin: int):
        super().__init__()
        self.losses: list[float] = []
        self.dtype = "float32"
        self._steps = steps
        self._random = np.random.Generator(np.random.Philox(twin)) if twin else None

    def on_train_begin(self, logs: Any = None) -> None:
        self._shake()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float(logs["loss"]))
        self.dtype = ops.dtype(logs["loss"])
        self.model.stop_training = len(self.losses) >= self._steps
        self.model.reset_metrics()
        self._shake()

    def _shake(self) -> None:
        if self._random is None:
            return
        for variable in self.model.trainable_variables:
            if is_float(variable.dtype):
                value = variable.numpy()
                moved = self._random.choice([-1.0, 1.0], value.shape) * EPSILON[variable.dtype]
                variable.assign((value.astype("float64") * (1 + moved)).astype(value.dtype))


def train(
    backend: str, model_fn: Callable[[], Any], data: Any, steps: int, seed: int, batch_size: int, twin: int = 0
) -> Training:
    """Train a new model on a backend; as a twin, with its weights moved by a rounding after every step.

    Args:
        backend: The name of the backend.
        model_fn: A function that makes a model and compiles it.
        data: `(x, y)` or `(x, y, sample_weight)`.
        steps: How many steps.
        seed: Where all random numbers come from.
        batch_size: The size of a batch.
        twin: The number of the twin; 0 for a training as it is.

    Returns:
        The model, its first weights, and the loss of each step.
    """
    with using(backend):
        set_random_seed(seed)
        model = model_fn()
        if not getattr(model, "compiled", False):
            raise ArgumentError(f"expected a function that makes a model and compiles it; got {model!r} from it.")
        prepare(model, next(iter(batches_of(*data, batch_size=batch_size, shuffle=False))), with_targets=True)
        first = [weight.numpy() for weight in model.weights]
        watching = _Watching(steps, twin)
        x, y, sample_weight = unpack_x_y_sample_weight(tuple(data))
        model.fit(x, y, batch_size, epochs=steps, verbose=0, callbacks=[watching], sample_weight=sample_weight)
        return Training(model, first, np.array(watching.losses), EPSILON[watching.dtype])


def _check_weights(name: str, found: Training, reference: Training) -> None:
    if len(found.first) != len(reference.first):
        raise AssertionError(
            f"the model has {len(found.first)} weights on {name}, and {len(reference.first)} on {EMBEDDED}. Make the "
            "same layers on every backend."
        )
    for variable, one, other in zip(found.model.weights, found.first, reference.first, strict=True):
        if one.dtype != other.dtype or not np.array_equal(one, other, equal_nan=True):
            shown = [f"{x.dtype}{show_shape(x.shape)}, {np.array2string(x, threshold=4)}" for x in (one, other)]
            raise AssertionError(
                f"the model does not begin with the same weights on {name} as on {EMBEDDED}: {variable.path} is "
                f"{shown[0]}, and {shown[1]}. Make the same layers on every backend, and draw weights by "
                "polykeras.initializers, and not by NumPy or the framework."
            )


def _where(model_fn: Callable[[], Any], data: Any, seed: int, batch_size: int, name: str) -> str:
    """What the comparison of one step, layer by layer, has to say."""
    from .difference import diff

    with using(EMBEDDED):
        set_random_seed(seed)
        model = model_fn()
        batch = next(iter(batches_of(*data, batch_size=batch_size, shuffle=False)))
        try:
            found = diff(model, *batch[:2], backends=(EMBEDDED, name))
        except PolykerasError as error:
            return f"polykeras.testing.diff cannot say where: {error}"
    hint = f"Is the model, or what it is compiled with, another one on {name}? That of {EMBEDDED}, taken there, agrees."
    return f"{found}\n{hint}" if found.agree else str(found)
