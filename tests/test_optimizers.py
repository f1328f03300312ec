"""Optimizers besides their formulas: options, configurations, files, and optimizers of one's own."""

from __future__ import annotations

import json

import numpy as np
import pytest

import polykeras
from polykeras import ops, optimizers
from polykeras.errors import ArgumentError, SerializationError, ShapeError, StateError
from polykeras.optimizers import schedules
from polykeras.state import Variable

BASE = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
USUAL, SGDS, FREE = 0.0010000000474974513, 0.009999999776482582, 0.0024999999441206455  # rounded to float32
ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-07}

# What Keras 3.15.1 gives as the configuration of each optimizer with its defaults.
CONFIGS = {
    "SGD": ("sgd", SGDS, {"momentum": 0.0, "nesterov": False}),
    "Adam": ("adam", USUAL, {**ADAM, "amsgrad": False}),
    "AdamW": ("adam_w", USUAL, {**ADAM, "amsgrad": False, "weight_decay": 0.004}),
    "Adamax": ("adamax", USUAL, ADAM),
    "Adagrad": ("adagrad", USUAL, {"initial_accumulator_value": 0.1, "epsilon": 1e-07}),
    "Adadelta": ("adadelta", USUAL, {"rho": 0.95, "epsilon": 1e-07}),
    "RMSprop": ("rm_sprop", USUAL, {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-07, "centered": False}),
    "Nadam": ("nadam", USUAL, ADAM),
    "Ftrl": (
        "ftrl",
        USUAL,
        {
            "learning_rate_power": -0.5,
            "initial_accumulator_value": 0.1,
            "l1_regularization_strength": 0.0,
            "l2_regularization_strength": 0.0,
            "l2_shrinkage_regularization_strength": 0.0,
            "beta": 0.0,
        },
    ),
    "Lion": ("lion", USUAL, {"beta_1": 0.9, "beta_2": 0.99}),
    "Lamb": ("lamb", USUAL, ADAM),
    "Adafactor": (
        "adafactor",
        USUAL,
        {"beta_2_decay": -0.8, "epsilon_1": 1e-30, "epsilon_2": 0.001, "clip_threshold": 1.0, "relative_step": True},
    ),
    "Muon": (
        "muon",
        USUAL,
        {
            "weight_decay": 0.004,
            "adam_beta_1": 0.9,
            "adam_beta_2": 0.999,
            "epsilon": 1e-07,
            "exclude_layers": [],
            "muon_a": 3.4445,
            "muon_b": -4.775,
            "muon_c": 2.0315,
            "adam_lr_ratio": 1,
            "momentum": 0.95,
            "ns_steps": 5,
            "nesterov": True,
            "exclude_embeddings": True,
            "adam_weight_decay": 0.004,
            "rms_rate": 0.2,
        },
    ),
    "ScheduleFreeAdamW": ("schedule_free_adam_w", FREE, {**ADAM, "epsilon": 1e-08, "warmup_steps": 0}),
}

# The last parts of the paths of Keras's variables, besides iteration and learning rate, for a kernel and a bias.
SLOTS = {
    "SGD": [],
    "Adam": ["kernel_momentum", "kernel_velocity", "bias_momentum", "bias_velocity"],
    "AdamW": ["kernel_momentum", "kernel_velocity", "bias_momentum", "bias_velocity"],
    "Adamax": ["kernel_momentum", "kernel_norm", "bias_momentum", "bias_norm"],
    "Adagrad": ["kernel_accumulator", "bias_accumulator"],
    "Adadelta": [
        *("kernel_accumulated_grad", "kernel_accumulated_delta_var"),
        *("bias_accumulated_grad", "bias_accumulated_delta_var"),
    ],
    "RMSprop": ["kernel_velocity", "bias_velocity"],
    "Ftrl": ["kernel_accumulator", "kernel_linear", "bias_accumulator", "bias_linear"],
    "Lion": ["kernel_momentum", "bias_momentum"],
    "Lamb": ["kernel_momentum", "kernel_velocity", "bias_momentum", "bias_velocity"],
    "Adafactor": ["kernel", "kernel", "kernel_velocity", "bias", "bias", "bias_velocity"],
    "Muon": ["kernel_momentum", "bias_momentum", "bias_velocity"],
    "ScheduleFreeAdamW": ["kernel_momentum", "kernel_velocity", "bias_momentum", "bias_velocity"],
}


@pytest.fixture(autouse=True)
def names():
    polykeras.state.reset_names()


def weights():
    return [Variable(np.ones((3, 2), "float32"), name="kernel"), Variable(np.ones(2, "float32"), name="bias")]


@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_are_those_of_keras(name):
    made, rate, own = CONFIGS[name]
    optimizer = getattr(optimizers, name)()
    config = {"name": made, "learning_rate": rate, **BASE, **own}
    assert optimizer.get_config() == config
    data = optimizers.serialize(optimizer)
    assert data == {"module": "keras.optimizers", "class_name": name, "config": config, "registered_name": None}
    again = optimizers.deserialize(json.loads(json.dumps(data)))
    assert type(again) is type(optimizer)
    assert again.get_config() == config
    assert type(optimizers.get(name)) is type(optimizers.get(name.lower())) is type(optimizer)


@pytest.mark.parametrize("name", SLOTS)
def test_variables_are_those_of_keras_in_its_order(name):
    optimizer = getattr(optimizers, name)(name="mine")
    optimizer.build(weights())
    paths = [variable.path for variable in optimizer.variables]
    assert paths == [f"mine/{part}" for part in ["iteration", "learning_rate", *SLOTS[name]]]
    assert [v.dtype for v in optimizer.variables[:2]] == ["int32", "float32"]


def test_slots_that_options_add_come_where_keras_has_them():
    optimizer = optimizers.RMSprop(
        momentum=0.5, centered=True, use_ema=True, gradient_accumulation_steps=2, name="mine"
    )
    optimizer.build(weights())
    parts = ["average", "gradient_accumulator", "velocity", "momentum", "average_gradient"]
    expected = [f"mine/{of}_{part}" for part in parts for of in ("kernel", "bias")]
    assert [variable.path for variable in optimizer.variables[2:]] == expected


def test_options_are_taken_by_position_too():
    assert optimizers.SGD(0.1, 0.5, True, 0.25, None, 2.0).get_config()["weight_decay"] == 0.25
    assert optimizers.AdamW(0.1, 0.25, 0.5, 0.5, 1e-3, True, 3.0).get_config()["clipnorm"] == 3.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.SGD(clipnorm=1.0, clipvalue=1.0),
        lambda: optimizers.SGD(gradient_accumulation_steps=1),
        lambda: optimizers.SGD(use_ema=True, ema_momentum=2.0),
        lambda: optimizers.SGD(use_ema=True, ema_overwrite_frequency=0),
        lambda: optimizers.SGD(momentum=2.0),
        lambda: optimizers.SGD("fast"),
        lambda: optimizers.SGD(beta=1.0),
        lambda: optimizers.AdamW(weight_decay=None),
        lambda: optimizers.Lion(beta_1=0.0),
        lambda: optimizers.Ftrl(learning_rate_power=1.0),
        lambda: optimizers.Ftrl(l1_regularization_strength=-1.0),
        lambda: optimizers.Muon(adam_lr_ratio=0),
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD(), clipnorm=1.0),
        lambda: optimizers.OptimizerMap(optimizers.LossScaleOptimizer(optimizers.SGD())),
        lambda: schedules.CosineDecay(0.1, 0),
        lambda: schedules.PiecewiseConstantDecay([1], [0.1]),
        lambda: optimizers.get(3),
        lambda: optimizers.get("adamm"),
    ],
)
def test_mistakes_are_refused(make):
    with pytest.raises(ValueError, match=r"expected|unknown"):
        make()


def test_calls_out_of_order_are_refused():
    optimizer, (kernel, bias) = optimizers.SGD(), weights()
    with pytest.raises(StateError, match="build"):
        optimizer.apply([np.ones(2, "float32")])
    optimizer.build([kernel])
    with pytest.raises(ArgumentError, match="not among"):
        optimizer.apply([np.ones(2, "float32")], [bias])
    with pytest.raises(ArgumentError, match="each of 1 variables; got 2"):
        optimizer.apply([np.ones(2, "float32")] * 2)
    with pytest.raises(ShapeError, match=r"shape \(3, 2\) for variable kernel; got \(2,\)"):
        optimizer.apply([np.ones(2, "float32")])
    with pytest.raises(StateError, match="before"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(ImportError, match=r"Use optimizers\.Adam"):
        optimizers.legacy.Adam()


def test_variables_without_gradients_stay():
    optimizer, (kernel, bias) = optimizers.SGD(1.0), weights()
    with pytest.warns(UserWarning, match="kernel"):
        optimizer.apply([None, np.ones(2, "float32")], [kernel, bias])
    assert (kernel.numpy() == 1).all()
    assert (bias.numpy() == 0).all()
    with pytest.raises(ArgumentError, match="no gradient for any"):
        optimizer.apply([None, None])
    optimizer.apply([])
    assert int(optimizer.iterations) == 1


def test_constraints_come_after_the_step():
    (weight,) = weights()[1:]
    weight.constraint = lambda value: ops.maximum(value, 0.5)
    optimizers.SGD(1.0).apply([np.array([2.0, 0.25], "float32")], [weight])
    np.testing.assert_array_equal(weight.numpy(), [0.5, 0.75])


def test_excluded_variables_keep_their_weight():
    for choice in ({"var_names": ["bia."]}, {"chosen": True}):
        kernel, bias = weights()
        optimizer = optimizers.Adam(0.5, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(**(choice if "var_names" in choice else {"var_list": [bias]}))
        optimizer.apply([np.zeros((3, 2), "float32"), np.zeros(2, "float32")], [kernel, bias])
        assert (kernel.numpy() == 0.75).all()
        assert (bias.numpy() == 1).all()


def test_averages_replace_variables_in_the_end():
    (weight,) = weights()[1:]
    optimizer = optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([np.ones(2, "float32")], [weight])
    np.testing.assert_array_equal(weight.numpy(), 0.0)
    optimizer.finalize_variable_values([weight])
    np.testing.assert_array_equal(weight.numpy(), 0.25)


def test_variables_can_be_overwritten_with_their_gradients():
    kernel, bias = weights()
    bias.overwrite_with_gradient = True
    optimizer = optimizers.Adam(0.5, clipnorm=1.0)
    optimizer.apply([np.zeros((3, 2), "float32"), np.array([7.0, 8.0], "float32")], [kernel, bias])
    np.testing.assert_array_equal(bias.numpy(), [7.0, 8.0])
    assert len(optimizer.variables) == 4

    largest = Variable(np.zeros(2, "float32"))
    largest.overwrite_with_gradient = True
    optimizer = optimizers.SGD(gradient_accumulation_steps=2)
    for gradient in ([1.0, 4.0], [3.0, 2.0]):
        before = largest.numpy()
        optimizer.apply([np.array(gradient, "float32")], [largest])
    np.testing.assert_array_equal(before, 0)
    np.testing.assert_array_equal(largest.numpy(), [3.0, 4.0])


def test_learning_rates_change_as_asked():
    optimizer = optimizers.SGD(0.5)
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate = schedules.PiecewiseConstantDecay([0], [0.5, 0.125])
    assert len(optimizer.variables) == 1
    (weight,) = weights()[1:]
    for expected in (0.5, 0.375):
        optimizer.apply([np.ones(2, "float32")], [weight])
        np.testing.assert_array_equal(weight.numpy(), expected)
    with pytest.raises(ArgumentError, match="schedule"):
        optimizer.learning_rate = 0.1
    assert optimizers.SGD(lambda: 0.5).learning_rate == 0.5
    again = optimizers.SGD.from_config(optimizer.get_config())
    assert float(again.learning_rate) == 0.5


def test_state_goes_through_a_store():
    gradient, runs = np.array([1.0, -2.0], "float32"), []
    optimizer, (weight,) = optimizers.Adam(0.1), weights()[1:]
    optimizer.apply([gradient], [weight])
    store, value = {}, weight.numpy()
    optimizer.save_own_variables(store)
    assert sorted(store) == ["0", "1", "2", "3"]
    other, twin = optimizers.Adam(0.5), Variable(value)
    with pytest.warns(UserWarning, match="not loaded"):
        other.load_own_variables(store)
    other.build([twin])
    other.load_own_variables(store)
    third, triplet = optimizers.Adam(0.5), Variable(value)
    third.build([triplet])
    third.set_weights([store[str(i)] for i in range(4)])
    for each, variable in ((optimizer, weight), (other, twin), (third, triplet)):
        each.apply([gradient], [variable])
        runs.append(variable.numpy())
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_a_stateless_step_is_the_same_step():
    gradient = [np.ones((3, 2), "float32"), np.array([1.0, -2.0], "float32")]
    optimizer, variables = optimizers.Adam(0.1, gradient_accumulation_steps=2, use_ema=True), weights()
    optimizer.build(variables)
    values, own = [v.value for v in variables], [v.value for v in optimizer.variables]
    for _ in range(3):
        values, own = optimizer.stateless_apply(own, gradient, values)
    assert int(optimizer.iterations) == 0
    for _ in range(3):
        optimizer.apply(gradient)
    for variable, value in zip([*variables, *optimizer.variables], [*values, *own], strict=True):
        np.testing.assert_array_equal(variable.numpy(), ops.convert_to_numpy(value))


class Momentum(optimizers.Optimizer):
    """Written as Keras's guide to optimizers of one's own has it."""

    def __init__(self, learning_rate=0.5, **options):
        super().__init__(learning_rate, **options)
        self.momentum = 0.5

    def build(self, variables):
        super().build(variables)
        self.moves = [self.add_variable_from_reference(v, "move", ops.zeros) for v in variables]
        self.total = Variable(0.0, trainable=False, name="total")

    def update_step(self, gradient, variable, learning_rate):
        move = self.moves[self._get_variable_index(variable)]
        rate = ops.cast(learning_rate, variable.dtype)
        self.assign(move, ops.subtract(ops.multiply(move, self.momentum), ops.multiply(gradient, rate)))
        self.assign_add(variable, move)
        self.assign_add(self.total, 1.0)


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.5}, {"gradient_accumulation_steps": 2}, {"clipvalue": 0.5}])
def test_an_optimizer_of_ones_own_has_all_options(options):
    gradients = [np.ones((3, 2), "float32"), np.array([1.0, -2.0], "float32")]
    runs = []
    for optimizer in (Momentum(**options), optimizers.SGD(0.5, momentum=0.5, **options)):
        variables = weights()
        optimizer.build(variables)
        step = polykeras.compile(
            lambda optimizer=optimizer, variables=variables: optimizer.apply(gradients, variables),
            variables=[*variables, *optimizer.variables],
            donate_variables=True,
        )
        for _ in range(4):
            step()
        runs.append([v.numpy() for v in variables])
    for one, other in zip(*runs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)  # four steps of three roundings by 6e-8


def test_a_subclass_may_call_the_step_that_it_overrides():
    class Loud(optimizers.Adam):
        calls = 0

        def update_step(self, gradient, variable, learning_rate):
            self.calls += 1
            super().update_step(ops.negative(gradient), variable, learning_rate)

    runs = []
    for optimizer, sign in ((Loud(0.5, weight_decay=0.1), -1.0), (optimizers.Adam(0.5, weight_decay=0.1), 1.0)):
        (weight,) = weights()[1:]
        for _ in range(3):
            optimizer.apply([np.array([1.0, 2.0], "float32") * sign], [weight])
        runs.append(weight.numpy())
    np.testing.assert_allclose(*runs, rtol=1e-6)  # the decay is a step of its own, which rounds once more


def test_what_defines_no_step_says_so():
    with pytest.raises(NotImplementedError, match="update_step"):
        optimizers.Optimizer(0.1).apply([np.ones(2, "float32")], weights()[1:])


def test_several_optimizers_share_the_variables():
    kernel, bias = weights()
    mapped = optimizers.OptimizerMap(optimizers.SGD(1.0), {"bias": optimizers.Adam(0.5)})
    with pytest.raises(ArgumentError, match="already"):
        mapped["bias"] = optimizers.SGD()
    optimizer = optimizers.MultiOptimizer(mapped, loss_scale_factor=2.0)
    assert float(optimizer.scale_loss(3.0)) == 6.0
    optimizer.apply([np.ones((3, 2), "float32"), np.ones(2, "float32")], [kernel, bias])
    assert (kernel.numpy() == 0.5).all()
    np.testing.assert_allclose(bias.numpy(), 0.5, rtol=1e-5)  # Adam's epsilon is 6e-6 of half a gradient's moment
    assert len(optimizer.variables) == 2 + 4 + 2
    with pytest.raises(AttributeError, match="no learning rate"):
        _ = optimizer.learning_rate
    again = optimizers.deserialize(json.loads(json.dumps(optimizers.serialize(optimizer))))
    assert again.get_config() == optimizer.get_config()
    mapped[".*as"] = optimizers.SGD()
    mapped["b.*"] = optimizers.SGD()
    with pytest.raises(ArgumentError, match="several"):
        _ = mapped["bas"]


def test_a_loss_scaler_comes_back_with_what_is_inside():
    optimizer = optimizers.LossScaleOptimizer(optimizers.Adam(0.5, name="inner"), initial_scale=8.0)
    config = optimizer.get_config()
    assert (config["initial_scale"], config["dynamic_growth_steps"], config["name"]) == (
        8.0,
        2000,
        "loss_scale_optimizer",
    )
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == config
    again.learning_rate = 0.25
    assert float(again.inner_optimizer.learning_rate) == float(again.learning_rate) == 0.25
    optimizer.build(weights())
    parts = ["iteration", "learning_rate", "step_counter", "dynamic_scale"]
    assert [v.path for v in optimizer.variables[:4]] == [f"loss_scale_optimizer/{part}" for part in parts]
    assert len(optimizer.variables) == 4 + 2 + 4


def test_an_optimizer_goes_where_its_variables_are(backend):
    with polykeras.using("numpy"):
        optimizer = optimizers.Adam(0.5)
    weight = Variable(np.ones(2, "float32"))
    optimizer.apply([np.ones(2, "float32")], [weight])
    assert {variable.home for variable in optimizer.variables} == {backend}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["Adam", "AdamW", "Nadam", "RMSprop", "Lion", "Lamb"])
def test_halves_are_updated_in_float32_and_rounded_once(name, dtype, backend):
    """In halves 1e-7 is no number to add, and small gradients have squares that are zero."""
    random = np.random.default_rng(0)
    start, gradient = random.normal(size=20), random.normal(size=20) * 10.0 ** -np.arange(1, 21).clip(max=4)
    half, single = (Variable(start, dtype=dtype) for _ in range(2))
    single = Variable(ops.cast(half.value, "float32"))
    gradient = ops.cast(ops.array(gradient, dtype), "float32")
    for variable in (half, single):
        optimizers.get(name).apply([ops.cast(gradient, variable.dtype)], [variable])
    found, wanted = (np.asarray(ops.convert_to_numpy(ops.cast(v.value, "float32"))) for v in (half, single))
    one_rounding = 2.0**-8 if dtype == "bfloat16" else 2.0**-11
    np.testing.assert_allclose(found, wanted, rtol=1.01 * one_rounding)  # and float32's own


# Schedules -------------------------------------------------------------------------------------------------

# The learning rates of Keras 3.15.1 after 0, 5, 10, 25 and 60 steps, computed in float32.
RATES = [
    (schedules.CosineDecay(0.1, 50), [0.1, 0.09755283, 0.09045085, 0.05, 0.0]),
    (
        schedules.CosineDecay(0.01, 50, alpha=0.1, warmup_target=0.2, warmup_steps=10),
        [0.01, 0.105, 0.2, 0.16290067, 0.02],
    ),
    (schedules.CosineDecayRestarts(0.1, 7), [0.1, 0.0188255, 0.08909158, 0.09504844, 0.09077805]),
    (
        schedules.CosineDecayRestarts(0.1, 7, t_mul=1.5, m_mul=0.5, alpha=0.1),
        [0.1, 0.02694295, 0.04652851, 0.02209071, 0.01551776],
    ),
    (schedules.CosineDecayRestarts(0.1, 7, t_mul=1.0), [0.1, 0.0188255, 0.06112603, 0.03887396, 0.038874]),
    (schedules.ExponentialDecay(0.1, 7, 0.5), [0.1, 0.06095069, 0.03714986, 0.00841188, 0.00026287]),
    (schedules.ExponentialDecay(0.1, 7, 0.5, staircase=True), [0.1, 0.1, 0.05, 0.0125, 0.000390625]),
    (schedules.InverseTimeDecay(0.1, 7, 0.5), [0.1, 0.07368421, 0.05833333, 0.03589744, 0.01891892]),
    (schedules.InverseTimeDecay(0.1, 7, 0.5, staircase=True), [0.1, 0.1, 0.06666667, 0.04, 0.02]),
    (schedules.PiecewiseConstantDecay([5, 25], [0.1, 0.2, 0.3]), [0.1, 0.1, 0.2, 0.2, 0.3]),
    (schedules.PolynomialDecay(0.1, 20, power=0.5), [0.1, 0.08661618, 0.07073997, 0.0001, 0.0001]),
    (schedules.PolynomialDecay(0.1, 20, cycle=True), [0.1, 0.075025, 0.05005, 0.0375625, 0.0001]),
]


@pytest.mark.parametrize(("schedule", "rates"), RATES, ids=lambda x: type(x).__name__)
def test_schedules_give_the_rates_of_keras(schedule, rates, backend):
    steps = (0, 5, 10, 25, 60)
    for found in (schedule, schedules.deserialize(json.loads(json.dumps(schedules.serialize(schedule))))):
        np.testing.assert_allclose([float(found(step)) for step in steps], rates, rtol=1e-5, atol=1e-8)
    counted = [float(schedule(ops.convert_to_tensor(step, "int32"))) for step in steps]
    np.testing.assert_allclose(counted, rates, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("factor", [1.1, 1.5, 2.0, 3.0])
def test_restarts_are_where_they_should_be(factor, backend):
    """However logarithms are rounded: with the first step of a fall the rate is the highest one again."""
    schedule = schedules.CosineDecayRestarts(1.0, 2.0**10, t_mul=factor)
    begins = np.cumsum([0, *(2.0**10 * factor ** np.arange(6))])
    after = np.array([float(schedule(int(np.ceil(begin + 0.01)))) for begin in begins])
    assert (after > 0.999).all(), after


def test_unknown_schedules_are_refused():
    with pytest.raises(SerializationError):
        schedules.deserialize({"class_name": "Slower", "config": {}})
