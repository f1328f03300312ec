"""Files that want to do more than be loaded: each kind of hole that Keras had, built and refused."""

from __future__ import annotations

import io
import json
import os
import struct
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from fuzz_mutations import inspected, mutated, seeds, tried
from hypothesis import given, settings
from hypothesis import strategies as st

import polykeras
from polykeras import Input, Sequential, layers, saving
from polykeras.errors import PolykerasError, SerializationError, UnsafeFileError

h5py = pytest.importorskip("h5py")

CANARY = "polykeras_canary"


@pytest.fixture
def model():
    with polykeras.using("numpy"):
        return Sequential([Input((3,)), layers.Dense(2, name="dense")])


@pytest.fixture
def archive(model, tmp_path):
    """A good file, and a way to make a bad one of it."""
    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}

    def changed(config=None, weights=None, extra=None):
        with zipfile.ZipFile(path, "w") as file:
            for name, content in members.items():
                if name == "config.json" and config is not None:
                    content = json.dumps(config(json.loads(content)))
                if name == "model.weights.h5" and weights is not None:
                    content = weights
                file.writestr(name, content)
            for name, content in (extra or {}).items():
                file.writestr(name, content)
        return path

    return changed


def with_layer(layer):
    def change(config):
        config["config"]["layers"].append(layer)
        return config

    return change


def lambda_layer(function):
    return {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "evil", "function": function}}


CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAAAAAAAAEAAAACAAAAQw==", "defaults": None}}


@pytest.mark.parametrize("safe_mode", [True, False])
@pytest.mark.parametrize("function", [CODE, ["4wEAAAAAAAAAAAAAAAEAAAACAAAAQw==", None, None], CODE["config"]])
def test_lambdas_with_code_are_refused_in_keras_files(archive, function, safe_mode):
    """CVE-2024-3660, and CVE-2025-9906: no flag of the caller or in the file makes code run."""
    with pytest.raises(PolykerasError):
        saving.load_model(archive(with_layer(lambda_layer(function))), safe_mode=safe_mode)


@pytest.mark.parametrize("module", ["os", "subprocess", "builtins", "shutil", "keras.src.utils.file_utils"])
@pytest.mark.parametrize("name", ["system", "eval", "rmtree", "Popen"])
def test_functions_and_classes_of_modules_are_refused(archive, module, name, monkeypatch):
    """CVE-2025-1550: no module that a file names is imported."""
    seen = []
    monkeypatch.setattr("importlib.import_module", lambda *args: seen.append(args) or pytest.fail("imported"))
    for entry in (
        {"module": module, "class_name": name, "config": {"command": f"touch {CANARY}"}},
        {"module": module, "class_name": "function", "config": name, "registered_name": name},
        lambda_layer({"module": module, "class_name": "function", "config": name}),
    ):
        path = archive(with_layer(entry))
        monkeypatch.undo()
        with pytest.raises(PolykerasError):
            saving.load_model(path, safe_mode=False)
    assert not os.path.exists(CANARY)


@pytest.mark.parametrize(
    ("module", "name", "config"),
    [
        ("keras.config", "enable_unsafe_deserialization", {}),
        ("keras.utils", "get_file", {"fname": "x", "origin": "file:///etc/passwd"}),
        ("keras.src.saving.saving_lib", "load_model", {"filepath": "other.keras"}),
        ("keras.models", "load_model", {"filepath": "other.keras", "safe_mode": False}),
        ("keras.saving", "load_model", {"filepath": "other.h5"}),
        ("keras.layers", "deserialize", {"config": {}}),
        ("keras", "set_random_seed", {"seed": 1}),
    ],
)
def test_gadgets_of_the_library_are_refused(archive, module, name, config):
    """CVE-2025-8747 and CVE-2025-9906: functions of the library that files, downloads or switches hide behind."""
    for entry in (
        {"module": module, "class_name": name, "config": config},
        lambda_layer({"module": module, "class_name": "function", "config": name}),
    ):
        with pytest.raises(PolykerasError):
            saving.load_model(archive(with_layer(entry)))


def test_lambdas_with_code_are_refused_in_files_of_keras_2(model, tmp_path):
    """CVE-2025-9905: the old format had no safe mode."""
    path = tmp_path / "model.h5"
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        config["config"]["layers"].append(
            {"class_name": "Lambda", "config": {"name": "evil", "function": CODE, "function_type": "lambda"}}
        )
        file.attrs["model_config"] = json.dumps(config)
    for safe_mode in (True, False):
        with pytest.raises(PolykerasError):
            saving.load_model(path, safe_mode=safe_mode)


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization"])
@pytest.mark.parametrize("place", ["/etc/passwd", "http://127.0.0.1:9/x", "file:///etc/passwd", "relative.txt"])
def test_vocabularies_that_are_paths_are_refused(archive, name, place):
    """CVE-2025-12058: a configuration cannot have a file or an address read."""
    entry = {"module": "keras.layers", "class_name": name, "config": {"name": "evil", "vocabulary": place}}
    with pytest.raises(PolykerasError):
        saving.load_model(archive(with_layer(entry)))


@pytest.mark.parametrize("name", ["TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"])
def test_layers_that_load_programs_are_refused(archive, name):
    """CVE-2026-1462: a SavedModel, or a pickled module, that a configuration points to."""
    entry = {
        "module": "keras.layers",
        "class_name": name,
        "config": {"name": "evil", "filepath": "/tmp/evil", "module": "gASVAAAA", "call_endpoint": "serve"},
    }
    for safe_mode in (True, False):
        with pytest.raises(PolykerasError):
            saving.load_model(archive(with_layer(entry)), safe_mode=safe_mode)


# HDF5 ------------------------------------------------------------------------------------------------------


def hdf5(write):
    file = io.BytesIO()
    with h5py.File(file, "w") as root:
        root.create_group("vars")
        variables = root.create_group("layers/dense/vars")
        variables["1"] = np.zeros(2, "float32")
        write(variables)
    return file.getvalue()


def external_link(group):
    group["0"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(group):
    group["0"] = h5py.SoftLink("/layers/dense/vars/1")


def external_storage(group):
    group.create_dataset("0", (3, 2), "float32", external=[("/etc/passwd", 0, 24)])


def virtual_dataset(group):
    layout = h5py.VirtualLayout((3, 2), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (3, 2))
    group.create_virtual_dataset("0", layout)


def shape_larger_than_what_is_stored(group):
    group.create_dataset("0", (2**40, 2**10), "float32", chunks=(2**10, 2**10))


def hard_link_to_a_group_above(group):
    group["0"] = group.parent


def two_names_for_the_same_elements(group):
    group["0"] = group["1"]


def bomb_of_zeros(group):
    group.create_dataset("0", data=np.zeros((2**13, 2**13), "uint8"), chunks=(2**13, 2**13), compression="gzip")


def references(group):
    group.create_dataset("0", data=np.array([group.ref], dtype=h5py.ref_dtype))


HDF5_ATTACKS = [
    external_link,
    soft_link,
    external_storage,
    virtual_dataset,
    shape_larger_than_what_is_stored,
    hard_link_to_a_group_above,
    two_names_for_the_same_elements,
    bomb_of_zeros,
    references,
]


@pytest.mark.parametrize("attack", HDF5_ATTACKS)
def test_hdf5_that_leads_elsewhere_is_refused(archive, model, tmp_path, attack):
    """CVE-2026-1669 (files read through external storage and links) and CVE-2026-0897 (shapes that take all memory)."""
    data = hdf5(attack)
    before = model.get_weights()
    with pytest.raises(UnsafeFileError):
        saving.load_model(archive(weights=data))
    path = tmp_path / "evil.weights.h5"
    path.write_bytes(data)
    with pytest.raises(UnsafeFileError):
        model.load_weights(path)
    path = tmp_path / "evil.h5"
    path.write_bytes(data)
    with pytest.raises(PolykerasError):
        saving.load_model(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_contiguous_shape_larger_than_what_is_stored_is_refused(archive, model, tmp_path):
    """CVE-2026-0897: the shape in a header is changed, what is stored stays."""
    path = tmp_path / "x.weights.h5"
    model.save_weights(path)
    data = path.read_bytes()
    shape = struct.pack("<QQ", 3, 2)
    assert shape in data
    path.write_bytes(data.replace(shape, struct.pack("<QQ", 2**30, 2**9)))
    with pytest.raises(UnsafeFileError, match=r"more than the 24 that are stored"):
        model.load_weights(path)


def test_an_architecture_larger_than_its_weights_is_refused_before_memory_is_taken(archive):
    def change(config):
        config["config"]["layers"][1]["config"]["units"] = 10**9
        return config

    with pytest.raises(UnsafeFileError, match="much more than is stored"):
        saving.load_model(archive(change))


def test_an_architecture_larger_than_the_machine_is_refused_before_memory_is_taken(model):
    """Found by mutated files: there are no weights in JSON that could bound what is drawn."""
    text = model.to_json().replace('"units": 2', '"units": 1000000000000000')
    with pytest.raises(UnsafeFileError, match="than this machine could hold"):
        polykeras.models.model_from_json(text)


# Archives --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["/etc/cron.d/x", "../x", "assets/../../x", "C:\\x", "a\\..\\b"])
def test_members_whose_names_lead_out_are_refused(archive, name):
    with pytest.raises(UnsafeFileError, match="leads out of it"):
        saving.load_model(archive(extra={name: "x"}))


def test_links_in_archives_are_refused(archive):
    link = zipfile.ZipInfo("assets/x")
    link.external_attr = 0o120777 << 16
    path = archive()
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(UnsafeFileError, match="link"):
        saving.load_model(path)


def test_bombs_in_archives_are_refused(archive):
    path = archive()
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("assets/zeros", bytes(2**25))
    with pytest.raises(UnsafeFileError, match="bomb"):
        saving.load_model(path)


def test_two_members_of_one_name_are_refused(archive):
    path = archive()
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("config.json", "{}")
    with pytest.raises(UnsafeFileError, match="two members"):
        saving.load_model(path)


def test_a_size_that_is_not_the_declared_one_is_refused(archive):
    path = archive()
    data = bytearray(path.read_bytes())
    place = data.rindex(b"model.weights.h5") - 46
    struct.pack_into("<II", data, place + 20, 2**31, 2**31)
    path.write_bytes(data)
    with pytest.raises(PolykerasError):
        saving.load_model(path)


def test_a_changed_byte_of_the_weights_is_found(archive, tmp_path):
    path = archive()
    data = bytearray(path.read_bytes())
    data[data.index(b"\x89HDF") + 4000] ^= 1
    path.write_bytes(data)
    with pytest.raises(UnsafeFileError, match=r"damaged|checksum"):
        saving.load_model(path)


def test_json_that_is_deep_or_none_is_refused(archive):
    for text in ("[" * 100_000, "{", "null", "7", '"x"'):
        path = archive()
        with zipfile.ZipFile(path) as file:
            weights = file.read("model.weights.h5")
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("metadata.json", "{}")
            file.writestr("config.json", text)
            file.writestr("model.weights.h5", weights)
        with pytest.raises(PolykerasError):
            saving.load_model(path)
        with pytest.raises(PolykerasError):
            polykeras.models.model_from_json(text)


# safetensors -----------------------------------------------------------------------------------------------


def safetensors_file(table, data=b""):
    text = json.dumps(table).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        struct.pack("<Q", 2**62) + b"{}",
        safetensors_file([]),
        safetensors_file({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}, bytes(4)),
        safetensors_file({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}, bytes(8)),
        safetensors_file({"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}, bytes(4)),
        safetensors_file({"a": {"dtype": "PICKLE", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
        safetensors_file({n: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} for n in "ab"}, bytes(4)),
        safetensors_file({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(5)),
    ],
)
def test_malformed_safetensors_are_refused(model, tmp_path, content):
    path = tmp_path / "evil.safetensors"
    path.write_bytes(content)
    with pytest.raises(PolykerasError):
        model.load_weights(path)


def test_shards_lie_beside_their_table(model, tmp_path):
    for name in ("/etc/passwd", "../x.weights.h5", "sub/x.weights.h5", 7, None):
        path = tmp_path / "evil.weights.json"
        path.write_text(json.dumps({"metadata": {}, "weight_map": {"/vars": [name]}}))
        with pytest.raises(UnsafeFileError, match="lie beside"):
            model.load_weights(path)


def test_a_chunk_that_inflates_beyond_its_size_is_refused(model, tmp_path):
    def write(group):
        dataset = group.create_dataset("0", (3, 2), "float32", chunks=(3, 2), compression="gzip")
        dataset.id.write_direct_chunk((0, 0), zlib.compress(bytes(2**24)))

    path = tmp_path / "evil.weights.h5"
    path.write_bytes(hdf5(write))
    with pytest.raises(UnsafeFileError, match="larger than they should be"):
        model.load_weights(path)


SEEDS = seeds()


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_mutated_files_end_in_a_model_or_in_one_of_our_errors(tmp_path_factory, seed, source):
    """Few of the inputs of `nox -s fuzz`, made smaller by hypothesis where one fails."""
    folder, data = str(tmp_path_factory.getbasetemp()), mutated(seed, source)
    with polykeras.using("numpy"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tried(seed, data, folder)
        if seed.name != "m.json":
            inspected(seed, data, folder)


def test_errors_name_layer_weight_and_shapes(model, tmp_path):
    path = tmp_path / "model.weights.h5"
    model.save_weights(path)
    with polykeras.using("numpy"):
        other = Sequential([Input((3,)), layers.Dense(5, name="other")])
    with pytest.raises(
        SerializationError, match=r"(?s)Dense 'other'.*other/kernel.*\(3, 5\).*\(3, 2\).*skip_mismatch"
    ) as e:
        other.load_weights(path)
    assert "Nothing was changed" in str(e.value)
    before = other.get_weights()
    with pytest.warns(UserWarning, match="left as it is"):
        other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(before[0], other.get_weights()[0])
