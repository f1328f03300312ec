"""Files in both directions between us and Keras: every layer, loss, metric and optimizer that both have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import polykeras
from polykeras import Input, Model, saving, tree
from polykeras.conformance import layer_cases as layer_cases
from polykeras.conformance.layer_case import LAYERS

keras = pytest.importorskip("keras")

TRIALS = 3
SIDE = Path(__file__).parent / "keras_side.py"


def run_keras(folder):
    environment = {**os.environ, "KERAS_BACKEND": "numpy"}
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
    return folder, wanted, run_keras(folder)


NOT_IN_KERAS: dict[str, str] = {}
"""Layers whose files Keras cannot load, and why."""


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
    assert not {k: v for k, v in problems.items() if k.split("-")[0] not in NOT_IN_KERAS}, "\n\n".join(
        f"{k}: {v[-700:]}" for k, v in problems.items()
    )
