"""Models in files: whatever backend they come from, training goes on as if nothing had happened."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import polykeras
from polykeras import Input, Model, Sequential, layers, optimizers, saving
from polykeras.backend import numpy_dtype
from polykeras.cli import main
from polykeras.errors import ArgumentError, FileError, StateError
from polykeras.saving import safetensors, shards
from polykeras.saving.hdf5_writer import GroupToWrite
from polykeras.saving.inspection import inspect_file
from polykeras.saving.sources import FileSource

h5py = pytest.importorskip("h5py")


def made():
    polykeras.set_random_seed(3)
    inputs = Input((4,), dtype="float64")
    x = layers.Dense(8, "tanh", dtype="float64")(inputs)
    x = layers.Dropout(0.3, dtype="float64")(x)
    x = layers.BatchNormalization(dtype="float64")(x)
    model = Model(inputs, layers.Dense(1, dtype="float64")(x))
    model.compile(optimizers.Adam(0.01), "mse")
    return model


DATA = np.random.default_rng(0).normal(size=(16, 4))
TARGET = DATA.sum(1, keepdims=True)


def trained(model, epochs):
    model.fit(DATA, TARGET, epochs=epochs, batch_size=8, shuffle=False, verbose=0)
    return model


def test_dropout_goes_on_as_it_would_have_in_every_format_of_whole_models(tmp_path):
    with polykeras.using("numpy"):
        model = trained(made(), 2)
        model.save(tmp_path / "m.keras")
        model.save(tmp_path / "m.h5")
        wanted = trained(model, 5).get_weights()
        for name in ("m.keras", "m.h5"):
            for a, b in zip(wanted, trained(saving.load_model(tmp_path / name), 5).get_weights(), strict=True):
                np.testing.assert_array_equal(b, a, err_msg=name)


def test_safetensors_go_to_their_own_package_and_back(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    with polykeras.using("numpy"):
        model = Sequential([Input((3,)), layers.Dense(2), layers.BatchNormalization(dtype="float16")])
        model.save_weights(tmp_path / "ours.safetensors")
        found = package.load_file(tmp_path / "ours.safetensors")
        np.testing.assert_array_equal(found["layers/dense/vars/0"], model.layers[0].kernel.numpy())
        assert len(found) == len(model.weights)
        package.save_file({name: x + 1 for name, x in found.items()}, tmp_path / "theirs.safetensors")
        wanted = [w + 1 for w in model.get_weights()]
        model.load_weights(tmp_path / "theirs.safetensors")
        for a, b in zip(wanted, model.get_weights(), strict=True):
            np.testing.assert_array_equal(b, a)


def test_every_dtype_of_safetensors_goes_to_their_own_package_and_back(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    for dtype in safetensors.DTYPES.values():
        if dtype in ("float8_e4m3fn", "float8_e5m2", "complex64"):
            continue  # which the package does not give to NumPy
        values = np.arange(6).reshape(2, 3).astype(numpy_dtype(dtype))
        groups = GroupToWrite()
        groups.group("a/b")["0"] = values
        groups.group("a")["empty"] = np.zeros((0, 2), values.dtype)
        groups.group("a")["scalar"] = np.ones((), values.dtype)
        safetensors.save(groups, tmp_path / "ours.safetensors")
        found = package.load_file(tmp_path / "ours.safetensors")
        np.testing.assert_array_equal(found["a/b/0"], values)
        package.save_file(found, tmp_path / "theirs.safetensors")
        with open(tmp_path / "theirs.safetensors", "rb") as file:
            back = safetensors.groups(FileSource(file))
            np.testing.assert_array_equal(np.asarray(back["a"]["b"]["0"]), values)
            assert back["a"]["empty"].shape == (0, 2)
            assert np.asarray(back["a"]["scalar"]) == 1


def test_training_goes_on_on_any_backend(tmp_path):
    name, wanted = "m.keras", None
    for home in polykeras.available():
        with polykeras.using(home):
            trained(made(), 2).save(tmp_path / name)
            for other in polykeras.available() if home == "numpy" else ["numpy"]:
                with polykeras.using(other):
                    found = trained(saving.load_model(tmp_path / name), 25).get_weights()
                if wanted is None:
                    wanted = trained(made(), 27).get_weights()
                for a, b in zip(wanted, found, strict=True):
                    # 54 steps in float64: the bound that is promised
                    np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12, err_msg=f"{home} to {other}")


class Doubling(Model):
    """A model of a user's own, with layers in several kinds of attributes."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [layers.Dense(units), [layers.Dense(units)]]
        self.by_name = {"last": layers.Dense(1)}

    def call(self, inputs):
        x = self.blocks[1][0](self.blocks[0](inputs))
        return self.by_name["last"](x) * 2


def test_subclassed_models_and_custom_objects(tmp_path):
    with polykeras.using("numpy"):
        model = Doubling(3)
        x = np.ones((2, 4), "float32")
        wanted = model(x)
        model.save(tmp_path / "m.keras")
        with pytest.raises(polykeras.errors.SerializationError, match="Doubling"):
            saving.load_model(tmp_path / "m.keras")
        back = saving.load_model(tmp_path / "m.keras", custom_objects={"Doubling": Doubling})
        np.testing.assert_array_equal(back(x), wanted)


@pytest.mark.parametrize("name", ["m.weights.h5", "m.weights.json", "m.safetensors", "m.keras", "m.h5"])
def test_weights_in_every_format(tmp_path, name):
    with polykeras.using("numpy"):
        model = made()
        if name in ("m.keras", "m.h5"):
            model.save(tmp_path / name)
        else:
            size = 1e-7 if name.endswith("json") else None
            model.save_weights(tmp_path / name, max_shard_size=size)
        other = made()
        other.set_weights([w + 1 for w in other.get_weights()])
        other.load_weights(tmp_path / name)
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert name != "m.weights.json" or len(list(tmp_path.glob("m_0*.weights.h5"))) > 1


def test_weights_in_several_files_are_replaced_together_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "m.weights.json"
    with polykeras.using("numpy"):
        model, other = made(), made()
        model.save_weights(path, max_shard_size=1e-7)
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        other.set_weights([w + 1 for w in model.get_weights()])
        replacing, calls = shards.replacing, []

        def failing(target):
            calls.append(target)
            if len(calls) == 3:
                raise FileError("the disk is full")
            return replacing(target)

        monkeypatch.setattr(shards, "replacing", failing)
        with pytest.raises(FileError):
            other.save_weights(path, max_shard_size=1e-7)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
        monkeypatch.undo()
        other.save_weights(path, max_shard_size=1e-7)
        assert len(list(tmp_path.iterdir())) == len(before)
        model.load_weights(path)
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_our_hdf5_is_what_h5py_reads(tmp_path):
    with polykeras.using("numpy"):
        model = trained(made(), 1)
        model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        np.testing.assert_array_equal(file["layers/dense/vars/0"][()], model.get_layer(index=1).kernel.numpy())
        assert file["layers/dense/vars"].attrs["name"] == model.get_layer(index=1).name
        assert len(file["optimizer/vars"]) == len(model.optimizer.variables)


def test_bfloat16_goes_there_and_back(tmp_path):
    with polykeras.using("numpy"):
        model = Sequential([Input((3,)), layers.Dense(2, dtype="bfloat16")])
        model.save(tmp_path / "m.keras")
        back = saving.load_model(tmp_path / "m.keras")
        assert back.layers[0].kernel.dtype == "bfloat16"
        np.testing.assert_array_equal(back.get_weights()[0], model.get_weights()[0])


def test_weights_by_name(tmp_path):
    with polykeras.using("numpy"):
        model = Sequential([Input((3,)), layers.Dense(4, name="first"), layers.Dense(2, name="second")])
        model.save(tmp_path / "m.h5")
        other = Sequential([Input((4,)), layers.Dense(2, name="second")])
        other.load_weights(tmp_path / "m.h5", by_name=True)
        np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[2])


def test_a_model_without_weights_yet_is_not_saved_as_one(tmp_path):
    with pytest.raises(StateError, match="is not built"):
        Sequential([layers.Dense(2)]).save_weights(tmp_path / "model.weights.h5")
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be(tmp_path):
    with polykeras.using("numpy"):
        model = made()
    with pytest.raises(ArgumentError, match=r"\.keras or \.h5"):
        model.save(tmp_path / "m.bin")
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileError, match="overwrite is False"):
        model.save(tmp_path / "m.keras", overwrite=False)
    with pytest.raises(FileError, match="does not exist"):
        saving.load_model(tmp_path / "none.keras")


def test_inspect_shows_what_is_in_a_file(tmp_path, capsys):
    with polykeras.using("numpy"):
        made().save(tmp_path / "m.keras")
    assert main(["inspect", "--json", str(tmp_path / "m.keras")]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["format"] == "keras"
    assert "Dropout" in [layer["class"] for layer in report["layers"]]
    assert [4, 8] in [weight["shape"] for weight in report["weights"]]
    (tmp_path / "m.keras").write_bytes(b"PK\x03\x04 and nothing more")
    assert main(["inspect", str(tmp_path / "m.keras")]) == 1
    assert "damaged" in capsys.readouterr().out


def test_inspect_tells_of_names_that_are_none_or_not_known(tmp_path):
    with polykeras.using("numpy"):
        text = json.loads(made().to_json())
        made().save(tmp_path / "m.keras")
    for change in ({"class_name": {}}, {"module": ["os"]}, {"registered_name": "builtins>eval"}, {"module": "os"}):
        layer = {**text["config"]["layers"][1], **change}
        config = {**text, "config": {**text["config"], "layers": [text["config"]["layers"][0], layer]}}
        with zipfile.ZipFile(tmp_path / "m.keras") as good, zipfile.ZipFile(tmp_path / "bad.keras", "w") as bad:
            for name in good.namelist():
                bad.writestr(name, json.dumps(config) if name == "config.json" else good.read(name))
        assert inspect_file(tmp_path / "bad.keras")["suspicious"], change
    assert inspect_file(tmp_path / "m.keras")["suspicious"] == []


def test_the_editor_renames_deletes_and_adds(tmp_path):
    with polykeras.using("numpy"):
        model = Sequential([Input((3,)), layers.Dense(2)])
        model.save(tmp_path / "m.keras")
        editor = saving.KerasFileEditor(tmp_path / "m.keras")
        assert editor.compare(model)["status"] == "success"
        editor.delete_object("layers/dense")
        assert editor.compare(model)["status"] == "difference_found"
        editor.add_object("layers/dense", {"0": np.ones((3, 2), "float32"), "1": np.zeros(2, "float32")})
        editor.save(tmp_path / "m.weights.h5")
        model.load_weights(tmp_path / "m.weights.h5")
        np.testing.assert_array_equal(model.get_weights()[0], np.ones((3, 2)))


@saving.register_keras_serializable("tests")
class Noted(layers.Layer):
    """A layer with a file of its own."""

    note = ""

    def call(self, inputs):
        return inputs

    def save_assets(self, dir_path):
        Path(dir_path, "note.txt").write_text(self.note)

    def load_assets(self, dir_path):
        self.note = Path(dir_path, "note.txt").read_text()


def test_layers_keep_files_of_their_own(tmp_path):
    model = Sequential([layers.Input((2,)), Noted()])
    model.layers[0].note = "what numbers cannot say"
    model.save(tmp_path / "model.keras")
    assert saving.load_model(tmp_path / "model.keras").layers[0].note == "what numbers cannot say"


def test_a_vocabulary_is_read_from_where_keras_puts_it(tmp_path):
    numbers = layers.Input((1,), dtype="int64")
    Model(numbers, layers.IntegerLookup(vocabulary=[7, 8])(numbers)).save(tmp_path / "ours.keras")
    with zipfile.ZipFile(tmp_path / "ours.keras") as ours, zipfile.ZipFile(tmp_path / "theirs.keras", "w") as theirs:
        for name in ours.namelist():
            text = ours.read(name)
            if name == "config.json":
                config = json.loads(text)
                config["config"]["layers"][1]["config"]["vocabulary"] = None
                text = json.dumps(config).encode()
            theirs.writestr(name, text)
        theirs.writestr("assets/layers/integer_lookup/vocabulary.txt", "-1\n5\n6")
    model = saving.load_model(tmp_path / "theirs.keras")
    assert model.layers[1].get_vocabulary() == [-1, 5, 6]
    np.testing.assert_array_equal(model.predict(np.array([[6], [9]]), verbose=0), [[2], [0]])
