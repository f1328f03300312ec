"""Losses and metrics: configurations and numbers that Keras recorded, what users write themselves, and mistakes."""

from __future__ import annotations

import gc
import inspect
import json
import subprocess
import sys
import types
import warnings
from pathlib import Path

import numpy as np
import pytest
from recorded_inputs import inputs_of, weights_of

import polykeras
from polykeras import Variable, losses, metrics, ops
from polykeras.errors import ArgumentError, SerializationError, ShapeError, StateError
from polykeras.metrics.confusion import sums_by_group
from polykeras.registry import register_keras_serializable
from polykeras.state import reset_names

RECORDED = json.loads((Path(__file__).parent / "recorded_scores.json").read_text())
CASES = [(kind, *record) for kind, records in RECORDED.items() for record in records]
IDS = [f"{kind}-{name}-{i}" for i, (kind, name, *_) in enumerate(CASES)]
NAMESPACES = {"losses": losses, "metrics": metrics}


def plain(data):
    return json.loads(json.dumps(data, default=list))


@pytest.mark.parametrize(("kind", "name", "arguments", "config", "value"), CASES, ids=IDS)
def test_configurations_and_numbers_are_those_of_keras(kind, name, arguments, config, value):
    space, dtype = NAMESPACES[kind], "int32" if "IoU" in name else "float64"
    reset_names()
    made = getattr(space, name)(**arguments) if kind == "losses" else getattr(space, name)(dtype=dtype, **arguments)
    assert plain(made.get_config()) == config
    data = json.loads(json.dumps(space.serialize(made), default=list))
    assert data["module"] == f"keras.{kind}"
    again = space.deserialize(data)
    assert type(again) is type(made)
    assert plain(again.get_config()) == config
    if value is None:  # Keras refuses more classes than there are
        return
    made = getattr(space, name)(**{**arguments, "dtype": "float64"})
    found = made(*inputs_of(kind, name, arguments), sample_weight=weights_of(name, arguments))
    # Keras adds an epsilon of 1e-7 to some divisors, and computes some means in float32.
    np.testing.assert_allclose(found, value, rtol=1e-6, atol=1e-7)
    assert found.dtype == "float64"


def test_every_class_is_recorded():
    for kind, space in NAMESPACES.items():
        classes = {name for name in space.__all__ if isinstance(getattr(space, name), type)}
        assert classes - {name for name, *_ in RECORDED[kind]} <= {"Loss", "Metric", "MeanMetricWrapper"}


@pytest.mark.parametrize("space", NAMESPACES.values(), ids=NAMESPACES)
def test_names_stand_for_losses_and_metrics(space):
    for name in space.__all__:
        found = getattr(space, name)
        needs_nothing = all(
            p.default is not p.empty or p.kind is p.VAR_KEYWORD for p in inspect.signature(found).parameters.values()
        )
        if isinstance(found, type) and needs_nothing:
            assert type(space.get(name)) is found
    assert space.get(None) is None
    assert space.get(len) is len


def test_short_names():
    assert losses.get("mse") is losses.get("MSE") is losses.mean_squared_error
    assert losses.deserialize(losses.serialize(losses.huber)) is losses.huber
    assert losses.serialize(losses.huber)["config"] == "huber"
    assert type(metrics.get("MAE")) is type(metrics.get("mean_absolute_error")) is metrics.MeanAbsoluteError
    assert type(metrics.get("accuracy")) is metrics.Accuracy


def test_arguments_that_keras_forgets_come_back():
    for made, name, value in (
        (losses.Huber(delta=0.5), "delta", 0.5),
        (losses.CosineSimilarity(axis=0), "axis", 0),
        (losses.SparseCategoricalCrossentropy(axis=1), "axis", 1),
        (losses.MeanSquaredError(dtype="float64"), "dtype", "float64"),
        (metrics.CosineSimilarity(axis=0), "axis", 0),
    ):
        assert getattr(type(made).from_config(made.get_config()), name) == value


@register_keras_serializable("tests")
def distance(y_true, y_pred, power=1):
    return ops.abs(y_true - y_pred) ** power


def test_functions_of_the_users_become_losses_and_metrics():
    metric = metrics.MeanMetricWrapper(distance, name="distance", power=2)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert again.get_config() == metric.get_config()
    assert float(again([1.0, 2.0], [1.0, 4.0])) == 2.0
    loss = losses.LossFunctionWrapper(distance, power=3)
    again = losses.deserialize({"class_name": "LossFunctionWrapper", "config": plain(loss.get_config())})
    assert float(again([1.0, 2.0], [1.0, 4.0])) == 4.0


class Policy:
    name = "mixed_float16"
    compute_dtype = "float16"
    variable_dtype = "float32"


def test_dtypes_and_policies():
    for dtype, expected in (
        (None, "float32"),
        ("float64", "float64"),
        ("mixed_bfloat16", "bfloat16"),
        (Policy(), "float16"),
        (types.SimpleNamespace(name="float64"), "float64"),
        (np.float16, "float16"),
    ):
        assert losses.MeanSquaredError(dtype=dtype).dtype == metrics.Mean(dtype=dtype).dtype == expected
    polykeras.config.set_floatx("float64")
    try:
        assert losses.Loss().dtype == metrics.Precision().true_positives.dtype == "float64"
        assert metrics.Precision()([1, 0], [0.9, 0.1]).dtype == "float64"
    finally:
        polykeras.config.set_floatx("float32")


def test_lists_keep_all_digits():
    found = metrics.Mean(dtype="float64")([0.1, 0.3])
    assert float(found) == 0.2
    assert float(losses.MeanAbsoluteError(dtype="float64")([[0.1]], [[0.4]])) == abs(0.1 - 0.4)


def test_class_numbers_beyond_the_floats_are_kept():
    """bfloat16 has no 257."""
    y_pred = np.zeros((1, 300), "float32")
    y_pred[0, 257] = 20.0
    loss = losses.SparseCategoricalCrossentropy(from_logits=True, dtype="bfloat16")
    assert float(loss(np.array([257]), y_pred)) < 1e-3


class Spread(metrics.Metric):
    """The difference between two metrics, one of them in a list."""

    def __init__(self, name=None):
        super().__init__(name=name)
        self.updates = Variable(0.0, trainable=False)
        self.parts = [metrics.Mean(), {"sum": metrics.Sum()}]
        self.kept = self.add_weight(shape=(2,), name="kept")

    def update_state(self, values):
        self.updates.assign_add(1)
        self.kept.assign([1.0, 2.0])
        self.parts[0].update_state(values)
        self.parts[1]["sum"].update_state(values)

    def result(self):
        return {"mean": self.parts[0].result(), "sum": self.parts[1]["sum"].result()}


def test_metrics_within_metrics_are_found():
    metric = Spread(name="a/b")
    assert [v.name for v in metric.variables[2:]] == ["total", "count", "total"]
    assert metric.kept.path == "a>b/kept"
    assert not any(variable.trainable for variable in metric.variables)
    assert {key: float(value) for key, value in metric([1.0, 3.0]).items()} == {"mean": 2.0, "sum": 4.0}
    assert [v.numpy().tolist() for v in metric.variables] == [[1.0, 2.0], 1.0, 4.0, 2.0, 4.0]
    metric.reset_state()
    assert [v.numpy().tolist() for v in metric.variables] == [[0.0, 0.0], 0.0, 0.0, 0.0, 0.0]
    with pytest.raises(StateError, match=r"each of its 5 variables .*total.* got 1"):
        metric.stateless_result([1.0])


def test_initializers_by_name():
    pytest.importorskip("polykeras.initializers")
    assert metrics.Metric().add_variable((2,), "ones").numpy().tolist() == [1.0, 1.0]


def test_a_scalar_weight_counts_for_every_sample():
    """Batches of two and of one: Keras gives both the same weight."""
    metric = metrics.Mean()
    metric.update_state([1.0, 3.0], sample_weight=1.0)
    assert float(metric([8.0], sample_weight=1.0)) == 4.0


def test_weights_of_samples_belong_to_the_first_axis():
    """Two sequences of two steps, of which the second sequence does not count."""
    y_true, y_pred = np.zeros((2, 2, 1)), np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    found = losses.MeanSquaredError("sum")(y_true, y_pred, [1.0, 0.0])
    assert float(found) == 5.0
    assert float(metrics.MeanSquaredError()(y_true, y_pred, [1.0, 0.0])) == 2.5


def test_masks_go_when_their_arrays_go():
    from polykeras import masks

    before = len(masks._masks)
    value = losses.SparseCategoricalCrossentropy(ignore_class=0)([1, 0], [[0.75, 0.25], [0.5, 0.5]])
    assert float(value) == pytest.approx(-np.log(0.25))
    gc.collect()
    assert len(masks._masks) == before


def test_constants_are_explained_when_they_are_predicted():
    exact, wrong, nothing = metrics.R2Score(), metrics.R2Score(), metrics.R2Score()
    assert float(exact([[0.1], [0.1], [0.1]], [[0.1], [0.1], [0.1]])) == 1.0
    assert float(wrong([[0.1], [0.1], [0.1]], [[0.2], [0.1], [0.1]])) == 0.0
    assert float(nothing.result()) == 0.0


def test_many_predictions_are_counted():
    """2**24 + 2 of one kind, where float32 stops counting one by one."""
    number = 2**24 + 2
    assert sums_by_group(np.zeros(number, "int32"), None, 1, "float32").tolist() == [number]


def test_one_class_is_worth_a_warning():
    with pytest.warns(SyntaxWarning, match="binary_crossentropy"):
        losses.categorical_crossentropy([[1.0]], [[0.5]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses.categorical_crossentropy([[1.0], [0.0]], [[0.5], [0.5]], axis=0)


def call(cls, *args, **kwargs):
    return lambda: cls(**kwargs)(*args)


ZEROS = np.zeros((2, 3))
MISTAKES = [
    (lambda: losses.get("msee"), SerializationError, "unknown loss 'msee'; names like it are mse"),
    (lambda: metrics.get("acuracy"), SerializationError, "unknown metric 'acuracy'; names like it are accuracy"),
    (lambda: metrics.get(3), SerializationError, "expected metric: its name"),
    (lambda: losses.Loss(reduction="average"), ArgumentError, "reduction to be one of .*; got 'average'"),
    (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.0), ArgumentError, "q between 0 and 1; got 1.0"),
    (lambda: losses.categorical_crossentropy(ZEROS, ZEROS, axis=True), ArgumentError, "axis to be a whole number"),
    (
        lambda: losses.mean_squared_error(ZEROS, ZEROS[:, :2]),
        ShapeError,
        r"error: .*\(2, 3\) and \(2, 2\)",
    ),
    (call(losses.Dice, {"a": [1.0]}, {"a": [1.0], "b": [1.0]}), ArgumentError, "same structure; got 1 and 2"),
    (call(losses.SparseCategoricalCrossentropy, [1, 2, 0], ZEROS), ShapeError, "a class for each prediction"),
    (call(losses.CTC, [1, 2], ZEROS), ShapeError, "target of shape"),
    (call(losses.Circle, [1, 2, 3], ZEROS), ShapeError, r"circle: .*\(batch,\) and \(batch, size\); got \(3,\)"),
    (call(losses.MeanSquaredError, ZEROS, ZEROS, [1.0] * 3), ShapeError, "sample_weight: expected weights and values"),
    (call(losses.Loss, [1.0], [1.0]), NotImplementedError, "no method `call`"),
    (call(metrics.Mean, [1.0, 2.0], [1.0, 2.0, 3.0]), ShapeError, "sample_weight: expected weights and values"),
    (call(metrics.Mean, [1.0], [[1.0], [2.0]]), ShapeError, "sample_weight: expected weights for values"),
    (call(metrics.SparseCategoricalAccuracy, [1, 2, 0], ZEROS), ShapeError, "a class for each prediction"),
    (call(metrics.Precision, [1, 0], [[0.1, 0.2]]), ShapeError, "Precision: expected y_true and y_pred of one shape"),
    (call(metrics.Precision, ZEROS, ZEROS, class_id=3), ShapeError, "with a class 3; got"),
    (lambda: metrics.Precision(thresholds=[0.5, 1.5]), ArgumentError, r"thresholds from 0 to 1; got \[1.5\]"),
    (lambda: metrics.AUC(thresholds=[-0.1]), ArgumentError, "AUC: expected thresholds from 0 to 1"),
    (lambda: metrics.AUC(curve="round"), ArgumentError, "curve to be one of ROC, PR, PRGAIN"),
    (lambda: metrics.AUC(num_thresholds=1), ArgumentError, "num_thresholds to be a number from 2 up"),
    (lambda: metrics.AUC(num_labels=2), ArgumentError, "multi_label=True"),
    (call(metrics.AUC, ZEROS, ZEROS, multi_label=True, label_weights=[1.0]), ShapeError, "as many labels"),
    (lambda: metrics.RecallAtPrecision(1.5), ArgumentError, "precision from 0 to 1; got 1.5"),
    (lambda: metrics.PrecisionAtRecall(0.5, num_thresholds=0), ArgumentError, "num_thresholds to be a number"),
    (lambda: metrics.MeanIoU(None), ArgumentError, "num_classes to be a whole number from 1 up; got None"),
    (lambda: metrics.IoU(2, [2]), ArgumentError, "target_class_ids to be numbers from 0 to 1"),
    (lambda: metrics.F1Score(average="mean"), ArgumentError, "average to be one of"),
    (lambda: metrics.FBetaScore(beta=0.0), ArgumentError, "beta to be a number above 0"),
    (lambda: metrics.F1Score(threshold=1.5), ArgumentError, "threshold to be a number above 0"),
    (call(metrics.F1Score, [1.0], [1.0]), ShapeError, "F1Score: expected y_true and y_pred of one shape"),
    (lambda: metrics.R2Score("mean"), ArgumentError, "class_aggregation to be one of"),
    (lambda: metrics.R2Score(num_regressors=-1), ArgumentError, "num_regressors to be a number from 0 up"),
    (lambda: metrics.TopKCategoricalAccuracy(k=0), ArgumentError, "k to be a whole number from 1 up; got 0"),
    (lambda: metrics.Metric().result(), NotImplementedError, "no method `result`"),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_mistakes_are_explained(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


def test_a_metric_whose_init_forgets_its_base_says_so():
    class Forgetful(metrics.Metric):
        def __init__(self):
            self.total = self.add_variable((), "zeros")

    with pytest.raises(StateError, match=r"Forgetful: its __init__ has to call super"):
        Forgetful()


def test_the_rooms_are_loaded_when_they_are_used():
    code = (
        "import sys, polykeras; assert 'polykeras.losses' not in sys.modules; polykeras.Loss; "
        "assert 'polykeras.metrics' not in sys.modules; polykeras.Metric; "
        "assert not {'torch', 'jax', 'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
