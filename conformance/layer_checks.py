"""What is checked of each layer, on any backend."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import polykeras
from polykeras import ops, tree
from polykeras.backend import Backend, load, using
from polykeras.dtypes import is_float
from polykeras.errors import PolykerasError
from polykeras.layers import deserialize, serialize
from polykeras.masks import mask_of, set_mask
from polykeras.settings import EMBEDDED
from polykeras.spec import Dim, Spec, evaluate
from polykeras.state import bind
from polykeras.symbolic import spec_of

from .checks import EFFORT
from .layer_case import LAYERS, Configuration, LayerCase, Trial
from .ledger import assert_allclose

VALUES = 1e-12
"""How far outputs in float64 may be apart: sums of some hundred terms in another order, relative to the largest."""
GRADIENTS = 1e-10
"""The same for gradients, which add up over all outputs."""
HALF = 2e-2
"""How far results in float16 may be from those in float32: eps is 1e-3, and some hundred terms are added up."""


class Run:
    """A layer that was made and built on a backend, and the arguments of a call."""

    def __init__(self, case: LayerCase, trial: Trial, backend: Backend, dtype: Any, wide: str = "float64"):
        self.case, self.trial, self.backend = case, trial, backend
        with using(backend):
            self.args, self.call = case.arguments(trial, wide)
            self.sizes: dict[str, int] = {}
            """What the sizes of the Specs stand for."""
            self.layer = trial.configuration.make(case.name, dtype)
            self.specs = self._call_on_specs()
            self.layer.set_weights(case.weights_for(self.layer))

    def _call_on_specs(self) -> Any:
        def unknown(x: Any) -> Any:
            if not isinstance(x, np.ndarray):
                return x
            shape = [None if axis in self.trial.unknown else size for axis, size in enumerate(x.shape)]
            spec = Spec(shape, spec_of(x).dtype)
            self.sizes.update((str(s), n) for s, n in zip(spec.shape, x.shape, strict=True) if isinstance(s, Dim))
            return spec

        args, call = tree.map_structure(unknown, (self.args, self.call))
        self._carry_masks(args, lambda mask: Spec(mask.shape, "bool"))
        return self.layer(*args, **call)

    def _carry_masks(self, args: Any, convert: Callable[[np.ndarray], Any]) -> None:
        for x, mask in zip(tree.flatten(args), self.trial.masks, strict=False):
            if mask is not None:
                set_mask(x, convert(np.asarray(mask)))

    def at_home(self) -> tuple[Any, Any]:
        """The arguments of the call, arrays on the backend."""
        return tree.map_structure(
            lambda x: self.backend.asarray(x) if isinstance(x, np.ndarray) else x, (self.args, self.call)
        )

    def outputs(self) -> list[Any]:
        """The arrays that the layer gives."""
        with using(self.backend):
            return self.called_on(*self.at_home())

    def called_on(self, args: Any, call: Any) -> list[Any]:
        """The arrays that the layer gives for some arguments."""
        self._carry_masks(args, self.backend.asarray)
        return [x for x in tree.flatten(self.layer(*args, **call)) if x is not None]

    def numbers(self) -> list[np.ndarray]:
        """What it gives, as NumPy arrays."""
        return list(map(as_numpy, self.outputs()))

    def show(self) -> str:
        """The call as a reader recognises it."""
        made = self.trial.configuration
        inside = ", ".join([*map(repr, made.args), *(f"{key}={value!r}" for key, value in made.options.items())])
        return f"{self.case.name}({inside}) on {self.trial.inputs}, {self.trial.call}"


def as_numpy(x: Any) -> np.ndarray:
    """An array of any backend as NumPy's."""
    return np.asarray(ops.convert_to_numpy(x))


def assert_close(found: list[np.ndarray], wanted: list[Any], share: float, what: str) -> None:
    """Arrays are equal up to a share of the largest number in each of the wanted ones."""
    assert len(found) == len(wanted), f"{what}: {len(found)} arrays, expected {len(wanted)}"
    for number, (f, w) in enumerate(zip(found, wanted, strict=True)):
        w = np.asarray(w)
        assert f.shape == w.shape, f"{what}, {number}: shape {f.shape}, expected {w.shape}"
        f, w = f.astype("float64"), w.astype("float64")
        scale = max(float(np.abs(w).max()) if w.size else 0.0, 1.0)
        assert_allclose(f, w, rtol=0, atol=share * scale, err_msg=f"{what}, {number}")


def numbers_of(case: LayerCase, backend: Backend) -> list[int]:
    """Which calls of a layer are tried on a backend.

    With limited effort the first, for layers are made of ops, which have cases of their own; and the first ones with
    masks and in training, which are the layers' own matter.
    """
    if not EFFORT.is_limited(backend):
        return list(range(len(case.trials)))
    calls = {number: trial for number, trial in enumerate(case.trials) if not trial.repeats}
    masked = [number for number, trial in calls.items() if any(mask is not None for mask in trial.masks)]
    training = [number for number, trial in calls.items() if trial.call.get("training")]
    return sorted({*list(calls)[:1], *masked[:1], *training[:1]})


def check_outputs(case: LayerCase, backend: Backend) -> None:
    """Outputs against the reference's and NumPy's, their shapes, dtypes and masks against what Specs promised.

    A backend that traces runs all calls as one program. With limited effort its eager call is that in mixed precision.
    """
    for number in numbers_of(case, backend):
        run = Run(case, case.trials[number], backend, "float64")
        if not backend.traces or (number == 0 and not EFFORT.is_limited(backend)):
            outputs = run.outputs()
            _check_outputs(run, outputs, list(map(mask_of, outputs)))
        if backend.traces:
            result = results(case.name, backend.name)[number]
            _check_outputs(run, result.outputs, result.masks)


def _check_outputs(run: Run, outputs: list[Any], found_masks: list[Any]) -> None:
    numbers = list(map(as_numpy, outputs))
    if run.trial.outputs is not None:
        weights = [as_numpy(w) for w in run.layer.weights]
        wanted = [x for x in tree.flatten(run.trial.outputs(weights, *run.args, **run.call)) if x is not None]
        assert_close(numbers, wanted, VALUES, f"{run.show()} against the reference")
    if run.backend is not load(EMBEDDED):
        wanted = Run(run.case, run.trial, load(EMBEDDED), "float64").numbers()
        assert_close(numbers, wanted, 0 if run.trial.exact else VALUES, f"{run.show()} against NumPy")
    _check_specs(run, outputs)
    _check_masks(run, found_masks)


def _check_specs(run: Run, outputs: list[Any]) -> None:
    inferred = [x for x in tree.flatten(run.specs) if x is not None]
    for spec, output in zip(inferred, outputs, strict=True):
        found = spec_of(output)
        shape = tuple(evaluate(size, run.sizes) for size in spec.shape)
        assert (shape, spec.dtype) == (found.shape, found.dtype), f"{run.show()}: {spec} was inferred, {found} came"


def _check_masks(run: Run, found: list[Any]) -> None:
    symbolic = [mask_of(x) for x in tree.flatten(run.specs) if x is not None]
    for mask, spec in zip(found, symbolic, strict=True):
        assert (mask is None) == (spec is None), f"{run.show()}: mask {mask}, for Specs {spec}"
    wanted = run.trial.output_mask
    if wanted is False:
        assert found[0] is None, f"{run.show()}: mask {found[0]}, expected none"
    elif wanted is not None:
        assert found[0] is not None, f"{run.show()}: no mask"
        np.testing.assert_array_equal(as_numpy(found[0]), wanted, err_msg=run.show())


def check_configuration(case: LayerCase, backend: Backend) -> None:
    """A layer made of the configuration, through JSON, gives the same outputs with the same weights.

    With limited effort it takes the weights and has the same configuration; what it gives is seen without compilers.
    """
    for trial in case.trials[: 1 if EFFORT.is_limited(backend) else None]:
        run = Run(case, trial, backend, "float64")
        with using(backend):
            data = json.loads(json.dumps(serialize(run.layer)))
            again = Run(case, trial, backend, "float64")
            polykeras.set_random_seed(7)
            again.layer = deserialize(data)
            assert json.loads(json.dumps(serialize(again.layer))) == data, run.show()
            if not again.layer.built:
                again._call_on_specs()
            again.layer.set_weights(run.layer.get_weights())
        if EFFORT.is_limited(backend):
            continue
        for one, other in zip(run.numbers(), again.numbers(), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=run.show())


def check_gradients(case: LayerCase, backend: Backend) -> None:
    """Gradients with respect to inputs and weights: on NumPy against a difference, elsewhere against NumPy's."""
    found, wanted = results(case.name, backend.name), results(case.name, EMBEDDED)
    for number in derived_of(case, backend):
        trial, f, w = case.trials[number], found[number], wanted[number]
        what = f"gradient of {case.name} on {trial.inputs}, {trial.call}"
        if backend is load(EMBEDDED):
            problem = Problem(Run(case, trial, backend, "float64"), True)
            share = 1e-6  # the difference has step**2 times a third derivative, and eps / step: 1e-10, with factors
            assert_close([problem.along(f.gradient)], [problem.slope()], share, f"{what}, against a difference")
        else:
            assert_close(f.gradient, w.gradient, GRADIENTS, what)


def derived_of(case: LayerCase, backend: Backend) -> list[int]:
    """The calls whose gradients are looked at: with limited effort the first, for most of it is its ops' gradients."""
    calls = [number for number in numbers_of(case, backend) if case.trials[number].gradient]
    return calls[: 1 if EFFORT.is_limited(backend) else None]


STEP = 1e-5


class Problem:
    """A layer as a function of the weights that train and of the floats among the inputs to one number."""

    def __init__(self, run: Run, with_gradient: bool):
        self.run = run
        trained = run.layer.trainable_variables
        others = [v for v in run.layer.variables if all(v is not t for t in trained)]
        leaves, self._structure = tree.take_apart(run.at_home())
        self._places = [i for i, x in enumerate(leaves) if ops.is_tensor(x)]
        floats = [i for i in self._places if is_float(ops.dtype(leaves[i])) and with_gradient]
        self._leaves, self._floats, self._variables = leaves, floats, [*trained, *others]
        self.arrays = [*(v.value for v in trained), *(leaves[i] for i in floats)] if with_gradient else []
        """With respect to these there are gradients."""
        self.rest = [v.value for v in (others if with_gradient else self._variables)]
        self.rest += [leaves[i] for i in self._places if i not in floats]
        """The other arrays: states of random numbers, masks, whole numbers."""

    def loss(self, arrays: list[Any], rest: list[Any]) -> tuple[Any, tuple[list[Any], list[Any]]]:
        """The number, the outputs and their masks."""
        trained = len(arrays) - len(self._floats)
        values = [*arrays[:trained], *rest[: len(self._variables) - trained]]
        others = [i for i in self._places if i not in self._floats]
        given = list(self._leaves)
        inputs = [*arrays[trained:], *rest[len(self._variables) - trained :]]
        for place, array in zip([*self._floats, *others], inputs, strict=True):
            given[place] = array
        with bind(self._variables, values):
            outputs = self.run.called_on(*tree.put_together(self._structure, given))
        total: Any = np.zeros((), "float64")
        for output in outputs:
            if is_float(ops.dtype(output)):
                weights = np.cos(np.arange(int(np.prod(ops.shape(output)))) * 1.7) + 1.5
                total = ops.add(total, ops.sum(ops.multiply(output, weights.reshape(ops.shape(output)))))
        return total, (outputs, list(map(mask_of, outputs)))

    def results(self, arrays: list[Any], rest: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """The outputs, their masks, and the gradient."""
        if not arrays:
            return *self.loss(arrays, rest)[1], []
        function = ops.value_and_grad(lambda *arrays: self.loss(list(arrays), rest), tuple(range(len(arrays))), True)
        (_, (outputs, found)), gradient = function(*arrays)
        return outputs, found, list(gradient)

    def _directions(self) -> list[np.ndarray]:
        random = np.random.Generator(np.random.Philox(1))
        return [random.uniform(-1, 1, np.shape(x)) for x in self.arrays]

    def slope(self) -> np.ndarray:
        """The derivative in one direction, by a difference."""

        def moved(by: float) -> float:
            arrays = [x + by * d for x, d in zip(self.arrays, self._directions(), strict=True)]
            return float(self.loss(arrays, self.rest)[0])

        return np.asarray((moved(STEP) - moved(-STEP)) / (2 * STEP))

    def along(self, gradient: list[np.ndarray]) -> np.ndarray:
        """The derivative in this direction, by the gradient."""
        return np.asarray(sum(float((g * d).sum()) for g, d in zip(gradient, self._directions(), strict=True)))


@dataclass
class Result:
    """What a call gives."""

    outputs: list[Any]
    masks: list[Any]
    gradient: list[np.ndarray]


@functools.cache
def results(name: str, backend_name: str) -> dict[int, Result]:
    """What the calls of a case give, by their numbers; of a backend that traces as one compiled program."""
    case, backend = LAYERS[name], load(backend_name)
    numbers, derived = numbers_of(case, backend), derived_of(case, backend)
    problems = [Problem(Run(case, case.trials[n], backend, "float64"), n in derived) for n in numbers]

    def every(given: list[tuple[list[Any], list[Any]]]) -> list[Any]:
        return [problem.results(*arrays) for problem, arrays in zip(problems, given, strict=True)]

    with using(backend):
        function = polykeras.compile(every) if backend.traces else every
        found = function([(problem.arrays, problem.rest) for problem in problems])
        made = [Result(outputs, masks, list(map(as_numpy, gradient))) for outputs, masks, gradient in found]
        return dict(zip(numbers, made, strict=True))


def mixed_of(case: LayerCase, backend: Backend) -> list[Trial]:
    """The calls that are tried in mixed precision."""
    return [trial for trial in case.trials if trial.mixed][: 1 if EFFORT.is_limited(backend) else 2]


def check_mixed_precision(case: LayerCase, backend: Backend) -> None:
    """Computing in float16 with weights in float32: the dtypes, and numbers near those in float32."""
    for trial in mixed_of(case, backend):
        run = Run(case, trial, backend, "mixed_float16")
        wide = Run(case, trial, load(EMBEDDED), "float32")
        assert {v.dtype for v in run.layer.trainable_variables} <= {"float32"}, run.show()
        outputs = run.outputs()
        assert {spec_of(x).dtype for x in outputs} <= {"float16", "bool", "int32"}, run.show()
        _check_specs(run, outputs)
        assert_close(list(map(as_numpy, outputs)), wide.numbers(), HALF, f"{run.show()} in mixed precision")


def check_mistakes(case: LayerCase, backend: Backend) -> None:
    """What must be refused, with a message that says how to mend it."""
    for mistake, words in case.mistakes:
        with using(backend), pytest.raises((PolykerasError, NotImplementedError), match=words):
            _make(case, mistake, backend)


def _make(case: LayerCase, mistake: Configuration | Trial, backend: Backend) -> None:
    """Make a layer, and call it where there is something to call it on."""
    if isinstance(mistake, Trial):
        Run(LayerCase(case.name, [mistake]), mistake, backend, "float64").outputs()
    else:
        mistake.make(case.name, "float64")
