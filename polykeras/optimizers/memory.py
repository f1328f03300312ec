"""What an optimizer remembers: its variables, its learning rate, and how it is configured and saved."""

from __future__ import annotations

import functools
import inspect
import re
import warnings
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import ops
from ..backend import Backend, using
from ..errors import ArgumentError, StateError
from ..registry import Configurable, deserialize_keras_object, serialize_keras_object
from ..settings import settings
from ..state import Variable, name_scope, snake_case, unique_name
from .schedules import LearningRateSchedule

if TYPE_CHECKING:
    from typing import Self


class Memory(Configurable):
    """The variables and the configuration of an optimizer."""

    _settings: ClassVar[tuple[str, ...]] = ()
    """The names of its own settings: attributes, arguments of the constructor, and arguments of the formula."""

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        _show_options(cls)

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        kind = type(self).__name__
        if kwargs:
            raise ArgumentError.unknown(type(self), kwargs)
        given = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        if sum(limit is not None for limit in given.values()) > 1:
            raise ArgumentError(f"{kind}: expected one limit of gradients at most; got {given}.")
        if gradient_accumulation_steps is not None and gradient_accumulation_steps < 2:
            raise ArgumentError(
                f"{kind}: expected gradient_accumulation_steps to be 2 or more, or None; got "
                f"{gradient_accumulation_steps}."
            )
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ArgumentError(f"{kind}: expected ema_momentum to be between 0 and 1; got {ema_momentum}.")
        if use_ema and ema_overwrite_frequency is not None and not _is_positive_integer(ema_overwrite_frequency):
            raise ArgumentError(
                f"{kind}: expected ema_overwrite_frequency to be 1 or more, or None; got {ema_overwrite_frequency!r}."
            )
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self.name = unique_name(snake_case(kind)) if name is None else name
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._undecayed: tuple[frozenset[Variable], re.Pattern[str] | None] = (frozenset(), None)
        self._iterations = self._counter("iteration")
        if not callable(learning_rate):
            if isinstance(learning_rate, bool) or not isinstance(learning_rate, (int, float, np.number)):
                raise ArgumentError(
                    f"{kind}: expected learning_rate to be a number, a schedule, or a function without arguments; got "
                    f"{learning_rate!r}."
                )
            initializer = functools.partial(full, float(learning_rate))
            learning_rate = self.add_variable((), initializer, None, "only_first_replica", name="learning_rate")
        self._learning_rate = learning_rate

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Variable):
            if "_variables" not in self.__dict__:
                raise StateError(f"{type(self).__name__}: call super().__init__() before it is given a variable.")
            self._track(value)
        super().__setattr__(name, value)

    # Variables ---------------------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """All variables of the optimizer."""
        return list(self._variables)

    def _track(self, variable: Variable) -> None:
        if not any(variable is known for known in self._variables):
            self._variables.append(variable)

    def _counter(self, name: str) -> Variable:
        """A variable that counts from zero."""
        return self.add_variable((), ops.zeros, "int32", "only_first_replica", name=name)

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Add a variable to the optimizer.

        Args:
            shape: Its shape.
            initializer: Makes the first value: the name of an initializer, or a function of shape and dtype.
            dtype: Its dtype; None for floatx.
            aggregation: How the copies of several devices become one.
            layout: How it lies on several devices; None for one device, which is all there is yet.
            name: A name; None for one that is made up.

        Returns:
            The variable.

        >>> polykeras.optimizers.SGD(name="mine").add_variable((2,), name="count").path
        'mine/count'
        """
        if layout is not None:
            raise ArgumentError(f"add_variable: expected no layout, as there is one device only; got {layout!r}.")
        return self._add(shape, initializer, dtype, aggregation=aggregation, name=name)

    def _add(self, shape: Any, initializer: Any, dtype: Any, **options: Any) -> Variable:
        if initializer == "zeros":
            initializer = ops.zeros
        elif isinstance(initializer, str):
            from ..initializers import get  # which the usual one does without

            initializer = get(initializer)
        with name_scope(self.name):
            variable = Variable(initializer, shape, dtype or settings.floatx, trainable=False, **options)
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Add a variable of the shape and dtype of another, where that is at home.

        Args:
            reference_variable: The other variable.
            name: The last part of the name, after the path of the other; None for "var".
            initializer: Makes the first value: the name of an initializer, or a function of shape and dtype.

        Returns:
            The variable.
        """
        path = reference_variable.path.replace("/", "_")
        options = {"name": f"{path}_{name or 'var'}", "is_kernel": reference_variable.is_kernel}
        with using(reference_variable.home):
            return self._add(reference_variable.shape, initializer, reference_variable._dtype, **options)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """Add variables of the shapes and dtypes of others.

        Args:
            trainable_variables: The others.
            name: The last part of the names, or several: one for each variable to add for each of the others.
            initializer: Makes the first values, or a list with one for each of several names.

        Returns:
            The variables in a list, or a tuple of lists. There is None for those that are overwritten with gradients.
        """
        names = [name] if isinstance(name, str) else list(name)
        makers = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(makers) != len(names):
            raise ArgumentError(
                f"add_optimizer_variables: expected an initializer for each of {len(names)} names; got {len(makers)}."
            )
        added: tuple[list[Variable | None], ...] = tuple([] for _ in names)
        for variable in trainable_variables:
            for variables, each, maker in zip(added, names, makers, strict=True):
                variables.append(
                    None
                    if variable.overwrite_with_gradient
                    else self.add_variable_from_reference(variable, each, maker)
                )
        return added[0] if isinstance(name, str) else added

    def build(self, variables: Sequence[Variable]) -> None:
        """Add what the optimizer remembers of each variable.

        Args:
            variables: The variables that it is to update.
        """
        if self.built:
            return
        variables = list(variables)
        for own in self._variables:
            if variables and own.home is not variables[0].home:
                own.move_to(variables[0].home)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average", ops.zeros)
        if self.gradient_accumulation_steps:
            self._sums = [self.add_variable_from_reference(v, "gradient_accumulator", ops.zeros) for v in variables]
        self._trainable_variables = variables
        self._places = {variable: place for place, variable in enumerate(variables)}
        self._slots: list[list[Variable | None]] = []
        for names in self._slot_names():
            self._slots += self.add_optimizer_variables(variables, list(names), list(names.values()))
        self._groups: dict[tuple[int, ...], list[Any]] = {}
        self._expected: dict[Backend, list[tuple[Any, Any]]] = {}
        self.built = True

    def _slot_names(self) -> list[dict[str, Any]]:
        """The slots of each variable: their names, and functions of shape and dtype that make the first values.

        They are added variable by variable, and where there are several dictionaries, one after the other.
        """
        return []

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a variable among those that the optimizer was built with."""
        place = self._places.get(variable)
        if place is None:
            raise ArgumentError(
                f"{self.name}: {variable} is not among the {len(self._places)} variables that the optimizer was built "
                "with. Make a new optimizer for other variables; where a layer of a model has become trainable, call "
                "its compile again, with a new optimizer."
            )
        return place

    # The learning rate -------------------------------------------------------------------------------------

    @property
    def iterations(self) -> Any:
        """The number of updates done: of steps, or where gradients are accumulated of whole rounds of them."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations.value, self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate now: a variable, or what the schedule or function gives."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations.value)
        return self._learning_rate if isinstance(self._learning_rate, Variable) else self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        if callable(learning_rate):
            self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = learning_rate
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(learning_rate)
        else:
            raise ArgumentError(
                f"{self.name}: its learning rate follows a schedule, so that a number cannot be put in its place. Give "
                "another schedule, or make an optimizer with a number."
            )

    # Weight decay ------------------------------------------------------------------------------------------

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Have some variables keep their weight. Call it before the optimizer is built.

        Args:
            var_list: Variables.
            var_names: Regular expressions; variables whose name contains what one of them describes.
        """
        if self.built:
            raise StateError(f"{self.name}: exclude_from_weight_decay comes before build and the first step.")
        pattern = re.compile("|".join(var_names)) if var_names else None
        self._undecayed = (frozenset(var_list or ()), pattern)

    def _use_weight_decay(self, variable: Variable) -> bool:
        chosen, pattern = self._undecayed
        return variable not in chosen and not (pattern and pattern.search(variable.name))

    # Configuration and values ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments with which another one like this can be made."""
        rate = self._learning_rate
        own = {name: getattr(self, name) for name in self._settings}
        return {
            "name": self.name,
            "learning_rate": float(rate) if isinstance(rate, Variable) else serialize_keras_object(rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
            **own,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """An optimizer made from its configuration."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), Mapping):
            config["learning_rate"] = deserialize_keras_object(config["learning_rate"], custom_objects)
        return cls(**config)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give all variables values.

        Args:
            weights: The values, in the order of `variables`.
        """
        if not self.built:
            raise StateError(f"{self.name}: set_weights needs an optimizer that has been built. Call build first.")
        variables = self.variables
        if len(weights) != len(variables):
            raise ArgumentError(f"{self.name}: expected {len(variables)} values; got {len(weights)}.")
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the values of all variables into a store, by their number."""
        for number, variable in enumerate(self.variables):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Give all variables the values of a store, if it has as many."""
        variables = self.variables
        if len(store.keys()) != len(variables):
            warnings.warn(
                f"{self.name}: its state is not loaded, because it has {len(variables)} variables and the file has "
                f"{len(store.keys())}. Has the optimizer been built?",
                stacklevel=2,
            )
            return
        for number, variable in enumerate(variables):
            variable.assign(store[str(number)])


def full(value: float, shape: Any, dtype: Any) -> Any:
    """An array with one value everywhere: with the value given, an initializer."""
    return ops.full(shape, value, dtype)


def _is_positive_integer(x: Any) -> bool:
    return isinstance(x, int) and x >= 1


def _show_options(cls: type) -> None:
    """Have a class whose constructor passes further arguments on show those of the base too."""
    own = list(inspect.signature(cls.__init__).parameters.values())[1:]
    if {p.kind for p in own} >= {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        base = list(inspect.signature(Memory.__init__).parameters.values())[1:]
        named = [p for p in own if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
        known = {p.name for p in named}
        cls.__signature__ = inspect.Signature([*named, *(p for p in base if p.name not in known)])  # type: ignore[attr-defined]
