"""Where a model parts on two backends: each layer on its own, with the inputs that one of them gave it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import ops, tree
from ..backend import Backend, load, using
from ..errors import ArgumentError, PolykerasError
from ..models import Model
from ..models.graph import OpCall
from ..settings import EMBEDDED
from ..state import Variable, bind
from ..training.functions import prepare
from .agreement import first_op_that_parts, names_of, share, wide
from .drawing import picture
from .observation import observe
from .rounding import Rounding, records_of, rounding_of

SAME, ROUNDING, PARTS, UNKNOWN = "the same", "rounding", "parts", "not known"


@dataclass
class Row:
    """How far two backends are apart in one place, given the same inputs."""

    place: str
    """The path of a layer or op, the loss, or a weight after the optimizer's step."""
    kind: str
    """Its class; "loss" or "update"."""
    absolute: float
    """The largest difference of two numbers among the results."""
    relative: float
    """The largest difference relative to the larger of the two."""
    ulp: float
    """The largest difference in units in the last place."""
    gradient: float | None
    """The largest difference of the gradients by inputs and weights, relative to the largest number in them."""
    share: float | None
    """How much of what rounding explains is taken, by results and gradients; None where it cannot be followed."""
    verdict: str
    detail: str = ""
    """Of what parts: which phase and backend, and the first op in it that parts by itself."""


class Difference:
    """What `diff` found: a table of layers for each pair of backends.

    Args:
        reference: The backend whose inputs the others were given.
        tables: The rows for each other backend.
    """

    def __init__(self, reference: str, tables: dict[str, list[Row]]):
        self.reference = reference
        self.tables = tables

    @property
    def agree(self) -> bool:
        """Whether nothing parts."""
        return all(self.first(name) is None for name in self.tables)

    def first(self, backend: str) -> Row | None:
        """The first place that parts from the reference on a backend, or None."""
        return next((row for row in self.tables[backend] if row.verdict == PARTS), None)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        rows = {name: [asdict(row) for row in table] for name, table in self.tables.items()}
        return {"reference": self.reference, "agree": self.agree, "backends": rows}

    def __str__(self) -> str:
        return "\n\n".join("\n".join(self._lines(name)) for name in self.tables)

    __repr__ = __str__

    def _lines(self, name: str) -> Iterator[str]:
        header = ("layer", "kind", "absolute", "relative", "ulp", "gradient", "of bound", "verdict")
        rows = [header, *map(_cells, self.tables[name])]
        widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
        yield f"{name} beside {self.reference}, each layer with the inputs that {self.reference} gave it"
        for number, row in enumerate(rows):
            cells = [
                c.ljust(w) if i < 2 or i == 7 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
            ]
            yield "  ".join(cells).rstrip()
            if number == 0:
                yield "  ".join("─" * w for w in widths)
        first = self.first(name)
        nothing = "nothing parts by more than rounding explains"
        yield nothing if first is None else f"first: {first.place}: {first.detail}"

    def svg(self) -> str:
        """The picture of the tables: for each layer how much of what rounding explains is taken, on a log scale."""
        return picture(self)


def _cells(row: Row) -> tuple[str, ...]:
    def shown(x: float | None) -> str:
        return "" if x is None else "0" if x == 0 else f"{x:.1e}"

    return (
        row.place,
        row.kind,
        shown(row.absolute),
        shown(row.relative),
        f"{row.ulp:.3g}",
        shown(row.gradient),
        "?" if row.share is None else _share(row.share),
        row.verdict,
    )


def _share(share: float) -> str:
    if share == np.finfo("float64").max:  # a bound of zero is left
        return "∞"
    return f"{share:.0%}" if share < 10 else f"{share:.0e}"


def diff(
    model: Any, x: Any, y: Any = None, *, sample_weight: Any = None, backends: Sequence[str] | None = None
) -> Difference:
    """Say where a step of training parts on two backends or more: forward, loss, backward, update.

    Every layer runs on each backend with the inputs, and on the way back with the gradients, that the first backend
    gave it, so that a difference counts where it arises and not where it arrives. The model is left as it was.

    Args:
        model: The model, compiled if loss and update are to be looked at, too.
        x: A batch of inputs.
        y: The targets; None to look at the outputs only, whose sum with different weights is what is differentiated.
        sample_weight: A weight for each sample.
        backends: The names of the backends, the first one that to which the others are compared; None for all that are
            installed.

    Returns:
        The tables, which `print` shows; `svg()` is their picture, and `agree` says whether nothing parts.

    >>> model = polykeras.Sequential([polykeras.layers.Dense(2, activation="tanh")])
    >>> diff(model, np.ones((1, 3), "float32"), backends=["numpy"]).agree
    True
    """
    if not isinstance(model, Model):
        raise ArgumentError(
            f"diff: expected a model; got {model!r}. Give what load_model returns, or a layer in a Sequential."
        )
    names = names_of(backends)
    home = next((v.home for v in model.variables), None)
    try:
        step = _Step(model, x, y, sample_weight, load(names[0]))
        return Difference(names[0], {name: list(step.rows(load(name))) for name in names[1:]})
    finally:
        if home is not None:
            model.to_backend(home)


@dataclass
class _Part:
    """A part of the step as a function of arrays, on whatever backend is in use."""

    place: str
    kind: str
    run: Callable[..., tuple[list[Any], list[Any]]]
    """Results, and gradients."""
    arrays: list[np.ndarray]
    results: Callable[..., Any]
    """The results alone."""
    forward: str = "forward"
    """The phase in which they arise."""


class _Step:
    """One step of training on a backend, in parts that can be run again on another."""

    def __init__(self, model: Any, x: Any, y: Any, sample_weight: Any, reference: Backend):
        self._model = model
        self._reference = reference
        with using(reference):
            if model.variables:
                model.to_backend(reference)
            prepare(model, (x, y, sample_weight), with_targets=y is not None)
            model.to_backend(reference)
            calls, outputs, gradients = observe(model, _at_home(x, reference), self._loss_for(y, sample_weight))
        compiled = model._compiled if y is not None else None
        self._parts = [_Part(call.path, _kind(call.operation), call.step, call.arrays(), call.run_on) for call in calls]
        if compiled is not None and compiled.loss is not None:
            self._parts.append(_loss_part(compiled.loss, y, sample_weight, outputs))
        if compiled is not None and model.optimizer is not None and gradients:
            self._parts.append(_update_part(model, gradients))
        with using(reference):
            self._found = [_numbers(part.run, part.arrays, reference) for part in self._parts]
        model.to_backend(load(EMBEDDED))
        self._rounding = [_rounding(part) for part in self._parts]

    def _loss_for(self, y: Any, sample_weight: Any) -> Callable[[Any], Any]:
        compiled = self._model._compiled
        if y is None or compiled is None or compiled.loss is None:
            return _weighed
        return lambda y_pred: compiled.loss(y, y_pred, sample_weight)

    def rows(self, backend: Backend) -> Iterator[Row]:
        """How far a backend is from the reference, part by part."""
        self._model.to_backend(backend)
        for part, ours, rounding in zip(self._parts, self._found, self._rounding, strict=True):
            with using(backend):
                theirs = _numbers(part.run, part.arrays, backend)
            yield _row(part, ours, theirs, rounding, self._reference, backend)


def _kind(operation: Any) -> str:
    """What something is: the class of a layer, the name of an op."""
    return f"ops.{operation.op}" if isinstance(operation, OpCall) else type(operation).__name__


def _at_home(structure: Any, backend: Backend) -> Any:
    return tree.map_structure(lambda x: None if x is None else backend.asarray(np.asarray(x)), structure)


Numbers = tuple[list[np.ndarray], list[np.ndarray]]


def _numbers(run: Callable[..., Any], arrays: Sequence[np.ndarray], backend: Backend) -> Numbers:
    """Results and gradients on a backend, as NumPy arrays."""
    found = run(*(backend.asarray(x) for x in arrays))
    results, gradients = ([np.array(ops.convert_to_numpy(x)) for x in part] for part in found)
    return results, gradients


def _weighed(outputs: Any) -> Any:
    """One number made of outputs, in which each has another weight."""
    total: Any = None
    for output in tree.flatten(outputs):
        shape = ops.shape(output)
        weights = (np.cos(np.arange(int(np.prod(shape))) * 1.7) + 1.5).reshape(shape)
        part = ops.sum(ops.multiply(output, ops.cast(weights, ops.dtype(output))))
        total = part if total is None else ops.add(total, part)
    return total


def _loss_part(loss: Any, y: Any, sample_weight: Any, outputs: list[np.ndarray]) -> _Part:
    def value(*outputs: Any) -> Any:
        return loss(y, outputs[0] if len(outputs) == 1 else list(outputs), sample_weight)

    def run(*outputs: Any) -> tuple[list[Any], list[Any]]:
        found, gradients = ops.value_and_grad(value, tuple(range(len(outputs))))(*outputs)
        return [found], list(gradients)

    return _Part("loss", "loss", run, outputs, value, "loss")


def _update_part(model: Any, gradients: list[np.ndarray]) -> _Part:
    optimizer, weights = model.optimizer, model.trainable_variables
    optimizer.build(weights)
    variables: list[Variable] = [*weights, *optimizer.variables]
    values = [v.numpy() for v in variables]

    def run(*arrays: Any) -> tuple[list[Any], list[Any]]:
        count = len(weights)
        others = [v.home.asarray(x) for v, x in zip(variables[count:], values[count:], strict=True)]
        with bind(variables, [*arrays[count:], *others]) as binding:
            optimizer.apply(list(arrays[:count]), weights)
            return binding.collect()[:count], []

    return _Part("update", type(optimizer).__name__, run, [*gradients, *values[: len(weights)]], run, "update")


def _rounding(part: _Part) -> Rounding | None:
    """How far rounding carries the results and gradients of a part; None where that cannot be followed."""
    try:
        return rounding_of(part.run, part.arrays)
    except (PolykerasError, TypeError, AttributeError):  # it computes with something else than ops
        return None


def _row(
    part: _Part, ours: Numbers, theirs: Numbers, rounding: Rounding | None, reference: Backend, backend: Backend
) -> Row:
    pairs = list(zip(theirs[0], ours[0], strict=True))
    absolute, relative, ulp = (max((f(a, b) for a, b in pairs), default=0.0) for f in (_absolute, _relative, _ulp))
    largest = max((float(np.abs(wide(x)).max(initial=0.0)) for x in ours[1]), default=0.0)
    slopes = [_absolute(a, b) for a, b in zip(theirs[1], ours[1], strict=True)]
    gradient = max(slopes) / (largest or 1.0) if slopes else None
    is_same = absolute == 0 and not gradient
    row = Row(part.place, part.kind, absolute, relative, ulp, gradient, None, SAME if is_same else UNKNOWN)
    if rounding is None:
        return row
    shares: dict[tuple[str, str], float] = {}
    for home, (results, gradients) in ((reference, ours), (backend, theirs)):
        found = zip([*results, *gradients], rounding.results, rounding.allowed, strict=True)
        for number, (f, w, allowed) in enumerate(found):
            phase = part.forward if number < len(results) else "backward"
            shares[phase, home.name] = max(shares.get((phase, home.name), 0.0), share(f, w, allowed))
    row.share = max(shares.values(), default=0.0)
    if row.share > 1:
        over = [key for key in shares if shares[key] > 1]  # results first, from which gradients follow
        phase, culprit = max(
            over, key=lambda key: (key[0] != "backward", shares[key])
        )  # that follows what went forward
        row.verdict = PARTS
        records = rounding.records if phase == "backward" else records_of(part.results, part.arrays)
        row.detail = f"{phase} on {culprit}; {first_op_that_parts(records, load(culprit))}"
    elif not is_same:
        row.verdict = ROUNDING
    return row


def _absolute(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.max(_apart(a, b), initial=0.0))


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = wide(a), wide(b)
    with np.errstate(all="ignore"):
        return np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf))


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(wide(a)), np.abs(wide(b)))
        return float(np.max(np.where(_apart(a, b) == 0, 0.0, _apart(a, b) / size), initial=0.0))


def _ulp(a: np.ndarray, b: np.ndarray) -> float:
    if a.dtype.kind not in "fV" or a.dtype.name not in ("float16", "float32", "float64"):
        return _absolute(a, b)
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.maximum(np.abs(a), np.abs(b))).astype("float64")
        return float(np.max(np.where(_apart(a, b) == 0, 0.0, _apart(a, b) / spacing), initial=0.0))
