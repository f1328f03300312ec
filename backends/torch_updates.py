"""Updates of whole lists of tensors, by PyTorch's kernels for lists.

A formula is recorded once, as the ops that it calls on Specs, and made a plan: which kernel to run on which lists,
where a scaled list or a product becomes part of the addition that uses it, and which lists are needed no more, so that
the next result may take their memory.
"""

from __future__ import annotations

import functools
import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from polykeras.backend import using
from polykeras.dtypes import in_single
from polykeras.op import OPS
from polykeras.spec import Spec

from .torch_recording import whole

_LISTS = {"add": "add", "subtract": "sub", "maximum": "maximum", "minimum": "minimum"}
_WITH_NUMBER = {"add": "add", "subtract": "sub", "maximum": "clamp_min", "minimum": "clamp_max", "power": "pow"}
_ALONE = {name: name for name in ("sqrt", "abs", "sign", "exp", "log", "reciprocal")}
_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "reciprocal": lambda x: 1 / x,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "expm1": math.expm1,
    "power": operator.pow,
    "minimum": min,
    "cast": lambda x, dtype: x,
}
"""What ops are on numbers of the processor, in float64."""


class _List(NamedTuple):
    """A list of tensors, by its place."""

    place: int


class _Number(NamedTuple):
    """A number that is known when the plan runs, by its place."""

    place: int


class _Lazy(NamedTuple):
    """A list, or the product or quotient of two, times a number: not computed yet."""

    factor: Any
    lists: tuple[_List, ...]
    kernel: str = "add"
    """What adds it to another list."""


class _Call(NamedTuple):
    """A kernel, its arguments, and where its result goes."""

    kernel: str
    args: tuple[Any, ...]
    out: int
    options: dict[str, Any] = {}


class _Step(NamedTuple):
    """A call as it is run."""

    function: Callable[..., Any]
    in_place: bool
    """Whether it writes its result to the list that it takes first."""
    call: _Call
    dead: list[int]
    """The places of lists that nobody needs any more."""


class _Plan:
    """The kernels that compute a formula on lists.

    Args:
        rule: The formula.
        dtype: The dtype of the lists.
        wide: The dtype of the scalars.
        donate: The lists whose memory may be used.
        on_host: Whether numbers are Python's; else they are tensors.
    """

    def __init__(self, rule: Any, dtype: str, wide: str, donate: tuple[int, ...], on_host: bool):
        scalars = [Spec((), wide) for _ in range(rule.scalars)]
        lists = [Spec((2,), dtype) for _ in range(rule.lists)]
        results = rule.of(scalars, dtype)(*lists)
        self._on_host = on_host
        self.numbers: list[_Call] = []
        self.calls: list[_Call] = []
        self._counts: dict[Any, int] = {_Number: rule.scalars, _List: rule.lists}
        self._known: dict[int, Any] = {id(spec): _Number(i) for i, spec in enumerate(scalars)}
        self._known |= {id(spec): _List(i) for i, spec in enumerate(lists)}
        self._uses = _uses_of(results)
        self.results = [self._realized(self._value(spec)).place for spec in results]
        self._program = self._steps(rule.lists, donate)

    # Recording

    def _new(self, kind: Any) -> Any:
        self._counts[kind] += 1
        return kind(self._counts[kind] - 1)

    def _call(self, kernel: str, *args: Any, **options: Any) -> _List:
        out = self._new(_List)
        self.calls.append(_Call(kernel, args, out.place, options))
        return out

    def _compute(self, name: str, *args: Any) -> Any:
        """A number that an op makes of others."""
        if all(type(x) in (int, float) for x in args):
            return _NUMBERS[name](*args)
        out = self._new(_Number)
        self.numbers.append(_Call(name, args, out.place))
        return out

    def _value(self, x: Any) -> Any:
        """What stands for an argument: a list, a number, something lazy, or anything else itself."""
        if not isinstance(x, Spec):
            return x
        if id(x) not in self._known:
            call: Any = x.producer
            args = [self._value(arg) for arg in call.args]
            if not x.shape:
                value = self._compute(call.op.name, *args)
            else:
                value = self._lowered(call.op.name, args)
                if isinstance(value, _Lazy) and len(value.lists) > 1 and self._uses[id(x)] > 1:
                    value = self._realized(value)
            self._known[id(x)] = value
        return self._known[id(x)]

    def _lowered(self, name: str, args: list[Any]) -> Any:
        """The result of an op on lists."""
        of_lists = [isinstance(x, (_List, _Lazy)) for x in args]
        if name == "multiply" and not all(of_lists):
            return self._scaled(args[of_lists.index(True)], args[of_lists.index(False)])
        if name == "multiply":
            return _Lazy(1.0, (self._realized(args[0]), self._realized(args[1])), "addcmul")
        if name == "divide" and not of_lists[1]:
            return self._scaled(args[0], self._compute("reciprocal", args[1]))
        if name == "divide" and of_lists[0]:
            x = (
                args[0]
                if isinstance(args[0], _Lazy) and len(args[0].lists) == 1
                else self._lazy(self._realized(args[0]))
            )
            return _Lazy(x.factor, (x.lists[0], self._realized(args[1])), "addcdiv")
        if name == "divide":
            return self._scaled(self._call("reciprocal", self._realized(args[1])), args[0])
        if name == "negative":
            return self._scaled(args[0], -1.0)
        if name in ("add", "subtract") and all(of_lists):
            return self._sum(args[0], args[1], -1.0 if name == "subtract" else 1.0)
        if name == "subtract" and not of_lists[0]:
            return self._lowered("add", [self._scaled(args[1], -1.0), args[0]])
        if name == "add" and not of_lists[0]:
            args, of_lists = args[::-1], of_lists[::-1]
        args = [self._realized(x) if listed else x for x, listed in zip(args, of_lists, strict=True)]
        kernel = (_LISTS if all(of_lists) else _WITH_NUMBER if len(args) == 2 else _ALONE).get(name)
        fits = of_lists[0] and (self._on_host or not any(isinstance(x, _Number) for x in args))
        return self._call(kernel, *args) if kernel and fits else self._call(f"op:{name}", *args)

    def _sum(self, x: Any, y: Any, sign: float) -> _List:
        """One list plus or minus another: what is lazy becomes part of the addition."""
        if isinstance(x, _Lazy) and not isinstance(y, _Lazy) and sign > 0:
            x, y = y, x
        x, y = self._realized(x), self._lazy(y)
        if isinstance(y.factor, _Number) and not self._on_host:
            y = self._lazy(self._realized(y))
        factor = self._compute("multiply", y.factor, sign)
        return self._call(y.kernel, x, *y.lists, **{"alpha" if y.kernel == "add" else "value": factor})

    def _lazy(self, x: Any) -> _Lazy:
        return x if isinstance(x, _Lazy) else _Lazy(1.0, (x,))

    def _scaled(self, x: Any, factor: Any) -> _Lazy:
        x = self._lazy(x)
        return x._replace(factor=self._compute("multiply", x.factor, factor))

    def _realized(self, x: Any) -> _List:
        """The list that something stands for."""
        if isinstance(x, _List):
            return x
        out = x.lists[0]
        if len(x.lists) > 1:
            out = self._call("mul" if x.kernel == "addcmul" else "div", *x.lists)
        return out if x.factor == 1.0 else self._call("mul", out, x.factor)

    # Running

    def _steps(self, inputs: int, free: Sequence[int]) -> list[_Step]:
        """The calls, with what can be known of memory: a list that is needed no more is written to, or let go."""
        last = {arg.place: i for i, call in enumerate(self.calls) for arg in call.args if isinstance(arg, _List)}
        kept = set(self.results) | (set(range(inputs)) - set(free))
        steps = []
        for i, call in enumerate(self.calls):
            lists = [arg.place for arg in call.args if isinstance(arg, _List)]
            dead = [place for place in set(lists) if last[place] == i and place not in kept]
            by_list = not call.kernel.startswith("op:")
            in_place = by_list and lists[0] in dead and lists.count(lists[0]) == 1
            name = call.kernel.removeprefix("op:")
            function = getattr(torch, f"_foreach_{name}{'_' * in_place}") if by_list else OPS[name].function
            steps.append(_Step(function if by_list else functools.partial(_one_by_one, function), in_place, call, dead))
        return steps

    def run(self, scalars: list[torch.Tensor], lists: list[list[torch.Tensor]]) -> list[torch.Tensor]:
        """The results, list after list."""
        numbers: list[Any] = [x.item() for x in scalars] if self._on_host else list(scalars)
        for name, args, _, _ in self.numbers:
            values = [numbers[arg.place] if type(arg) is _Number else arg for arg in args]
            numbers.append(_NUMBERS[name](*values) if self._on_host else OPS[name].function(*values))
        places: list[Any] = [*lists, *[None] * (self._counts[_List] - len(lists))]
        by_kind = {_List: places, _Number: numbers}
        for function, in_place, (_, args, out, options), dead in self._program:
            values = [by_kind[type(arg)][arg.place] if type(arg) in by_kind else arg for arg in args]
            named = {key: numbers[x.place] if type(x) is _Number else x for key, x in options.items()}
            result = function(*values, **named)
            for place in dead:
                places[place] = None
            places[out] = values[0] if in_place else result
        return [x for place in self.results for x in places[place]]


def _one_by_one(function: Callable[..., Any], *args: Any) -> list[Any]:
    """An op for which there is no kernel for lists."""
    count = next(len(arg) for arg in args if isinstance(arg, (list, tuple)))
    return [function(*(arg[i] if isinstance(arg, (list, tuple)) else arg for arg in args)) for i in range(count)]


def _uses_of(results: Sequence[Any]) -> Counter[int]:
    """How often each Spec is an argument or a result."""
    uses: Counter[int] = Counter()
    waiting = list(results)
    while waiting:
        spec = waiting.pop()
        uses[id(spec)] += 1
        if uses[id(spec)] == 1 and spec.producer is not None:
            waiting += [arg for arg in spec.producer.args if isinstance(arg, Spec)]
    return uses


@functools.lru_cache(256)
def _plan(rule: Any, dtype: str, wide: str, donate: tuple[int, ...], on_host: bool) -> _Plan:
    plan = _Plan(rule, dtype, wide, donate, on_host)
    if on_host and not all(call.kernel in _NUMBERS for call in plan.numbers):
        return _plan(rule, dtype, wide, donate, False)
    return plan


# Kernels ---------------------------------------------------------------------------------------------------


def _fits(arrays: Sequence[Any], scalars: int) -> bool:
    """Whether these are tensors with values, lists of floats of one dtype, and nobody wants their gradients."""
    if len(arrays) <= scalars:
        return False
    if set(map(type, arrays)) != {torch.Tensor} or not arrays[-1].dtype.is_floating_point:
        return False
    if len({x.dtype for x in arrays[scalars:]}) > 1:
        return False
    return not (torch.is_grad_enabled() and any(x.requires_grad for x in arrays))


def _lists(arrays: Sequence[Any], scalars: int, count: int) -> list[list[Any]]:
    length = (len(arrays) - scalars) // count
    return [list(arrays[start : start + length]) for start in range(scalars, len(arrays), length)]


def _body(backend: Any, name: str, *args: Any) -> Any:
    body = OPS[name].body
    assert body is not None
    with using(backend):
        return body(*args)


def kernels(backend: Any) -> dict[str, Callable[..., Any]]:
    """The kernels of updates, for PyTorch's backend."""

    def elementwise_each(arrays: Any, rule: Any, donate: Any) -> Any:
        if not _fits(arrays, rule.scalars):
            return _body(backend, "elementwise_each", arrays, rule, donate)
        lists = _lists(arrays, rule.scalars, rule.lists)
        own, dtype = lists[0][0].dtype, in_single(backend.dtype(lists[0][0]))
        wide = backend.dtype(arrays[0]) if rule.scalars else dtype
        on_host = lists[0][0].device.type == "cpu"
        is_narrow = own != backend.dtypes[dtype]
        if is_narrow:
            lists, donate = [[x.float() for x in each] for each in lists], range(rule.lists)
        try:
            results = _plan(rule, dtype, wide, tuple(donate), on_host).run(arrays[: rule.scalars], lists)
        except ArithmeticError:  # which Python's numbers have where tensors have infinities
            results = _plan(rule, dtype, wide, tuple(donate), False).run(arrays[: rule.scalars], lists)
        return [x.to(own) for x in results] if is_narrow else results

    def adam_each(*args: Any) -> Any:
        return _adam(backend, *args)

    return {each.__name__: whole(each, changes=True) for each in (elementwise_each, adam_each)}


@functools.cache
def _late(device: torch.device) -> torch.Tensor:
    """The number of a step so late that PyTorch's kernel corrects nothing: the learning rate has been corrected."""
    return torch.full((), math.inf, device=device)


def _adam(
    backend: Any,
    arrays: Any,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    amsgrad: bool,
    decay: float | None,
    donate: Any,
) -> Any:
    count = 5 if amsgrad else 4
    if not _fits(arrays, 2) or not (0 <= beta_1 < 1 and 0 <= beta_2 < 1):
        return _body(backend, "adam_each", arrays, beta_1, beta_2, epsilon, amsgrad, decay, donate)
    rate, step = arrays[:2]
    gradients, values, *moments = _lists(arrays, 2, count)
    host = values[0].device.type == "cpu"
    if host:
        rate, step = rate.item(), step.item()
        corrections = [-math.expm1(step * (math.log(beta) if beta else -math.inf)) for beta in (beta_1, beta_2)]
        alpha = rate * math.sqrt(corrections[1]) / corrections[0]
    else:
        corrections = [-torch.expm1(step * (math.log(beta) if beta else -math.inf)) for beta in (beta_1, beta_2)]
        alpha = rate * corrections[1].sqrt() / corrections[0]
    values = [x if _is_dense(x) else torch.empty_like(x).copy_(x) for x in values]
    strides = [x.stride() for x in values]
    written = [_laid_out(each, values, strides, place in donate) for place, each in enumerate([values, *moments], 1)]
    late = [_late(values[0].device)] * len(values)
    if decay:
        torch._foreach_mul_(written[0], 1 - rate * decay)  # pyright: ignore[reportPrivateImportUsage]
    numbers, *others = ([_as_it_lies(x) for x in each] for each in written)
    torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
        numbers,
        [_as_it_lies(x) for x in _laid_out(gradients, values, strides, True)],
        others[0],
        others[1],
        others[2] if amsgrad else [],
        late,
        lr=alpha,
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=0.0,
        eps=epsilon,
        amsgrad=amsgrad,
        maximize=False,
    )
    return [x for each in written for x in each]


def _is_dense(x: torch.Tensor) -> bool:
    """Whether a tensor lies in memory without gaps, and no two of its elements in one place, in whatever order."""
    return x.is_contiguous() or torch.empty_like(x, device="meta").stride() == x.stride()


def _as_it_lies(x: torch.Tensor) -> torch.Tensor:
    """A dense tensor as a vector in the order in memory, if that is another one: the fused kernel would copy it."""
    return x if x.is_contiguous() else x.as_strided((x.numel(),), (1,))


def _laid_out(tensors: list[Any], like: list[Any], strides: list[Any], keep: bool) -> list[Any]:
    """Tensors laid out in memory as others are, which the fused kernel takes for granted; copies, if not to keep."""
    if keep and [x.stride() for x in tensors] == strides:
        return tensors
    pairs = zip(tensors, like, strides, strict=True)
    return [x if keep and x.stride() == stride else torch.empty_like(y).copy_(x) for x, y, stride in pairs]
