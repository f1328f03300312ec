"""PyTorch's plans for lists of tensors: numbers of the processor or a device, lists that may be written to or not."""

from __future__ import annotations

import numpy as np
import pytest

from polykeras import ops, using
from polykeras.ops.updates import Rule, each

torch = pytest.importorskip("torch")


def formula(x, y, rate, *, share):
    """With every kind of operand that a plan tells apart, on both sides."""
    step = ops.multiply(x, rate)
    y = ops.subtract(ops.multiply(y, share), step)
    move = ops.divide(ops.multiply(step, 2.0), ops.sqrt(ops.add(ops.multiply(x, x), rate)))
    z = ops.add(ops.multiply(x, y), ops.divide(ops.multiply(y, rate), ops.add(ops.abs(x), 1.0)))
    z = ops.subtract(ops.subtract(1.0, z), ops.divide(rate, ops.add(ops.multiply(move, move), 1.0)))
    z = ops.where(ops.greater(z, 0.0), ops.maximum(z, ops.multiply(y, -1.0)), ops.negative(ops.minimum(z, 0.5)))
    return ops.subtract(y, move), ops.add(rate, ops.divide(z, 4)), x, step


RULE = Rule(formula, 2, 1, lambda scalar, share: (ops.sqrt(ops.add(scalar, share)),), (("share", 0.25),))


@pytest.mark.parametrize("on_host", [True, False])
@pytest.mark.parametrize("donate", [(), (1,), (0, 1)])
def test_plans_give_what_the_formula_gives(on_host, donate):
    from polykeras.backends import torch_updates

    random = np.random.default_rng(0)
    arrays = [random.normal(size=shape) for shape in [(3, 2), (4,), (3, 2), (4,)]]
    scalar = torch.tensor(2.0, dtype=torch.float64)
    lists = [[torch.tensor(x) for x in arrays[start : start + 2]] for start in (0, 2)]
    with using("torch"):
        expected = each([scalar, *(torch.tensor(x) for x in arrays)], RULE)
        plan = torch_updates._plan(RULE, "float64", "float64", donate, on_host)
        found = plan.run([scalar], lists)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-13, atol=1e-15)  # the order of factors differs
    for place, kept in enumerate(lists):
        if place not in donate:
            for tensor, array in zip(kept, arrays[2 * place :], strict=False):
                np.testing.assert_array_equal(tensor.numpy(), array)


def test_steps_that_may_write_write_in_place():
    import polykeras
    from polykeras.optimizers import SGD, Adam
    from polykeras.state import Variable

    with using("torch"):
        for optimizer in (Adam(0.1), SGD(0.1, momentum=0.5)):
            weight = Variable(np.ones((3, 2), "float32"))
            optimizer.build([weight])
            gradient = torch.ones(2, 3).T  # laid out in memory as no value is
            step = polykeras.compile(
                lambda optimizer=optimizer, gradient=gradient: optimizer.apply([gradient]),
                variables=[weight, *optimizer.variables],
                donate_variables=True,
            )
            places = [v.value.data_ptr() for v in [weight, *optimizer.variables[2:]]]
            for _ in range(2):
                step()
            assert [v.value.data_ptr() for v in [weight, *optimizer.variables[2:]]] == places


@pytest.mark.parametrize("donate", [(), (2, 3), (1, 2, 3)])
def test_adam_takes_values_of_any_layout(donate):
    from polykeras.ops.updates import adam_each

    random = np.random.default_rng(0)
    arrays = [random.normal(size=(3, 2)) ** 2 for _ in range(4)]

    def plain(x):
        return torch.tensor(x)

    def turned(x):
        return torch.tensor(np.ascontiguousarray(x.T)).T

    def spread(x):
        return torch.tensor(np.repeat(x, 2, axis=1))[:, ::2]

    def step(layouts):
        tensors = [layout(x) for layout, x in zip(layouts, arrays, strict=True)]
        return adam_each([torch.tensor(0.1), torch.tensor(3.0), *tensors], donate=donate)

    with using("torch"):
        expected = step([plain] * 4)
        for layouts in ([turned] * 4, [spread] * 4, [turned, plain, plain, plain], [plain, spread, turned, plain]):
            for one, other in zip(step(layouts), expected, strict=True):
                np.testing.assert_array_equal(one.numpy(), other.numpy())
