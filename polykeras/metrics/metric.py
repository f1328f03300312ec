"""What metrics have in common: variables in which results of batch after batch add up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .. import ops
from ..backend import current, using
from ..dtypes import FLOATS, result_type
from ..errors import StateError
from ..losses.loss import dtype_of_policy
from ..registry import Configurable
from ..seeds import SEEDS_REQUIRED
from ..state import Stateful, Variable, bind, name_scope, snake_case, unique_name


class Metric(Configurable, Stateful):
    """A number that says how good predictions are, of all batches since it was reset.

    A subclass makes variables in `__init__` with `add_variable`, changes them in `update_state` with ops only, so that
    it can be compiled, and says in `result` what they amount to.

    Args:
        dtype: The dtype of computation and result, or a policy that has one; None for floatx.
        name: A name; None for one that is made up.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(name=name, dtype=dtype)
    ...         self.largest = self.add_variable((), "zeros")
    ...     def update_state(self, values):
    ...         self.largest.assign(ops.maximum(self.largest, ops.max(values)))
    ...     def result(self):
    ...         return self.largest.value
    >>> largest = Largest()
    >>> largest.update_state([1.0, 3.0])
    >>> largest([2.0])
    array(3., dtype=float32)
    """

    _direction: str | None = None
    """Whether a better result is further "up" or "down", where that is known."""

    def __init__(self, dtype: Any = None, name: str | None = None):
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.dtype = dtype_of_policy(dtype)
        self._home = current()
        self._variables: list[Variable] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update with a batch, and return the result of all so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take in a batch. Subclasses say how."""
        raise NotImplementedError(f"{type(self).__name__} has no method `update_state`. Write one.")

    def result(self) -> Any:
        """The result of the batches so far. Subclasses say what it is."""
        raise NotImplementedError(f"{type(self).__name__} has no method `result`. Write one.")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def build(self, y_true_shape: Sequence[Any], y_pred_shape: Sequence[Any]) -> None:
        """Make the variables whose shapes depend on those of the batches, if they are not there.

        The first update does it by itself, but not within a compiled function.
        """

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    # Variables ---------------------------------------------------------------------------------------------

    @property
    def accumulator_dtype(self) -> str:
        """The dtype of sums: that of the metric, or a wider one where it could not count beyond the 2048 of float16."""
        return result_type(self.dtype if self.dtype in FLOATS else dtype_of_policy(None), "float32")

    def add_variable(
        self,
        shape: Any,
        initializer: Any,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Make a variable, which the metric keeps.

        Args:
            shape: Its shape.
            initializer: What gives its first value: a name such as "zeros", or a function of shape and dtype.
            dtype: Its dtype; None for that of the metric, in float32 at least.
            aggregation: How the copies of several devices become one.
            name: A name.

        Returns:
            The variable, on the backend on which the metric was made.
        """
        self._check_initialized()
        if SEEDS_REQUIRED.get():
            raise StateError(
                f"{type(self).__name__} {self.name} makes variables when it sees the first batch, which a compiled "
                "function cannot do. Call its method `build` with the shapes of y_true and y_pred before."
            )
        if not callable(initializer):
            from .. import initializers

            initializer = initializers.get("zeros" if initializer is None else initializer)
        with using(self._home), name_scope(self.name.replace("/", ">")):
            variable = Variable(
                initializer,
                shape=tuple(shape),
                dtype=self.accumulator_dtype if dtype is None else dtype,
                trainable=False,
                autocast=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Make a variable, which the metric keeps: as `add_variable`, with zeros by default."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def _check_initialized(self) -> None:
        if "_variables" not in vars(self):
            raise StateError(
                f"{type(self).__name__}: its __init__ has to call super().__init__() before anything else is done."
            )

    @property
    def variables(self) -> list[Variable]:
        """The variables of the metric, then those of the metrics in its attributes."""
        self._check_initialized()
        parts = list(_parts_in(list(vars(self).values())))
        own = [part for part in parts if isinstance(part, Variable)]
        others = [v for part in parts if isinstance(part, Metric) for v in part.variables]
        return list({id(variable): variable for variable in (*own, *others)}.values())

    # Without changing the metric ---------------------------------------------------------------------------

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """The values of the variables after an update, given those before it.

        Args:
            metric_variables: A value for each of `variables`.
            *args: As for `update_state`.
            **kwargs: As for `update_state`.

        Returns:
            The new values.
        """
        with self._bound(metric_variables) as binding:
            self.update_state(*args, **kwargs)
            return binding.collect()

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result for other values of the variables."""
        with self._bound(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Any]:
        """The values that the variables have after a reset."""
        with self._bound([variable.value for variable in self.variables]) as binding:
            self.reset_state()
            return binding.collect()

    def _bound(self, values: Sequence[Any]) -> Any:
        variables = self.variables
        if len(values) != len(variables):
            names = ", ".join(variable.name for variable in variables)
            raise StateError(
                f"{type(self).__name__} {self.name}: expected a value for each of its {len(variables)} variables "
                f"({names}); got {len(values)}."
            )
        return bind(variables, values)


def _parts_in(value: Any) -> Iterator[Any]:
    """The variables and metrics in an attribute, by itself or in lists, tuples and dicts."""
    if isinstance(value, (Variable, Metric)):
        yield value
    elif isinstance(value, dict):
        yield from _parts_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _parts_in(item)
