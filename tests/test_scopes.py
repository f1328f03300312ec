"""Keras's scopes: blocks in which variables or layers behave otherwise."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import RematScope, StatelessScope, SymbolicScope, Variable, layers, ops
from polykeras.errors import ArgumentError, ShapeError, StateError
from polykeras.scopes import in_symbolic_scope, remat_scope, stateless_scope


def test_a_stateless_scope_keeps_what_is_assigned_to_itself(backend):
    v, w, other = Variable(1.0), Variable([1.0, 2.0]), Variable(3.0)
    scope = StatelessScope(state_mapping=[(v, 5)])
    for _ in range(2):  # it goes on where it ended
        with scope:
            assert stateless_scope() is scope
            v.assign_add(1.0)
            w.assign([3.0, 4.0])
            assert float(scope.get_current_value(v)) == float(v)
            scope.add_update((other, 8.0))
            assert float(other) == 8.0
    assert stateless_scope() is None
    assert (float(v), w.numpy().tolist(), float(other)) == (1.0, [1.0, 2.0], 3.0)
    assert float(scope.get_current_value(v)) == 7.0
    assert ops.convert_to_numpy(scope.get_current_value(w)).tolist() == [3.0, 4.0]
    assert isinstance(scope.get_current_value(v), backend.array_types)
    assert scope.get_current_value(Variable(0.0)) is None
    assert set(scope.state_mapping) == {id(v), id(w), id(other)}


def test_a_stateless_scope_makes_a_function_pure(backend):
    v = Variable([1.0, 2.0])

    def loss(value, x):
        with StatelessScope([(v, value)]) as scope:
            v.assign_add([1.0, 1.0])
            return ops.sum(v * x), scope.get_current_value(v)

    (value, after), gradient = ops.value_and_grad(loss, has_aux=True)(ops.array([3.0, 4.0]), ops.array([10.0, 1.0]))
    assert float(value) == 45.0
    assert ops.convert_to_numpy(after).tolist() == [4.0, 5.0]
    assert ops.convert_to_numpy(gradient).tolist() == [10.0, 1.0]
    assert v.numpy().tolist() == [1.0, 2.0]


def test_losses_are_kept_where_that_is_wanted():
    with StatelessScope(collect_losses=True) as keeping, StatelessScope() as other:
        keeping.add_loss(1.0)
        other.add_loss(2.0)
    assert (keeping.losses, other.losses) == ([1.0], [])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda v: StatelessScope([(1.0, 2.0)]), StateError, r"expected pairs of a variable and its value; got \(1.0"),
        (lambda v: StatelessScope([v]), StateError, "expected pairs of a variable"),
        (
            lambda v: StatelessScope([(v, [1.0])]),
            ShapeError,
            r"expected a value of shape \(\) for variable .* got \(1,\)",
        ),
        (lambda v: RematScope("most"), ArgumentError, "expected mode to be one of None, full, .*; got 'most'"),
        (lambda v: RematScope(layer_names="dense"), ArgumentError, "expected layer_names to be a list; got 'dense'"),
    ],
)
def test_wrong_arguments_of_scopes(make, error, words):
    with pytest.raises(error, match=words):
        make(Variable(1.0))
    scope = StatelessScope()
    with scope, pytest.raises(StateError, match="cannot be entered within itself"), scope:
        pass


def test_a_symbolic_scope_forgets_what_is_assigned(backend):
    v = Variable(1.0)
    with SymbolicScope():
        v.assign(2.0)
        assert (in_symbolic_scope(), float(v)) == (True, 2.0)
    assert (in_symbolic_scope(), float(v)) == (False, 1.0)


@pytest.mark.parametrize(
    ("arguments", "small", "large", "named", "activations"),
    [
        ({}, True, True, True, False),
        ({"mode": None}, False, False, False, False),
        ({"mode": "activations"}, False, False, False, True),
        ({"mode": "larger_than", "output_size_threshold": 100}, False, True, False, False),
        ({"mode": "list_of_layers", "layer_names": ["named"]}, False, False, True, False),
    ],
)
def test_what_a_remat_scope_recomputes(arguments, small, large, named, activations):
    with RematScope("full"), polykeras.RematScope(**arguments):
        scope = remat_scope()
        assert scope is not None
        assert (scope.recomputes("any", 100), scope.recomputes("any", 101)) == (small, large)
        assert scope.recomputes("named", 1) is named
        assert scope.recomputes_activations is activations
    assert remat_scope() is None


@pytest.mark.parametrize("make", [layers.Dense, layers.Activation, layers.Conv1D, layers.EinsumDense])
def test_activations_alone_are_computed_again(make, backend):
    runs = []

    def activation(x):
        runs.append(1)
        return ops.tanh(x)

    given = {layers.Dense: (2,), layers.Conv1D: (2, 1), layers.EinsumDense: ("...a,ab->...b", 2)}.get(make, ())
    x = np.ones((2, 3, 2), "float32")
    results = []
    for scope in (RematScope(None), RematScope("activations")):
        polykeras.set_random_seed(3)
        with scope:
            layer = make(*given, activation=activation)
        layer(x)
        runs.clear()
        results.append(ops.grad(lambda x, layer=layer: ops.sum(layer(x)))(ops.convert_to_tensor(x)))
        results.append(len(runs))
    first, once, second, twice = results
    np.testing.assert_allclose(ops.convert_to_numpy(second), ops.convert_to_numpy(first), rtol=1e-6)
    assert once == 1
    assert twice == 2 or backend.traces
