"""Packages that are needed for some purposes only."""

from __future__ import annotations

import importlib
from typing import Any

from .errors import MissingPackageError


def need(module: str, extra: str) -> Any:
    """A module of a package that not everybody has.

    Args:
        module: The module.
        extra: The extra of ours that brings the package.

    Returns:
        The module.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"this needs the package of the module {module!r}, which is not installed. Install it with: pip install "
            f"'polykeras[{extra}]'"
        ) from error
