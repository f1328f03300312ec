"""The examples run, each on NumPy and another backend, and learn what they are there to learn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from polykeras.backend import available, using
from polykeras.testing.plugin import BACKENDS, THOROUGH

FOLDER = Path(__file__).parent.parent / "examples"
RESULTS = {  # what `main` returns, and the bounds between which it has to be
    "linear_regression": (0, 0.05),
    "logistic_xor": (1, 1),
    "digits_convnet": (0.75, 1),
    "sentiment_lstm": (0.8, 1),
    "functional_model": (0.9, 1),
    "text_classification": (0.9, 1),
    "feature_space": (0.85, 1),
    "image_augmentation": (0.75, 1),
    "custom_layer": (0, 0.2),
    "custom_training_loop": (0.85, 1),
    "hyperparameter_search": (0.7, 1),
    "early_stopping": (0.8, 1),
    "mixed_precision": (0.8, 1),
    "resume_after_interruption": (0, 0),
    "iris": (0.9, 1),
    "digits_one_hot": (0.75, 1),
    "subclassed_model": (0.9, 1),
    "lstm_initial_state": (0, 0.15),
    "transformer": (0.9, 1),
    "translation": (0.9, 1),
    "segmentation": (0.75, 1),
    "recommendation": (0, 0.3),
}
NEEDS = {"hyperparameter_search": "optuna", "iris": "sklearn"}


def run(name: str, **options) -> float:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main(**options)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each example on NumPy and on one other backend, which are not the same for all; thoroughly, on every one."""
    if "example" not in metafunc.fixturenames:
        return
    names = metafunc.config.getoption(BACKENDS) or available()
    others = [name for name in names if name != "numpy"]
    runs = [
        (example, name)
        for place, example in enumerate(RESULTS)
        for name in names
        if metafunc.config.getoption(THOROUGH) or name == "numpy" or name == others[place % len(others)]
    ]
    metafunc.parametrize(("example", "on"), runs)


def test_an_example_learns(example, on):
    pytest.importorskip(NEEDS.get(example, "polykeras"))
    low, high = RESULTS[example]
    with using(on):
        assert low <= run(example) <= high


def test_backends_stay_together(tmp_path):
    pytest.importorskip("matplotlib")
    picture = tmp_path / "curves.png"
    assert run("four_backends", picture=picture) < 1e-4  # rounding in float32, over some 80 steps of Adam
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not {"torch", "jax", "tensorflow"} <= {*available()}, reason="needs three frameworks")
def test_frameworks_feed_each_other():
    assert run("mixed_frameworks") > 0.75


def test_every_example_is_run_and_listed():
    names = {file.stem for file in FOLDER.glob("*.py")}
    assert names == {*RESULTS, "four_backends", "mixed_frameworks"}
    listed = (FOLDER / "README.md").read_text()
    assert all(f"[{name}.py]({name}.py)" in listed for name in names)
