"""Policies of layers whose weights are kept in fewer bits."""

from __future__ import annotations

from typing import Any

from ..errors import ArgumentError
from .policy import DTypePolicy

MODES = ("int8", "float8", "int4", "gptq", "awq")
_FROM = "_from_"


class QuantizedDTypePolicy(DTypePolicy):
    """How weights are quantized, and the policy of everything else.

    Args:
        mode: How: "int8", "float8", "int4", "gptq" or "awq".
        source_name: The name of the policy of everything else; None for the global one.

    >>> QuantizedDTypePolicy("int8", "float32")
    <QuantizedDTypePolicy "int8_from_float32">
    """

    _format: tuple[str, ...] = ()
    """The parts of a mode with parameters; none for plain modes."""
    _weight_bits: tuple[int, ...] = ()
    """What `weight_bits` may be."""

    def __init__(self, mode: str, source_name: Any = None):
        source = DTypePolicy(source_name)
        for parameter, value in zip(self._format[1:], self._values(mode), strict=True):
            setattr(self, parameter, value)
        self._mode = str(mode)
        if source.compute_dtype == "float16" and mode == "int8":
            raise ArgumentError(
                f"{type(self).__name__}: expected mode 'int8' over a policy that computes in more than float16; got "
                f"{source.name!r}. Use bfloat16 or float32."
            )
        self._source_name = source.name
        self._name = f"{mode}{_FROM}{source.name}"
        self._compute_dtype, self._variable_dtype = source.compute_dtype, source.variable_dtype

    def _values(self, mode: Any) -> list[int]:
        """The parameters that stand in a mode."""
        family, *values = str(mode).split("/")
        if not self._format:
            if mode not in MODES:
                raise ArgumentError(
                    f"{type(self).__name__}: expected mode to be one of {', '.join(MODES)}; got {mode!r}."
                )
            return []
        try:
            numbers = [int(value) for value in values]
        except ValueError:
            numbers = []
        if family != self._format[0] or len(numbers) != len(self._format) - 1:
            shown = "/".join([self._format[0], *(f"<{name}>" for name in self._format[1:])])
            raise ArgumentError(
                f"{type(self).__name__}: expected mode to be {shown} with integers as parameters; got {mode!r}."
            )
        for name, number in zip(self._format[1:], numbers, strict=True):
            self._check(mode, name, number)
        return numbers

    def _check(self, mode: str, name: str, number: int) -> None:
        is_bits = name == "weight_bits"
        if number in self._weight_bits if is_bits else number == -1 or number > 0:
            return
        wanted = f"one of {', '.join(map(str, self._weight_bits))}" if is_bits else "-1 for whole channels, or positive"
        raise ArgumentError(f"{type(self).__name__}: expected {name} to be {wanted}; got {number} in {mode!r}.")

    @property
    def quantization_mode(self) -> str | None:
        """How weights are quantized."""
        return self._mode.partition("/")[0]

    @property
    def mode(self) -> str | None:
        """How weights are quantized."""
        return self.quantization_mode

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        return {"mode": self._mode, "source_name": self._source_name}


class QuantizedFloat8DTypePolicy(QuantizedDTypePolicy):
    """Weights and computation in 8 bits of floats, scaled by the largest values of the last steps.

    Args:
        mode: "float8".
        source_name: The name of the policy of everything else; None for the global one.
        amax_history_length: How many steps are looked back.

    >>> QuantizedFloat8DTypePolicy("float8", "mixed_bfloat16").amax_history_length
    1024
    """

    def __init__(self, mode: str, source_name: Any = None, amax_history_length: int = 1024):
        super().__init__(mode, source_name)
        if mode != "float8":
            raise ArgumentError(f"{type(self).__name__}: expected mode to be 'float8'; got {mode!r}.")
        if isinstance(amax_history_length, bool) or not isinstance(amax_history_length, int):
            raise ArgumentError(
                f"{type(self).__name__}: expected amax_history_length to be an integer; got {amax_history_length!r}."
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

    >>> Int4DTypePolicy("int4/128", "float32").block_size
    128
    """

    _format = ("int4", "block_size")
    block_size: int


class GPTQDTypePolicy(QuantizedDTypePolicy):
    """Weights quantized by GPTQ (Frantar et al., 2022).

    Args:
        mode: "gptq/", the bits of a weight, "/", and the size of a group, -1 for whole channels.
        source_name: The name of the policy of everything else; None for the global one.

    >>> GPTQDTypePolicy("gptq/4/128", "float32").weight_bits
    4
    """

    _format = ("gptq", "weight_bits", "group_size")
    _weight_bits = (2, 3, 4, 8)
    weight_bits: int
    group_size: int


class AWQDTypePolicy(QuantizedDTypePolicy):
    """Weights quantized by AWQ (Lin et al., 2023).

    Args:
        mode: "awq/4/" and the size of a group, -1 for whole channels.
        source_name: The name of the policy of everything else; None for the global one.

    >>> AWQDTypePolicy("awq/4/-1", "float32").group_size
    -1
    """

    _format = ("awq", "weight_bits", "group_size")
    _weight_bits = (4,)
    weight_bits: int
    group_size: int


_WITH_PARAMETERS = {"int4": Int4DTypePolicy, "gptq": GPTQDTypePolicy, "awq": AWQDTypePolicy}


def quantized_policy(name: str) -> QuantizedDTypePolicy:
    """The policy of a name such as "int8_from_float32".

    Args:
        name: The mode, "_from_", and the name of the policy of everything else.

    Returns:
        The policy.

    >>> quantized_policy("gptq/4/128_from_float32").quantization_mode
    'gptq'
    """
    mode, separator, source = name.partition(_FROM)
    if not separator:
        raise ArgumentError(
            f"expected the name of a quantized policy to say what it is made from, as in "
            f"'{name.partition('/')[0]}_from_float32'; got {name!r}."
        )
    family = mode.partition("/")[0]
    if mode == "float8":
        return QuantizedFloat8DTypePolicy(mode, source)
    if mode in ("gptq", "awq") or ("/" in mode and family in _WITH_PARAMETERS):
        return _WITH_PARAMETERS[family](mode, source)
    return QuantizedDTypePolicy(mode, source)
