"""Every metric, on a backend: batches add up to what the formula gives for all of them, as it is and compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from polykeras import losses, metrics, ops
from polykeras.backend import Backend, using
from polykeras.compilation import compile
from polykeras.errors import StateError
from polykeras.masks import set_mask
from polykeras.ops import convert_to_numpy

from .ledger import assert_allclose
from .test_losses import binary_entropy, dice, divergence, share, sigmoid, smooth, softmax

pytestmark = pytest.mark.level("losses")

EPSILON = 1e-7
RNG = np.random.default_rng(0)
SAMPLES, CLASSES = 6, 3


# References: functions of what is true, what is predicted, and weights of samples ---------------------------


def mean(function: Callable[..., np.ndarray]) -> Callable[..., Any]:
    """The weighted mean over samples of the mean of what a function gives for each."""

    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        values = function(t, p)
        return np.average(values.reshape(len(values), -1).mean(-1), weights=w)

    return reference


def counts(t: np.ndarray, p: np.ndarray, w: np.ndarray, threshold: float) -> np.ndarray:
    """True positives, false positives, true negatives, false negatives, counted one by one."""
    found = np.zeros(4)
    for true, predicted, weight in zip(np.ravel(t), np.ravel(p), np.ravel(w), strict=True):
        yes = predicted > threshold
        found[(0 if true else 1) if yes else (3 if true else 2)] += weight
    return found


def all_counts(t: np.ndarray, p: np.ndarray, w: np.ndarray, thresholds: Any) -> np.ndarray:
    w = np.broadcast_to(w.reshape(-1, *(1,) * (p.ndim - 1)), p.shape)
    return np.transpose([counts(t, p, w, threshold) for threshold in thresholds])


def ratio(a: Any, b: Any) -> Any:
    return np.divide(a, b, out=np.zeros(np.broadcast(a, b).shape), where=np.asarray(b) != 0)


def condition(kind: int, thresholds: Any) -> Callable[..., Any]:
    return lambda t, p, w: np.squeeze(all_counts(t, p, w, thresholds)[kind])


def share_of(kinds: tuple[int, int], thresholds: Any, pick: Any = lambda t, p: (t, p)) -> Callable[..., Any]:
    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        t, p = pick(t, p)
        found = all_counts(t, p, w, thresholds)
        return np.squeeze(ratio(found[kinds[0]], found[kinds[0]] + found[kinds[1]]))

    return reference


def of_class(t: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return t[:, 1], p[:, 1]


def of_top_two(t: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return t, np.where(p >= np.sort(p, -1)[:, 1:2], p, -1)


def operating_point(wanted: tuple[int, int], required: tuple[int, int], least: float) -> Callable[..., Any]:
    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        found = all_counts(t, p, w, np.linspace(0, 1, 20))
        best, enough = (ratio(found[a], found[a] + found[b]) for a, b in (wanted, required))
        return max([0.0, *best[enough >= least]])

    return reference


def area(t: np.ndarray, p: np.ndarray, w: np.ndarray, curve: str, method: str, inner: Any) -> float:
    tp, fp, tn, fn = all_counts(t, p, w, [-EPSILON, *inner, 1 + EPSILON])
    recall, precision = ratio(tp, tp + fn), ratio(tp, tp + fp)
    if curve == "PR" and method == "interpolation":
        return sum(
            (tp[i] - tp[i + 1]) / (tp[i] + fp[i] - tp[i + 1] - fp[i + 1]) * step / (tp[i + 1] + fn[i + 1])
            for i, step in enumerate(precision_steps(tp, fp))
            if tp[i] + fp[i] > tp[i + 1] + fp[i + 1]
        )
    x, y = (ratio(fp, fp + tn), recall) if curve == "ROC" else (recall, precision)
    if curve == "PRGAIN":
        odds = (tp + fn) / (tn + fp)
        x = np.maximum(np.where(tp, 1 - odds * ratio(fn, tp), 0), 0)
        y = np.where(tp, 1 - odds * ratio(fp, tp), 1)
    height = {"interpolation": np.mean, "minoring": np.min, "majoring": np.max}[method]
    return sum((x[i] - x[i + 1]) * height(y[i : i + 2]) for i in range(len(x) - 1))


def precision_steps(tp: np.ndarray, fp: np.ndarray) -> list[float]:
    """For each pair of thresholds the integral of precision over true positives, up to the slope."""
    found = []
    for i in range(len(tp) - 1):
        more, all_before, all_after = tp[i] - tp[i + 1], tp[i] + fp[i], tp[i + 1] + fp[i + 1]
        slope = more / (all_before - all_after) if all_before > all_after else 0
        growth = np.log(all_before / all_after) if all_before > 0 and all_after > 0 else 0
        found.append(more + (tp[i + 1] - slope * all_after) * growth)
    return found


def auc(curve: str, method: str, inner: Any, columns: Any = None) -> Callable[..., Any]:
    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        if columns is None:
            return area(t, p, w, curve, method, inner)
        return np.average([area(t[:, i], p[:, i], w, curve, method, inner) for i in range(CLASSES)], weights=columns)

    return reference


def f_score(average: str | None, beta: float, decide: Callable[[np.ndarray], np.ndarray]) -> Callable[..., Any]:
    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        yes, w = decide(p), np.broadcast_to(w[:, None], p.shape)
        axis = None if average == "micro" else 0
        right, wrong, missed = (np.sum(w * x, axis) for x in (t * yes, (1 - t) * yes, t * (1 - yes)))
        precision, recall = ratio(right, right + wrong), ratio(right, right + missed)
        scores = ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall)
        weights = np.sum(w * t, 0) if average == "weighted" else None
        return scores if average is None else np.average(scores, weights=weights)

    return reference


def r2(aggregation: str | None, regressors: int = 0) -> Callable[..., Any]:
    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        center = np.average(t, 0, w)
        total, residual = (w @ (t - x) ** 2 for x in (center, p))
        score = 1 - residual / total
        if aggregation is not None:
            score = np.average(score, weights=None if aggregation == "uniform_average" else total)
        return 1 - (1 - score) * (len(t) - 1) / (len(t) - regressors - 1)

    return reference


def iou(targets: Any, true: Any, predicted: Any, ignored: Any = None) -> Callable[..., Any]:
    def reference(t: np.ndarray, p: np.ndarray, w: np.ndarray) -> Any:
        t, p = true(t), predicted(p)
        w = np.where(t == ignored, 0, np.broadcast_to(w.reshape(-1, *(1,) * (t.ndim - 1)), t.shape))
        found = [
            np.sum(w * ((t == c) & (p == c))) / np.sum(w * ((t == c) | (p == c)))
            for c in targets
            if np.sum(w * ((t == c) | (p == c)))
        ]
        return np.mean(found)

    return reference


def correlation(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(t, p, strict=True)])


def concordance(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    spread = t.var(-1) + p.var(-1) + (t.mean(-1) - p.mean(-1)) ** 2
    return 2 * correlation(t, p) * t.std(-1) * p.std(-1) / spread


def in_top(k: int) -> Callable[..., np.ndarray]:
    def function(t: np.ndarray, p: np.ndarray) -> np.ndarray:
        return np.array([float(c in np.argsort(-row)[:k]) for c, row in zip(t, p, strict=True)])

    return function


def chosen(t: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.take_along_axis(p, t[:, None], 1)[:, 0]


def greatest(x: np.ndarray) -> np.ndarray:
    return np.argmax(x, -1)


def itself(x: np.ndarray) -> np.ndarray:
    return x


# Inputs, and the metrics that are tried with them -----------------------------------------------------------


def one_hot(x: np.ndarray) -> np.ndarray:
    return np.eye(CLASSES)[x]


NUMBERS = RNG.uniform(0.5, 2, size=(2, 2, SAMPLES, CLASSES))
YES = RNG.integers(0, 2, size=(2, SAMPLES, CLASSES))
CHOSEN = RNG.integers(0, CLASSES, size=(2, SAMPLES))
PROBABILITIES = RNG.uniform(size=(2, SAMPLES, CLASSES))
PROBABILITIES[:, :2] = [[0.5, 0.2, 0.4], [0.3, 0.6, 0.1]]  # what equals a threshold does not exceed it
LOGITS = RNG.normal(size=(2, SAMPLES, CLASSES)) * 2
INPUTS = {
    "numbers": (NUMBERS[0], NUMBERS[1]),
    "yes or no": (YES, PROBABILITIES),
    "yes or no, logits": (YES, LOGITS),
    "classes": (one_hot(CHOSEN), softmax(LOGITS)),
    "classes, logits": (one_hot(CHOSEN), LOGITS),
    "class numbers": (CHOSEN, softmax(LOGITS)),
    "two class numbers": (YES, RNG.integers(0, 2, size=YES.shape)),
}
WEIGHTS = RNG.uniform(0.5, 2, size=(2, SAMPLES))


class Case(NamedTuple):
    """A metric with its arguments, and what it is for all samples."""

    cls: Any
    arguments: dict[str, Any]
    reference: Callable[..., Any]


def area_cases(inner: dict[str, Any], thresholds: Any) -> list[Case]:
    pairs = [
        *(("ROC", "interpolation"), ("ROC", "minoring"), ("PR", "interpolation")),
        *(("PR", "majoring"), ("PRGAIN", "interpolation")),
    ]
    return [Case(metrics.AUC, {"curve": c, "summation_method": m, **inner}, auc(c, m, thresholds)) for c, m in pairs]


EVEN = np.linspace(0, 1, 20)[1:-1]
CASES = {
    "numbers": [
        Case(metrics.MeanSquaredError, {}, mean(lambda t, p: (t - p) ** 2)),
        Case(metrics.RootMeanSquaredError, {}, lambda t, p, w: np.sqrt(mean(lambda t, p: (t - p) ** 2)(t, p, w))),
        Case(metrics.MeanAbsoluteError, {}, mean(lambda t, p: np.abs(t - p))),
        Case(metrics.MeanAbsolutePercentageError, {}, mean(lambda t, p: 100 * np.abs(t - p) / t)),
        Case(metrics.MeanSquaredLogarithmicError, {}, mean(lambda t, p: np.log((1 + t) / (1 + p)) ** 2)),
        Case(metrics.LogCoshError, {}, mean(lambda t, p: np.log(np.cosh(t - p)))),
        Case(
            metrics.CosineSimilarity,
            {},
            mean(lambda t, p: np.sum(t * p, 1) / np.linalg.norm(t, axis=1) / np.linalg.norm(p, axis=1)),
        ),
        Case(metrics.Poisson, {}, mean(lambda t, p: p - t * np.log(p + EPSILON))),
        Case(metrics.PearsonCorrelation, {}, mean(correlation)),
        Case(metrics.ConcordanceCorrelation, {}, mean(concordance)),
        Case(metrics.R2Score, {}, r2("uniform_average")),
        Case(metrics.R2Score, {"class_aggregation": "variance_weighted_average"}, r2("variance_weighted_average")),
        Case(metrics.R2Score, {"class_aggregation": None, "num_regressors": 3}, r2(None, 3)),
        Case(
            metrics.MeanMetricWrapper,
            {"fn": losses.huber, "delta": 0.1},
            mean(lambda t, p: np.where(np.abs(t - p) <= 0.1, (t - p) ** 2 / 2, 0.1 * (np.abs(t - p) - 0.05))),
        ),
    ],
    "yes or no": [
        Case(metrics.BinaryAccuracy, {"threshold": 0.3}, mean(lambda t, p: (p > 0.3) == t)),
        Case(metrics.BinaryCrossentropy, {}, mean(binary_entropy)),
        Case(metrics.MeanMetricWrapper, {"fn": losses.dice, "axis": -1}, mean(dice)),
        Case(metrics.TruePositives, {}, condition(0, [0.5])),
        Case(metrics.FalsePositives, {"thresholds": 0.2}, condition(1, [0.2])),
        Case(metrics.TrueNegatives, {"thresholds": [0.9, 0.1, 0.4]}, condition(2, [0.9, 0.1, 0.4])),
        Case(metrics.FalseNegatives, {"thresholds": [0.0, 0.5, 1.0]}, condition(3, [0.0, 0.5, 1.0])),
        Case(metrics.Precision, {}, share_of((0, 1), [0.5])),
        Case(metrics.Precision, {"class_id": 1, "thresholds": [0.2, 0.6]}, share_of((0, 1), [0.2, 0.6], of_class)),
        Case(metrics.Recall, {"top_k": 2}, share_of((0, 3), [-0.5], of_top_two)),
        Case(metrics.Recall, {"top_k": 2, "thresholds": [0.4]}, share_of((0, 3), [0.4], of_top_two)),
        Case(
            metrics.SensitivityAtSpecificity,
            {"specificity": 0.6, "num_thresholds": 20},
            operating_point((0, 3), (2, 1), 0.6),
        ),
        Case(
            metrics.SpecificityAtSensitivity,
            {"sensitivity": 0.6, "num_thresholds": 20},
            operating_point((2, 1), (0, 3), 0.6),
        ),
        Case(metrics.PrecisionAtRecall, {"recall": 0.6, "num_thresholds": 20}, operating_point((0, 1), (0, 3), 0.6)),
        Case(metrics.RecallAtPrecision, {"precision": 0.5, "num_thresholds": 20}, operating_point((0, 3), (0, 1), 0.5)),
        *area_cases({"num_thresholds": 20}, EVEN),
        Case(metrics.AUC, {"thresholds": [0.7, 0.2]}, auc("ROC", "interpolation", [0.2, 0.7])),
        Case(
            metrics.AUC,
            {"num_thresholds": 20, "multi_label": True, "curve": "PR"},
            auc("PR", "interpolation", EVEN, [1, 1, 1]),
        ),
        Case(
            metrics.AUC,
            {"num_thresholds": 20, "multi_label": True, "num_labels": 3, "label_weights": [1, 2, 5]},
            auc("ROC", "interpolation", EVEN, [1, 2, 5]),
        ),
        Case(metrics.FBetaScore, {"beta": 2.0, "threshold": 0.4}, f_score(None, 2.0, lambda p: p > 0.4)),
        Case(metrics.F1Score, {"average": "micro", "threshold": 0.4}, f_score("micro", 1.0, lambda p: p > 0.4)),
        Case(metrics.BinaryIoU, {"threshold": 0.3, "dtype": "float64"}, iou([0, 1], itself, lambda p: p >= 0.3)),
    ],
    "yes or no, logits": [
        Case(
            metrics.BinaryCrossentropy,
            {"from_logits": True, "label_smoothing": 0.2},
            mean(lambda t, p: binary_entropy(0.8 * t + 0.1, sigmoid(p))),
        ),
        Case(metrics.Hinge, {}, mean(lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0))),
        Case(metrics.SquaredHinge, {}, mean(lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0) ** 2)),
        Case(
            metrics.AUC,
            {"from_logits": True, "num_thresholds": 20},
            lambda t, p, w: area(t, sigmoid(p), w, "ROC", "interpolation", EVEN),
        ),
    ],
    "classes": [
        Case(metrics.KLDivergence, {}, mean(divergence)),
        Case(
            metrics.CategoricalCrossentropy,
            {"label_smoothing": 0.1},
            mean(lambda t, p: -np.sum(smooth(t, 0.1) * np.log(share(p)), -1)),
        ),
        Case(
            metrics.CategoricalHinge,
            {},
            mean(lambda t, p: np.maximum(0, 1 + np.max((1 - t) * p, 1) - np.sum(t * p, 1))),
        ),
        Case(metrics.CategoricalAccuracy, {}, mean(lambda t, p: greatest(t) == greatest(p))),
        Case(metrics.TopKCategoricalAccuracy, {"k": 2}, mean(lambda t, p: in_top(2)(greatest(t), p))),
        Case(metrics.F1Score, {"average": "macro"}, f_score("macro", 1.0, lambda p: one_hot(greatest(p)))),
        Case(metrics.F1Score, {"average": "weighted"}, f_score("weighted", 1.0, lambda p: one_hot(greatest(p)))),
        Case(metrics.OneHotIoU, {"num_classes": 3, "target_class_ids": [0, 2]}, iou([0, 2], greatest, greatest)),
        Case(metrics.OneHotMeanIoU, {"num_classes": 3}, iou([0, 1, 2], greatest, greatest)),
    ],
    "classes, logits": [
        Case(
            metrics.CategoricalCrossentropy,
            {"from_logits": True},
            mean(lambda t, p: -np.sum(t * np.log(softmax(p)), -1)),
        ),
    ],
    "class numbers": [
        Case(metrics.SparseCategoricalCrossentropy, {}, mean(lambda t, p: -np.log(chosen(t, p)))),
        Case(
            metrics.SparseCategoricalCrossentropy,
            {"ignore_class": 1},
            lambda t, p, w: np.average(-np.log(chosen(t, p)), weights=w * (t != 1)),
        ),
        Case(metrics.SparseCategoricalAccuracy, {}, mean(lambda t, p: t == greatest(p))),
        Case(metrics.SparseTopKCategoricalAccuracy, {"k": 2}, mean(in_top(2))),
        Case(
            metrics.MeanIoU,
            {"num_classes": 3, "sparse_y_pred": False, "ignore_class": 0},
            iou([0, 1, 2], itself, greatest, 0),
        ),
    ],
    "two class numbers": [
        Case(metrics.Accuracy, {}, mean(lambda t, p: t == p)),
        Case(metrics.IoU, {"num_classes": 2, "target_class_ids": [1]}, iou([1], itself, itself)),
    ],
}


def made(kind: str) -> list[Any]:
    return [case.cls(**{"dtype": "float64", **case.arguments}) for case in CASES[kind]]


def update(found: list[Any], *batch: Any) -> None:
    for metric in found:
        metric.update_state(*batch)


def results_of(found: list[Any]) -> list[Any]:
    return [metric.result() for metric in found]


def check(kind: str, results: list[Any], weights: np.ndarray | None) -> None:
    t, p = (x.reshape(-1, *x.shape[2:]) for x in INPUTS[kind])
    w = np.ones(len(t)) if weights is None else np.ravel(weights)
    for result, case in zip(map(convert_to_numpy, results), CASES[kind], strict=True):
        assert result.dtype == np.dtype("float64"), case
        # Sums of a few dozen numbers, in another order; what the areas subtract is not much larger than the result.
        expected = case.reference(t, p, w)
        assert_allclose(result, expected, rtol=1e-11, atol=1e-13, err_msg=str(case))


@pytest.mark.parametrize("kind", CASES)
def test_batches_add_up(kind: str, backend: Backend) -> None:
    """Two batches, then a reset and two batches with weights; all metrics of a kind are one compiled program."""
    with using(backend):
        batches = list(zip(*([ops.convert_to_tensor(x) for x in y] for y in INPUTS[kind]), strict=True))
        found = made(kind)
        for metric in found:
            metric.build(batches[0][0].shape, batches[0][1].shape)
        variables = [variable for metric in found for variable in metric.variables]
        step = compile(functools.partial(update, found), variables=variables)
        results = compile(functools.partial(results_of, found), variables=variables)
        for batch in batches:
            step(*batch)
        check(kind, results(), None)
        for metric in found:
            metric.reset_state()
        for batch, weights in zip(batches, WEIGHTS, strict=True):
            step(*batch, ops.convert_to_tensor(weights))
        check(kind, results(), WEIGHTS)


# Where every op of every shape is a program of its own, one kind is enough to see that it makes no difference.
@pytest.mark.parametrize("kind", CASES)
@pytest.mark.tries(of=lambda kind, backend: not backend.traces or kind == "two class numbers")
def test_batches_add_up_without_a_compiler(kind: str, backend: Backend) -> None:
    with using(backend):
        found = made(kind)
        for y_true, y_pred, weights in zip(*INPUTS[kind], WEIGHTS, strict=True):
            update(found, y_true, y_pred, weights)
        check(kind, results_of(found), WEIGHTS)
        state = [variable.value for variable in found[0].variables]
        once = found[0].stateless_update_state(found[0].stateless_reset_state(), y_true, y_pred, weights)
        twice = found[0].stateless_update_state(once, *(x[0] for x in INPUTS[kind]), WEIGHTS[0])
        expected, result = found[0].stateless_result(twice), found[0].result()
        assert_allclose(convert_to_numpy(expected), convert_to_numpy(result), rtol=1e-13)
        assert all(a is b.value for a, b in zip(state, found[0].variables, strict=True))


def test_masks_leave_out_what_they_leave_out(backend: Backend) -> None:
    y_true, y_pred = RNG.integers(0, 2, size=(2, 3)), RNG.uniform(size=(2, 3))
    mask, weights = np.array([[1, 0, 1], [1, 1, 0]], bool), np.array([0.5, 2.0])
    each = mask * weights[:, None]
    with using(backend):
        for cls, reference in (
            (metrics.Precision, ratio(np.sum(each * y_true * (y_pred > 0.5)), np.sum(each * (y_pred > 0.5)))),
            (metrics.RootMeanSquaredError, np.sqrt(np.average((y_true - y_pred) ** 2, weights=each))),
            (metrics.Sum, np.sum(each * y_pred)),
        ):
            predicted = ops.convert_to_tensor(y_pred.copy())
            set_mask(predicted, ops.convert_to_tensor(mask))
            given = (predicted,) if cls is metrics.Sum else (y_true, predicted)
            found = cls(dtype="float64")(*given, sample_weight=weights)
            assert float(found) == pytest.approx(float(reference), rel=1e-13)


def test_a_metric_lives_where_it_was_made(backend: Backend) -> None:
    with using(backend):
        metric, late = metrics.Mean(), metrics.F1Score()
    for made_here in (metric, late):
        if made_here is late:
            late.update_state([[1.0, 0.0]], [[0.9, 0.1]])
        assert {variable.home for variable in made_here.variables} == {backend}
    with using(backend):
        assert backend.dtype(metric([1.0, 3.0])) == "float32"


def test_half_precision_counts_on(backend: Backend) -> None:
    """float16 has no number between 2048 and 2050."""
    with using(backend):
        found = metrics.Mean(dtype="float16")
        for _ in range(2):
            found.update_state(np.ones(2047, "float16"))
        assert float(found.result()) == 1.0
        assert float(found.count) == 4094.0


def test_variance_is_explained_around_large_means(backend: Backend) -> None:
    """Sums of squares of numbers around 10,000 leave nothing of a variance of 1 in float32."""
    y_true = (1e4 + RNG.normal(size=(50, 1))).astype("float32")
    y_pred = (y_true + 0.5 * RNG.normal(size=(50, 1))).astype("float32")
    true, predicted = y_true.astype("float64"), y_pred.astype("float64")
    expected = 1 - np.sum((true - predicted) ** 2) / np.sum((true - true.mean()) ** 2)
    with using(backend):
        metric = metrics.R2Score()
        metric.update_state(y_true[:25], y_pred[:25])
        found = metric(y_true[25:], y_pred[25:])
    assert float(found) == pytest.approx(expected, abs=1e-3)  # float32 has steps of 1e-3 around 1e4


def test_metrics_with_late_variables_say_what_to_do(backend: Backend) -> None:
    with using(backend):
        metric = metrics.F1Score()
        step = compile(metric.update_state, variables=metric.variables)
        with pytest.raises(StateError, match="build"):
            step(np.eye(2), np.eye(2))
