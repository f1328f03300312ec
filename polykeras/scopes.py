"""Blocks in which variables, or the layers of a model, behave otherwise than usual: Keras's scopes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any

from . import ops
from .backend import using
from .errors import ArgumentError, ShapeError, StateError
from .spec import show_shape
from .state import Binding, Variable, bind
from .symbolic import spec_of

__all__ = ["RematScope", "StatelessScope", "SymbolicScope", "in_symbolic_scope", "remat_scope", "stateless_scope"]

_stateless: ContextVar[StatelessScope | None] = ContextVar("polykeras_stateless_scope", default=None)
_symbolic: ContextVar[bool] = ContextVar("polykeras_symbolic_scope", default=False)
_remat: ContextVar[RematScope | None] = ContextVar("polykeras_remat_scope", default=None)


class StatelessScope:
    """A block in which variables have other values, and keep their own: what is assigned stays with the scope.

    Args:
        state_mapping: Pairs of a variable and the value that it has in the block.
        collect_losses: Whether losses that are added in the block are kept in `losses`.
        initialize_variables: Accepted for compatibility: variables that are made in the block have their values.

    >>> v = Variable(1.0)
    >>> with StatelessScope([(v, 5.0)]) as scope:
    ...     _ = v.assign_add(1.0)
    >>> float(scope.get_current_value(v)), float(v)
    (6.0, 1.0)
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ):
        self.collect_losses = collect_losses
        self.initialize_variables = initialize_variables
        self.losses: list[Any] = []
        self._values: dict[int, tuple[Variable, Any]] = {}
        self._binding: Binding | None = None
        for pair in () if state_mapping is None else state_mapping:
            self.add_update(pair)

    @property
    def state_mapping(self) -> dict[int, Any]:
        """The values of the variables that have some here, by the `id` of the variable."""
        return {key: value for key, (_, value) in self._current().items()}

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Give a variable a value here, from now on.

        Args:
            update: The variable and its value.
        """
        if not isinstance(update, (tuple, list)) or len(update) != 2 or not isinstance(update[0], Variable):
            raise StateError(f"StatelessScope: expected pairs of a variable and its value; got {update!r}.")
        variable, value = update
        given = spec_of(value).shape
        if given != variable.shape:
            raise ShapeError(
                f"StatelessScope: expected a value of shape {show_shape(variable.shape)} for variable {variable.path}; "
                f"got {show_shape(given)}. Reshape or broadcast it."
            )
        with using(variable.home):
            value = ops.convert_to_tensor(value, variable.dtype)
        if self._binding is None:
            self._values[id(variable)] = variable, value
        else:
            self._binding.write(variable, value)

    def get_current_value(self, variable: Variable) -> Any:
        """The value that a variable has here, or None where it has just its own.

        Args:
            variable: The variable.

        Returns:
            An array, or None.
        """
        return self._current().get(id(variable), (variable, None))[1]

    def add_loss(self, loss: Any) -> None:
        """Keep a loss, if that is wanted."""
        if self.collect_losses:
            self.losses.append(loss)

    def _current(self) -> dict[int, tuple[Variable, Any]]:
        if self._binding is None:
            return self._values
        return {id(variable): (variable, value) for variable, value in self._binding.items()}

    def __enter__(self) -> StatelessScope:
        if self._binding is not None:
            raise StateError("StatelessScope: a scope cannot be entered within itself. Make another one.")
        self._blocks = contextlib.ExitStack()
        variables, values = zip(*self._values.values(), strict=True) if self._values else ((), ())
        self._binding = self._blocks.enter_context(bind(variables, values))
        token = _stateless.set(self)
        self._blocks.callback(_stateless.reset, token)
        return self

    def __exit__(self, *exception: object) -> None:
        self._values, self._binding = self._current(), None
        self._blocks.close()


def stateless_scope() -> StatelessScope | None:
    """The innermost `StatelessScope` around this code, if there is one.

    >>> with StatelessScope() as scope:
    ...     stateless_scope() is scope
    True
    """
    return _stateless.get()


class SymbolicScope:
    """A block in which shapes are found out: what is assigned to variables in it is forgotten afterwards.

    >>> v = Variable(1.0)
    >>> with SymbolicScope():
    ...     _ = v.assign(2.0)
    >>> float(v)
    1.0
    """

    def __enter__(self) -> SymbolicScope:
        self._blocks = contextlib.ExitStack()
        self._blocks.enter_context(bind((), ()))
        token = _symbolic.set(True)
        self._blocks.callback(_symbolic.reset, token)
        return self

    def __exit__(self, *exception: object) -> None:
        self._blocks.close()


def in_symbolic_scope() -> bool:
    """Whether this code runs in a `SymbolicScope`.

    >>> with SymbolicScope():
    ...     in_symbolic_scope()
    True
    """
    return _symbolic.get()


_MODES = (None, "full", "activations", "larger_than", "list_of_layers")


class RematScope:
    """A block in which layers compute their intermediate results again for the gradient, instead of keeping them.

    Args:
        mode: "full" for all layers; "activations" for the activations alone of dense layers, convolutions and
            `Activation`; "larger_than" for layers with outputs larger than the threshold; "list_of_layers" for those
            that are named; None for none.
        output_size_threshold: From how many numbers on an output counts as large.
        layer_names: The names of layers.

    >>> with RematScope("list_of_layers", layer_names=["attention"]) as scope:
    ...     scope.recomputes("attention"), scope.recomputes("dense")
    (True, False)
    """

    def __init__(
        self, mode: str | None = "full", output_size_threshold: int = 1024, layer_names: Sequence[str] | None = None
    ):
        if mode not in _MODES:
            raise ArgumentError(
                f"RematScope: expected mode to be one of {', '.join(map(str, _MODES))}; got {mode!r}. "
                "None leaves everything as it is."
            )
        if isinstance(layer_names, str):
            raise ArgumentError(f"RematScope: expected layer_names to be a list; got {layer_names!r}.")
        self.mode = mode
        self.output_size_threshold = output_size_threshold
        self.layer_names = list(layer_names or [])

    def recomputes(self, name: str, output_size: Any = None) -> bool:
        """Whether a layer as a whole is computed again.

        Args:
            name: The name of the layer.
            output_size: How many numbers it gives, where that is known.

        Returns:
            Whether it is.
        """
        if self.mode == "larger_than":
            return isinstance(output_size, int) and output_size > self.output_size_threshold
        return self.mode == "full" or (self.mode == "list_of_layers" and name in self.layer_names)

    @property
    def recomputes_activations(self) -> bool:
        """Whether the activations of layers are computed again."""
        return self.mode == "activations"

    def __enter__(self) -> RematScope:
        self._token = _remat.set(self)
        return self

    def __exit__(self, *exception: object) -> None:
        _remat.reset(self._token)


def remat_scope() -> RematScope | None:
    """The innermost `RematScope` around this code, if there is one.

    >>> with RematScope() as scope:
    ...     remat_scope() is scope
    True
    """
    return _remat.get()
