"""PyTorch's memory: in which order variables lie in it, and that steps do not ask the system for it again and again."""

import os
import platform
import resource
import subprocess
import sys

import numpy as np
import pytest

import polykeras
from polykeras import Sequential, Variable, layers
from polykeras.backend import load

torch = pytest.importorskip("torch")

KERNELS = [
    (layers.Conv2D, (3, 3, 2, 4), (6, 6, 2)),
    (layers.Conv2DTranspose, (3, 3, 4, 2), (6, 6, 2)),
    (layers.DepthwiseConv2D, (3, 3, 2, 3), (6, 6, 2)),
    (layers.Conv3D, (3, 3, 3, 2, 4), (6, 6, 6, 2)),
]


def is_filters_first(x):
    return x.movedim(-1, 0).is_contiguous()


def network(layer, shape):
    size = {"depth_multiplier": 3} if layer is layers.DepthwiseConv2D else {"filters": 4}
    model = Sequential([layers.Input(shape), layer(kernel_size=3, **size), layers.Flatten(), layers.Dense(1)])
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
    moved = Variable(array)
    moved.move_to(load("torch"))
    assert is_filters_first(moved.value)
    with polykeras.using("torch"):
        variable = Variable(array)
        assert is_filters_first(variable.value)
        variable.assign(array + 1)
        assert is_filters_first(variable.value)
        assert variable.numpy().flags.c_contiguous
        np.testing.assert_array_equal(variable.numpy(), array + 1)
        plain = Variable(array[0])  # three axes: a projection's kernel, as likely as a convolution's
        assert plain.value.is_contiguous()


FAULTS = """
import resource
import numpy as np
import polykeras
from polykeras import ops

def work(x):
    parts = [ops.add(x, i) for i in range(4)]
    return ops.sum(ops.add(ops.add(parts[0], parts[1]), ops.add(parts[2], parts[3])))

with polykeras.using("torch"):
    run = polykeras.compile(work)
    x = ops.ones((1 << 23,))  # more than GNU's library keeps of its own accord
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

PAGES = (4 << 23) // resource.getpagesize()
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
    assert (returned > 4 * PAGES * resource.getpagesize()) != told
