"""What one backend writes, every other reads: the same model with the same bits, in every format."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers
from polykeras.backend import Backend, available, load, numpy_dtype, using
from polykeras.dtypes import FLOATS
from polykeras.errors import SerializationError
from polykeras.settings import EMBEDDED
from polykeras.state import Variable
from polykeras.testing.plugin import BACKENDS

from .test_models import FORMS, PICTURES, WORDS, Subclassed, numbers
from .test_training import in_float64

pytestmark = pytest.mark.level("saving")

ARCHIVES = ("model.keras", "model.h5")
"""Files that hold the model itself."""
WEIGHTS = ("model.weights.h5", "model.weights.json", "model.safetensors")
"""Files that hold its variables; the second one is the table of several files."""
PLAIN = ("model.h5", "model.safetensors")
"""Formats that hold the weights, and neither states of optimizers nor of generators of seeds."""
SHARD = 1e-6
"""How large each of several files may be, in gigabytes."""


def with_states() -> keras.Model:
    """What has states besides weights: those of an optimizer, a normalization, a generator of seeds."""
    model = keras.Sequential(
        [
            layers.Input((4, 3)),
            layers.GRU(3, return_sequences=True),
            layers.BatchNormalization(),
            layers.Dropout(0.5, seed=2),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01, amsgrad=True), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def of_every_dtype() -> keras.Model:
    """Weights of every dtype of floats, side by side, some of which are computed with in another one."""
    x = layers.Input((3,))
    parts = [layers.Dense(3, "tanh", dtype=dtype)(x) for dtype in (*sorted(FLOATS), "mixed_float16", "mixed_bfloat16")]
    return keras.Model(x, layers.Concatenate(dtype="float64")(parts))


KINDS: dict[str, Callable[[], keras.Model]] = {**FORMS, "with states": with_states, "of every dtype": of_every_dtype}
CASES = [(kind, name) for kind in KINDS for name in (*ARCHIVES, *WEIGHTS) if (kind, name) != ("subclassed", "model.h5")]


def made(kind: str, home: str, seed: int) -> keras.Model:
    """A model on a backend, every weight of which holds other numbers, not all of which survive arithmetic."""
    with using(home), in_float64():
        keras.set_random_seed(seed)
        model = KINDS[kind]()
        if not model.built:
            model([layers.Input(x.shape[1:], dtype=x.dtype.name) for x in (PICTURES, WORDS)])
        model.to_backend(home)
    random = np.random.Generator(np.random.Philox(seed))
    for variable in stored(model, "model.keras"):
        values = random.uniform(1.0, 9.0, variable.shape).astype(numpy_dtype(variable.dtype))
        if variable.shape and variable.dtype in FLOATS:
            values.flat[0], values.flat[-1] = -0.0, TINIEST[variable.dtype]
        variable.assign(values)
    return model


OF_FLOATX = ("subclassed", "with states")
"""What has the dtype that is set: layers that code of a user's makes, and the learning rate."""
TINIEST = {"bfloat16": 2.0**-133, "float16": 2.0**-24, "float32": 2.0**-149, "float64": 2.0**-1074}


def stored(model: keras.Model, name: str) -> list[Variable]:
    """The variables of a model that a file of this name holds."""
    if name in PLAIN:
        return model.weights
    return [*model.variables, *(model.optimizer.variables if model.optimizer else [])]


def bits_of(variable: Variable) -> tuple[str, tuple[Any, ...], bytes]:
    return variable.dtype, tuple(variable.shape), variable.numpy().tobytes()


@functools.cache
def original(kind: str) -> tuple[keras.Model, list[np.ndarray]]:
    """The model that is written, on the reference, and what it gives there."""
    model = made(kind, EMBEDDED, 1)
    return model, numbers(model(inputs_of(kind)))


def inputs_of(kind: str) -> Any:
    """Arguments for a call."""
    return {"with states": PICTURES[:, :4, :3, 0], "of every dtype": PICTURES[:, :3, 0, 0]}.get(kind, [PICTURES, WORDS])


@functools.cache
def written(kind: str, name: str, writer: str) -> Path:
    """A file that a backend has written."""
    folder = Path(_folder().name, writer, kind)
    folder.mkdir(parents=True, exist_ok=True)
    write(made(kind, writer, 1), folder / name)
    return folder / name


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="polykeras-")


def write(model: keras.Model, path: Path) -> None:
    if path.name in ARCHIVES:
        model.save(path)
    else:
        model.save_weights(path, max_shard_size=SHARD if path.suffix == ".json" else None)


def read(kind: str, path: Path, reader: str) -> keras.Model:
    """The model in a file, on a backend."""
    if path.name in ARCHIVES:
        with using(reader), in_float64() if kind in OF_FLOATX else contextlib.nullcontext():
            return keras.saving.load_model(path, custom_objects={"Subclassed": Subclassed})
    model = made(kind, reader, 2)
    model.load_weights(path)
    return model


def check(kind: str, name: str, writer: str, reader: str) -> None:
    """The model that a backend has written is the same to another, to the bit, and gives the same on the reference."""
    (expected, outputs), found = original(kind), read(kind, written(kind, name, writer), reader)
    what = f"{kind}, {name}, from {writer} to {reader}"
    ours, theirs = stored(found, name), stored(expected, name)
    assert len(ours) == len(theirs), what
    for one, other in zip(ours, theirs, strict=True):
        assert one.home is load(reader), f"{what}: {one.path} is on {one.home}"
        assert bits_of(one) == bits_of(other), f"{what}: {one.path}"
    found.to_backend(EMBEDDED)
    for one, other in zip(numbers(found(inputs_of(kind))), outputs, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=what)


@pytest.fixture
def writers(request: pytest.FixtureRequest) -> list[str]:
    """The backends of this run, and the reference."""
    return list(dict.fromkeys([EMBEDDED, *(request.config.getoption(BACKENDS, None) or available())]))


@pytest.mark.parametrize(
    ("kind", "name"),
    [pytest.param(*case, id=", ".join(case), marks=pytest.mark.xdist_group(f"files {case}")) for case in CASES],
)
def test_what_each_backend_writes_each_other_reads(kind: str, name: str, writers: list[str], backend: Backend) -> None:
    if kind == "of every dtype" and not all(set(load(home).dtypes) >= FLOATS for home in (*writers, backend.name)):
        pytest.skip("not every backend of this run has all dtypes")
    for writer in writers:
        check(kind, name, writer, backend.name)
    check(kind, name, backend.name, EMBEDDED)


def ending_in(units: int, home: str) -> keras.Model:
    """Two layers, of which the first has the same weights whatever the second has."""
    with using(home):
        return keras.Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(units)])


@pytest.mark.parametrize("name", ["model.weights.h5", "model.safetensors"])
def test_a_file_that_does_not_fit_changes_nothing(name: str, backend: Backend, tmp_path: Path) -> None:
    """Not even the weights that would fit, and everybody says so in the same words."""
    write(ending_in(2, EMBEDDED), tmp_path / name)
    told = []
    for home in (EMBEDDED, backend.name):
        keras.backend.clear_session(free_memory=False)
        model = ending_in(5, home)
        before = [bits_of(variable) for variable in model.variables]
        with pytest.raises(SerializationError) as raised:
            model.load_weights(tmp_path / name)
        assert [bits_of(variable) for variable in model.variables] == before
        told.append(str(raised.value))
    assert told[0] == told[1]
