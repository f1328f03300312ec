"""Models drawn at random train on every backend as on the reference; what does not is shrunk to the smallest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from polykeras.backend import Backend
from polykeras.settings import EMBEDDED
from polykeras.testing.plugin import RANDOM_MODELS, RANDOM_SEED

from . import checks
from .random_models import Recipe, check, recipes
from .running.records import CASES_OF_A_SEED, MODELS_AT_ONCE

pytestmark = pytest.mark.level("models")

QUICK, THOROUGH = 5, 50


def pytest_generate_tests(metafunc: Any) -> None:
    """As many cases as make the number of models that was asked for."""
    asked = metafunc.config.getoption(RANDOM_MODELS, None)
    count = asked or (THOROUGH if checks.EFFORT.is_thorough else QUICK)
    first = metafunc.config.getoption(RANDOM_SEED, None) or 0
    begins = range(0, count, MODELS_AT_ONCE)
    cases = [(first * CASES_OF_A_SEED + i, min(MODELS_AT_ONCE, count - begin)) for i, begin in enumerate(begins)]
    metafunc.parametrize(("start", "count"), [pytest.param(*case, id=f"models from {case[0]}") for case in cases])


def test_random_models(start: int, count: int, backend: Backend) -> None:
    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large),
    )
    @given(recipes())
    def run(recipe: Recipe) -> None:
        # which layer it is, a failure says anyway
        check(recipe, backend.name, EMBEDDED, by_layers=not checks.EFFORT.is_limited(backend))

    run()
