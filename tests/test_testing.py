"""What polykeras offers for tests: agreement, gradients, trainings, and where two backends part."""

from __future__ import annotations

import json
import xml.etree.ElementTree

import numpy as np
import pytest

import polykeras
from polykeras import cli, layers, ops, testing
from polykeras.backend import load
from polykeras.errors import ArgumentError, ConfigError, PolykerasError
from polykeras.op import OPS
from polykeras.testing.command import read_batch
from polykeras.testing.rounding import rounding_of

RANDOM = np.random.Generator(np.random.Philox(3))
X = RANDOM.normal(size=(6, 5)).astype("float32")
KERNEL = RANDOM.normal(size=(5, 4)).astype("float32")


@pytest.fixture
def wrong(backend, monkeypatch):
    """What plants a fault of a thousandth into a kernel of the backend."""

    def plant(name, factor=1.001):
        right = backend.kernel(name) or OPS[name].body
        faulty = {**backend.kernels, name: lambda *args: ops.multiply(right(*args), factor)}
        monkeypatch.setattr(backend, "kernels", faulty)
        OPS[name].table.clear()

    yield plant
    monkeypatch.undo()
    for op in OPS.values():
        op.table.clear()


def network(x, kernel):
    return ops.softmax(ops.layer_normalization(ops.matmul(x, kernel)))


def test_backends_that_agree(backend):
    for dtype in ("float32", "float64", "bfloat16"):
        testing.assert_backends_agree(network, X, KERNEL, backends=["numpy", backend.name], dtype=dtype)


def test_a_wrong_kernel_is_named(backend, wrong):
    wrong("layer_normalization")
    with pytest.raises(AssertionError, match="the first op that parts is layer_normalization") as raised:
        testing.assert_backends_agree(network, X, KERNEL, backends=[backend.name])
    assert f"{backend.name}, result 0" in str(raised.value)


def test_an_inherited_difference_is_not_blamed_on_the_heir(backend, wrong):
    if backend is load("numpy"):  # its kernels of primitives are what is taken for exact
        return
    wrong("matmul")
    with pytest.raises(AssertionError, match="the first op that parts is matmul"):
        testing.assert_backends_agree(lambda *xs: ops.tanh(ops.matmul(*xs)), X, KERNEL, backends=[backend.name])


def test_a_given_tolerance_is_relative_to_each_number(backend):
    def off(x):
        return ops.multiply(x, 1.001 if polykeras.backend.current() is backend else 1.0)

    names = ["numpy", backend.name]
    testing.assert_backends_agree(off, X, backends=names, rtol=2e-3)
    if backend.name == names[0]:
        return
    with pytest.raises(AssertionError, match=r"apart by more than rtol=0\.0005"):
        testing.assert_backends_agree(off, X, backends=names, rtol=5e-4)


def test_results_of_other_shapes_or_dtypes_are_told(backend):
    if backend is load("numpy"):
        return

    def off(x):
        return ops.cast(x, "float64") if polykeras.backend.current() is backend else x

    with pytest.raises(AssertionError, match=rf"{backend.name} gives float64\(6, 5\), numpy float32\(6, 5\)"):
        testing.assert_backends_agree(off, X, backends=["numpy", backend.name])


def test_draws_are_the_same_and_layers_go_along(backend):
    names = ["numpy", backend.name]
    testing.assert_backends_agree(lambda x: polykeras.random.dropout(x, 0.5), X, backends=names)
    layer = layers.LSTM(3)
    layer.build((None, 4, 5))
    home = layer.variables[0].home
    testing.assert_backends_agree(layer, RANDOM.normal(size=(2, 4, 5)).astype("float32"), backends=names)
    assert layer.variables[0].home is home


def test_what_is_no_function_of_ops_needs_a_tolerance():
    def outside(x):
        return ops.convert_to_tensor(np.linalg.norm(ops.convert_to_numpy(x).astype("float32"), 3, "wrong"))

    with pytest.raises((ArgumentError, TypeError)):
        testing.assert_backends_agree(outside, X, backends=["numpy"])


def test_rounding_follows_the_conditioning():
    def allowed(function):
        return float(rounding_of(function, [np.float32([0.5, 0.25])]).allowed[0].max())

    plain = allowed(lambda x: ops.add(x, 1.0))
    magnified = allowed(lambda x: ops.multiply(ops.subtract(ops.add(x, 1.0), 1.0), 1e4))
    assert 1e-7 < plain < 2e-6
    assert 1e3 < magnified / plain < 1e5
    with_gradient = rounding_of(ops.grad(lambda x: ops.sum(ops.exp(x))), [np.float32([0.5, 0.25])])
    np.testing.assert_allclose(with_gradient.results[0], np.exp([0.5, 0.25]), rtol=1e-15)


def test_gradients(backend):
    testing.assert_gradients(lambda x, w: ops.tanh(ops.matmul(x, w)), X, KERNEL, backends=[backend.name])
    layer = layers.GRU(3, dtype="float64")
    layer.build((None, 4, 5))
    testing.assert_gradients(layer, RANDOM.normal(size=(2, 4, 5)), backends=[backend.name])


def test_a_gradient_that_is_no_slope_is_told(backend):
    with pytest.raises(AssertionError, match="is not the slope"):
        testing.assert_gradients(lambda x: ops.multiply(ops.stop_gradient(x), x), X, backends=[backend.name])
    with pytest.raises(ArgumentError, match="expected floats among the arguments"):
        testing.assert_gradients(lambda x: x, np.arange(3))


def test_a_wrong_gradient_of_one_backend_is_told(backend, monkeypatch):
    if backend is load("numpy"):  # whose gradients come from the rows
        return

    def with_wrong_gradient(x):
        return right(x) + (x - ops.stop_gradient(x)) * 1e-3

    right = backend.kernel("tanh")
    monkeypatch.setattr(backend, "kernels", {**backend.kernels, "tanh": with_wrong_gradient})
    OPS["tanh"].table.clear()
    try:
        with pytest.raises(AssertionError, match=f"on {backend.name} the gradient with respect to array 0"):
            testing.assert_gradients(lambda x: ops.tanh(x), X, backends=[backend.name])
    finally:
        monkeypatch.undo()
        OPS["tanh"].table.clear()


# Models ----------------------------------------------------------------------------------------------------


def make():
    model = polykeras.Sequential(
        [
            layers.Input((5,)),
            layers.Dense(8, activation="gelu", name="first"),
            layers.LayerNormalization(name="norm"),
            layers.Dropout(0.25, name="dropout"),
            layers.Dense(3, name="last"),
        ]
    )
    model.compile(polykeras.optimizers.Adam(0.01), "mse")
    return model


Y = RANDOM.normal(size=(6, 3)).astype("float32")


def test_models_that_train_alike(backend):
    testing.assert_trains_alike(make, (X, Y), steps=6, backends=[backend.name], batch_size=4)


def test_a_model_that_trains_otherwise_is_told_with_the_layer(backend, wrong):
    if backend is load("numpy"):  # it is what the others are compared to
        return
    wrong("layer_normalization", 1.0001)
    with pytest.raises(AssertionError, match=f"the model trains otherwise on {backend.name}: from step 1") as raised:
        testing.assert_trains_alike(make, (X, Y), steps=3, backends=[backend.name], batch_size=4)
    assert f"first: norm: forward on {backend.name}; the first op that parts is layer_normalization" in str(
        raised.value
    )


def test_weights_drawn_outside_are_told(backend):
    if backend is load("numpy"):
        return

    def with_own_weights():
        model = make()
        model.layers[0].kernel.assign(np.random.default_rng().normal(size=(5, 8)))
        return model

    with pytest.raises(AssertionError, match="does not begin with the same weights"):
        testing.assert_trains_alike(with_own_weights, (X, Y), steps=1, backends=[backend.name])


def test_diff_of_what_agrees(backend):
    model = make()
    before = model.get_weights()
    found = testing.diff(model, X, Y, backends=["numpy", backend.name])
    assert found.agree
    assert model.variables[0].home is backend
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    if backend.name != "numpy":
        places = [row.place for row in found.tables[backend.name]]
        assert places == ["first", "norm", "dropout", "last", "loss", "update"]
        assert all(row.share is not None and row.share <= 1 for row in found.tables[backend.name])


def test_diff_names_the_first_layer_that_parts(backend, wrong):
    if backend is load("numpy"):
        return
    wrong("layer_normalization", 1.0001)
    found = testing.diff(make(), X, Y, backends=["numpy", backend.name])
    verdicts = {row.place: row.verdict for row in found.tables[backend.name]}
    assert not found.agree
    assert verdicts.pop("norm") == "parts"
    assert "parts" not in verdicts.values()
    first = found.first(backend.name)
    assert first is not None
    assert first.detail.startswith(f"forward on {backend.name}; the first op that parts is layer_normalization")
    assert f"first: norm: forward on {backend.name}" in str(found)
    drawn = found.svg()
    xml.etree.ElementTree.fromstring(drawn)
    assert 'class="parts"' in drawn


class Branching(polykeras.Model):
    """Layers called by code, one of them twice, and ops in between."""

    def __init__(self):
        super().__init__()
        self.words = layers.Embedding(9, 4, mask_zero=True)
        self.shared = layers.Dense(4, "tanh")
        self.memory = layers.LSTM(4)

    def call(self, x):
        x = self.words(x)
        x = self.shared(self.shared(x)) + x
        return ops.softmax(self.memory(x))


@pytest.mark.parametrize("given", [None, "model.keras", layers.Dense(3), len])
def test_diff_of_what_is_no_model(given):
    with pytest.raises(ArgumentError, match="diff: expected a model; got"):
        testing.diff(given, X, Y, backends=["numpy", "numpy"])


def test_diff_of_subclassed_models(backend):
    x = RANDOM.integers(0, 9, (3, 5)).astype("int32")
    found = testing.diff(Branching(), x, backends=["numpy", backend.name])
    assert found.agree
    if backend.name != "numpy":
        places = [row.place for row in found.tables[backend.name]]
        kinds = [row.kind for row in found.tables[backend.name]]
        assert kinds == ["Embedding", "Dense", "Dense", "LSTM", "Branching"]
        assert places[1] == places[2]


# The plugin ------------------------------------------------------------------------------------------------

USERS_TESTS = """
import pytest
from polykeras import ops
from polykeras.backend import current

def test_everywhere(backend):
    assert current() is backend
    assert isinstance(ops.ones(2), backend.array_types)

@pytest.mark.backends("numpy", "torch")
def test_on_two(backend):
    assert backend.name in ("numpy", "torch")

def test_without():
    pass
"""


@pytest.fixture
def run_pytest(tmp_path, monkeypatch):
    """What runs pytest on a user's tests, in this process's interpreter, and returns what it prints."""
    import subprocess
    import sys

    (tmp_path / "test_users.py").write_text(USERS_TESTS)

    def run(*options):
        command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--strict-markers", *options]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: testing.assert_backends_agree(ops.exp, X, backends="numpy"), r"a list of names, such as \['numpy'\]"),
        (lambda: testing.assert_backends_agree(ops.exp, X, rtol=-1), "rtol to be a number from 0; got -1"),
        (lambda: testing.assert_backends_agree(ops.exp, X, dtype="float99"), "float99"),
        (lambda: testing.assert_backends_agree(lambda x: None, X), "expected arrays from"),
        (lambda: testing.assert_gradients(layers.Activation("tanh"), X), "results in float64.*got float32"),
        (lambda: testing.assert_trains_alike(make, X), r"data to be \(x, y\)"),
        (lambda: testing.assert_trains_alike(make, (X, Y), steps=0), "whole number from 1; got 0"),
        (lambda: testing.assert_trains_alike(make(), (X, Y)), "has its weights already"),
    ],
)
def test_wrong_arguments_are_told(call, complaint):
    with pytest.raises(PolykerasError, match=complaint):
        call()


def test_a_layer_that_is_made_in_its_first_call_goes_along():
    model = polykeras.Sequential([layers.Dense(4), layers.Dropout(0.5)])
    testing.assert_backends_agree(model, X)
    assert model.built


def test_a_model_that_is_made_otherwise_is_told():
    width = iter(range(3, 100))

    def made():
        model = polykeras.Sequential([layers.Dense(next(width)), layers.Dense(Y.shape[-1])])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(AssertionError, match=r"Make the same layers on every backend"):
        testing.assert_trains_alike(made, (X, Y), steps=2)


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [("'nunpy'", 2, "did you mean 'numpy'"), ("'torch'", 0, "none of its backends is among those to test on: numpy")],
)
def test_marks_of_other_backends_are_told(run_pytest, tmp_path, names, status, said):
    (tmp_path / "test_users.py").write_text(
        f"import pytest\n\n@pytest.mark.backends({names})\ndef test_on_it(backend):\n    pass\n"
    )
    found, printed = run_pytest("-rs", "--polykeras-backends", "numpy")
    assert found == status
    assert said in printed


def test_users_tests_run_on_the_chosen_backends(run_pytest):
    status, printed = run_pytest("--polykeras-backends", "numpy")
    assert status == 0, printed
    for test in ("test_everywhere[numpy]", "test_on_two[numpy]", "test_without"):
        assert f"{test} PASSED" in printed
    assert "3 passed" in printed


def test_a_backend_that_is_not_there_is_told(run_pytest):
    status, printed = run_pytest("--polykeras-backends", "nunpy")
    assert status == 4
    assert "expected names of installed backends" in printed
    assert "did you mean 'numpy'" in printed


def test_the_command_compares_a_saved_model(tmp_path, monkeypatch, capsys):
    saving = pytest.importorskip("polykeras.saving")
    assert saving.load_model is not None
    model = make()
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "batch.npz", x=X, y=Y)
    words = ["diff", str(tmp_path / "model.keras"), "--input", str(tmp_path / "batch.npz"), "--backends", "numpy,numpy"]
    assert cli.main([*words, "--svg", str(tmp_path / "picture.svg"), "--json", str(tmp_path / "table.json")]) == 0
    assert (tmp_path / "picture.svg").exists()
    assert json.loads((tmp_path / "table.json").read_text())["agree"]
    assert cli.main([*words[:-1], "numpy"]) == 2
    assert "two backends or more; got numpy" in capsys.readouterr().err
    assert cli.main([*words, "--svg", str(tmp_path / "nowhere" / "picture.svg")]) == 2
    assert "a folder that can be written to" in capsys.readouterr().err


def test_batches_in_files(tmp_path):
    np.savez(tmp_path / "two.npz", left=X, right=X, sample_weight=Y)
    inputs, targets = read_batch(tmp_path / "two.npz")
    assert list(inputs) == ["left", "right"]
    assert list(targets) == ["sample_weight"]
    np.savez(tmp_path / "none.npz", y=Y)
    np.save(tmp_path / "one.npy", X)
    (tmp_path / "text.npz").write_text("x, y")
    complaints = {"none.npz": "expected an array x", "one.npy": "got a single array", "gone.npz": "No such file"}
    complaints["text.npz"] = "numpy.savez with arrays of numbers; got something else"
    for name, complaint in complaints.items():
        with pytest.raises(ConfigError, match=complaint):
            read_batch(tmp_path / name)
