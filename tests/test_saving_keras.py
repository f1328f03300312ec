"""Files in both directions between us and Keras: every layer, loss, metric and optimizer that both have."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import polykeras
from polykeras import Input, Model, Sequential, layers, losses, metrics, optimizers, saving, tree
from polykeras.conformance import layer_cases as layer_cases
from polykeras.conformance.layer_case import LAYERS

if not all(importlib.util.find_spec(name) for name in ("keras", "jax")):
    pytest.skip("Keras, which on NumPy needs JAX, too, is not installed", allow_module_level=True)

TRIALS = 3
SIDE = Path(__file__).parent / "keras_side.py"


def run_keras(folder, backend):
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, str(SIDE), str(folder)], env=environment, check=True, capture_output=True)
    return json.loads((folder / "reports.json").read_text())


def model_of(case, trial):
    """A model of one layer, and arrays for it; None for a trial that takes more than arrays."""
    layer = trial.configuration.make(case.name, "float32")
    args, call = case.arguments(trial, "float32")
    arrays = tree.flatten((args, call))
    if not arrays or not all(isinstance(x, np.ndarray) and x.ndim > 0 for x in arrays) or trial.masks:
        return None
    inputs = [Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in arrays]
    left = iter(inputs)
    args, call = tree.map_structure(lambda _: next(left), (args, call))
    outputs = layer(*args, **call)
    model = Model(inputs[0] if len(inputs) == 1 else inputs, outputs)
    for weight, value in zip(layer.weights, case.weights_for(layer), strict=True):
        weight.assign(value.astype(weight.dtype))
    return model, arrays


def layer_models():
    for name, case in LAYERS.items():
        count = 0
        for number, trial in enumerate(case.trials):
            made = model_of(case, trial) if count < TRIALS else None
            if made is not None:
                count += 1
                yield f"{name}-{number}", *made


def outputs_of(model, arrays):
    found = model(arrays[0] if len(arrays) == 1 else arrays, training=False)
    return [polykeras.ops.convert_to_numpy(x) for x in tree.flatten(found)]


@pytest.fixture(scope="module")
def exchanged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layers")
    wanted = {}
    with polykeras.using("numpy"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model, arrays in layer_models():
            model.save(folder / f"{name}.ours.keras")
            np.savez(folder / f"{name}.npz", **{f"{i:02d}": x for i, x in enumerate(arrays)})
            wanted[name] = (arrays, outputs_of(model, arrays), model.get_weights())
    return folder, wanted, run_keras(folder, "numpy")


NOT_IN_KERAS = {
    "AutoContrast-2": "Keras takes the last axis for that of channels, whatever the data format is",
    **dict.fromkeys(
        ["Equalization-0", "Equalization-1", "Equalization-2"],
        "in Keras its result on shapes is its input, of which no graph can be made",
    ),
    "GroupQueryAttention-0": "Keras has no queries and values of different sizes",
    "Lambda-0": "its function is registered here only",
    "RMSNormalization-2": "Keras cannot scale along another axis than the last",
    "Softmax-1": "Keras reads several axes as a list, which NumPy does not take",
}
"""Files that Keras cannot load or run, and why."""


def test_every_layer_goes_to_keras_and_back(exchanged):
    folder, wanted, reports = exchanged
    problems = {}
    for name, (arrays, outputs, weights) in wanted.items():
        if reports[name] != "fine":
            problems[name] = reports[name]
            continue
        theirs = np.load(folder / f"{name}.out.npz")
        try:
            for ours, key in zip(outputs, theirs.files, strict=True):
                # float32; sums in another order
                np.testing.assert_allclose(theirs[key], ours, rtol=2e-4, atol=2e-5)
            with polykeras.using("numpy"):
                back = saving.load_model(folder / f"{name}.theirs.keras")
                for a, b in zip(weights, back.get_weights(), strict=True):
                    np.testing.assert_array_equal(a, b)
                for a, b in zip(outputs, outputs_of(back, arrays), strict=True):
                    np.testing.assert_array_equal(a, b)
        except Exception as error:
            problems[name] = f"{type(error).__name__}: {error}"
    assert set(problems) == set(NOT_IN_KERAS), "\n\n".join(f"{k}: {v[-700:]}" for k, v in problems.items())


OPTIMIZERS = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "RMSprop",
    "SGD",
]  # not ScheduleFreeAdamW: on PyTorch Keras's step reads a momentum that it has written over already
OF_LABELS = {"Circle", "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"}


def compiled_models():
    """Models of two layers, each compiled with another optimizer, loss or metric."""
    for name in OPTIMIZERS:
        yield f"optimizer-{name}", {"optimizer": getattr(optimizers, name)(0.01), "loss": "mse"}
    scaled = optimizers.LossScaleOptimizer(optimizers.Adam(0.01), initial_scale=64.0, dynamic_growth_steps=3)
    yield "optimizer-LossScaleOptimizer", {"optimizer": scaled, "loss": "mse"}
    named = [getattr(losses, name) for name in losses.__all__]
    for cls in dict.fromkeys(c for c in named if isinstance(c, type) and issubclass(c, losses.Loss)):
        if cls is not losses.Loss:
            yield f"loss-{cls.__name__}", {"optimizer": optimizers.SGD(0.01, momentum=0.9), "loss": cls()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    random = np.random.default_rng(0)
    shares = random.uniform(0.1, 0.9, (8, 3)).astype("float32")
    labels = random.integers(0, 2, 8)
    rows = np.eye(2, dtype="float32")[labels]
    frames = random.normal(size=(8, 7, 3)).astype("float32")
    texts = random.integers(1, 4, (8, 3))  # class 0 is that of no letter
    wanted = {}
    with polykeras.using("numpy"):
        for name, arguments in compiled_models():
            polykeras.set_random_seed(1)
            y = labels if name.removeprefix("loss-") in OF_LABELS else rows
            model = Sequential([Input((3,)), layers.Dense(4, "tanh"), layers.Dense(2, "sigmoid")])
            if name == "loss-CTC":
                x, y = frames, texts
                model = Sequential([Input((7, 3)), layers.Dense(4, "tanh"), layers.Dense(4)])
            else:
                x = shares
            model.compile(**arguments)
            model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0)
            model.save(folder / f"{name}.ours.keras")
            np.savez(folder / f"{name}.npz", x)
            np.savez(folder / f"{name}.y.npz", y=y)
            model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0)
            wanted[name] = model.get_weights()
    return folder, wanted, run_keras(folder, "torch")


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="Keras trains on PyTorch here")
def test_training_goes_on_in_keras_to_the_same_numbers(trained):
    folder, wanted, reports = trained
    problems = {}
    for name, weights in wanted.items():
        if reports[name] != "fine":
            problems[name] = reports[name]
            continue
        try:
            with polykeras.using("numpy"):
                back = saving.load_model(folder / f"{name}.theirs.keras")
            assert int(back.optimizer.iterations.numpy()) == 10, "steps"
            for a, b in zip(weights, back.get_weights(), strict=True):
                # ten steps in float32, each with the rounding of two frameworks
                np.testing.assert_allclose(b, a, rtol=1e-4, atol=2e-5)
        except Exception as error:
            problems[name] = f"{type(error).__name__}: {error}"
    assert not problems, "\n\n".join(f"{k}: {v[-700:]}" for k, v in problems.items())


METRIC_ARGUMENTS = {
    "IoU": {"num_classes": 2, "target_class_ids": [0]},
    "BinaryIoU": {"target_class_ids": [0, 1]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 2, "target_class_ids": [1]},
    "OneHotMeanIoU": {"num_classes": 2},
    "PrecisionAtRecall": {"recall": 0.4},
    "RecallAtPrecision": {"precision": 0.4},
    "SensitivityAtSpecificity": {"specificity": 0.4},
    "SpecificityAtSensitivity": {"sensitivity": 0.4},
    "TopKCategoricalAccuracy": {"k": 1},
    "SparseTopKCategoricalAccuracy": {"k": 1},
}
TOLD = {
    **dict.fromkeys(["Mean", "Sum"], ("shares", None)),
    **dict.fromkeys(["IoU", "MeanIoU"], ("labels", "classes")),
    **dict.fromkeys(
        ["SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy"],
        ("labels", "shares"),
    ),
}
"""What metrics are told, where it is not rows of ones and zeros and of shares."""
NO_CLASS_OF_ITS_OWN = {"Metric", "MeanMetricWrapper"}


def exchanged_metrics():
    """Metrics, each with the names of what it is told: labels, rows, shares, classes."""
    named = [getattr(metrics, name) for name in metrics.__all__]
    for cls in dict.fromkeys(c for c in named if isinstance(c, type) and issubclass(c, metrics.Metric)):
        name = cls.__name__
        if name in NO_CLASS_OF_ITS_OWN:
            continue
        yield name, cls(**METRIC_ARGUMENTS.get(name, {})), *TOLD.get(name, ("rows", "shares"))


def test_metrics_go_to_keras_and_back(tmp_path):
    random = np.random.default_rng(0)
    labels, classes = random.integers(0, 2, (2, 12, 1)).astype("int32")
    shares = random.dirichlet([1.0, 1.0], 12).astype("float32")
    data = {"labels": labels, "classes": classes, "rows": np.eye(2, dtype="float32")[labels[:, 0]], "shares": shares}
    np.savez(tmp_path / "data.npz", **data)

    def result_of(metric, told):
        metric.update_state(*(data[key] for key in told if key))
        return polykeras.ops.convert_to_numpy(metric.result())

    with polykeras.using("numpy"):
        made = {name: (metric, told) for name, metric, *told in exchanged_metrics()}
        configs = {name: (saving.serialize_keras_object(metric), *told) for name, (metric, told) in made.items()}
        (tmp_path / "metrics.json").write_text(json.dumps(configs))
        found, problems = run_keras(tmp_path, "numpy"), {}
        for name, (metric, told) in made.items():
            try:
                theirs, config = found[name]
                ours = result_of(metric, told)
                # float32: as many sums as samples, in another order
                np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
                back = saving.deserialize_keras_object(config)
                assert type(back) is type(metric)
                np.testing.assert_array_equal(result_of(back, told), ours)
            except Exception as error:
                problems[name] = f"{error}\n{found[name]}"
    assert not problems, "\n\n".join(f"{k}: {v[-900:]}" for k, v in problems.items())
