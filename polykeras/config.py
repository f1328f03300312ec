"""The settings of the process. `polykeras.settings` says where their first values come from."""

from __future__ import annotations

from typing import Any

from . import backend as backends
from .backend import set_backend
from .settings import settings

__all__ = [
    "backend",
    "dtype_policy",
    "epsilon",
    "floatx",
    "image_data_format",
    "matmul_precision",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_matmul_precision",
]


def backend() -> str:
    """The name of the backend to which host data goes now.

    >>> backend() in polykeras.available()
    True
    """
    current = backends.CURRENT.get()
    return settings.backend if current is None else current.name


def floatx() -> str:
    """The dtype of floats that nobody gave a dtype.

    >>> floatx()
    'float32'
    """
    return settings.floatx


def set_floatx(value: str) -> None:
    """Set the dtype of floats that nobody gave a dtype: bfloat16, float16, float32 or float64.

    >>> set_floatx("float32")
    """
    settings.set("floatx", value)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite.

    >>> epsilon()
    1e-07
    """
    return settings.epsilon


def set_epsilon(value: float) -> None:
    """Set the small number that keeps divisions and logarithms finite.

    >>> set_epsilon(1e-7)
    """
    settings.set("epsilon", value)


def image_data_format() -> str:
    """Where images have their channels when nobody says so.

    >>> image_data_format()
    'channels_last'
    """
    return settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set where images have their channels: "channels_last" or "channels_first".

    >>> set_image_data_format("channels_last")
    """
    settings.set("image_data_format", data_format)


def matmul_precision() -> str:
    """How float32 matrix products and convolutions are computed on hardware that has shortcuts.

    >>> matmul_precision()
    'highest'
    """
    return settings.matmul_precision


def set_matmul_precision(precision: str) -> None:
    """Set how float32 matrix products and convolutions are computed on hardware that has shortcuts.

    PyTorch and TensorFlow have one such setting for the process, which therefore holds for your own code too, from the
    moment at which polykeras loads them. JAX is asked for it product by product.

    Args:
        precision: "highest" for float32 proper, "high" for TensorFloat-32 or its like, "default" for the fastest.

    >>> set_matmul_precision("highest")
    """
    settings.set("matmul_precision", precision)
    for loaded in backends.loaded():
        loaded.set_matmul_precision(precision)


def dtype_policy() -> Any:
    """The dtype policy of layers that are given none.

    >>> dtype_policy()
    <DTypePolicy "float32">
    """
    from .dtype_policies.policy import global_policy

    return global_policy()


def set_dtype_policy(policy: Any) -> None:
    """Set the dtype policy of layers that are given none: a policy or its name; None for floatx again.

    >>> set_dtype_policy(None)
    """
    from .dtype_policies.policy import set_global_policy

    set_global_policy(policy)
