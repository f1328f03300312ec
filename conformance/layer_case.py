"""What the suite knows of a layer: configurations, inputs to call it on, and what it should give."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import polykeras
from polykeras import layers, tree

from .case import Given, Values


@dataclass(frozen=True, eq=False)
class Configuration:
    """Arguments of a layer's constructor."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    name: str | None = None

    def on(self, *inputs: Any, **call: Any) -> Trial:
        """A call of such a layer. Whatever is a `Values` becomes an array."""
        return Trial(self, inputs, call)

    def make(self, name: str, dtype: Any) -> Any:
        """The layer. The same seeds are drawn whenever it is made."""
        polykeras.set_random_seed(7)
        return self._made(name, dtype)

    def _made(self, name: str, dtype: Any) -> Any:
        def made(argument: Any) -> Any:
            return argument._made("", dtype) if isinstance(argument, Configuration) else argument

        args, options = tree.map_structure(made, (self.args, {"dtype": dtype, **self.options}))
        return getattr(layers, self.name or name)(*args, **options)


@dataclass(frozen=True, eq=False)
class Trial:
    """A layer's configuration, the arguments of a call, and what is known of the results."""

    configuration: Configuration
    inputs: tuple[Any, ...]
    call: dict[str, Any]
    masks: tuple[Any, ...] = ()
    """A mask for each array among the inputs, or None."""
    outputs: Callable[..., Any] | None = None
    """A function of NumPy arrays: the list of weights, and the arguments of the call."""
    output_mask: Any = None
    unknown: tuple[int, ...] = (0,)
    """The axes of the inputs whose sizes may be unknown."""
    gradient: bool = True
    exact: bool = False
    """Whether outputs are the same on every backend to the last bit."""
    mixed: bool = True
    """Whether it makes sense in mixed precision."""
    repeats: bool = False
    """Whether it is another one in another layout, to be left out where little is tried."""

    def masked(self, *masks: Any) -> Trial:
        """With masks that the inputs carry."""
        return dataclasses.replace(self, masks=masks)

    def gives(self, outputs: Callable[..., Any]) -> Trial:
        """With a reference for the outputs, a function of the list of weights and the arguments of the call."""
        return dataclasses.replace(self, outputs=outputs)

    def gives_mask(self, mask: Any) -> Trial:
        """With the mask that the outputs should carry, False for none."""
        return dataclasses.replace(self, output_mask=mask)

    def but(self, **changes: Any) -> Trial:
        """With other fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass
class LayerCase:
    """A layer, and what to try."""

    name: str
    trials: list[Trial] = field(default_factory=list)
    mistakes: list[tuple[Configuration | Trial, str]] = field(default_factory=list)
    """What must be refused, and words of the message."""
    makes_complex: bool = False
    """Whether it computes with complex numbers, for which float64 needs complex128."""

    def arguments(self, trial: Trial, dtype: str) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of a call as NumPy arrays, the same in every run."""
        seed = zlib.crc32(f"{self.name} {self.trials.index(trial)}".encode())
        count = 0

        def made(leaf: Any) -> Any:
            nonlocal count
            count += 1
            return leaf.make(seed + count, dtype) if isinstance(leaf, (Values, Given)) else leaf

        return tree.map_structure(made, (trial.inputs, trial.call))

    def weights_for(self, layer: Any) -> list[np.ndarray]:
        """Values for the weights, the same in every run: of variances positive ones."""
        values = []
        for number, weight in enumerate(layer.weights):
            random = np.random.Generator(np.random.Philox(zlib.crc32(f"{self.name} weight {number}".encode())))
            low, high = (0.5, 1.5) if "variance" in weight.name else (-1.0, 1.0)
            values.append(random.uniform(low, high, weight.shape))
        return values


LAYERS: dict[str, LayerCase] = {}


def layer(name: str, *trials: Trial, mistakes: Any = (), makes_complex: bool = False) -> None:
    """Enter the case of a layer."""
    if name in LAYERS:
        raise ValueError(f"there are two cases of {name}")
    LAYERS[name] = LayerCase(name, list(trials), list(mistakes), makes_complex)


def configured(*args: Any, **options: Any) -> Configuration:
    """Arguments of the constructor of the case's layer. Layers among them are given by `a`."""
    return Configuration(args, options)


def a(name: str, *args: Any, **options: Any) -> Configuration:
    """A layer as an argument of another one's constructor."""
    return Configuration(args, options, name)
