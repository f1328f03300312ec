"""Gradients of functions, and functions with gradients of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops, tree
from ..backend import Backend, using
from ..dtypes import is_float
from ..errors import DTypeError, GradientError
from ..interpreters import (
    ABSENT,
    HOST,
    MASKED,
    NESTED,
    Interpreter,
    held,
    home_of,
    is_masked,
    kind_of,
    kind_or_none,
    lend,
    lent,
)
from ..mistakes import check_function, shown
from ..seeds import Keys
from ..spec import Spec, same_size, show_shape
from ..symbolic import spec_of


class _Arguments:
    """The arguments of a function, some of them to differentiate with respect to."""

    def __init__(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Any):
        self.args = args
        self.kwargs = kwargs
        self.single = hasattr(argnums, "__index__")
        self.numbers = tuple(number.__index__() for number in ((argnums,) if self.single else argnums))
        if not all(-len(args) <= number < len(args) for number in self.numbers):
            raise GradientError(
                f"{name}: argnums={argnums} names an argument that is not there; there are {len(args)}."
            )
        self.numbers = tuple(number % len(args) for number in self.numbers)
        if len(set(self.numbers)) != len(self.numbers):
            raise GradientError(f"{name}: argnums={argnums} names an argument twice. Name each of them once.")
        self.home = home_of((args, kwargs))
        chosen = [args[number] for number in self.numbers]
        self.leaves, self.structure = tree.take_apart(chosen[0] if self.single else tuple(chosen))
        self.arrays = [self._array(name, leaf) for leaf in self.leaves]

    def _array(self, name: str, leaf: Any) -> Any:
        leaf = held(leaf)
        if is_masked(type(leaf)):
            raise DTypeError(f"{name}: {MASKED}")
        if isinstance(leaf, self.home.array_types) and is_float(self.home.dtype(leaf)):
            return leaf
        if isinstance(leaf, Spec):
            raise GradientError(f"{name}: gradients need values; got {leaf}, which has none yet.")
        try:
            dtype = ops.dtype(leaf)
        except DTypeError:
            dtype = type(leaf).__name__
        if not is_float(dtype):
            given = "None" if leaf is None else dtype
            raise GradientError(
                f"{name}: gradients exist with respect to floats only; got {given}. Cast the argument, or leave "
                "it out: of its structure, or of argnums."
            )
        return leaf if isinstance(kind_of(type(leaf)), (Backend, Interpreter)) else self.home.asarray(leaf)

    def call(self, function: Callable[..., Any], arrays: list[Any]) -> tuple[Any, list[Any]]:
        """The function's result with other arrays in place of those to differentiate with respect to.

        Variables among them are lent the arrays. What the function assigns to variables comes back beside the result,
        and takes effect when the arrays are handed to `assign`.
        """
        lent = [i for i, leaf in enumerate(self.leaves) if held(leaf) is not leaf]
        given = [self.leaves[i] if i in lent else array for i, array in enumerate(arrays)]
        chosen = tree.put_together(self.structure, given)
        args = list(self.args)
        for number, value in zip(self.numbers, (chosen,) if self.single else chosen, strict=True):
            args[number] = value
        with lend([self.leaves[i] for i in lent], [arrays[i] for i in lent]) as loan:
            try:
                result = function(*args, **self.kwargs)
            except Exception as error:
                if self.home.looked_at_value(error):
                    raise GradientError.lost() from error
                raise
            written = loan.written() if loan is not None else []
        self._assigned = [variable for variable, _ in written]
        return result, [value for _, value in written]

    def assign(self, arrays: Sequence[Any]) -> None:
        """Give the variables that the function assigned to their new values."""
        for variable, array in zip(self._assigned, arrays, strict=True):
            variable.take(array)


class Others:
    """Results that are no arrays, kept aside while the arrays among them pass through a framework."""

    def split(self, result: Any) -> list[Any]:
        """The arrays of a result; what else there is stays here."""
        leaves, self.structure = tree.take_apart(result)
        self.leaves = [None if ops.is_tensor(leaf) else leaf for leaf in leaves]
        self.places = [i for i, leaf in enumerate(leaves) if ops.is_tensor(leaf)]
        return [held(leaves[i]) for i in self.places]

    def join(self, arrays: Sequence[Any]) -> Any:
        """The result with these arrays."""
        leaves = list(self.leaves)
        for place, array in zip(self.places, arrays, strict=True):
            leaves[place] = array
        return tree.put_together(self.structure, leaves)


def value_and_grad(
    fun: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the value of another, and its gradient.

    Args:
        fun: A function of arrays, or structures of them, whose result is one number. It may be given variables too:
            then the gradient is with respect to the values that they have.
        argnums: Which arguments to differentiate with respect to: a number, or several.
        has_aux: Whether `fun` returns a pair, of the number and of something else that is passed on.

    Returns:
        A function of the same arguments, which returns the value (with `has_aux` the pair) and the gradient, in the
        structure of the arguments that `argnums` names.

    >>> value_and_grad(lambda x: sum(square(x)))(array([1.0, 2.0]))
    (array(5., dtype=float32), array([2., 4.], dtype=float32))
    """

    return _differentiated("value_and_grad", fun, argnums, has_aux)


def _differentiated(name: str, fun: Callable[..., Any], argnums: Any, has_aux: bool) -> Callable[..., Any]:
    """As `value_and_grad`, for the function that people called by this name."""
    check_function(name, fun)

    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        given = _Arguments(name, args, kwargs, argnums)
        others = Others()

        def function(arrays: list[Any]) -> tuple[Any, list[Any]]:
            result, assigned = given.call(fun, arrays)
            value, aux = _with_aux(name, result) if has_aux else (result, ())
            value = _one_value(name, value)
            shape, dtype = ops.shape(value), ops.dtype(value)
            if shape or not is_float(dtype):
                raise GradientError(
                    f"{name}: expected the function to return one number, a float; got "
                    f"{_shape_and_dtype(spec_of(value))}. Take a sum or a mean, or use jacobian."
                )
            return value, [*others.split(aux), *assigned]

        with using(given.home):
            value, passed_on, gradients = given.home.value_and_grad(function, given.arrays)
        count = len(others.places)
        given.assign(passed_on[count:])
        gradient = tree.put_together(given.structure, gradients)
        return ((value, others.join(passed_on[:count])) if has_aux else value), gradient

    return run


def _one_value(name: str, value: Any) -> Any:
    value = held(value)
    kind = kind_or_none(type(value))
    if kind in (None, NESTED, ABSENT):
        given = "None" if value is None else f"a {type(value).__name__}"
        remedy = "With has_aux=True it may return a pair, of the number and of something else."
        remedy = "Is a return missing?" if value is None else remedy
        raise GradientError(f"{name}: expected the function to return one number; got {given}. {remedy}")
    return value if isinstance(kind, (Backend, Interpreter)) else ops.as_array(value)


def _with_aux(name: str, result: Any) -> tuple[Any, Any]:
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        given = "one array" if ops.is_tensor(result) else f"a {type(result).__name__}"
        raise GradientError(
            f"{name}: with has_aux=True expected the function to return a pair, of the number and of something else; "
            f"got {given}. Return both, or leave has_aux out."
        )
    return result[0], result[1]


def grad(fun: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that gives the gradient of another.

    Args:
        fun: A function of arrays, or structures of them, whose result is one number.
        argnums: Which arguments to differentiate with respect to: a number, or several.
        has_aux: Whether `fun` returns a pair, of the number and of something else that is passed on.

    Returns:
        A function of the same arguments, which returns the gradient, with `has_aux` a pair of it and what is passed on.

    >>> grad(lambda x: sum(square(x)))(array([1.0, 2.0]))
    array([2., 4.], dtype=float32)
    """
    return _gradient("grad", fun, argnums, has_aux)


def _gradient(name: str, fun: Callable[..., Any], argnums: Any, has_aux: bool = False) -> Callable[..., Any]:
    """As `grad`, for the function that people called by this name."""
    both = _differentiated(name, fun, argnums, has_aux)

    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return run


def vjp(fun: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The result of a function, and the function that pulls its cotangents back to the arguments.

    Args:
        fun: A function of arrays, or structures of them.
        *primals: Its arguments.
        has_aux: Whether `fun` returns a pair, of its result and of something else that is passed on.

    Returns:
        The result, and a function that takes a cotangent in the structure of the result and gives a tuple of
        cotangents, one for each argument. With `has_aux` also what is passed on.

    >>> y, pull = vjp(square, array([1.0, 2.0]))
    >>> pull(array([1.0, 10.0]))
    (array([ 2., 40.], dtype=float32),)
    """
    check_function("vjp", fun)
    given = _Arguments("vjp", primals, {}, tuple(range(len(primals))))
    outputs, others = Others(), Others()
    with using(given.home):
        results, pull = given.home.vjp(_flat("vjp", fun, given, outputs, others, has_aux), given.arrays)
    value, *aux = _results(given, outputs, others, results, has_aux)
    count = len(outputs.places)

    def pull_back(cotangent: Any) -> Any:
        with using(given.home):
            cotangents = [ops.as_array(held(leaf)) for leaf in tree.flatten(cotangent)]
            _check_cotangents(cotangents, results[:count])
            passed_on = [ops.zeros_like(x) for x in results[count:]]
            return tree.put_together(given.structure, pull(cotangents + passed_on))

    return (value, pull_back, *aux)


def _flat(
    name: str, fun: Callable[..., Any], given: _Arguments, outputs: Others, others: Others, has_aux: bool
) -> Callable[[list[Any]], list[Any]]:
    """A function from arrays to arrays: first the results, then what is passed on, then what was assigned."""

    def function(arrays: list[Any]) -> list[Any]:
        result, assigned = given.call(fun, arrays)
        value, aux = _with_aux(name, result) if has_aux else (result, None)
        value = tree.map_structure(lambda x: x if x is None else ops.as_array(x), value)
        return [*outputs.split(value), *others.split(aux), *assigned]

    return function


def _results(given: _Arguments, outputs: Others, others: Others, results: list[Any], has_aux: bool) -> list[Any]:
    """The result of a function, and what is passed on, out of what the flat function gave."""
    first, second = len(outputs.places), len(outputs.places) + len(others.places)
    given.assign(results[second:])
    value = outputs.join(results[:first])
    return [value, others.join(results[first:second])] if has_aux else [value]


def _shape_and_dtype(spec: Spec) -> str:
    return f"{spec.dtype}{show_shape(spec.shape)}"


def _check_cotangents(cotangents: list[Any], results: list[Any]) -> None:
    specs, expected = [spec_of(x) for x in cotangents], [spec_of(x) for x in results]
    if [(s.shape, s.dtype) for s in specs] != [(e.shape, e.dtype) for e in expected]:
        raise GradientError(
            f"vjp: expected cotangents like the results, {', '.join(map(_shape_and_dtype, expected))}; "
            f"got {', '.join(map(_shape_and_dtype, specs))}."
        )


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """The result of a function, and how fast it changes when the arguments move along tangents.

    Args:
        fun: A function of arrays, or structures of them.
        primals: A tuple or list of its arguments.
        tangents: Their tangents, in the same structure.
        has_aux: Whether `fun` returns a pair, of its result and of something else that is passed on.

    Returns:
        The result and its tangent. With `has_aux` also what is passed on.

    >>> jvp(square, (array([1.0, 2.0]),), (array([1.0, 10.0]),))
    (array([1., 4.], dtype=float32), array([ 2., 40.], dtype=float32))
    """
    check_function("jvp", fun)
    for name, value in (("primals", primals), ("tangents", tangents)):
        if not isinstance(value, (tuple, list)):
            raise GradientError(f"jvp: expected a tuple or list of {name}, one for each argument; got {shown(value)}.")
    primals, tangents = tuple(primals), tuple(tangents)
    given = _Arguments("jvp", primals, {}, tuple(range(len(primals))))
    directions, structure = tree.take_apart(tangents)
    expected = [(spec_of(x).shape, spec_of(x).dtype) for x in given.arrays]
    if structure != given.structure or [(spec_of(x).shape, spec_of(x).dtype) for x in directions] != expected:
        raise GradientError(
            "jvp: expected tangents with the structure, shapes and dtypes of the primals; got "
            f"{', '.join(_shape_and_dtype(spec_of(x)) for x in directions)} for "
            f"{', '.join(_shape_and_dtype(spec_of(x)) for x in given.arrays)}. Make them with ops.ones_like(primal), "
            "or bring them there with ops.cast and ops.reshape."
        )
    outputs, others = Others(), Others()
    function = _flat("jvp", fun, given, outputs, others, has_aux)
    push = given.home.jvp or functools.partial(_push_forward, given.home)
    with using(given.home):
        results, moved = push(function, given.arrays, [ops.as_array(held(x)) for x in directions])
    value, *aux = _results(given, outputs, others, results, has_aux)
    return (value, outputs.join(moved[: len(outputs.places)]), *aux)


def _push_forward(home: Backend, function: Any, arrays: list[Any], tangents: list[Any]) -> tuple[list, list]:
    """Results and their tangents. Pulling cotangents back is linear, and to pull back through that pushes forward."""
    results, pull = home.vjp(function, arrays)
    _, push = home.vjp(pull, [ops.zeros_like(x) for x in results])
    return results, push(tangents)


def jacobian(fun: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that gives the derivative of each number in another's result.

    The result is pulled back once for each of its elements.

    Args:
        fun: A function of arrays, or structures of them, whose result is an array.
        argnums: Which arguments to differentiate with respect to: a number, or several.

    Returns:
        A function of the same arguments, which returns the derivatives in the structure of the arguments that
        `argnums` names; the axes of the result come first, then those of the argument.

    >>> jacobian(square)(array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]], dtype=float32)
    """

    check_function("jacobian", fun)

    @functools.wraps(fun)
    def run(*args: Any, **kwargs: Any) -> Any:
        given = _Arguments("jacobian", args, kwargs, argnums)
        with using(given.home):
            outputs, others = Others(), Others()
            results, pull = given.home.vjp(_flat("jacobian", fun, given, outputs, others, False), given.arrays)
            result, *_ = _results(given, outputs, others, results, False)
            if not ops.is_tensor(result) or not is_float(ops.dtype(result)):
                got = _kind_of_result(result)
                raise GradientError(f"jacobian: expected the function to return one array of floats; got {got}.")
            passed_on = [ops.zeros_like(x) for x in results[1:]]
            spec = spec_of(result)
            size = int(spec.size)
            basis = np.eye(size).reshape(size, *spec.shape)
            rows = [pull([ops.cast(direction, spec.dtype), *passed_on]) for direction in basis]
            columns = [
                ops.reshape(ops.stack([row[i] for row in rows]), (*spec.shape, *ops.shape(array)))
                if rows
                else ops.zeros((*spec.shape, *ops.shape(array)), ops.dtype(array))
                for i, array in enumerate(given.arrays)
            ]
        return tree.put_together(given.structure, columns)

    return run


def _kind_of_result(result: Any) -> str:
    return f"one of {ops.dtype(result)}" if ops.is_tensor(result) else f"a {type(result).__name__}"


def hessian(fun: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """A function that gives the second derivatives of another.

    Args:
        fun: A function of arrays whose result is one number.
        argnums: Which argument, an array, to differentiate with respect to.

    Returns:
        A function of the same arguments, which returns the second derivatives: the axes of the argument, twice.

    >>> hessian(lambda x: sum(power(x, 3)))(array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]], dtype=float32)
    """
    return jacobian(_gradient("hessian", fun, argnums), argnums)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function a gradient of its own.

    Args:
        f: A function that returns its result, and a function that takes the cotangent of the result (one for each
            part, where it has several) and returns the cotangents of the arguments.

    Returns:
        A function that returns the result alone.

    >>> @custom_gradient
    ... def clipped(x):
    ...     return x, lambda upstream: clip(upstream, -1.0, 1.0)
    >>> grad(lambda x: multiply(clipped(x), 5.0))(array(2.0))
    array(1., dtype=float32)
    """

    check_function("custom_gradient", f)

    @functools.wraps(f)
    def run(*args: Any) -> Any:
        args = tree.map_structure(held, args)
        if any(isinstance(leaf, Spec) for leaf in tree.flatten(args)):
            return f(*args)[0]
        home = home_of(args)
        with using(home):
            args = tree.map_structure(lambda x: x if x is None else ops.as_array(x), args)
            return home.custom_gradient(functools.partial(_with_checked_gradient, f, home), args)

    return run


def _with_checked_gradient(f: Callable[..., Any], home: Backend, *args: Any) -> tuple[Any, Callable[..., list[Any]]]:
    """The result of a function and its gradient function, which gives a cotangent for each array of the arguments."""
    pair = f(*args)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not callable(pair[1]):
        raise GradientError(
            "custom_gradient: expected the function to return a pair, of its result and a function; got "
            f"{type(pair).__name__}."
        )
    result, gradient = pair
    leaves = tree.flatten(args)

    def pull(*cotangents: Any) -> list[Any]:
        found = tree.flatten(gradient(*cotangents))
        if len(found) != len(leaves):
            raise GradientError(
                f"custom_gradient: the gradient function returned {len(found)} cotangents for {len(leaves)} arguments. "
                "Return one for each, in order."
            )
        with using(home):
            return [_like_argument(*place) for place in enumerate(zip(found, leaves, strict=True))]

    return result, pull


def _like_argument(number: int, pair: tuple[Any, Any]) -> Any:
    """A cotangent in the dtype of its argument, whose shape it must have."""
    g, x = pair
    if g is None or x is None or not is_float(ops.dtype(x)):
        return g
    shape, expected = spec_of(g).shape, spec_of(x).shape
    if len(shape) != len(expected) or not all(map(same_size, shape, expected)):
        raise GradientError(
            f"custom_gradient: the gradient function returned a cotangent of shape {show_shape(shape)} for argument "
            f"{number}, whose shape is {show_shape(expected)}. Sum it over the axes along which it was broadcast."
        )
    return ops.convert_to_tensor(g, ops.dtype(x))


def remat(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that keeps no intermediate results for its gradient, and computes them again instead.

    Args:
        f: A function of arrays.

    Returns:
        A function with the same results and gradients, which needs less memory and more time.

    >>> grad(remat(lambda x: sum(exp(x))))(array([0.0]))
    array([1.], dtype=float32)
    """

    check_function("remat", f)

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(leaf, Spec) for leaf in tree.flatten((args, kwargs))):
            return f(*args, **kwargs)
        call = _Repeatable(f, args, kwargs)
        with using(call.home):
            result, assigned = call.home.remat(call.run, call.used)(call.arrays, *call.given)
        call.assign(assigned)
        return result

    return run


def _is_array(leaf: Any) -> bool:
    """Whether it is an array, rather than a number or another object."""
    kind = kind_or_none(type(leaf))
    return kind is HOST or isinstance(kind, (Backend, Interpreter))


class _Repeatable:
    """A call that may run again: with the same values of variables, and the same random numbers, as the first time."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.function = function
        self._leaves, self._structure = tree.take_apart((args, kwargs))
        self._places = [i for i, leaf in enumerate(self._leaves) if _is_array(leaf)]
        self.given = [self._leaves[i] for i in self._places]
        """The arrays among the arguments; the rest of these is the same every time."""
        self.objects, self.arrays = lent()
        self.home = home_of((args, kwargs, self.arrays))
        self.keys = Keys()
        self._read: list[tuple[Any, Any]] = []
        self._first = True

    def run(self, arrays: list[Any], *given: Any) -> tuple[Any, list[Any]]:
        """The result, and the values that the function assigned to variables."""
        leaves = list(self._leaves)
        for place, array in zip(self._places, given, strict=True):
            leaves[place] = array
        args, kwargs = tree.put_together(self._structure, leaves)
        others = [variable for variable, _ in self._read]
        values = [value for _, value in self._read]
        with lend([*self.objects, *others], [*arrays, *values]) as loan, self.keys.from_the_first():
            result = self.function(*args, **kwargs)
        if loan is None:
            return result, []
        if self._first:
            self._first, self._read = False, loan.read_outside()
            self._assigned = [variable for variable, _ in loan.written()]
        return result, [value for _, value in loan.written()]

    def used(self) -> list[Any]:
        """The values of variables that it looked up by itself."""
        return [value for _, value in self._read]

    def assign(self, values: Sequence[Any]) -> None:
        """Give the variables that the function assigned to their new values."""
        for variable, value in zip(self._assigned if values else (), values, strict=True):
            variable.take(value)
