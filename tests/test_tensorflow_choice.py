"""Which program a graph of TensorFlow runs as, once a function has been called for a while."""

import contextvars
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import polykeras
from polykeras import Variable, ops
from polykeras.op import OPS
from polykeras.ops.updates import Rule

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
    """A graph that takes some time, by a clock of ours."""

    def __init__(self, clock, seconds, fails=False, has_updates=True):
        self.clock, self.seconds, self.fails, self.has_updates = clock, seconds, fails, has_updates
        self.calls = 0

    def __call__(self, x):
        if self.fails:
            raise ValueError("XLA cannot do that")
        self.calls += 1
        self.clock[0] += self.seconds
        return [x]


def fastest_of(choice, *programs):
    """The fastest of programs that XLA has no part in, compiles updates of, and compiles."""
    return choice.Fastest(dict(zip(choice.ByXla, programs, strict=True)), lambda: None)


@pytest.mark.parametrize("seconds", list(itertools.permutations([1.0, 2.0, 3.0])))
def test_the_fastest_program_is_kept(choice, clock, seconds):
    programs = [Program(clock, duration) for duration in seconds]
    fastest = fastest_of(choice, *programs)
    for i in range(20):
        assert fastest(i) == [i]
    others = sorted(programs, key=lambda program: program.seconds)[1:]
    assert sum(program.calls for program in programs) == 20
    assert all(program.calls == (4 if program is programs[0] else 3) for program in others)  # it makes the first call


def test_a_program_without_updates_is_not_tried_twice(choice, clock):
    programs = [Program(clock, duration, has_updates=False) for duration in (1.0, 1.0, 2.0)]
    fastest = fastest_of(choice, *programs)
    for i in range(20):
        fastest(i)
    assert [program.calls for program in programs] == [17, 0, 3]


@pytest.mark.parametrize("failing", [{1}, {2}, {1, 2}])
def test_what_xla_does_not_take_runs_without_it(choice, clock, failing):
    programs = [Program(clock, 3.0 - i, fails=i in failing) for i in range(3)]
    fastest = fastest_of(choice, *programs)
    assert [fastest(i) for i in range(20)] == [[i] for i in range(20)]
    kept = max({0, 1, 2} - failing)
    assert programs[kept].calls == 20 - sum(program.calls for program in programs[:kept])
    assert programs[kept].calls >= 13


def test_a_call_that_nothing_takes_fails_and_changes_nothing(choice, clock):
    programs = [Program(clock, duration) for duration in (3.0, 2.0, 1.0)]
    fastest = fastest_of(choice, *programs)
    for i in range(5):
        for program in programs:
            program.fails = True
        for _ in range(2):
            with pytest.raises(ValueError, match="cannot do that") as error:
                fastest(i)
            assert error.value.__context__ is None
        for program in programs:
            program.fails = False
        assert fastest(i) == [i]
    for i in range(15):
        fastest(i)
    assert programs[2].calls == 13


def test_threads_share_the_trials(choice):
    @polykeras.compile
    def double(x):
        return ops.tanh(x) * 2

    def calls(number):
        return [float(double(np.float32(number))) for _ in range(30)]

    with polykeras.using("tensorflow"), ThreadPoolExecutor(4) as pool:
        contexts = [contextvars.copy_context() for _ in range(4)]
        found = list(pool.map(lambda i: contexts[i].run(calls, i), range(4)))
    for number, values in enumerate(found):
        np.testing.assert_allclose(values, 2 * np.tanh(number), rtol=1e-6)


def test_what_has_to_repeat_is_not_left_to_the_clock(choice, clock):
    programs = [Program(clock, duration) for duration in (3.0, 2.0, 1.0)]
    fastest = fastest_of(choice, *programs)
    for i in range(20):
        fastest(i)
    with polykeras.backend.repeatably():
        assert fastest(20) == [20]
    assert [program.calls for program in programs] == [4, 4, 13]


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
    programs = [Program(clock, duration) for duration in (0.1, 0.01, 0.01)]
    fastest = fastest_of(choice, *programs)
    for i in range(40):
        fastest(i)
    assert [program.calls for program in programs] == [40, 0, 0]


def test_state_goes_on_through_the_trials(choice):
    total = Variable(np.zeros(3, "float32"))

    @polykeras.compile(variables=[total])
    def add(x):
        total.assign_add(ops.tanh(x))
        return ops.sum(total.value)

    x = np.array([0.1, 0.2, 0.3], "float32")
    for i in range(1, 12):
        assert float(add(x)) == pytest.approx(i * np.tanh(x).sum(), rel=1e-6)  # eleven additions


def test_large_parameters_go_on_through_the_trials(choice, monkeypatch):
    """They are updated without XLA first, then by functions of its own, then in what it compiles as a whole."""
    x = np.random.default_rng(0).normal(size=(8, 200)).astype("float32")
    y = x[:, :1] * 2
    ran = []
    call = choice.Graph.__call__

    def noted(graph, *arrays):
        results = call(graph, *arrays)
        ran.append(graph._by_xla)
        return results

    monkeypatch.setattr(choice.Graph, "__call__", noted)

    def losses(backend):
        with polykeras.using(backend):
            polykeras.set_random_seed(1)
            layers = [polykeras.layers.Dense(200, activation="tanh"), polykeras.layers.Dense(1)]
            model = polykeras.Sequential([polykeras.Input((200,)), *layers])
            model.compile(polykeras.optimizers.Adam(1e-3), "mse")
            return [model.train_on_batch(x, y) for _ in range(12)]

    # sums of 200 products in another order, twelve times
    np.testing.assert_allclose(losses("tensorflow"), losses("numpy"), rtol=1e-5)
    assert ran[:10] == [choice.ByXla.NOTHING, *list(choice.ByXla) * 3]


def adds(of_each):
    """A compiled function that adds 1 to two large variables, to the second one as an update."""
    first, second = (Variable(np.zeros(1 << 15, "float32")) for _ in range(2))
    rule = Rule(of_each, lists=1)

    @polykeras.compile(variables=[first, second], donate_variables=True)
    def step():
        first.assign_add(1.0)
        second.assign(OPS["elementwise_each"].function([second.value], rule, (0,))[0])

    return first, second, step


def test_state_is_what_it_was_where_xla_refuses_an_update(choice):
    first, second, step = adds(lambda x: (x + ops.i0(x * 0.0),))  # of which XLA has no kernel
    for i in range(1, 9):
        step()
        assert (float(first[0]), float(second[0])) == (i, i)


def test_a_function_within_another_is_compiled_as_that_is(choice):
    """No function of XLA's in a graph that XLA has no part in, nor in one that it compiles as a whole."""
    from polykeras.backends import tensorflow_updates

    def made(jit):
        first, second, step = adds(lambda x: (x + 1.0,))
        outer = polykeras.compile(step, variables=[first, second], jit_compile=jit)
        outer()
        assert (float(first[0]), float(second[0])) == (1.0, 1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensorflow_updates, "_replaced", lambda *_: pytest.fail("an update was compiled by itself"))
        made("auto")
        made(True)
