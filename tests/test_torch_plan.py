"""Plans of PyTorch's operators: the results of the function in every call, and nothing of one call left in another."""

import os
import subprocess
import sys

import numpy as np
import pytest

import polykeras
from polykeras import Variable, layers, ops, random
from polykeras.errors import OutOfRangeError

torch = pytest.importorskip("torch")
TorchDispatchMode = pytest.importorskip("torch.utils._python_dispatch").TorchDispatchMode


@pytest.fixture(autouse=True)
def on_torch():
    with polykeras.using("torch"):
        yield


def counting(function, **options):
    """The function compiled, and a list that grows with each run of its Python code."""
    runs = []

    def counted(*args):
        runs.append(args)
        return function(*args)

    return polykeras.compile(counted, **options), runs


def steps(number, size=8):
    return [torch.randn(size, size, generator=torch.Generator().manual_seed(i)) for i in range(number)]


def network(x, w):
    def loss(w):
        hidden = ops.relu(ops.matmul(x, w))
        return ops.mean(ops.square(ops.softmax(ops.transpose(hidden)) - x)), hidden

    return ops.value_and_grad(loss, has_aux=True)(w)


def test_a_plan_gives_what_the_function_gives_and_keeps_earlier_results():
    compiled, runs = counting(network)
    xs, ws = steps(4), steps(8)[4:]
    found = [compiled(x, w) for x, w in zip(xs, ws, strict=True)]
    for x, w, ((loss, hidden), gradient) in zip(xs, ws, found, strict=True):
        (wanted_loss, wanted_hidden), wanted_gradient = network(x, w)
        assert torch.equal(loss, wanted_loss)
        assert torch.equal(hidden, wanted_hidden)
        assert torch.equal(gradient, wanted_gradient)
    assert len(runs) == 1


def operators(function, *args):
    """The names of the operators of PyTorch that a function runs."""
    names = []

    class Names(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            names.append(func.overloadpacket.__name__)
            return func(*args, **(kwargs or {}))

    with Names():
        function(*args)
    return names


def test_results_are_written_over_arguments_that_nobody_needs_any_more():
    def layer(x, w):
        return ops.value_and_grad(lambda w: ops.sum(ops.square(ops.relu(ops.matmul(x, w) + x))))(w)

    compiled, _ = counting(layer)
    xs, ws = steps(3), steps(6)[3:]
    found = [compiled(x, w) for x, w in zip(xs, ws, strict=True)]
    for x, w, (loss, gradient) in zip(xs, ws, found, strict=True):
        assert torch.equal(loss, layer(x, w)[0])
        assert torch.equal(gradient, layer(x, w)[1])
    assert {"add_", "relu_", "threshold_backward"} <= {*operators(compiled, xs[0], ws[0])}


def _last_use(x):
    return ops.relu(ops.exp(x) * 2)


NEEDED = {
    "an argument of the function": ops.relu,
    "read later": lambda x: _last_use(y := ops.sin(x)) + y,
    "given": lambda x: (y := ops.sin(x), ops.relu(y)),
    "a view of it read later": lambda x: (y := ops.sin(x))[:2] + ops.relu(y)[2:4],
    "a view of it given": lambda x: ((y := ops.sin(x))[1], ops.negative(y)),
    "a view of it added": lambda x: (y := ops.sin(x)) + ops.transpose(y),
    "a constant": lambda x: torch.ones(8, 8).add(x),
    "of another shape": lambda x: ops.sin(x)[0] + x,
    "of another dtype": lambda x: ops.cast(ops.round(x), "int32") / 2,
}


@pytest.mark.parametrize("function", NEEDED.values(), ids=NEEDED)
def test_what_is_needed_is_not_written_over(function):
    compiled, runs = counting(function)
    for x in steps(3):
        given = x.clone()
        found, wanted = compiled(x), function(x)
        for one, other in zip(*(y if isinstance(y, tuple) else (y,) for y in (found, wanted)), strict=True):
            assert torch.equal(one, other)
        assert torch.equal(x, given)
    assert len(runs) == 1


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
def test_views_have_any_number_of_axes(shape):
    compiled, runs = counting(lambda x: ops.exp(ops.reshape(x, shape)))
    for number in (1.0, 2.0, 3.0):
        np.testing.assert_allclose(compiled(torch.full((1, 1), number)), np.full(shape, np.exp(number)), rtol=1e-6)
    assert len(runs) == 1


def test_views_that_are_the_same_are_made_once():
    def function(x):
        rows = [torch.permute(torch.sin(x), (0, 1)), x.view(64), x.t().t(), x.view(8, 8).view(64)]
        return rows[0] * 2 + rows[2], rows[1] + rows[3]

    compiled, _ = counting(function)
    for x in steps(3):
        assert all(map(torch.equal, compiled(x), function(x)))
    assert operators(compiled, steps(1)[0]) == ["sin", "view", "mul_", "add_", "add"]


LOOKS = [
    lambda x: x if ops.sum(x) > 0 else ops.negative(x),
    lambda x: ops.multiply(x, float(ops.sum(x))),
    lambda x: ops.multiply(x, float(ops.convert_to_numpy(x).max())),
    lambda x: ops.multiply(x, x.sum().item()),
    lambda x: ops.multiply(x, x.tolist()[0][0]),
    lambda x: ops.multiply(x, np.asarray(x)),
    lambda x: ops.multiply(x, np.from_dlpack(x)),
    lambda x: ops.nonzero(x > 0)[0],
    lambda x: x[x > 0],
    lambda x: torch.masked_select(x, x > 0),
]


@pytest.mark.parametrize("look", LOOKS)
def test_a_function_that_looks_at_values_runs_as_it_is(look):
    compiled, runs = counting(look)
    for x in steps(4):
        assert torch.equal(compiled(x), look(x))
    assert len(runs) == 4


def test_kernels_that_look_at_values_within_run_in_a_plan():
    index = [torch.tensor(i) for i in ([0, 1], [-1, 2], [3, -4])]
    compiled, runs = counting(lambda x, i: (ops.take(x, i, axis=0), ops.add(i, 0)))
    for i in index:
        rows, same = compiled(steps(1)[0], i)
        assert torch.equal(rows, steps(1)[0][i])
        assert torch.equal(same, i)  # and not the indices counted from the front
    assert len(runs) == 1


def test_what_a_function_makes_for_itself_begins_anew_in_each_call():
    def function(x):
        total, other = torch.zeros(8), torch.tensor([1.0] * 8)
        view = total[:4]
        view.add_(x[0, :4])
        other.mul_(2).add_(total)
        return [total, other * 2, torch.ones_like(x) * 3]

    compiled, runs = counting(function)
    for x in steps(3):
        for found, wanted in zip(compiled(x), function(x), strict=True):
            assert torch.equal(found, wanted)
            found.fill_(7.0)  # whoever gets a result may write to it
    assert len(runs) == 1


def test_what_others_keep_is_looked_at_in_each_call():
    kept = torch.ones(8)
    compiled, _ = counting(lambda x: x * (kept * 2))
    x = steps(1)[0]
    assert torch.equal(compiled(x), x * 2)
    kept.fill_(3.0)
    assert torch.equal(compiled(x), x * 6)


def test_a_function_that_writes_to_what_it_keeps_runs_as_it_is():
    kept = torch.zeros(())
    compiled, runs = counting(lambda x: kept.add_(1) + x)
    assert [float(compiled(torch.tensor(0.0))) for _ in range(3)] == [1.0, 2.0, 3.0]
    assert len(runs) == 3


def test_layouts_of_arguments_have_plans_of_their_own():
    compiled, runs = counting(lambda x: ops.multiply(ops.reshape(ops.transpose(ops.add(x, 1)), (64,)), 2))
    for x in steps(2):
        for view in (x, x.T):
            assert torch.equal(compiled(view), (view + 1).T.reshape(64) * 2)
    assert len(runs) == 2


def test_gradients_flow_through_a_compiled_function():
    compiled, _ = counting(lambda x: ops.sum(ops.square(x)))
    x = steps(1)[0]
    compiled(x)
    assert torch.equal(ops.grad(compiled)(x), 2 * x)
    leaf = x.clone().requires_grad_()
    compiled(leaf).backward()
    assert torch.equal(leaf.grad, 2 * x)


def test_variables_and_random_counters_advance():
    v, seed = Variable(np.zeros(3, "float32")), random.SeedGenerator(1)
    wanted = random.SeedGenerator(1)

    def step(x):
        v.assign_add(ops.multiply(x, random.uniform((3,), seed=seed)))
        return v.value

    compiled, runs = counting(step, variables=[v, seed.state], donate_variables=True)
    total = torch.zeros(3)
    for i in range(4):
        total = total + i * random.uniform((3,), seed=wanted)
        assert torch.equal(compiled(torch.full((3,), float(i))), total)
    assert torch.equal(v.value, total)
    assert len(runs) == 1


def test_a_recurrent_network_trains_in_a_plan():
    layer = layers.LSTM(4)
    layer.build((2, 3, 5))
    weights = layer.trainable_variables

    def step(x):
        return ops.grad(lambda ws: ops.sum(layer(x)))(weights)

    compiled, runs = counting(step, variables=weights)
    for x in (torch.randn(2, 3, 5) for _ in range(3)):
        for found, wanted in zip(compiled(x), step(x), strict=True):
            torch.testing.assert_close(found, wanted)
    assert len(runs) == 1


def test_moments_of_batches_are_those_of_each_batch():
    layer = layers.BatchNormalization(momentum=0.5)
    layer.build((8, 3))
    other = layers.BatchNormalization(momentum=0.5)
    other.build((8, 3))
    compiled, runs = counting(lambda x: layer(x, training=True), variables=layer.variables)
    for i in range(3):
        x = torch.randn(8, 3, generator=torch.Generator().manual_seed(i)) + i
        assert torch.equal(compiled(x), other(x, training=True))
        for found, wanted in zip(layer.variables, other.variables, strict=True):
            assert torch.equal(found.value, wanted.value)
    assert len(runs) == 1


def test_a_step_that_fails_says_so_in_the_words_of_the_op():
    compiled, _ = counting(lambda x, i: ops.take_along_axis(x, i, axis=0))
    x, index = torch.arange(4.0), torch.tensor([1, 2])
    for _ in range(2):
        assert compiled(x, index).tolist() == [1, 2]
    with pytest.raises(OutOfRangeError, match="take_along_axis"):
        compiled(x, index + 5)
    assert compiled(x, index).tolist() == [1, 2]


@pytest.mark.parametrize("layer", [layers.SimpleRNN, layers.GRU, layers.LSTM])
def test_recurrent_layers_are_compiled_as_a_whole(layer):
    """A process of its own, as PyTorch's compiler needs Triton, if that is there, before TensorFlow."""
    code = f"""
import numpy as np
import polykeras as keras
from polykeras import layers, ops

x = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")
losses = []
for jit in (True, False):
    keras.set_random_seed(1)
    model = keras.Sequential([layers.Input((5, 3)), layers.{layer.__name__}(2), layers.Dense(1)])
    model.compile("adam", "mse", jit_compile=jit)
    losses.append([model.train_on_batch(x, np.ones((4, 1))) for _ in range(3)])
np.testing.assert_allclose(*losses, rtol=1e-5)  # of sums of a few numbers
assert float(keras.compile(lambda x: x + ops.ones(()), jit_compile=True)(ops.zeros(()))) == 1
"""
    environment = {**os.environ, "POLYKERAS_BACKEND": "torch"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_jit_compile_false_runs_the_function_itself():
    compiled, runs = counting(lambda x: x + 1, jit_compile=False)
    for x in steps(3):
        assert torch.equal(compiled(x), x + 1)
    assert len(runs) == 3


TRAINING = """
import sys
import polykeras
from polykeras import layers, ops, random
polykeras.config.set_backend("torch")
model = polykeras.Sequential([layers.Input((4, 3)), layers.LSTM(2), layers.Dropout(0.5), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(random.normal((8, 4, 3)), ops.zeros((8, 1)), 4, verbose=0)
assert not {"triton", "torch._dynamo"} & sys.modules.keys()
"""


def test_a_plan_is_made_without_the_compiler_of_pytorch():
    done = subprocess.run([sys.executable, "-c", TRAINING], capture_output=True, text=True)
    assert not done.returncode, done.stderr


KEPT = torch.arange(12.0).reshape(3, 4)
OF_WHAT_IS_KEPT = {
    "a view": lambda x: ops.reshape(KEPT, (4, 3)) * 2.0 + x,
    "a view of a view": lambda x: ops.exp(ops.reshape(KEPT[:2], (4, 2))[:, :1]) + x,
    "a slice": lambda x: x + ops.tanh(ops.transpose(KEPT)) * 0.5,
    "by a layer of views": lambda x: ops.square(ops.concatenate([ops.negative(ops.transpose(KEPT)), x], 0)),
}


@pytest.mark.parametrize("function", OF_WHAT_IS_KEPT.values(), ids=OF_WHAT_IS_KEPT)
def test_results_are_not_written_over_what_the_function_keeps(function):
    before, compiled, x = KEPT.clone(), polykeras.compile(function), torch.ones(4, 3)
    wanted = function(x)
    for _ in range(4):
        assert torch.equal(compiled(x), wanted)
    assert torch.equal(KEPT, before)


def test_a_function_that_writes_to_a_view_of_what_it_keeps_runs_as_it_is():
    kept = torch.zeros(3)

    def function(x, index):
        kept[:2].add_(1.0)
        return ops.take(x, index, axis=0)

    compiled = polykeras.compile(function)
    for index in (1, 2):
        compiled(torch.ones(3), torch.tensor([index]))
    with pytest.raises(OutOfRangeError):  # which is not tried another time
        compiled(torch.ones(3), torch.tensor([9]))
    assert kept.tolist() == [3.0, 3.0, 0.0]


def test_indices_are_not_written_over_while_a_gradient_needs_them():
    def function(x, index):
        index = index + 1

        def loss(x):
            rows, twice = ops.take(x, index, axis=0), index * 2
            return ops.sum(rows * rows), twice

        return ops.value_and_grad(loss, has_aux=True)(x)

    compiled = polykeras.compile(function)
    x, index = torch.arange(8.0), torch.tensor([0, 1, 2])
    for _ in range(3):
        (_, twice), gradient = compiled(x, index)
        assert twice.tolist() == [2, 4, 6]
        assert gradient.tolist() == [0.0, 2.0, 4.0, 6.0, 0.0, 0.0, 0.0, 0.0]


def test_what_a_plan_keeps_cannot_be_changed_through_its_results():
    compiled = polykeras.compile(lambda x: (ops.broadcast_to(ops.ones((3,)), (5000, 3)), x + 1.0))
    for _ in range(3):
        ones, _ = compiled(torch.zeros(2))
        assert ones[0].tolist() == [1.0, 1.0, 1.0]
        ones[0].fill_(7.0)


def test_a_function_compiled_as_a_whole_has_a_gradient(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda graph, **_: graph)
    compiled = polykeras.compile(lambda x: ops.sum(x * 2.0), jit_compile=True)
    assert float(compiled(torch.ones(3))) == 6.0
    assert ops.grad(compiled)(torch.ones(3)).tolist() == [2.0, 2.0, 2.0]
    parameter = torch.ones(3, requires_grad=True)
    compiled(parameter).backward()
    assert parameter.grad.tolist() == [2.0, 2.0, 2.0]


def test_attention_under_transforms_of_pytorch():
    query = torch.randn(2, 3, 2, 4, generator=torch.Generator().manual_seed(0))

    def loss(x):
        return ops.dot_product_attention(x, query, query).square().sum()

    wanted = ops.grad(loss)(query)
    torch.testing.assert_close(torch.func.grad(loss)(query), wanted)
    runs = []

    def counted(x):
        runs.append(x)
        return loss(x)

    many = ops.stack([query] * 5)
    torch.testing.assert_close(ops.vectorized_map(counted, many), loss(query).expand(5))
    assert len(runs) < 5  # all at once
