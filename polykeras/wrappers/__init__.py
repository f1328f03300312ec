"""Models as estimators of other libraries: those of scikit-learn."""

from __future__ import annotations

import importlib
from typing import Any

from ..optional import need

__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        need("sklearn", "sklearn")
        return getattr(importlib.import_module(".estimators", __name__), name)
    raise AttributeError(f"module 'polykeras.wrappers' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
