"""What all optimizers share: the step around each one's formula.

An optimizer of ours is a formula: a pure function of the gradient, the value, what it remembers of each variable (its
slots), some numbers and its settings. A step gathers the arrays of all variables and hands them to a row of the table
of ops, in `ops.updates`, which a backend may run with kernels for whole lists. What can be known beforehand is found
out once, and nothing depends on values, so that a step can be compiled. One of a user's own may define `update_step`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .. import ops
from ..backend import using
from ..dtypes import result_type
from ..errors import ArgumentError, ShapeError, StateError
from ..ops.updates import Rule, elementwise_each
from ..spec import show_shape
from ..state import Variable, bind, may_consume, take_all, values_of
from ..symbolic import spec_of
from . import clipping
from .memory import Memory


class _Group(NamedTuple):
    """Variables that one call of a row updates."""

    order: list[int]
    """Which of the gradients are theirs."""
    written: list[Variable]
    """The variables and their slots, list after list."""
    lists: int
    """How many lists of arrays there are, with the gradients."""
    wide: str
    """The dtype in which numbers are computed: theirs, or a wider one."""
    kind: Any


class Optimizer(Memory):
    """The base of optimizers.

    One of your own defines `update_step`, in which it assigns to the variable, and `build`, in which it adds variables.

    Args:
        learning_rate: A number, a schedule, or a function without arguments.
        weight_decay: How much of each variable is taken away in each step, in units of the learning rate.
        clipnorm: The largest norm of each gradient; larger ones are scaled down.
        clipvalue: The largest element of gradients; larger ones are cut off.
        global_clipnorm: The largest norm of all gradients together; larger ones are scaled down.
        use_ema: Whether to keep a moving average of the variables.
        ema_momentum: How much of the average stays in each step.
        ema_overwrite_frequency: After how many steps variables are replaced by their averages; None for never, or
            not before `finalize_variable_values`.
        loss_scale_factor: What the loss is multiplied by in `scale_loss`, and gradients are divided by.
        gradient_accumulation_steps: The number of steps whose gradients are averaged for one update.
        name: A name; None for one that is made up.
        **kwargs: None are known.

    >>> class Descent(Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, ops.multiply(learning_rate, gradient))
    >>> weight = polykeras.Variable([3.0, 4.0])
    >>> loss, gradient = ops.value_and_grad(lambda w: ops.sum(w * w))(weight)
    >>> Descent(0.25).apply([gradient], [weight])
    >>> weight.numpy()
    array([1.5, 2. ], dtype=float32)
    """

    _formula: ClassVar[Callable[..., tuple[Any, ...]] | None] = None
    """The formula: from a gradient, a value, slots, numbers, and settings by name, to a new value and slots."""

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """As `apply`, with pairs of gradients and variables.

        Args:
            grads_and_vars: The pairs.

        Returns:
            The number of steps done.
        """
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Do a step.

        Args:
            grads: The gradients; None for a variable that is to stay as it is.
            trainable_variables: Their variables, from which the optimizer is built where it is not yet; None for those
                that it was built with.

        >>> weights = [polykeras.Variable([1.0, 2.0]), polykeras.Variable(0.5)]
        >>> optimizer = polykeras.optimizers.SGD(0.1)
        >>> loss_of = lambda weights: ops.sum(ops.square(weights[0])) * weights[1]
        >>> for _ in range(2):
        ...     loss, grads = ops.value_and_grad(loss_of)(weights)
        ...     optimizer.apply(grads, weights)
        >>> weights[0].numpy(), float(weights[1])
        (array([0.9, 1.8], dtype=float32), -0.405)
        """
        if not len(grads):
            return
        variables = self._known(grads, trainable_variables)
        places, found = self._present(variables, grads)
        with using(variables[0].home):
            found = self._as_gradients(places, found)
            overwritten = [v.overwrite_with_gradient for v in variables]
            if any(overwritten):
                places, found = self._overwrite(places, found)
            if places:
                self._apply(places, found)
            self._iterations.take(self._next())

    def _known(self, grads: Sequence[Any], variables: Sequence[Variable] | None) -> list[Variable]:
        """The variables of a step. The optimizer is built if it is not."""
        if variables is None and not self.built:
            raise StateError(
                f"{self.name}: there are gradients but no variables yet. Call build(variables), or give apply the "
                "variables too."
            )
        variables = self._trainable_variables if variables is None else list(variables)
        if len(grads) != len(variables):
            raise ArgumentError(
                f"{self.name}: expected a gradient, or None, for each of {len(variables)} variables; got {len(grads)}."
            )
        if not self.built:
            self.build(variables)
        return variables

    def _present(self, variables: list[Variable], grads: Sequence[Any]) -> tuple[tuple[int, ...], list[Any]]:
        """The places of the variables that have gradients, and these."""
        places = tuple(map(self._get_variable_index, variables))
        missing = [v.path for v, g in zip(variables, grads, strict=True) if g is None]
        if not missing:
            return places, list(grads)
        if len(missing) == len(variables):
            raise ArgumentError(
                f"{self.name}: there is no gradient for any variable. Check that the loss depends on them."
            )
        warnings.warn(
            f"There are no gradients for the variables {', '.join(missing)}, which stay as they are. Does the loss "
            "depend on them?",
            stacklevel=3,
        )
        present = [(p, g) for p, g in zip(places, grads, strict=True) if g is not None]
        return tuple(p for p, _ in present), [g for _, g in present]

    def _as_gradients(self, places: tuple[int, ...], grads: list[Any]) -> list[Any]:
        """Gradients as arrays of the backends and dtypes of their variables."""
        home, found = self._trainable_variables[0].home, []
        if home not in self._expected:
            self._expected[home] = [(home.dtypes[v._dtype], v.shape) for v in self._trainable_variables]
        expected = self._expected[home]
        for place, gradient in zip(places, grads, strict=True):
            dtype, shape = expected[place]
            fits = isinstance(gradient, home.array_types) and gradient.dtype is dtype and gradient.shape == shape
            found.append(gradient if fits else self._as_gradient(gradient, self._trainable_variables[place]))
        return found

    def _as_gradient(self, gradient: Any, variable: Variable) -> Any:
        if tuple(gradient.shape if hasattr(gradient, "shape") else spec_of(gradient).shape) != variable.shape:
            raise ShapeError(
                f"{self.name}: expected a gradient of shape {show_shape(variable.shape)} for variable {variable.path}; "
                f"got {show_shape(spec_of(gradient).shape)}."
            )
        return ops.convert_to_tensor(gradient, variable._dtype)

    def _apply(self, places: tuple[int, ...], grads: list[Any]) -> None:
        """All of a step but the counting."""
        if self.loss_scale_factor is not None:
            grads = [ops.divide(g, self.loss_scale_factor) for g in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(places, grads)
        else:
            self._update(places, grads)
        if self.use_ema:
            self._average()
        for place in places:
            variable = self._trainable_variables[place]
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))

    def _update(self, places: tuple[int, ...], grads: list[Any]) -> None:
        """Clip the gradients, and move the variables."""
        grads = self._clip(grads)
        learning_rate = self.learning_rate
        if type(self).update_step is Optimizer.update_step:
            self._update_all(places, grads, learning_rate, decays=True)
            return
        variables = [self._trainable_variables[place] for place in places]
        for variable in variables:
            decay = self._decay_of(variable)
            if decay is not None:
                share = ops.cast(ops.multiply(learning_rate, decay), variable._dtype)
                variable.take(ops.subtract(variable.value, ops.multiply(variable.value, share)))
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, learning_rate)

    def _clip(self, grads: list[Any]) -> list[Any]:
        if self.clipnorm:
            return clipping.by_norm(grads, self.clipnorm)
        if self.global_clipnorm:
            return clipping.by_global_norm(grads, self.global_clipnorm)
        return clipping.by_value(grads, self.clipvalue) if self.clipvalue else grads

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Move one variable. An optimizer of your own overrides this.

        Args:
            gradient: The gradient.
            variable: The variable, to which it assigns.
            learning_rate: The learning rate, an array.
        """
        self._update_all((self._get_variable_index(variable),), [gradient], learning_rate, decays=False)

    def _update_all(self, places: tuple[int, ...], grads: list[Any], learning_rate: Any, decays: bool) -> None:
        """Use the formula on the variables at some places."""
        if self._formula is None:
            raise NotImplementedError(f"{type(self).__name__}: an optimizer defines update_step.")
        if places not in self._groups:
            self._groups[places] = self._grouped(places)
        scalars: dict[str, list[Any]] = {}
        for group in self._groups[places]:
            if group.wide not in scalars:
                scalars[group.wide] = self._scalars(learning_rate, group.wide)
            written = group.written
            arrays = [*scalars[group.wide], *(grads[i] for i in group.order), *values_of(written)]
            donate = range(1, group.lists) if may_consume(written) else ()
            take_all(written, self._run(arrays, self._rule(group, decays), tuple(donate)))

    def _grouped(self, places: tuple[int, ...]) -> list[_Group]:
        """The variables at some places, those together that one call can update."""
        kinds: dict[Any, list[int]] = {}
        for order, place in enumerate(places):
            variable = self._trainable_variables[place]
            key = (variable._dtype, self._use_weight_decay(variable), self._kind_of(variable))
            kinds.setdefault(key, []).append(order)
        groups = []
        for (dtype, _, kind), order in kinds.items():
            chosen = [places[i] for i in order]
            lists = [self._trainable_variables, *(slots for slots in self._slots if slots[chosen[0]] is not None)]
            written = [variables[place] for variables in lists for place in chosen]
            wide = result_type("float32", dtype)
            groups.append(_Group(order, [v for v in written if v is not None], 1 + len(lists), wide, kind))
        return groups

    def _kind_of(self, variable: Variable) -> Any:
        """What else tells apart variables that need calls of their own."""
        return None

    def _decay_of(self, variable: Variable) -> float | None:
        """How much of a variable is taken away in a step, in units of the learning rate."""
        return self.weight_decay if self._use_weight_decay(variable) else None

    def _rule(self, group: _Group, decays: bool) -> Rule:
        """The formula with its settings as they are now."""
        return Rule(
            self._formula,  # type: ignore[arg-type]
            group.lists,
            len(self._scalar_variables()) + 2,
            self._numbers,
            tuple([(name, _as_number(getattr(self, name))) for name in self._settings]),
            self._decay_of(group.written[0]) if decays else None,
        )

    @staticmethod
    def _numbers(rate: Any, step: Any, **_: Any) -> tuple[Any, ...]:
        return (rate,)

    def _scalars(self, learning_rate: Any, dtype: str) -> list[Any]:
        """The learning rate, the number of the step counted from one, and other variables without axes."""
        if isinstance(learning_rate, Variable):
            learning_rate = learning_rate.value
        values = [learning_rate, self._next_update(), *values_of(self._scalar_variables())]
        return [ops.cast(ops.as_array(x), dtype) for x in values]

    def _next(self) -> Any:
        """The number of this step, counted from one."""
        return _after(self._iterations.value)

    def _next_update(self) -> Any:
        """The number of this step's update, counted from one."""
        steps = self.gradient_accumulation_steps
        return self._next() if not steps else _after(ops.floor_divide(self._iterations.value, steps))

    def _scalar_variables(self) -> list[Variable]:
        return []

    def _run(self, arrays: list[Any], rule: Rule, donate: tuple[int, ...]) -> list[Any]:
        """Use a rule on the arrays of a group."""
        return elementwise_each(arrays, rule, donate)

    def assign(self, variable: Variable, value: Any) -> None:
        """Give a variable another value."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to the value of a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from the value of a variable."""
        variable.assign_sub(value)

    # Rounds of steps, and averages --------------------------------------------------------------------------

    def _accumulate(self, places: tuple[int, ...], grads: list[Any]) -> None:
        """Add the gradients up, and every so many steps update by their mean."""
        steps = self.gradient_accumulation_steps
        kept = [self._sums[place] for place in places]
        total = [ops.add(g, held) for g, held in zip(grads, values_of(kept), strict=True)]

        def update() -> None:
            self._update(places, [ops.divide(x, steps) for x in total])
            take_all(self._sums, [ops.zeros_like(x) for x in values_of(self._sums)])

        fixed = {id(self._iterations), id(self._learning_rate)}
        changing = [self._trainable_variables[place] for place in places]
        changing += [v for v in self._variables if id(v) not in fixed]
        last = ops.equal(ops.mod(self._next(), steps), 0)
        run_if(last, changing, update, lambda: take_all(kept, total))

    def _average(self) -> None:
        """Move the averages towards the variables, and every so many updates replace these by them."""
        pairs = [(v, a) for v, a in zip(self._trainable_variables, self._averages, strict=True) if a is not None]
        variables = [variable for variable, _ in pairs]
        begun = ops.not_equal(ops.as_array(self.iterations), 0)
        for variable, average in pairs:
            momentum = ops.multiply(ops.cast(begun, variable._dtype), self.ema_momentum)
            moved = ops.add(
                ops.multiply(average.value, momentum), ops.multiply(variable.value, ops.subtract(1, momentum))
            )
            average.take(moved)
        if self.ema_overwrite_frequency:
            due = ops.equal(ops.mod(self._next_update(), self.ema_overwrite_frequency), 0)
            run_if(due, variables, lambda: self.finalize_variable_values(variables), lambda: None)

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Replace variables by their averages, where the optimizer keeps any: what comes last in training.

        Args:
            var_list: The variables.
        """
        if self.use_ema:
            for variable in var_list:
                average = self._averages[self._get_variable_index(variable)]
                if average is not None:
                    variable.assign(average.value)

    def _overwrite(self, places: tuple[int, ...], grads: list[Any]) -> tuple[tuple[int, ...], list[Any]]:
        """Give variables that are overwritten with their gradients these; the places and gradients of the others."""
        others = []
        for place, gradient in zip(places, grads, strict=True):
            variable = self._trainable_variables[place]
            if not variable.overwrite_with_gradient:
                others.append((place, gradient))
            elif not self.gradient_accumulation_steps:
                variable.take(gradient)
            else:  # of the gradients of a round, the largest elements
                steps, kept = self.gradient_accumulation_steps, self._sums[place]
                last = ops.equal(ops.mod(self._next(), steps), 0)
                largest = ops.maximum(gradient, kept.value)
                variable.take(ops.where(last, largest, variable.value))
                kept.take(ops.where(last, ops.zeros_like(largest), largest))
        return tuple(place for place, _ in others), [gradient for _, gradient in others]

    # Without state, and with scaled losses ------------------------------------------------------------------

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list[Any], list[Any]]:
        """A step as a pure function: the variables themselves stay as they are.

        Args:
            optimizer_variables: The values of the optimizer's variables.
            grads: The gradients.
            trainable_variables: The values of the variables that it was built with.

        Returns:
            The new values of these, and those of the optimizer's variables.

        >>> optimizer = polykeras.optimizers.SGD(0.5)
        >>> optimizer.build([polykeras.Variable(1.0)])
        >>> own = [variable.value for variable in optimizer.variables]
        >>> values, _ = optimizer.stateless_apply(own, [ops.array(2.0)], [ops.array(1.0)])
        >>> values
        [array(0., dtype=float32)]
        """
        if not self.built:
            raise StateError(f"{self.name}: stateless_apply needs an optimizer that has been built. Call build first.")
        own, others = self.variables, self._trainable_variables
        if len(optimizer_variables) != len(own) or len(trainable_variables) != len(others):
            raise ArgumentError(
                f"{self.name}: expected {len(own)} values for the optimizer's variables and {len(others)} for the "
                f"trainable ones; got {len(optimizer_variables)} and {len(trainable_variables)}."
            )
        with bind([*others, *own], [*trainable_variables, *optimizer_variables]) as binding:
            self.apply(grads)
            values = binding.collect()
        return values[: len(others)], values[len(others) :]

    def scale_loss(self, loss: Any) -> Any:
        """A loss as its gradients are to be taken of, multiplied so that they do not become too small."""
        return loss if self.loss_scale_factor is None else ops.multiply(loss, self.loss_scale_factor)


def run_if(
    condition: Any, variables: Sequence[Variable], then: Callable[[], None], otherwise: Callable[[], None]
) -> None:
    """Call one of two functions that assign to some variables, whether or not the condition is known yet."""
    values, donated = values_of(variables), may_consume(variables)

    def new_values(function: Callable[[], None]) -> Callable[[], list[Any]]:
        def run() -> list[Any]:
            with bind(variables, values, donated=donated) as binding:
                function()
                return binding.collect()

        return run

    take_all(variables, ops.cond(condition, new_values(then), new_values(otherwise)))


def _as_number(setting: Any) -> Any:
    """A setting, of which rules are known: an array without axes as a Python number."""
    return setting.item() if isinstance(setting, np.ndarray) and not setting.ndim else setting


def _after(number: Any) -> Any:
    """The next number: adding an array needs no look at what a Python number's value is."""
    return ops.add(number, ops.ones_like(number))
