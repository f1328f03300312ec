"""The settings of the process. `polykeras.settings` says where their first values come from."""

from __future__ import annotations

import os
from typing import Any

from . import backend as backends
from .backend import set_backend
from .errors import SerializationError
from .settings import settings

__all__ = [
    "backend",
    "compilation_cache",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "enable_interactive_logging",
    "enable_traceback_filtering",
    "enable_unsafe_deserialization",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "matmul_precision",
    "max_epochs",
    "max_steps_per_epoch",
    "set_backend",
    "set_compilation_cache",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_matmul_precision",
    "set_max_epochs",
    "set_max_steps_per_epoch",
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
    moment at which polykeras loads them. JAX is asked for it product by product, and functions that it compiled before
    keep the one that they have.

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
    from .dtype_policies.lookup import set_global_policy

    set_global_policy(policy)


# Attention -------------------------------------------------------------------------------------------------


def enable_flash_attention() -> None:
    """Let attention use kernels that do not write the products of queries and keys to memory, where there are some.

    >>> enable_flash_attention()
    """
    settings.set("flash_attention", True)


def disable_flash_attention() -> None:
    """Have attention computed product by product, where `flash_attention=True` does not ask for something else.

    >>> disable_flash_attention()
    """
    settings.set("flash_attention", False)


def is_flash_attention_enabled() -> bool | None:
    """Whether attention may use such kernels: True, False, or None where nobody has said so and the backend decides.

    >>> disable_flash_attention()
    >>> is_flash_attention_enabled()
    False
    """
    return settings.flash_attention


# What is shown ---------------------------------------------------------------------------------------------


def enable_interactive_logging() -> None:
    """Show the progress of training on standard output, with bars.

    >>> enable_interactive_logging()
    """
    settings.set("interactive_logging", True)


def disable_interactive_logging() -> None:
    """Report the progress of training through Python's `logging`, for runs that nobody watches.

    >>> disable_interactive_logging()
    """
    settings.set("interactive_logging", False)


def is_interactive_logging_enabled() -> bool:
    """Whether the progress of training is shown on standard output.

    >>> enable_interactive_logging()
    >>> is_interactive_logging_enabled()
    True
    """
    return settings.interactive_logging


def enable_traceback_filtering() -> None:
    """Leave what happened inside of polykeras out of the tracebacks of errors.

    >>> enable_traceback_filtering()
    """
    settings.set("traceback_filtering", True)


def disable_traceback_filtering() -> None:
    """Show whole tracebacks, with all that happened inside of polykeras.

    >>> disable_traceback_filtering()
    """
    settings.set("traceback_filtering", False)


def is_traceback_filtering_enabled() -> bool:
    """Whether what happened inside of polykeras is left out of tracebacks.

    >>> enable_traceback_filtering()
    >>> is_traceback_filtering_enabled()
    True
    """
    return settings.traceback_filtering


# Limits ----------------------------------------------------------------------------------------------------


def max_epochs() -> int | None:
    """The most epochs that any training runs, whatever it asks for; None for no limit.

    The environment variable `POLYKERAS_MAX_EPOCHS` sets it too: a script can be tried out without a change.

    >>> max_epochs() is None
    True
    """
    return settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of any training; None for no limit.

    >>> set_max_epochs(None)
    """
    settings.set("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps of any epoch, whatever it asks for; None for no limit.

    The environment variable `POLYKERAS_MAX_STEPS_PER_EPOCH` sets it too.

    >>> max_steps_per_epoch() is None
    True
    """
    return settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of any epoch; None for no limit.

    >>> set_max_steps_per_epoch(None)
    """
    settings.set("max_steps_per_epoch", max_steps_per_epoch)


def compilation_cache() -> str | None:
    """The folder in which compiled programs are kept for later processes; None for none.

    The environment variable `POLYKERAS_COMPILATION_CACHE` sets it too.

    >>> set_compilation_cache(None)
    >>> compilation_cache() is None
    True
    """
    return settings.compilation_cache


def set_compilation_cache(folder: str | os.PathLike[str] | None) -> None:
    """Keep compiled programs in a folder, where later processes find them instead of compiling again.

    JAX heeds it, whose first steps are mostly compilation, from the next `polykeras.compile` or training on. Others
    have nothing to keep, or keep it by themselves. Who can write to the folder decides what code later processes run:
    it should be your own.

    Args:
        folder: The folder, which is made if it is not there; None to keep nothing from now on.

    >>> set_compilation_cache(None)
    """
    settings.set("compilation_cache", folder)


# What there is for compatibility ---------------------------------------------------------------------------


def is_nnx_enabled() -> bool:
    """Whether layers are modules of Flax NNX: never, here.

    >>> is_nnx_enabled()
    False
    """
    return False


def enable_unsafe_deserialization() -> None:
    """Refuse: no loader here runs code that a file brings along, so there is nothing to enable.

    >>> enable_unsafe_deserialization()
    Traceback (most recent call last):
        ...
    polykeras.errors.SerializationError: enable_unsafe_deserialization: polykeras never runs code that ...
    """
    raise SerializationError(
        "enable_unsafe_deserialization: polykeras never runs code that comes in a file. Write the function in your own "
        "code and name it with register_keras_serializable, or pass it in custom_objects."
    )
