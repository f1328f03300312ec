"""Every layer on every chosen backend."""

from __future__ import annotations

import inspect

import pytest

from polykeras import layers
from polykeras.backend import Backend

from . import layer_cases as layer_cases
from . import layer_checks as checks
from .layer_case import LAYERS, LayerCase

pytestmark = pytest.mark.level("layers")

WITHOUT_CASE = {"Layer", "InputLayer"}
PREPARING = {"Hashing", "HashedCrossing", "StringLookup", "TextVectorization", "Pipeline"}
"""Layers of texts, of which no backend has arrays, and of other layers: `tests/test_preparation.py` looks at them."""


def test_every_layer_has_a_case() -> None:
    known = {name for name in layers.__all__ if inspect.isclass(getattr(layers, name))}
    wanted = {getattr(layers, name) for name in known if issubclass(getattr(layers, name), layers.Layer)}
    assert wanted - {getattr(layers, name) for name in WITHOUT_CASE | PREPARING} == {
        getattr(layers, name) for name in LAYERS
    }


def in_64_bits(name: str, backend: Backend) -> LayerCase:
    """The case of a layer, where it can be computed in float64."""
    if LAYERS[name].makes_complex and "complex128" not in backend.dtypes:
        pytest.skip(f"{backend.name} has no complex128")
    return LAYERS[name]


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in LAYERS])
class TestLayer:
    """The checks of one layer."""

    def test_outputs(self, name: str, backend: Backend) -> None:
        checks.check_outputs(in_64_bits(name, backend), backend)

    def test_configuration(self, name: str, backend: Backend) -> None:
        checks.check_configuration(in_64_bits(name, backend), backend)

    @pytest.mark.tries(of=lambda name, backend: checks.derived_of(LAYERS[name], backend))
    def test_gradients(self, name: str, backend: Backend) -> None:
        checks.check_gradients(in_64_bits(name, backend), backend)

    @pytest.mark.tries(of=lambda name, backend: checks.mixed_of(LAYERS[name], backend))
    def test_mixed_precision(self, name: str, backend: Backend) -> None:
        checks.check_mixed_precision(LAYERS[name], backend)

    @pytest.mark.tries(of=lambda name, backend: LAYERS[name].mistakes)
    def test_mistakes(self, name: str, backend: Backend) -> None:
        checks.check_mistakes(LAYERS[name], backend)
