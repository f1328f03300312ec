"""Gradients by PyTorch's autograd: the hooks of the backend, and the nodes that autograd does not have."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import torch

from polykeras import tree
from polykeras.errors import GradientError

DIFFERENTIATING: ContextVar[bool] = ContextVar("polykeras_torch_differentiating", default=False)

_OURS = "is_leaf_of_polykeras"
"""The attribute of tensors that were made to be differentiated with respect to."""


class TorchGradients:
    """The gradient hooks of the backend, on autograd."""

    def value_and_grad(self, function: Callable[[list], tuple[Any, list]], arrays: list) -> tuple[Any, list, list]:
        """Value, auxiliary results, and the gradient of the value with respect to each of the arrays."""
        wanted = torch.is_grad_enabled()
        with _leaves(arrays) as (leaves, inside):
            value, aux = function(leaves)
        onward = inside or (wanted and _reaches_parameters([value, *aux]))
        gradients = _pull([value], leaves, [torch.ones_like(value)], onward, keep=False)
        return (value, aux, gradients) if onward else (value.detach(), detached(aux), gradients)

    def vjp(self, function: Callable[[list], list], arrays: list) -> tuple[list, Callable[[list], list]]:
        """Results, and the function that pulls cotangents of the results back to the arrays."""
        wanted = torch.is_grad_enabled()
        with _leaves(arrays) as (leaves, inside):
            results = function(leaves)
        onward = inside or (wanted and _reaches_parameters(results))

        def pull(cotangents: list[Any]) -> list[Any]:
            further = onward or any(g.requires_grad for g in cotangents)
            return _pull(results, leaves, cotangents, further, keep=True)

        return (results if onward else detached(results)), pull

    def custom_gradient(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        """`function(*args)[0]`, whose gradient is what `function(*args)[1]` makes of the cotangent."""
        leaves, structure = tree.take_apart(args)
        call = _CustomCall(function, structure)
        results = _CustomGradient.apply(call, *leaves)
        return tree.put_together(call.result_structure, results)

    def with_rules(self, op: Any, compute: Callable[..., Any]) -> Callable[..., Any]:
        """A kernel of an op whose gradient is that of the op's rules."""

        def run(*args: Any) -> Any:
            differentiated = is_differentiated(*(args[i] for i in op.positions))
            return _Ruled.apply(op, compute, *args) if differentiated else compute(*args)

        return run

    def remat(self, function: Callable[..., Any], used: Callable[[], list]) -> Callable[..., Any]:
        """The same function, which computes its intermediate results again for the gradient."""
        from torch.utils.checkpoint import checkpoint, set_checkpoint_early_stop

        def run(*args: Any) -> Any:
            with set_checkpoint_early_stop(False):  # it stops by an exception, which looks like that of a kernel
                return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False)

        return run


def without_graph(function: Callable[..., list]) -> Callable[..., list]:
    """The function, which need not look for others who want gradients of it, unless its arguments say so."""

    def run(*arrays: Any) -> list[Any]:
        if DIFFERENTIATING.get() or any(x.requires_grad for x in arrays):
            return function(*arrays)
        with torch.no_grad():
            return function(*arrays)

    return run


@contextlib.contextmanager
def _leaves(arrays: list[Any]) -> Iterator[tuple[list[torch.Tensor], bool]]:
    """Tensors to differentiate with respect to, and whether there is a differentiation going on around this one."""
    if torch.is_inference_mode_enabled():
        raise GradientError(
            "PyTorch records nothing in inference mode, so that there are no gradients. Use torch.no_grad() instead."
        )
    inside = DIFFERENTIATING.get() or any(x.requires_grad for x in arrays)
    token = DIFFERENTIATING.set(True)
    try:
        with torch.enable_grad():
            yield [x.view_as(x) if inside and x.requires_grad else _leaf(x) for x in arrays], inside
    finally:
        DIFFERENTIATING.reset(token)


def _leaf(x: torch.Tensor) -> torch.Tensor:
    leaf = x.detach().requires_grad_()
    setattr(leaf, _OURS, True)
    return leaf


def _reaches_parameters(results: list[Any]) -> bool:
    """Whether results depend on tensors of somebody else's who may want their gradients later."""
    seen = set()
    nodes = [x.grad_fn for x in results if isinstance(x, torch.Tensor)]
    while nodes:
        node = nodes.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        parameter = getattr(node, "variable", None)
        if parameter is not None and not hasattr(parameter, _OURS):
            return True
        nodes += [parent for parent, _ in node.next_functions]
    return False


def _pull(results: list[Any], leaves: list[Any], cotangents: list[Any], onward: bool, keep: bool) -> list[Any]:
    connected = [(r, g) for r, g in zip(results, cotangents, strict=True) if r.requires_grad]
    if not connected:
        return [torch.zeros_like(leaf) for leaf in leaves]
    outputs, gs = zip(*connected, strict=True)
    gradients = torch.autograd.grad(
        outputs,
        leaves,
        gs,
        retain_graph=keep or onward,
        create_graph=onward,
        allow_unused=True,
        materialize_grads=True,
    )
    first = {id(g): i for i, g in reversed(list(enumerate(gradients)))}
    return [g if first[id(g)] == i else g.clone() for i, g in enumerate(gradients)]  # so that none changes with another


def detached(arrays: list[Any]) -> list[Any]:
    """Results without their graph."""
    return [x.detach() if isinstance(x, torch.Tensor) else x for x in arrays]


# Nodes of the graph -----------------------------------------------------------------------------------------


class _CustomCall:
    """A call of a function that brings its own gradient."""

    def __init__(self, function: Callable[..., Any], structure: tree.Structure):
        self.function = function
        self.structure = structure

    def __call__(self, leaves: Sequence[Any]) -> tuple[tuple[Any, ...], Callable[..., Any]]:
        result, gradient = self.function(*tree.put_together(self.structure, leaves))
        results, self.result_structure = tree.take_apart(result)
        return tuple(results), gradient


class _CustomGradient(torch.autograd.Function):
    """The node of such a call. A gradient that is itself differentiated needs the call again, with its graph."""

    @staticmethod
    def forward(ctx: Any, call: _CustomCall, *leaves: Any) -> tuple[Any, ...]:
        ctx.call = call
        ctx.save_for_backward(*leaves)
        results, ctx.gradient = call(leaves)
        return results

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
        gradient = ctx.call(ctx.saved_tensors)[1] if torch.is_grad_enabled() else ctx.gradient
        return (None, *tree.flatten(gradient(*cotangents)))


class _Ruled(torch.autograd.Function):
    """The node of an op whose gradient is that of its rules, which are bilinear, unlike PyTorch's."""

    @staticmethod
    def forward(op: Any, compute: Callable[..., Any], *args: Any) -> Any:
        out = compute(*args)
        return out.view_as(out) if any(out is x for x in args) else out  # as arguments are saved beside it

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        op, _, *args = inputs
        ctx.op, ctx.single = op, not isinstance(output, tuple)
        ctx.args = [None if i in op.positions else arg for i, arg in enumerate(args)]
        ctx.save_for_backward(*(args[i] for i in op.positions), *((output,) if ctx.single else output))

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
        op, args = ctx.op, list(ctx.args)
        for position, array in zip(op.positions, ctx.saved_tensors, strict=False):
            args[position] = array
        out, g = ctx.saved_tensors[len(op.positions) :], tuple(map(torch.conj, cotangents))
        gradients: list[Any] = [None] * len(args)
        for position, rule in zip(op.positions, op.vjp, strict=True):
            if rule is not None and ctx.needs_input_grad[position + 2]:
                gradients[position] = rule(*((g[0], out[0]) if ctx.single else (g, out)), *args).conj()
        return (None, None, *gradients)


class _Fast(torch.autograd.Function):
    """A kernel whose gradient PyTorch cannot differentiate: for that, another function takes its place."""

    @staticmethod
    def forward(ctx: Any, fast: Callable[..., Any], slow: Callable[..., Any], *tensors: Any) -> Any:
        ctx.slow = slow
        ctx.save_for_backward(*tensors)
        with torch.enable_grad():
            ctx.leaves = [x.detach().requires_grad_(x.requires_grad) for x in tensors]
            ctx.out = fast(*ctx.leaves)
        return ctx.out.detach()

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple[Any, ...]:
        again = torch.is_grad_enabled()
        leaves = [x.view_as(x) for x in ctx.saved_tensors] if again else ctx.leaves  # as one may come of another
        out = ctx.slow(*leaves) if again else ctx.out
        wanted = [x for x in leaves if x.requires_grad]
        found = iter(torch.autograd.grad(out, wanted, cotangents, True, again, materialize_grads=True))
        return (None, None, *(next(found) if x.requires_grad else None for x in leaves))


def fast_with_slow_graph(fast: Callable[..., Any], slow: Callable[..., Any], *tensors: Any) -> Any:
    """A fast function of tensors, and for a gradient of its gradient a slow one that computes the same."""
    if is_transformed():  # where a node of autograd cannot be
        return slow(*tensors)
    return _Fast.apply(fast, slow, *tensors) if is_differentiated(*tensors) else fast(*tensors)


def is_differentiated(*tensors: torch.Tensor) -> bool:
    """Whether a gradient with respect to some of the tensors may be wanted."""
    return torch.is_grad_enabled() and (is_transformed() or any(x.requires_grad for x in tensors))


def is_transformed() -> bool:
    """Whether one of torch.func's transforms is going on, whose tensors do not say what is behind them."""
    return torch._C._functorch.peek_interpreter_stack() is not None  # pyright: ignore[reportAttributeAccessIssue]
