"""The table of JAX's kernels, into which each file of this backend enters its own, and ways to make kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from polykeras.backend import load, using
from polykeras.op import OPS

KERNELS: dict[str, Callable[..., Any]] = {}
"""Kernels by the names of their ops."""


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Enter a function as the kernel of the op of its name."""
    KERNELS[function.__name__] = function
    return function


def compiled(function: Callable[..., Any], *static: int) -> Callable[..., Any]:
    """A kernel whose eager calls go straight to a compiled program; within a traced function it leaves no trace."""
    return jax.jit(function, static_argnums=static, inline=True)


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

        @jax.custom_vjp
        def function(*arrays: Any) -> Any:
            return compute(*whole(arrays))

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


def as_cotangent(g: Any, x: Any) -> Any:
    """A cotangent as JAX wants it: in the shape that an array had before; for integers, in a dtype without values."""
    if not jnp.issubdtype(x.dtype, jnp.inexact):
        return np.zeros(x.shape, jax.dtypes.float0)
    if g is None:
        return jnp.zeros_like(x)
    if g.shape == x.shape:
        return g
    lead = g.ndim - x.ndim
    stretched = (i + lead for i, size in enumerate(x.shape) if size == 1 and g.shape[i + lead] != 1)
    return jnp.reshape(jnp.sum(g, (*range(lead), *stretched)), x.shape)


def precision() -> Any:
    """The precision in which products are computed now."""
    return load("jax").precision  # type: ignore[attr-defined]
