"""Low-rank adaptation: fine-tuning a large weight by the product of two small ones."""

from __future__ import annotations

import contextlib
from typing import Any

from .. import ops
from ..backend import current, using
from ..errors import ArgumentError, StateError
from ..state import Variable, name_scope
from .configuration import whole
from .layer import Layer


class LowRankAdaptable(Layer):
    """A layer with one large weight that can be frozen, and adapted by `alpha / rank` times a product A B."""

    adapted = "kernel"
    """The name of the weight, which is kept in an attribute with a `_` in front of it."""

    def set_rank(self, lora_rank: int | None, lora_alpha: float | None) -> None:
        """Note the arguments of the constructor."""
        self.lora_rank = lora_rank
        self.lora_alpha = lora_rank if lora_alpha is None else lora_alpha
        self.lora_enabled = False

    @property
    def _frozen(self) -> Variable:
        if not self.built and not self._building:
            raise StateError(
                f"{type(self).__name__} {self.name!r}: it has no weights yet. Call it, or build it with the shape of "
                "its inputs."
            )
        return vars(self)[f"_{self.adapted}"]

    def _adapted_weight(self) -> Any:
        """The weight with which to compute."""
        weight = self._frozen
        if not self.lora_enabled:
            return weight
        change = ops.matmul(*self._factors)
        return ops.add(weight, ops.multiply(change, self.lora_alpha / self.lora_rank))  # type: ignore[operator]

    def enable_lora(
        self,
        rank: int,
        lora_alpha: float | None = None,
        a_initializer: Any = "he_uniform",
        b_initializer: Any = "zeros",
    ) -> None:
        """Freeze the large weight, and train two small ones instead.

        Args:
            rank: The number of columns of the first small weight, and of rows of the second.
            lora_alpha: Their product counts `lora_alpha / rank`; by default 1.
            a_initializer: The initializer of the first.
            b_initializer: The initializer of the second.
        """
        weight, rank = self._frozen, whole(self, "rank", rank)
        if self.lora_enabled:
            raise StateError(f"{self.name}: it has low-rank weights already. They can be added once.")
        if weight.constraint is not None:
            raise ArgumentError(
                f"{self.name}: a weight with a constraint cannot be adapted by low-rank weights, for which it would "
                "not hold. Make the layer without the constraint."
            )
        dtype = "float64" if self.variable_dtype == "float64" else "float32"  # halves could not hold small steps
        options: dict[str, Any] = {"dtype": dtype, "regularizer": weight.regularizer}
        inside = contextlib.nullcontext() if self._building else name_scope(self.path)
        with using(self._home or current()), inside:
            for factor, shape, initializer in (
                ("a", (*weight.shape[:-1], rank), a_initializer),
                ("b", (rank, weight.shape[-1]), b_initializer),
            ):
                name = f"lora_{self.adapted}_{factor}"
                setattr(self, name, self.add_weight(shape, initializer, name=name, **options))
        weight.trainable = False
        self.lora_enabled, self.lora_rank = True, rank
        self.lora_alpha = rank if lora_alpha is None else lora_alpha

    @property
    def _factors(self) -> tuple[Variable, Variable]:
        return vars(self)[f"lora_{self.adapted}_a"], vars(self)[f"lora_{self.adapted}_b"]

    def _config_of_rank(self) -> dict[str, Any]:
        if not self.lora_rank:
            return {}
        return {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}

    def _stored(self) -> list[Variable]:
        """The variables that are saved: those of the layer without low-rank weights."""
        return [v for v in self._own_weights if all(v is not factor for factor in self._factors)]

    def save_own_variables(self, store: Any) -> None:
        """Put the values of the variables into a store, the large one with its adaptation."""
        if not self.lora_enabled:
            super().save_own_variables(store)
            return
        for number, variable in enumerate(self._stored()):
            value = self._adapted_weight() if variable is self._frozen else variable
            store[str(number)] = ops.convert_to_numpy(ops.cast(value, variable.dtype))

    def load_own_variables(self, store: Any) -> None:
        """Take the values of the variables out of a store, and begin without an adaptation."""
        if not self.lora_enabled:
            super().load_own_variables(store)
            return
        stored = self._stored()
        if len(store) != len(stored):
            raise ArgumentError(
                f"{self.name}: expected {len(stored)} variables, {', '.join(v.path for v in stored)}; the file has "
                f"{len(store)}."
            )
        for number, variable in enumerate(stored):
            variable.assign(store[str(number)])
        _, second = self._factors  # training would not get away from zeros in both
        second.assign(ops.zeros(second.shape))
