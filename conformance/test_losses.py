"""Every loss, on a backend: values, gradients, weights, masks and reductions, as it is and compiled."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from polykeras import losses, ops
from polykeras.backend import Backend, load, using
from polykeras.compilation import compile
from polykeras.masks import set_mask
from polykeras.ops import convert_to_numpy

from .ledger import assert_allclose

pytestmark = pytest.mark.level("losses")

EPSILON = 1e-7
RNG = np.random.default_rng(0)
Arrays = tuple[np.ndarray, np.ndarray]


# Inputs ----------------------------------------------------------------------------------------------------


def softmax(x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def numbers() -> Arrays:
    return RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))


def positive() -> Arrays:
    return RNG.uniform(0.5, 2, size=(3, 4)), RNG.uniform(0.5, 2, size=(3, 4))


def probabilities() -> Arrays:
    return RNG.integers(0, 2, size=(3, 4)).astype(float), RNG.uniform(0.1, 0.9, size=(3, 4))


def logits() -> Arrays:
    return RNG.integers(0, 2, size=(3, 4)).astype(float), RNG.normal(size=(3, 4)) * 3


def signs() -> Arrays:
    return RNG.choice([-1.0, 1.0], size=(3, 4)), RNG.normal(size=(3, 4))


def classes() -> Arrays:
    return np.eye(4)[[0, 2, 3]], softmax(RNG.normal(size=(3, 4)))


def class_logits() -> Arrays:
    return np.eye(4)[[0, 2, 3]], RNG.normal(size=(3, 4))


def class_numbers() -> Arrays:
    return np.array([0, 2, 1]), softmax(RNG.normal(size=(3, 4)))


def class_numbers_and_logits() -> Arrays:
    return np.array([[0], [2], [1]]), RNG.normal(size=(3, 4))


def sequences() -> Arrays:
    return np.array([[1, 2], [2, 0], [1, 1]]), RNG.normal(size=(3, 4, 3))


def embeddings() -> Arrays:
    vectors = RNG.normal(size=(5, 3))
    return np.array([0, 1, 0, 1, 2]), vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# References ------------------------------------------------------------------------------------------------


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def binary_entropy(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


def focal(t: np.ndarray, p: np.ndarray, gamma: float, alpha: float) -> np.ndarray:
    wrong, weight = np.where(t == 1, 1 - p, p), np.where(t == 1, alpha, 1 - alpha)
    return np.mean(weight * wrong**gamma * -np.log(1 - wrong), -1)


def share(p: np.ndarray) -> np.ndarray:
    return p / p.sum(-1, keepdims=True)


def smooth(t: np.ndarray, amount: float) -> np.ndarray:
    return t * (1 - amount) + amount / t.shape[-1]


def huber(t: np.ndarray, p: np.ndarray, delta: float) -> np.ndarray:
    error = np.abs(t - p)
    return np.mean([[e * e / 2 if e <= delta else delta * (e - delta / 2) for e in row] for row in error], -1)


def divergence(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    t, p = np.clip(t, EPSILON, 1), np.clip(p, EPSILON, 1)
    return np.sum(t * np.log(t / p), -1)


def chosen(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.array([row[int(c)] for row, c in zip(p, np.ravel(t), strict=True)])


def categorical_hinge(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 + np.max((1 - t) * p, -1) - np.sum(t * p, -1))


def all_paths(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    """The probability of the labels, added up over all paths that stand for them."""
    found = []
    for labels, steps in zip(t, softmax(p), strict=True):
        total = 0.0
        for path in itertools.product(range(p.shape[-1]), repeat=len(steps)):
            read = [label for label, _ in itertools.groupby(path) if label]
            if read == [label for label in labels if label]:
                total += np.prod([step[label] for step, label in zip(steps, path, strict=True)])
        found.append(-np.log(total))
    return np.array(found)


def circle(t: np.ndarray, p: np.ndarray, gamma: float, margin: float) -> np.ndarray:
    found = []
    for i in range(len(t)):
        alike = others = 0.0
        for j in range(len(t)):
            distance = max(1 - p[i] @ p[j], 0)
            if t[i] != t[j]:
                others += np.exp(gamma * max(1 + margin - distance, 0) * (1 - margin - distance))
            elif i != j:
                alike += np.exp(gamma * (distance + margin) * (distance - margin))
        found.append(np.log1p(alike * others))
    return np.array(found)


def dice(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return 1 - 2 * np.sum(t * p, -1) / (np.sum(t, -1) + np.sum(p, -1) + EPSILON)


def tversky(t: np.ndarray, p: np.ndarray, missed: float, wrong: float) -> np.ndarray:
    both = np.sum(t * p)
    return 1 - both / (both + missed * np.sum(t * (1 - p)) + wrong * np.sum((1 - t) * p) + EPSILON)


class Case(NamedTuple):
    """A loss with its arguments, inputs, and what it is for each sample."""

    cls: Any
    arguments: dict[str, Any]
    inputs: Callable[[], Arrays]
    reference: Callable[[np.ndarray, np.ndarray], np.ndarray]


def row_mean(function: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda t, p: np.mean(function(t, p), -1)


CASES = [
    Case(losses.MeanSquaredError, {}, numbers, row_mean(lambda t, p: (t - p) ** 2)),
    Case(losses.MeanAbsoluteError, {}, numbers, row_mean(lambda t, p: np.abs(t - p))),
    Case(losses.MeanAbsolutePercentageError, {}, numbers, row_mean(lambda t, p: 100 * np.abs((t - p) / t))),
    Case(
        losses.MeanSquaredLogarithmicError,
        {},
        positive,
        row_mean(lambda t, p: (np.log(1 + t) - np.log(1 + p)) ** 2),
    ),
    Case(
        losses.CosineSimilarity,
        {"axis": 1},
        numbers,
        lambda t, p: -np.sum(t * p, 1) / np.linalg.norm(t, axis=1) / np.linalg.norm(p, axis=1),
    ),
    Case(losses.Huber, {"delta": 0.7}, numbers, functools.partial(huber, delta=0.7)),
    Case(losses.LogCosh, {}, numbers, row_mean(lambda t, p: np.log(np.cosh(p - t)))),
    Case(losses.Hinge, {}, signs, row_mean(lambda t, p: np.maximum(1 - t * p, 0))),
    Case(losses.SquaredHinge, {}, logits, row_mean(lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0) ** 2)),
    Case(losses.CategoricalHinge, {}, class_logits, categorical_hinge),
    Case(losses.KLDivergence, {}, classes, divergence),
    Case(losses.Poisson, {}, positive, row_mean(lambda t, p: p - t * np.log(p + EPSILON))),
    Case(losses.BinaryCrossentropy, {}, probabilities, row_mean(binary_entropy)),
    Case(
        losses.BinaryCrossentropy,
        {"from_logits": True, "label_smoothing": 0.2},
        logits,
        row_mean(lambda t, p: binary_entropy(0.8 * t + 0.1, sigmoid(p))),
    ),
    Case(
        losses.BinaryFocalCrossentropy,
        {"apply_class_balancing": True, "alpha": 0.3},
        probabilities,
        functools.partial(focal, gamma=2.0, alpha=0.3),
    ),
    Case(
        losses.BinaryFocalCrossentropy,
        {"from_logits": True, "gamma": 1.5},
        logits,
        lambda t, p: 2 * focal(t, sigmoid(p), 1.5, 0.5),
    ),
    Case(losses.CategoricalCrossentropy, {}, classes, lambda t, p: -np.sum(t * np.log(share(p)), -1)),
    Case(
        losses.CategoricalCrossentropy,
        {"from_logits": True, "label_smoothing": 0.1},
        class_logits,
        lambda t, p: -np.sum(smooth(t, 0.1) * np.log(softmax(p)), -1),
    ),
    Case(
        losses.CategoricalFocalCrossentropy,
        {"alpha": 0.4},
        classes,
        lambda t, p: -np.sum(t * 0.4 * (1 - share(p)) ** 2 * np.log(share(p)), -1),
    ),
    Case(
        losses.CategoricalFocalCrossentropy,
        {"from_logits": True, "gamma": 1.5},
        class_logits,
        lambda t, p: -np.sum(t * 0.25 * (1 - softmax(p)) ** 1.5 * np.log(softmax(p)), -1),
    ),
    Case(losses.SparseCategoricalCrossentropy, {}, class_numbers, lambda t, p: -np.log(chosen(t, share(p)))),
    Case(
        losses.SparseCategoricalCrossentropy,
        {"from_logits": True, "ignore_class": 2},
        class_numbers_and_logits,
        lambda t, p: np.where(t[:, 0] == 2, 0, -np.log(chosen(t, softmax(p)))),
    ),
    Case(
        losses.CategoricalGeneralizedCrossEntropy,
        {"q": 0.3},
        class_numbers,
        lambda t, p: (1 - chosen(t, p) ** 0.3) / 0.3,
    ),
    Case(losses.CTC, {}, sequences, all_paths),
    Case(losses.Circle, {"gamma": 5.0, "margin": 0.3}, embeddings, functools.partial(circle, gamma=5.0, margin=0.3)),
    Case(losses.Dice, {"axis": -1}, probabilities, dice),
    Case(
        losses.Tversky,
        {"alpha": 0.3, "beta": 0.6},
        probabilities,
        functools.partial(tversky, missed=0.3, wrong=0.6),
    ),
]
INPUTS = [case.inputs() for case in CASES]
WEIGHTS = np.array([0.5, 0.0, 2.0, 1.0, 0.25])


def outcome(case: Case, y_true: Any, y_pred: Any, weights: Any) -> list[Any]:
    """The values of the samples, and the weighted sum of them with its gradient."""
    values = case.cls(reduction=None, dtype="float64", **case.arguments)(y_true, y_pred)
    total = case.cls(reduction="sum", dtype="float64", **case.arguments)
    return [values, *ops.value_and_grad(lambda p: total(y_true, p, weights))(y_pred)]


def arguments_of(number: int) -> list[np.ndarray]:
    y_true, y_pred = INPUTS[number]
    single = CASES[number].reference(y_true, y_pred).ndim == 0
    return [y_true, y_pred, np.array(0.7) if single else WEIGHTS[: len(y_pred)]]


@functools.cache
def on_numpy(number: int) -> list[np.ndarray]:
    with using(load("numpy")):
        return outcome(CASES[number], *arguments_of(number))


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda i: f"{CASES[i].cls.__name__}-{i}")
def test_values_and_gradients(number: int, backend: Backend) -> None:
    case, arguments = CASES[number], arguments_of(number)
    reference = case.reference(*arguments[:2])
    with using(backend):
        given = [ops.convert_to_tensor(x) for x in arguments]
        compiled = compile(functools.partial(outcome, case))
        # Where every op of every shape is a program of its own, the compiled losses and a few others are enough.
        as_it_is = [] if backend.traces and number % 16 != 4 else [functools.partial(outcome, case)]
        for run in (*as_it_is, compiled):
            values, total, gradient = (convert_to_numpy(x) for x in run(*given))
            assert {values.dtype, total.dtype, gradient.dtype} == {np.dtype("float64")}
            # A few dozen roundings, of numbers that are not much larger than the results.
            assert_allclose(values, reference, rtol=1e-12, atol=1e-13)
            assert_allclose(total, np.sum(reference * arguments[2]), rtol=1e-12, atol=1e-13)
            assert_allclose(gradient, on_numpy(number)[2], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda i: f"{CASES[i].cls.__name__}-{i}")
def test_gradients_of_the_reference_are_those_of_the_formulas(number: int) -> None:
    case, (y_true, y_pred, weights) = CASES[number], arguments_of(number)
    step, gradient = 1e-6, on_numpy(number)[2]
    for place in np.ndindex(y_pred.shape):
        move = np.zeros(y_pred.shape)
        move[place] = step
        ahead, behind = (np.sum(weights * case.reference(y_true, y_pred + s * move)) for s in (1, -1))
        # The third derivative times step**2, and rounding divided by step: both about 1e-10 of the values.
        assert gradient[place] == pytest.approx((ahead - behind) / (2 * step), rel=1e-6, abs=1e-7)


def aligned(weights: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.reshape(weights, weights.shape + (1,) * (len(shape) - weights.ndim)), shape)


def test_reductions_weights_and_masks(backend: Backend) -> None:
    """Errors of shape (2, 3): every reduction, every shape of weights, with and without a mask."""
    y_true, y_pred = RNG.normal(size=(2, 3, 2)), RNG.normal(size=(2, 3, 2))
    values = np.mean((y_true - y_pred) ** 2, -1)
    mask = np.array([[True, False, True], [True, True, False]])
    shapes = ((2,), (2, 1), (2, 3), (2, 3, 1), (), (3,))
    weights = [None, *(RNG.uniform(0.5, 2, size=shape) for shape in shapes), np.array([0.0, 0.0])]
    with using(backend):
        true, given_mask = ops.convert_to_tensor(y_true), ops.convert_to_tensor(mask)
        for masked, weight in itertools.product((False, True), weights):
            predicted = ops.convert_to_tensor(y_pred.copy())
            if masked:
                set_mask(predicted, given_mask)
            w = np.ones((2, 3)) if weight is None else weight[..., 0] if weight.ndim == 3 else weight
            w = np.broadcast_to(w, (2, 3)) if w.shape == (3,) else aligned(w, (2, 3))
            counted = mask if masked else np.ones((2, 3), bool)
            w = w * counted
            total = np.sum(values * w)
            expected = {
                None: values * w,
                "none": values * w,
                "sum": total,
                "sum_over_batch_size": total / np.sum(counted),
                "mean": total / np.sum(counted),
                "mean_with_sample_weight": total / np.sum(w) if np.sum(w) else 0.0,
            }
            for reduction, wanted in expected.items():
                found = losses.MeanSquaredError(reduction, dtype="float64")(true, predicted, weight)
                assert_allclose(convert_to_numpy(found), wanted, rtol=1e-13, err_msg=str(reduction))


def test_ignored_classes_are_left_out_of_the_mean(backend: Backend) -> None:
    y_true, y_pred = np.array([0, 255, 1], "uint8"), softmax(RNG.normal(size=(3, 2)))
    with using(backend):
        found = losses.SparseCategoricalCrossentropy(ignore_class=255, dtype="float64")(y_true, y_pred)
        each = losses.sparse_categorical_crossentropy(y_true, y_pred, ignore_class=255)
    assert ops.convert_to_numpy(each)[1] == 0
    assert float(found) == pytest.approx(-(np.log(y_pred[0, 0]) + np.log(y_pred[2, 1])) / 2, rel=1e-12)


def test_structures_of_outputs(backend: Backend) -> None:
    class Both(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ops.abs(y_true["a"] - y_pred["a"]) + ops.square(y_true["b"][0] - y_pred["b"][0])

    with using(backend):
        y_true = {"a": ops.convert_to_tensor([1.0, 2.0]), "b": [np.array([1, 2])]}
        found = Both(dtype="float64")(y_true, {"a": np.array([2.0, 4.0]), "b": [np.array([1.0, 5.0])]})
        assert float(found) == (1.0 + 2.0 + 9.0) / 2
        assert backend.dtype(found) == "float64"


def test_large_logits_keep_their_values_and_gradients(backend: Backend) -> None:
    """Where probabilities would be 0 or 1, the cross entropy of logits is the logit."""
    with using(backend):
        for cls, y_true, y_pred, size in (
            (losses.BinaryFocalCrossentropy, [[1.0]], [[-60.0]], 60.0),
            (losses.CategoricalFocalCrossentropy, [[1.0, 0.0]], [[-60.0, 0.0]], 15.0),
        ):
            loss = cls(from_logits=True, dtype="float64")
            given = ops.convert_to_tensor(np.array(y_pred))
            value, gradient = compile(ops.value_and_grad(functools.partial(loss, y_true)))(given)
            assert float(value) == pytest.approx(size, rel=1e-12)
            assert float(gradient[0, 0]) == pytest.approx(-size / 60, rel=1e-12)


def test_small_errors_keep_their_digits(backend: Backend) -> None:
    with using(backend):
        found = losses.log_cosh(np.zeros((1, 1), "float32"), np.full((1, 1), 1e-3, "float32"))
    assert float(found[0]) == pytest.approx(5e-7, rel=1e-5)  # x**2 / 2 - x**4 / 12, in float32


def test_what_has_no_weight_does_not_count_even_if_infinite(backend: Backend) -> None:
    with using(backend):
        found = losses.CTC()([[1, 1, 1], [1, 0, 0]], np.zeros((2, 2, 2), "float32"), sample_weight=[0.0, 1.0])
    assert float(found) == pytest.approx(-np.log(3 / 4) / 2, rel=1e-5)  # "1", " 1" and "11" of four paths
