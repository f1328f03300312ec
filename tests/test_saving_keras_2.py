"""Files that Keras 2 itself wrote: outputs are equal, and training goes on to the same numbers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from keras_2_side import EPOCHS, one_or_all, train

import polykeras
from polykeras import Input, Sequential, layers, metrics, optimizers, saving
from polykeras.errors import SerializationError
from polykeras.saving.legacy_configs import from_legacy

ARCHIVE = Path(__file__).parent / "data" / "keras_2.zip"
with zipfile.ZipFile(ARCHIVE) as archive:
    NAMES = sorted(name.removesuffix(".npz") for name in archive.namelist() if name.endswith(".npz"))
STARTS_ANEW = {"optimizer_legacy_nadam"}
"""Models whose optimizer went by a formula that is no longer, so that its state means nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("keras_2")
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            (place / name).write_bytes(archive.read(name))
    return place


def arrays_of(folder, name):
    with np.load(folder / f"{name}.npz") as file:
        return {
            kind: [file[key] for key in file.files if key.startswith(kind)]
            for kind in ("input", "target", "output", "weight")
        }


@pytest.mark.parametrize("name", NAMES)
def test_models_of_keras_2_go_on_as_they_would_have(folder, name):
    arrays = arrays_of(folder, name)
    with polykeras.using("numpy"):
        if name in STARTS_ANEW:
            with pytest.warns(UserWarning, match="starts anew"):
                model = saving.load_model(folder / f"{name}.h5")
        else:
            model = saving.load_model(folder / f"{name}.h5")
        outputs = model.predict(one_or_all(arrays["input"]), verbose=0)
        for a, b in zip(arrays["output"], outputs if isinstance(outputs, list) else [outputs], strict=True):
            # float32, outputs of about one: a few roundings in each of up to seventeen layers
            np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)
        if name in STARTS_ANEW:
            return
        found, *moved = (trained(folder / f"{name}.h5", arrays, roundings) for roundings in (0, 1, 2))
        for i, a in enumerate(arrays["weight"]):
            # Six steps in float32, each of which divides by roots of squares that are small: where a gradient is only
            # rounding, as before a normalization, by as much as a rounding of the inputs changes, too.
            by_roundings = np.max([np.abs(weights[i] - found[i]) for weights in moved], axis=0)
            assert (np.abs(found[i] - a) <= 2e-5 + 1e-4 * np.abs(a) + 4 * by_roundings).all(), (i, found[i], a)


def trained(file, arrays, roundings):
    """The weights of a model that goes on, with inputs that are larger by so many units in the last place."""
    model = saving.load_model(file)
    inputs = [x * np.float32(1 + roundings * 2**-23) if x.dtype == "float32" else x for x in arrays["input"]]
    train(model, inputs, arrays["target"], EPOCHS)
    return [w.numpy() for layer in model.layers for w in layer.weights]


def test_weights_alone_go_into_a_model_by_order_and_by_name(folder):
    for name in (name for name in NAMES if not name.startswith("optimizer")):
        arrays = arrays_of(folder, name)
        with polykeras.using("numpy"):
            model = saving.load_model(folder / f"{name}.h5", compile=False)
            for by_name in (False, True):
                model.set_weights([np.zeros_like(w) for w in model.get_weights()])
                model.load_weights(folder / f"{name}.weights_alone.h5", by_name=by_name)
                outputs = model.predict(one_or_all(arrays["input"]), verbose=0)
                for a, b in zip(arrays["output"], outputs if isinstance(outputs, list) else [outputs], strict=True):
                    # float32, as above
                    np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6)


def test_what_is_measured_comes_back(folder):
    with polykeras.using("numpy"):
        model = saving.load_model(folder / "functional.h5")
        arrays = arrays_of(folder, "functional")
        logs = model.evaluate(arrays["input"], arrays["target"], verbose=0, return_dict=True)
    assert set(logs) == {"loss", "left_loss", "right_loss", "left_acc"}
    assert isinstance(model.optimizer, optimizers.Adam)


# What Keras 2 wrote in earlier years, and of which there are no files here ----------------------------------


def made(config):
    with polykeras.using("numpy"):
        return saving.deserialize_keras_object(from_legacy(config))


def test_a_stack_that_is_a_list_and_has_no_layer_for_its_input():
    dense = {"name": "d", "units": 2, "batch_input_shape": [None, 3], "dtype": "float32", "trainable": True}
    initializer = {"class_name": "VarianceScaling", "config": {"scale": 1.0, "seed": None, "dtype": "float32"}}
    stack = [{"class_name": "Dense", "config": {**dense, "kernel_initializer": initializer}}]
    for config in (stack, {"name": "stack", "layers": stack}):
        model = made({"class_name": "Sequential", "config": config})
        assert model.input_shape == (None, 3)
        assert [layer.name for layer in model.layers] == ["d"]


def test_names_that_several_classes_have_are_told_apart_by_what_they_are_for():
    config = {"class_name": "Dense", "config": {"units": 2, "kernel_initializer": {"class_name": "Identity"}}}
    config["config"]["kernel_initializer"]["config"] = {"gain": 2.0, "dtype": "float32"}
    assert made(config).kernel_initializer.gain == 2.0
    poisson = {"class_name": "Poisson", "config": {"name": "p", "dtype": "float32"}}
    assert isinstance(
        saving.deserialize_keras_object(from_legacy({"metrics": [poisson]}))["metrics"][0], metrics.Poisson
    )


@pytest.mark.parametrize(
    "module", ["keras.engine.sequential", "tensorflow.python.keras.layers.core", "tf_keras.layers"]
)
def test_former_places_of_classes_are_not_looked_into(module):
    layer = made({"class_name": "Dense", "module": module, "registered_name": None, "config": {"units": 2}})
    assert type(layer) is layers.Dense
    with pytest.raises(SerializationError, match="no class is known"):
        made({"class_name": "system", "module": module, "config": {}})


def test_policies_and_losses_in_mixed_precision():
    policy = {"class_name": "Policy", "config": {"name": "mixed_float16"}}
    assert made({"class_name": "Dense", "config": {"units": 2, "dtype": policy}}).compute_dtype == "float16"
    inner = {"class_name": "Custom>Adam", "config": {"learning_rate": 0.5, "is_legacy_optimizer": False}}
    scaled = {"inner_optimizer": inner, "dynamic": True, "initial_scale": 8.0, "dynamic_growth_steps": 5}
    found = made({"class_name": "LossScaleOptimizer", "config": scaled})
    assert type(found.inner_optimizer) is optimizers.Adam


def test_a_decay_of_the_rate_becomes_a_schedule():
    optimizer = made({"class_name": "SGD", "config": {"lr": 0.5, "decay": 0.1, "momentum": 0.0}})
    assert float(optimizer.learning_rate) == 0.5
    optimizer.iterations.assign(5)
    assert float(optimizer.learning_rate) == pytest.approx(0.5 / 1.5)


def test_what_there_is_nothing_left_of_is_refused():
    lstm = {"class_name": "LSTM", "config": {"units": 2, "time_major": True}}
    with pytest.raises(SerializationError, match=r"LSTM: Keras 2 had the argument time_major=True"):
        made(lstm)
    call = {
        "class_name": "TFOpLambda",
        "name": "tf.math.add",
        "config": {"name": "tf.math.add", "function": "math.add"},
    }
    with pytest.raises(SerializationError, match=r"tf\.math\.add: the graph calls a function of TensorFlow"):
        made({"class_name": "Functional", "config": {"layers": [{**call, "inbound_nodes": []}]}})


def test_classes_of_ones_own_keep_their_arguments():
    @saving.register_keras_serializable("keras_2")
    class Scaled(layers.Layer):
        def __init__(self, groups, time_major, **kwargs):
            super().__init__(**kwargs)
            self.given = groups, time_major

    for name in ("keras_2>Scaled", "Scaled"):
        with saving.CustomObjectScope({"Scaled": Scaled}):
            layer = made({"class_name": name, "config": {"name": "s", "groups": 3, "time_major": True}})
        assert layer.given == (3, True)


def test_our_own_files_with_frozen_layers_inside_are_read_in_the_same_order(tmp_path):
    with polykeras.using("numpy"):
        inner = Sequential([Input((3,)), layers.Dense(3, trainable=False), layers.BatchNormalization()], name="inner")
        model = Sequential([Input((3,)), inner, layers.Dense(1)])
        model.save(tmp_path / "m.h5")
        back = saving.load_model(tmp_path / "m.h5")
        for a, b in zip(model.get_weights(), back.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    assert json.loads(inner.to_json())["config"]["layers"][1]["config"]["trainable"] is False
