"""Objects as plain data, and back: only what is known by name is ever made."""

from __future__ import annotations

import json

import numpy as np
import pytest

from polykeras import ops
from polykeras.errors import SerializationError
from polykeras.random import SeedGenerator
from polykeras.registry import (
    Configurable,
    CustomObjectScope,
    Family,
    deserialize_keras_object,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)


@register_keras_serializable("tests")
class Scale(Configurable):
    def __init__(self, factor=1.0):
        self.factor = factor

    def get_config(self):
        return {"factor": self.factor}

    def __call__(self, x):
        return self.factor * x


@register_keras_serializable("tests", name="twice")
def double(x):
    return 2 * x


def round_trip(obj):
    return deserialize_keras_object(json.loads(json.dumps(serialize_keras_object(obj))))


@pytest.mark.parametrize(
    "obj", [None, True, 3, 2.5, "text", [1, [2.0, None]], {"a": {"b": [1]}}, b"\xff\x00", ..., slice(1, None, 2)]
)
def test_plain_objects_come_back_as_they_were(obj):
    assert round_trip(obj) == obj


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "uint8", "bool"])
def test_arrays_come_back_with_their_dtype(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    found = round_trip(ops.array(array))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_registered_classes_and_functions_are_found_by_their_full_name():
    assert serialize_keras_object(Scale(3.0)) == {
        "module": None,
        "class_name": "Scale",
        "config": {"factor": 3.0},
        "registered_name": "tests>Scale",
    }
    assert round_trip(Scale(3.0)).factor == 3.0
    assert get_registered_name(double) == "tests>twice"
    assert round_trip(double) is double


def test_classes_of_the_library_carry_the_namespace_that_files_have_for_them():
    data = serialize_keras_object(SeedGenerator(7))
    assert (data["module"], data["class_name"], data["registered_name"]) == ("keras.random", "SeedGenerator", None)
    assert round_trip(SeedGenerator(7)).seed == 7


def test_a_scope_lends_names_for_a_block():
    with CustomObjectScope({"mine": double}):
        assert get_registered_object("mine") is double
    assert get_registered_object("mine") is None


@pytest.mark.parametrize(
    "config",
    [
        {"module": "os", "class_name": "system", "config": "true"},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
        {"module": "polykeras.registry", "class_name": "Family", "config": {}},
        {"module": "keras.random", "class_name": "GLOBAL_STREAM", "config": {}},
        {"module": "keras.random", "class_name": "normal", "config": {}},
        {"module": "builtins", "class_name": "function", "config": "eval", "registered_name": "function"},
        {"class_name": "__lambda__", "config": {"value": ["4wAA"]}},
    ],
    ids=lambda config: config["class_name"],
)
def test_nothing_is_made_that_nobody_registered(config):
    with pytest.raises(SerializationError):
        deserialize_keras_object(config)


def test_code_is_not_written():
    with pytest.raises(SerializationError, match="lambda"):
        serialize_keras_object({"function": lambda x: x})
    with pytest.raises(SerializationError, match="get_config"):
        serialize_keras_object(object())


def test_a_name_can_be_given_once():
    with pytest.raises(SerializationError, match="tests>twice"):
        register_keras_serializable("tests", name="twice")(Scale)


def test_a_family_finds_its_members_by_whatever_names_them():
    family = Family("scaling", {"Scale": Scale, "scale": Scale, "double": double})
    assert family.get(None) is None
    assert isinstance(family.get("Scale"), Scale)
    assert isinstance(family.get(Scale), Scale)
    assert family.get("double") is double
    assert family.get({"class_name": "Scale", "config": {"factor": 4.0}}).factor == 4.0
    assert family.serialize(double) == "double"
    with pytest.raises(SerializationError, match=r"unknown scaling 'scales'; names like it are scale"):
        family.get("scales")
