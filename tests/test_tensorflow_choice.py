"""Which program a graph of TensorFlow runs as, once a function has been called for a while."""

import numpy as np
import pytest

import polykeras
from polykeras import Variable, ops

pytest.importorskip("tensorflow")


@pytest.fixture
def choice(monkeypatch):
    """The module, which finds from the first call on that it is worth the time to try XLA."""
    polykeras.backend.load("tensorflow")
    from polykeras.backends import tensorflow_choice

    monkeypatch.setattr(tensorflow_choice, "PAYS", 0.0)
    monkeypatch.setattr(tensorflow_choice, "TRIALS", 2)
    with polykeras.using("tensorflow"):
        yield tensorflow_choice


@pytest.fixture
def clock(choice, monkeypatch):
    """The time, in a list, by which programs are compared."""
    now = [0.0]
    monkeypatch.setattr(choice.time, "perf_counter", lambda: now[0])
    return now


class Program:
    """A program that takes some time, by a clock of ours."""

    def __init__(self, clock, seconds, fails=False):
        self.clock, self.seconds, self.fails = clock, seconds, fails
        self.calls = 0

    def __call__(self, x):
        if self.fails:
            raise ValueError("XLA cannot do that")
        self.calls += 1
        self.clock[0] += self.seconds
        return [x]


@pytest.mark.parametrize(("plain", "compiled"), [(1.0, 2.0), (2.0, 1.0)])
def test_the_faster_program_is_kept(choice, clock, plain, compiled):
    programs = Program(clock, plain), Program(clock, compiled)
    faster = choice.Faster(*programs, lambda: None)
    for i in range(20):
        assert faster(i) == [i]
    slow, fast = sorted(programs, key=lambda program: -program.seconds)
    assert slow.calls == 3
    assert fast.calls == 17


def test_what_xla_does_not_take_runs_without_it(choice, clock):
    programs = Program(clock, 1.0), Program(clock, 1.0, fails=True)
    faster = choice.Faster(*programs, lambda: None)
    assert [faster(i) for i in range(4)] == [[0], [1], [2], [3]]
    assert programs[0].calls == 4


def test_what_has_to_repeat_is_not_left_to_the_clock(choice, clock):
    programs = Program(clock, 2.0), Program(clock, 1.0)
    faster = choice.Faster(*programs, lambda: None)
    for i in range(20):
        faster(i)
    with polykeras.backend.repeatably():
        assert faster(20) == [20]
    assert [program.calls for program in programs] == [4, 17]


def test_trainings_that_are_resumed_have_to_repeat(choice, tmp_path):
    model = polykeras.Sequential([polykeras.Input((1,)), polykeras.layers.Dense(1)])
    model.compile("sgd", "mse")
    seen = []
    noting = polykeras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: seen.append(polykeras.backend.is_repeatable())
    )
    for callbacks in ([noting], [noting, polykeras.callbacks.BackupAndRestore(tmp_path / "backup")]):
        model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=callbacks)
    assert seen == [False, True]


def test_a_function_that_is_called_a_few_times_is_not_compiled(choice, clock, monkeypatch):
    monkeypatch.setattr(choice, "PAYS", 5.0)
    programs = Program(clock, 0.1), Program(clock, 0.01)
    faster = choice.Faster(*programs, lambda: None)
    for i in range(40):
        faster(i)
    assert programs[1].calls == 0


def test_state_goes_on_through_the_trials(choice):
    total = Variable(np.zeros(3, "float32"))

    @polykeras.compile(variables=[total])
    def add(x):
        total.assign_add(ops.tanh(x))
        return ops.sum(total.value)

    x = np.array([0.1, 0.2, 0.3], "float32")
    for i in range(1, 12):
        assert float(add(x)) == pytest.approx(i * np.tanh(x).sum(), rel=1e-6)  # eleven additions
