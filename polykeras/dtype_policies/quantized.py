"""Policies of layers whose weights are kept in fewer bits."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from .policy import DTypePolicy, as_policy

_PLAIN_MODES = ("int8", "int4", "float8")


class QuantizedDTypePolicy(DTypePolicy):
    """How weights are quantized, and the policy of everything else.

    Args:
        mode: How: "int8", "int4" or "float8", or a name with parameters such as "gptq/4/128".
        source_name: The name of the policy of everything else; None for the global one.

    >>> QuantizedDTypePolicy("int8", "float32")
    <QuantizedDTypePolicy "int8_from_float32">
    """

    _family: str | None = None
    """The first part of a mode with parameters; None for modes without."""
    _parameters: tuple[str, ...] = ()

    def __init__(self, mode: str, source_name: Any = None):
        source = as_policy(source_name)
        values = self._values(mode)
        self.mode = mode
        self._source_name = source.name
        self.name = f"{mode}_from_{source.name}"
        self.compute_dtype, self.variable_dtype = source.compute_dtype, source.variable_dtype
        for parameter, value in zip(self._parameters, values, strict=True):
            setattr(self, parameter, value)

    def _values(self, mode: Any) -> list[int]:
        """The parameters that stand in a mode."""
        family, *values = str(mode).split("/")
        if self._family is None and mode in _PLAIN_MODES:
            return []
        try:
            if family == self._family and len(values) == len(self._parameters):
                return [int(value) for value in values]
        except ValueError:
            pass
        known = "/".join([self._family, *self._parameters]) if self._family else ", ".join(_PLAIN_MODES)
        raise ArgumentError(f"{type(self).__name__}: expected mode to be {known}; got {mode!r}.")

    @property
    def quantization_mode(self) -> str | None:
        """How weights are quantized."""
        return self.mode.partition("/")[0]

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"mode": self.mode, "source_name": self._source_name}


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """Weights and computation in 8 bits of floats, scaled by the largest values of the last steps.

    Args:
        mode: "float8".
        source_name: The name of the policy of everything else; None for the global one.
        amax_history_length: How many steps are looked back.
    """

    def __init__(self, mode: str, source_name: Any = None, amax_history_length: int = 1024):
        super().__init__(mode, source_name)
        if mode != "float8" or not isinstance(amax_history_length, int):
            raise ArgumentError(
                f"QuantizedFloat8DTypePolicy: expected mode 'float8' and a whole amax_history_length; got {mode!r} and "
                f"{amax_history_length!r}."
            )
        self.amax_history_length = amax_history_length

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {**super().get_config(), "amax_history_length": self.amax_history_length}


class Int4DTypePolicy(QuantizedDTypePolicy):
    """Weights in 4 bits, with a scale for each block.

    Args:
        mode: "int4/" and the size of a block, -1 for whole channels.
        source_name: The name of the policy of everything else; None for the global one.
    """

    _family = "int4"
    _parameters = ("block_size",)


class GPTQDTypePolicy(QuantizedDTypePolicy):
    """Weights quantized by GPTQ (Frantar et al., 2022).

    Args:
        mode: "gptq/", the bits of a weight, "/", and the size of a group, -1 for whole channels.
        source_name: The name of the policy of everything else; None for the global one.
    """

    _family = "gptq"
    _parameters = ("weight_bits", "group_size")


class AWQDTypePolicy(QuantizedDTypePolicy):
    """Weights quantized by AWQ (Lin et al., 2023).

    Args:
        mode: "awq/", the bits of a weight, "/", and the size of a group, -1 for whole channels.
        source_name: The name of the policy of everything else; None for the global one.
    """

    _family = "awq"
    _parameters = ("weight_bits", "group_size")


def quantized_policy(name: str) -> QuantizedDTypePolicy:
    """The policy of a name such as "int8_from_float32".

    >>> quantized_policy("gptq/4/128_from_float32").group_size
    128
    """
    mode, _, source = name.partition("_from_")
    family = mode.partition("/")[0]
    if "/" in mode:
        for cls in (Int4DTypePolicy, GPTQDTypePolicy, AWQDTypePolicy):
            if cls._family == family:
                return cls(mode, source)
    return QuantizedFloat8DTypePolicy(mode, source) if mode == "float8" else QuantizedDTypePolicy(mode, source)
