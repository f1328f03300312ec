"""The table of JAX's kernels, into which each file of this backend enters its own, and ways to make kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.custom_derivatives import SymbolicZero

from polykeras.backend import load, using
from polykeras.op import OPS

KERNELS: dict[str, Callable[..., Any]] = {}
"""Kernels by the names of their ops."""

PROGRAMS: list[Any] = []
"""What `compiled` has made."""


PUSHING: ContextVar[bool] = ContextVar("polykeras_jax_pushing", default=False)
"""Whether tangents are pushed forward, which cannot go through what has a rule for cotangents alone."""

_OF_ELEMENTS = (OPS["exp"].infer, OPS["add"].infer)
"""The shape rules of ops that work element by element, on one array and on two."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as the kernel of the op of its name."""
    KERNELS[function.__name__] = function
    return function


def compiled(function: Callable[..., Any], *static: int) -> Callable[..., Any]:
    """A kernel whose eager calls go straight to a compiled program; within a traced function it leaves no trace."""
    program = jax.jit(function, static_argnums=static, inline=True)
    PROGRAMS.append(program)
    return program


def body_of(name: str) -> Callable[..., Any]:
    """The body of a composed op, run where its arrays are at home."""
    body = OPS[name].body
    assert body is not None

    def run(*args: Any) -> Any:
        with using(load("jax")):
            return body(*args)

    return run


def with_rules(name: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel whose gradient is the op's own, where JAX has none or another one."""
    return ruled(OPS[name], compute)


def ruled(op: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
    """As `with_rules`, for a row."""

    def run(*args: Any) -> Any:
        positions = op.positions
        if not any(isinstance(args[position], Tracer) for position in positions):
            return compute(*args)

        def whole(arrays: Sequence[Any]) -> list[Any]:
            given = list(args)
            for position, array in zip(positions, arrays, strict=True):
                given[position] = array
            return given

        def apart(*arrays: Any) -> Any:
            return compute(*whole(arrays))

        if op.infer in _OF_ELEMENTS:
            return _of_elements(op, apart, whole)(*(args[position] for position in positions))
        function = jax.custom_vjp(apart)

        def forward(*arrays: Any) -> tuple[Any, Any]:
            out = function(*arrays)
            return out, (out, arrays)

        def backward(saved: Any, g: Any) -> tuple[Any, ...]:
            out, arrays = saved
            given = whole(arrays)
            pairs = zip(op.vjp, arrays, strict=True)
            return tuple(as_cotangent(None if rule is None else rule(g, out, *given), x) for rule, x in pairs)

        function.defvjp(forward, backward)
        return function(*(args[position] for position in positions))

    return run


def _of_elements(op: Any, compute: Callable[..., Any], whole: Callable[[Sequence[Any]], list[Any]]) -> Any:
    """A function whose rules, as each element stands for itself, take tangents as well as cotangents."""
    function = jax.custom_jvp(compute)

    def push(arrays: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
        out, given = function(*arrays), whole(arrays)
        moved = jnp.zeros_like(out)
        for rule, tangent in zip(op.vjp, tangents, strict=True):
            if rule is not None and not isinstance(tangent, SymbolicZero):  # which times infinity is 0
                moved += rule(jnp.broadcast_to(tangent, out.shape), out, *given)
        return out, moved

    function.defjvp(push, symbolic_zeros=True)
    return function


def as_cotangent(g: Any, x: Any) -> Any:
    """A cotangent as JAX wants it: for integers it has a dtype without values."""
    if g is None and jnp.issubdtype(x.dtype, jnp.inexact):
        return jnp.zeros_like(x)
    return g if jnp.issubdtype(x.dtype, jnp.inexact) else np.zeros(x.shape, jax.dtypes.float0)


def precision() -> Any:
    """The precision in which products are computed now."""
    return load("jax").precision  # type: ignore[attr-defined]
