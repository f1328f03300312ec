"""PyTorch's memory: in which order variables lie in it, and that steps do not ask the system for it again and again."""

import mmap
import os
import platform
import subprocess
import sys

import numpy as np
import pytest

import polykeras
from polykeras import Sequential, Variable, layers
from polykeras.backend import load

torch = pytest.importorskip("torch")
torch_memory = pytest.importorskip("polykeras.backends.torch_memory")

KERNELS = [
    (layers.Conv2D, (3, 3, 2, 4), (6, 6, 2)),
    (layers.Conv2DTranspose, (3, 3, 4, 2), (6, 6, 2)),
    (layers.Conv3D, (3, 3, 3, 2, 4), (6, 6, 6, 2)),
]


def is_filters_first(x):
    return x.movedim(-1, 0).is_contiguous()


def network(layer, shape):
    model = Sequential([layers.Input(shape), layer(4, 3), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize(("layer", "kernel", "shape"), KERNELS)
def test_kernels_lie_as_convolutions_read_them(layer, kernel, shape, tmp_path):
    with polykeras.using("torch"):
        model = network(layer, shape)
        x, y = np.random.default_rng(0).normal(size=(4, *shape)).astype("float32"), np.ones((4, 1), "float32")
        model.fit(x, y, epochs=3, verbose=0)
        held = [v for v in (*model.variables, *model.optimizer.variables) if v.shape == kernel]
        assert len(held) == 3  # the kernel and what Adam keeps for it
        assert all(is_filters_first(v.value) for v in held)
        model.save_weights(tmp_path / "it.weights.h5")
        other = network(layer, shape)
        other.load_weights(tmp_path / "it.weights.h5")
        assert is_filters_first(other.weights[0].value)
        np.testing.assert_array_equal(other.weights[0].numpy(), model.weights[0].numpy())


def test_order_in_memory_is_nothing_that_others_see():
    array = np.arange(3 * 3 * 2 * 4, dtype="float32").reshape(3, 3, 2, 4)
    moved = Variable(array, is_kernel=True)
    moved.move_to(load("torch"))
    assert is_filters_first(moved.value)
    with polykeras.using("torch"):
        variable = Variable(array, is_kernel=True)
        assert is_filters_first(variable.value)
        variable.assign(array + 1)
        assert is_filters_first(variable.value)
        assert variable.numpy().flags.c_contiguous
        np.testing.assert_array_equal(variable.numpy(), array + 1)
        assert Variable(array).value.is_contiguous()  # what is no kernel


def test_an_update_copies_nothing_for_the_order_in_memory_of_kernels():
    with polykeras.using("torch"):
        model = network(layers.Conv2D, (6, 6, 2))
        x, y = np.ones((4, 6, 6, 2), "float32"), np.ones((4, 1), "float32")
        for _ in range(2):
            model.train_on_batch(x, y)
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            model.train_on_batch(x, y)
    operators = [event.name for event in profile.events()]
    update = operators.index("aten::_fused_adam_")
    last = len(operators) - operators[::-1].index("aten::item")  # by which the kernel reads the numbers of steps
    assert update < last
    assert "aten::copy_" not in operators[update - 6 : last]


@pytest.mark.parametrize("refusal", [ValueError, OSError, AttributeError])
def test_other_c_libraries_keep_memory_as_they_like(refusal, monkeypatch):
    def confstr(name):
        raise refusal(name)

    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    torch_memory.keep_memory.__wrapped__()
    torch_memory.give_back()


def test_memory_is_kept_only_where_the_library_takes_both_numbers(monkeypatch):
    class Old:
        def __init__(self):
            self.asked = []

        def mallopt(self, parameter, value):
            self.asked.append(parameter)
            return parameter == torch_memory._TRIM_THRESHOLD

    old = Old()
    monkeypatch.setattr(torch_memory, "_gnu_library", lambda: old)
    for name in torch_memory._OWN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    torch_memory.keep_memory.__wrapped__()
    assert old.asked == [torch_memory._MMAP_THRESHOLD]


FAULTS = """
import resource
import numpy as np
import polykeras
from polykeras import ops

def work(x):
    parts = [ops.add(x, i) for i in range(4)]
    return ops.sum(ops.add(ops.add(parts[0], parts[1]), ops.add(parts[2], parts[3])))

with polykeras.using("torch"), polykeras.device("cpu:0"):
    run = polykeras.compile(work)
    x = ops.ones((1 << 22,))  # of which several are more than GNU's library keeps of its own accord
    for _ in range(5):
        run(x)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        run(x)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 10)
    used = int(open("/proc/self/statm").read().split()[1])
    polykeras.utils.clear_session()
    print((used - int(open("/proc/self/statm").read().split()[1])) * resource.getpagesize())
"""

PAGES = (4 << 22) // mmap.PAGESIZE
"""Of one of the results."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is GNU's C library that can keep memory")
@pytest.mark.parametrize("told", [False, True])
def test_steps_keep_memory(told):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    if told:
        environment["MALLOC_TRIM_THRESHOLD_"] = "100000"
    done = subprocess.run([sys.executable, "-c", FAULTS], env=environment, capture_output=True, text=True, check=True)
    faults, returned = map(int, done.stdout.split())
    assert (faults > PAGES) == told
    assert (returned > 4 * PAGES * mmap.PAGESIZE) != told
