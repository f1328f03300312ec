"""Optimizers move variables as their formulas say, step by step, on every backend, compiled or not."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.backend import Backend, numpy_dtype, using
from polykeras.state import Variable

from . import references
from .checks import EFFORT
from .ledger import LEDGER, assert_allclose

pytestmark = pytest.mark.level("optimizers")

RATE = 2.0**-6  # the same number in every dtype
SHAPES = ((3, 2), (4,))
STEPS, QUICK_STEPS, STEPS_IN_FLOAT32 = 1000, 200, 100

CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("SGD", {}, {}),
    ("SGD", {"momentum": 0.9}, {}),
    ("SGD", {"momentum": 0.9, "nesterov": True}, {"weight_decay": 0.1}),
    ("SGD", {}, {"clipnorm": 1.75}),  # such that some gradients are longer, and some are not, of 100 steps and of 200
    ("SGD", {}, {"global_clipnorm": 2.5}),
    ("SGD", {}, {"clipvalue": 0.1}),
    ("Adam", {}, {}),
    ("Adam", {"amsgrad": True}, {"weight_decay": 0.1}),
    ("Adam", {"beta_1": 0.0, "beta_2": 0.9, "epsilon": 0.1}, {"loss_scale_factor": 8.0}),
    ("Adam", {}, {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7}),
    ("Adam", {}, {"gradient_accumulation_steps": 3, "clipnorm": 1.0, "weight_decay": 0.1}),
    ("AdamW", {}, {}),
    ("Adamax", {}, {}),
    ("Adagrad", {}, {"weight_decay": 0.1}),
    ("Adadelta", {}, {}),
    ("RMSprop", {}, {}),
    ("RMSprop", {"momentum": 0.5}, {"weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.5, "centered": True, "epsilon": 1e-3}, {}),
    ("Nadam", {}, {"weight_decay": 0.1}),
    ("Ftrl", {}, {}),
    (
        "Ftrl",
        {
            "learning_rate_power": -0.6,
            "l1_regularization_strength": 0.1,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.01,
            "beta": 0.1,
        },
        {},
    ),
    ("Lion", {}, {"weight_decay": 0.1}),
    ("Lamb", {}, {}),
    ("Adafactor", {}, {}),
    ("Adafactor", {"relative_step": False, "clip_threshold": 0.5}, {"weight_decay": 0.1}),
    ("Muon", {}, {"adam_weight_decay": 0.004}),
    ("Muon", {"nesterov": False, "rms_rate": None}, {"weight_decay": 0.5, "adam_weight_decay": None}),
    ("ScheduleFreeAdamW", {"warmup_steps": 10}, {}),
    (
        "SGD",
        {"momentum": 0.5},
        {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3},
    ),
]


def how_many_steps(dtype: str) -> int:
    """How long optimizers are followed in a dtype."""
    in_float64 = STEPS if EFFORT.is_thorough else QUICK_STEPS
    return in_float64 if dtype == "float64" else STEPS_IN_FLOAT32


def label(number: int) -> str:
    name, settings, options = CASES[number]
    return f"{name}({', '.join(f'{key}={value}' for key, value in {**settings, **options}.items())})"


@functools.cache
def problem() -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """First values, targets, and for each step noise: of a bowl whose gradients never vanish."""
    random = np.random.Generator(np.random.Philox(0))
    first, targets = ([random.normal(size=shape) for shape in SHAPES] for _ in range(2))
    return first, targets, [random.normal(size=(STEPS, *shape)) / 4 for shape in SHAPES]


def pulls(dtype: str) -> list[np.ndarray]:
    """For each step what is added to the values, which makes them the gradients of the bowl, with noise."""
    _, targets, noise = problem()
    return [(n - a).astype(dtype) for n, a in zip(noise, targets, strict=True)]


@functools.cache
def expected(dtype: str) -> list[np.ndarray]:
    """For each case the values of all variables, in one row for each step."""
    first, pull = [w.astype(dtype) for w in problem()[0]], pulls(dtype)
    found = []
    for name, settings, options in CASES:
        steps = references.trajectory(
            name,
            RATE,
            settings,
            options,
            first,
            lambda ws, t: [w + p[t] for w, p in zip(ws, pull, strict=True)],
        )
        kept = itertools.islice(steps, how_many_steps(dtype))
        found.append(np.stack([np.concatenate([np.ravel(w) for w in values]) for values in kept]))
    return found


class Training:
    """All cases in one step, so that there is one program to compile for each backend and dtype."""

    def __init__(self, dtype: str):
        self.dtype = dtype
        first = problem()[0]
        self.pulls = pulls(dtype)
        self.weights = [[Variable(w.astype(dtype)) for w in first] for _ in CASES]
        self.optimizers = [
            getattr(polykeras.optimizers, name)(RATE, **settings, **options) for name, settings, options in CASES
        ]
        for optimizer, weights in zip(self.optimizers, self.weights, strict=True):
            optimizer.build(weights)
        self.variables = [v for weights in self.weights for v in weights]
        self.variables += [v for optimizer in self.optimizers for v in optimizer.variables]

    def step(self, pulls: list[Any]) -> list[Any]:
        """One step of each optimizer; the new values of its variables, in a row."""
        rows = []
        for optimizer, weights in zip(self.optimizers, self.weights, strict=True):
            scale = optimizer.loss_scale_factor or 1.0
            grads = [ops.add(w, pull) for w, pull in zip(weights, pulls, strict=True)]
            optimizer.apply([ops.multiply(g, scale) for g in grads], weights)
            rows.append(ops.concatenate([ops.reshape(w.value, (-1,)) for w in weights]))
        return rows

    def run(self, step: Any, count: int) -> list[np.ndarray]:
        """For each case the values of all variables, in one row for each step."""
        found = []
        for t in range(count):
            found.append([ops.convert_to_numpy(row).copy() for row in step([pull[t] for pull in self.pulls])])
        return [np.stack(rows) for rows in zip(*found, strict=True)]


def error(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest difference of a step, in units of the largest value then."""
    return float((np.abs(found - exact).max(1) / np.abs(exact).max(1)).max())


@functools.cache
def trained(backend: Backend, dtype: str) -> tuple[Training, list[np.ndarray]]:
    """A training, compiled and run, and the values after each step."""
    with using(backend):
        training = Training(dtype)
        step = polykeras.compile(training.step, variables=training.variables, donate_variables=True)
        return training, training.run(step, how_many_steps(dtype))


one_process = pytest.mark.xdist_group("trajectories of optimizers")
"""For tests of what is trained once for all of them."""


@one_process
def test_trajectories_are_those_of_the_formulas(backend: Backend) -> None:
    # A step rounds a value some ten times, by 1.1e-16 each, and the bowl forgets a difference within some 64 steps.
    # Only Muon's polynomial magnifies differences: where the gradient has next to nothing, by 3.4445**5 = 485.
    _, found = trained(backend, "float64")
    for number, (rows, exact) in enumerate(zip(found, expected("float64"), strict=True)):
        limit = 1e-11 if CASES[number][0] == "Muon" else 1e-13
        LEDGER.note("float64", error(rows, exact) / limit, label(number))
        assert error(rows, exact) < limit, label(number)


@one_process
def test_single_precision_drifts_as_far_as_the_formulas_do_in_it(backend: Backend) -> None:
    # NumPy's reference computes some numbers in float64, and rounds in an order of its own: hence the second term, of
    # 64 steps of ten roundings by 6e-8 that mostly cancel (the root of 640), and for Muon 485 of them.
    for number, rows in enumerate(trained(backend, "float32")[1]):
        exact, rounded = (expected(dtype)[number][: len(rows)] for dtype in ("float64", "float32"))
        rounding = 485 * 6e-8 if CASES[number][0] == "Muon" else 25 * 6e-8
        assert rows.dtype == "float32"
        limit = 2 * error(rounded, exact) + rounding
        LEDGER.note("float32", error(rows, exact) / limit, label(number))
        assert error(rows, exact) < limit, label(number)


@one_process
def test_compiled_steps_are_eager_ones(backend: Backend) -> None:
    training, exact = trained(backend, "float64")
    with using(backend):
        eager = Training("float64")
        kept = [ops.convert_to_numpy(v.value) for v in eager.variables]
        copies = [x.copy() for x in kept]
        for number, rows in enumerate(eager.run(eager.step, 4)):
            assert error(rows, exact[number][:4]) < 1e-14, label(number)  # compilers may join a product and a sum
    for one, other in zip(eager.variables, training.variables, strict=True):
        assert (one.dtype, one.shape, one.home) == (other.dtype, other.shape, other.home)
        assert (ops.dtype(other.value), ops.shape(other.value)) == (one.dtype, one.shape)
    for array, copy in zip(kept, copies, strict=True):  # an eager step leaves alone what variables held before it
        np.testing.assert_array_equal(array, copy)


def test_gradients_that_are_not_finite_are_left_out(backend: Backend) -> None:
    """By an optimizer that scales losses, in a step that is compiled once for both cases."""
    with using(backend):
        weight = Variable(np.array([1.0, 2.0], "float32"))
        optimizer = polykeras.optimizers.LossScaleOptimizer(
            polykeras.optimizers.Adam(0.5), initial_scale=4.0, dynamic_growth_steps=2
        )
        optimizer.build([weight])

        @polykeras.compile(variables=[weight, *optimizer.variables], donate_variables=True)
        def step(gradient: Any) -> Any:
            scaled = optimizer.scale_loss(gradient)
            optimizer.apply([scaled], [weight])
            return ops.copy(optimizer.dynamic_scale.value)

        reference = references.Adam(0.5)
        exact, slots, good, scales = weight.numpy().astype("float64"), {}, 0, []
        for slope in (1.0, np.inf, 2.0, 3.0, np.nan, 1.0):
            gradient = np.array([slope, 1.0], "float32")
            scales.append(float(step(ops.convert_to_tensor(gradient))))
            if np.isfinite(slope):
                good += 1
                exact = reference(gradient.astype("float64"), exact, slots, good)
        assert scales == [4.0, 2.0, 2.0, 4.0, 2.0, 2.0]
        assert int(optimizer.iterations) == good == 4
        # Four steps of ten roundings by 6e-8, of values up to two.
        assert_allclose(weight.numpy(), exact, atol=2e-6)


def test_a_row_that_a_batch_names_twice_moves_once(backend: Backend) -> None:
    """By its whole gradient, as the formula says; rows that it does not name move by what is left of earlier ones."""
    with using(backend):
        table = Variable(np.ones((3, 2)))
        optimizer = polykeras.optimizers.SGD(0.5, momentum=0.5)
        optimizer.build([table])
        _, gradient = ops.value_and_grad(lambda t: ops.sum(ops.take(t, np.array([0, 2, 2]), axis=0)))(table)
        for g in (gradient, ops.zeros_like(gradient)):
            optimizer.apply([g])
        np.testing.assert_array_equal(table.numpy(), 1 - np.array([[0.75], [0.0], [1.5]]) * np.ones(2))


def test_constraints_hold_after_each_step(backend: Backend) -> None:
    with using(backend):
        weight, free = (Variable(np.array([0.5, -0.5, 2.0], "float32")) for _ in range(2))
        weight.constraint = polykeras.constraints.NonNeg()
        polykeras.optimizers.SGD(1.0).apply([ops.ones((3,)), ops.ones((3,))], [weight, free])
        assert weight.numpy().tolist() == [0.0, 0.0, 1.0]
        assert free.numpy().tolist() == [-0.5, -1.5, 1.0]


def test_low_precision_computes_its_numbers_in_single(backend: Backend) -> None:
    """The power of Adam's beta is one in bfloat16, and its correction zero."""
    with using(backend):
        weight = Variable(np.ones(3, numpy_dtype("bfloat16")))
        optimizer = polykeras.optimizers.Adam(0.25)
        optimizer.build([weight])
        for _ in range(2):
            optimizer.apply([ops.ones((3,), "bfloat16")])
        # Both steps are a quarter; moments and values are rounded to 2**-9 of themselves.
        assert_allclose(weight.numpy().astype("float64"), 0.5, atol=0.01)
        assert weight.dtype == "bfloat16"
