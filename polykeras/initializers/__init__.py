"""The first values of weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import ops
from ..registry import Family
from .constants import STFT, Constant, Identity, Ones, Zeros
from .draws import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from .initializer import Initializer

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = IdentityInitializer = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
stft = STFTInitializer = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

_SHORT = {"one": Ones, "zero": Zeros, "normal": RandomNormal, "uniform": RandomUniform}
_FAMILY = Family("initializer", {**{name: globals()[name] for name in __all__}, **_SHORT})

__all__ += ["deserialize", "get", "serialize"]


def get(identifier: Any) -> Any:
    """The initializer that an identifier stands for: a name, a configuration, an array, a class or a function.

    >>> get("zeros")((2,))
    array([0., 0.], dtype=float32)
    """
    if ops.is_tensor(identifier) or isinstance(identifier, (np.ndarray, np.generic)):
        return Constant(ops.convert_to_numpy(identifier))
    return _FAMILY.get(identifier)


def serialize(initializer: Any) -> Any:
    """An initializer as plain data."""
    return _FAMILY.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The initializer that plain data describes."""
    return _FAMILY.deserialize(config, custom_objects)
