"""The steps of a model, made ready to run: everything built, and compiled where that is asked for."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import ops, tree
from ..backend import Backend, current
from ..compilation import compile
from ..dtypes import FLOATS
from ..errors import ArgumentError
from ..interpreters import HOST, Interpreter, kind_or_none
from ..layers.layer import REVISION
from ..layers.parts import remembering
from ..optimizers import Optimizer
from ..seeds import stream_apart
from ..spec import Spec
from ..state import Variable, bind, may_consume, take_all, values_of
from ..symbolic import spec_of
from ..text import Text
from . import mistakes
from .data import unpack_x_y_sample_weight
from .stretches import SMALL, STEPS_AT_ONCE, TOGETHER, Stretch, batch_of
from .texts import Texts


class Functions:
    """The compiled steps of a model, for the weights that it has now.

    Args:
        model: The model.
    """

    def __init__(self, model: Any):
        self._model = model
        self._revision = -1
        self._compiled: dict[str, Callable[..., Any]] = {}
        self.weights: list[Variable] = []
        self.draws_apart = False
        """Whether what is drawn for first values leaves the global stream as it is, as other values will follow."""

    def are_stale(self) -> bool:
        """Whether the model has other weights to train than when the steps were made."""
        if self._revision in (-1, REVISION.number):
            return False
        self._revision = REVISION.number
        return [id(v) for v in self._model.trainable_variables] != [id(v) for v in self.weights]

    def train(self, parts: list[Any]) -> dict[str, Any]:
        """Take a step of training for each batch, of which some may be together in stretches."""
        return self._run_parts("train_step", parts)

    def test(self, parts: list[Any]) -> dict[str, Any]:
        """Evaluate each batch, of which some may be together in stretches."""
        return self._run_parts("test_step", parts)

    def alone(self, name: str, batch: Any) -> dict[str, Any]:
        """Take one step with metrics that begin anew, and return what they say of this batch alone."""
        return self._run(name, [batch], anew=True)

    def predict(self, batch: Any) -> Any:
        """The outputs for a batch."""
        return self._run("predict_step", [batch])

    def size_for(self, name: str, batch: Any, wanted: int | str, is_watched: bool) -> int:
        """How many steps may be taken without a look at what comes of each.

        Args:
            name: What a step is called.
            batch: A batch, from which the step is made ready.
            wanted: How many are wanted; "auto" for as many as pay.
            is_watched: Whether somebody looks at each step.

        Returns:
            The number; 1 where each is by itself.
        """
        model, base = self._model, _standard_steps()
        self._function(name, batch)
        if getattr(model, "run_eagerly", False) or any(getattr(type(model), own) is not base[own] for own in base):
            return 1
        if wanted != "auto":
            return int(wanted)
        products = sum(variable.size for variable in self.weights) * _places(tree.flatten(batch)[0])
        return STEPS_AT_ONCE if products <= SMALL and not is_watched else 1

    def _run_parts(self, name: str, parts: list[Any]) -> Any:
        if Stretch not in map(type, parts):
            return self._run(name, parts)
        logs: Any = None
        for is_stretch, group in itertools.groupby(parts, lambda part: isinstance(part, Stretch)):
            if not is_stretch:
                logs = self._run(name, list(group))
                continue
            take = self._in_a_loop if current().traces else self._in_turn
            for stretch in group:
                logs = take(name, stretch)
        return logs

    def _in_a_loop(self, name: str, stretch: Stretch) -> Any:
        """Take the steps of a stretch in a loop that is part of a program."""
        return self._loop(name)(*stretch.arguments())

    def _in_turn(self, name: str, stretch: Stretch) -> Any:
        """Take the steps of a stretch one after the other, some in one program, where there is none of a loop.

        A step over time or space is so long that a program of several takes longer to make than is gained.
        """
        x = tree.flatten(stretch.data)[0]
        is_short = _places(x) == len(x)
        logs, done, most = None, 0, TOGETHER if is_short else 1
        while done < stretch.count:
            together = min(most, stretch.count - done)
            logs = self._run(name, stretch.batches(done, together))
            done += together
        return logs

    def _loop(self, name: str) -> Callable[..., Any]:
        """The function that takes a step for each batch of a stretch, and returns the logs of the last one."""
        found = self._compiled.get(f"{name}s")
        if found is None:
            found = self._compiled[f"{name}s"] = self._make_loop(name)
        return found

    def _make_loop(self, name: str) -> Callable[..., Any]:
        model, step = self._model, getattr(self._model, name)
        is_training = name == "train_step"
        variables = _state(model, is_training)

        def run(data: Any, rows: Any, first: Any, count: Any) -> Any:
            donated = may_consume(variables)

            def take_step(number: Any, values: list[Any]) -> list[Any]:
                with bind(variables, values, donated=donated) as binding:
                    step(batch_of(data, rows, ops.add(first, number)))
                    model.forget_losses()
                    return binding.collect()

            take_all(variables, ops.fori_loop(0, count, take_step, values_of(variables)))
            return model.get_metrics_result()

        return compile(run, variables=variables, donate_variables=is_training, jit_compile=model.jit_compile)

    def _run(self, name: str, batches: list[Any], anew: bool = False) -> Any:
        try:
            return self._function(name, batches[0], anew)(batches)
        except Exception as error:
            for batch in batches:
                try:
                    mistakes.explain(batch)
                except ArgumentError as mistake:
                    raise mistake from error
            raise

    def make_ready(self, name: str, parts: list[Any]) -> None:
        """Make the variables that a step needs, given what it will take."""
        if not isinstance(parts[0], Stretch):  # who makes these has made it ready
            self._function(name, parts[0])

    def variables(self) -> list[Variable]:
        """The variables that training may read or change."""
        return _state(self._model, is_training=True)

    def _function(self, name: str, batch: Any, anew: bool = False) -> Callable[..., Any]:
        key = f"{name} anew" if anew else name
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = self._make(name, batch, anew)
        return found

    def _make(self, name: str, batch: Any, anew: bool) -> Callable[..., Any]:
        """The function that takes a step for each of some batches, and returns what the last one does.

        That metrics begin anew is part of the function, so that it costs nothing where it is compiled.
        """
        model = self._model
        is_training = name == "train_step"
        texts = Texts()
        batch = texts.watched(batch)
        with stream_apart(0) if self.draws_apart else contextlib.nullcontext():
            if model.can_be_called():
                prepare(model, batch, with_targets=name != "predict_step")
            if not model.can_be_called() or (is_training and any(not one.built for one in optimizers_within(model))):
                _rehearse(model, name, batch)
        if model._compiled is not None and name != "predict_step":
            mistakes.check_labels(model._compiled.loss, batch)
        self.weights = model.trainable_variables
        if is_training and model.optimizer is not None and self.weights:
            model.optimizer.build(self.weights)
        self._revision = REVISION.number
        step = getattr(model, name)

        def run(batches: list[Any]) -> Any:
            if anew:
                model.reset_metrics()
            result = None
            for one in batches:
                result = step(one)
            return result

        if getattr(model, "run_eagerly", False):
            return lambda batches: run(_at_home(batches))
        structure: dict[int, Any] = {}

        def run_as_made(batches: list[Any]) -> Any:
            """Backends that trace see the model as it is now in every step, and so do the others."""
            with remembering(structure):
                result = run(batches)
                model.forget_losses()  # which nobody may see outside of a function that is traced
                return result

        jit = getattr(model, "jit_compile", "auto")
        variables = _state(model, is_training)
        _gather(variables, model)
        options: Any = {"variables": variables, "donate_variables": is_training, "jit_compile": jit}
        if not has_text(batch):
            return compile(run_as_made, **options)

        def run_with_texts(batches: list[Any]) -> Any:
            return run_as_made([texts.known(one) for one in batches])

        compiled = compile(run_with_texts, **options)

        def run_on_texts(batches: list[Any]) -> Any:
            for one in batches:
                if not texts.are_known(one):
                    prepare(model, texts.watched(one), with_targets=False)
            return compiled([texts.made(one) for one in batches])

        return run_on_texts


@functools.cache
def _standard_steps() -> dict[str, Any]:
    """The methods that make a step's logs what the metrics say afterwards, which is what a loop returns."""
    from .trainer import Trainer

    return {name: getattr(Trainer, name) for name in ("train_step", "test_step", "compute_metrics", "_logs")}


def _places(x: Any) -> int:
    """At how many places of a batch weights are used: samples, and steps in time or pixels within them."""
    shape = np.shape(x)
    is_of_features = len(shape) > 1 and spec_of(x).dtype in FLOATS
    return math.prod(shape[:-1] if is_of_features else shape)


def _state(model: Any, is_training: bool) -> list[Variable]:
    """The variables that a step may read or change."""
    found = [*model.variables, *(v for metric in model.metrics_in_training() for v in metric.variables)]
    if is_training:
        updating = [model.optimizer, *optimizers_within(model)]
        found += [variable for one in updating if one is not None for variable in one.variables]
    return list({id(variable): variable for variable in found}.values())


def optimizers_within(model: Any) -> list[Any]:
    """The optimizers of a step of one's own: in attributes, by themselves or in lists, tuples, dictionaries."""
    leaves = itertools.chain.from_iterable(
        _leaves(value) for name, value in vars(model).items() if name != "_arguments"
    )
    found = {id(leaf): leaf for leaf in leaves if isinstance(leaf, Optimizer) and leaf is not model.optimizer}
    return list(found.values())


def _leaves(value: Any) -> Iterator[Any]:
    if not isinstance(value, (list, tuple, dict)):
        yield value
        return
    for item in value.values() if isinstance(value, dict) else value:
        yield from _leaves(item)


def _rehearse(model: Any, name: str, batch: Any) -> None:
    """Run a step of one's own once without keeping what it assigns: then all variables are there that it makes."""
    with bind([], []):
        getattr(model, name)(_at_home(batch))
    model.forget_losses()


def _at_home(structure: Any) -> Any:
    """The same with numbers as arrays of the framework in use, as compiled functions are given them."""

    def brought(x: Any) -> Any:
        is_numeric = isinstance(x, np.ndarray) and x.dtype.kind not in "OUST"
        return ops.convert_to_tensor(x, x.dtype.name) if is_numeric else x

    return tree.map_structure(brought, structure)


def _gather(variables: list[Variable], model: Any) -> None:
    """Bring variables that were made before it was known where the model would be to where it is."""
    home = next((variable.home for variable in model.variables), current())
    for variable in variables:
        if variable.home is not home:
            variable.move_to(home)


def prepare(model: Any, batch: Any, with_targets: bool) -> None:
    """Make the weights, losses and metrics that a step needs, which is done by calling the model on Specs."""
    x, y, sample_weight = tree.map_structure(_spec, unpack_x_y_sample_weight(batch))
    compiled = model._compiled if with_targets else None
    if compiled is None:
        if has_text(x) or not all(layer.built for layer in model.all_layers()):
            _outputs_of(model, x, batch)
        return
    y_pred = _outputs_of(model, x, batch)
    if compiled.loss is not None:
        compiled.loss.build(y_pred)
        mistakes.check_shapes(compiled.loss, y)
    if compiled.metrics is not None and y is not None and not compiled.metrics.is_built:
        compiled.metrics.build(y, y_pred)
        if any(not metric.variables for metric in compiled.metrics.metrics):
            with bind([], []):
                compiled.metrics.update_state(y, y_pred, sample_weight)


def _spec(x: Any) -> Any:
    """The Spec of an array; of strings there is none, as what is made of them depends on them."""
    if isinstance(x, Text):
        return x
    kind = kind_or_none(type(x))
    is_array = kind is HOST or isinstance(kind, (Backend, Interpreter))
    return Spec(spec_of(x).shape, spec_of(x).dtype) if is_array else x


def _outputs_of(model: Any, specs: Any, batch: Any) -> Any:
    """Specs of the outputs; where the model cannot run on Specs, as it uses a framework directly, from a real run."""
    try:
        return model.on_specs(specs)
    except Exception:  # what is wrong with it, the real run says
        pass
    with bind([], []):
        return tree.map_structure(_spec, model(unpack_x_y_sample_weight(batch)[0]))


def has_text(batch: Any) -> bool:
    """Whether there are strings in a batch."""
    return any(isinstance(leaf, Text) for leaf in tree.flatten(batch))
