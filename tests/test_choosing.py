"""How a backend and a device are chosen: environment, configuration file, for the process, for a block."""

from __future__ import annotations

import asyncio
import json
import linecache
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import polykeras
from polykeras import backend as backends
from polykeras import config, ops
from polykeras.errors import BackendError, ConfigError, DeviceError, StateError, UnknownBackendError

OTHER = polykeras.available()[-1]
"""A backend other than NumPy, where one is installed."""


def in_new_process(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("POLYKERAS_")}, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


CHOSEN = "import polykeras; print(polykeras.config.backend(), polykeras.config.floatx())"


def test_numpy_is_the_default(tmp_path):
    assert in_new_process(CHOSEN, POLYKERAS_HOME=str(tmp_path)).stdout.split() == ["numpy", "float32"]


@pytest.mark.parametrize("name", polykeras.available())
def test_environment_variable_decides(name, tmp_path):
    where = "from polykeras.interpreters import home_of; print(home_of(polykeras.ops.array([1.0])).name)"
    code = f"{CHOSEN}; {where}"
    done = in_new_process(code, POLYKERAS_BACKEND=name, POLYKERAS_HOME=str(tmp_path))
    assert done.stdout.split() == [name, "float32", name]


def test_configuration_file_gives_way_to_the_environment(tmp_path):
    (tmp_path / "config.toml").write_text('backend = "jax"\nfloatx = "float64"\n')
    assert in_new_process(CHOSEN, POLYKERAS_HOME=str(tmp_path)).stdout.split() == ["jax", "float64"]
    done = in_new_process(CHOSEN, POLYKERAS_HOME=str(tmp_path), POLYKERAS_BACKEND="numpy")
    assert done.stdout.split() == ["numpy", "float64"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('bakend = "jax"', "unknown setting 'bakend'; known ones: backend,"),
        ('floatx = "int32"', "expected floatx to be one of bfloat16, float16, float32, float64; got 'int32'."),
        ("epsilon = 0", "expected epsilon to be a positive number; got 0."),
        ("backend = ", "cannot be read:"),
    ],
)
def test_mistakes_in_the_configuration_file_are_named(tmp_path, text, complaint):
    (tmp_path / "config.toml").write_text(text)
    done = in_new_process(CHOSEN, POLYKERAS_HOME=str(tmp_path))
    assert done.returncode
    assert complaint in done.stderr
    assert str(tmp_path / "config.toml") in done.stderr


def test_unknown_backend_lists_the_known_ones():
    with pytest.raises(UnknownBackendError, match=r"unknown backend 'theano'; registered ones: numpy, jax"):
        config.set_backend("theano")
    assert config.backend() == backends.settings.backend


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("tf", "tensorflow"),
        ("pytorch", "torch"),
        ("Torch", "torch"),
        ("np", "numpy"),
        ("tensorfow", "tensorflow"),
        ("JAX", "jax"),
    ],
)
def test_a_backend_that_is_nearly_named_is_suggested(wrong, meant):
    with pytest.raises(
        UnknownBackendError, match=f"unknown backend '{wrong}'; did you mean '{meant}'\\? The registered"
    ):
        config.set_backend(wrong)
    with pytest.raises(UnknownBackendError, match=f"did you mean '{meant}'"), polykeras.using(wrong):
        pass


def test_the_environment_variable_gets_a_suggestion_too(tmp_path):
    done = in_new_process(
        "import polykeras; polykeras.ops.ones(2)", POLYKERAS_BACKEND="tf", POLYKERAS_HOME=str(tmp_path)
    )
    assert "unknown backend 'tf'; did you mean 'tensorflow'?" in done.stderr
    assert "It is chosen by POLYKERAS_BACKEND." in done.stderr
    (tmp_path / "config.toml").write_text('backend = "tf"')
    done = in_new_process("import polykeras; polykeras.ops.ones(2)", POLYKERAS_HOME=str(tmp_path))
    assert f"It is chosen by {tmp_path / 'config.toml'}." in done.stderr


def test_missing_framework_says_the_command(monkeypatch):
    monkeypatch.setattr(backends, "is_installed", lambda name: False)
    monkeypatch.setattr(backends, "_loaded", {})
    with pytest.raises(
        BackendError, match=r"'torch' is not installed. Install it with: pip install 'polykeras\[torch\]'"
    ):
        polykeras.using("torch").__enter__()


def test_framework_that_does_not_load_says_why(tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('libwrong.so: no such file')")
    done = in_new_process("import polykeras; polykeras.config.set_backend('torch')", PYTHONPATH=str(tmp_path))
    assert "'torch' is installed but does not load: ImportError: libwrong.so: no such file" in done.stderr


def test_set_backend_changes_the_process(backend):
    before = config.backend()
    try:
        config.set_backend(backend.name)
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(config.backend()))
        thread.start()
        thread.join()
        assert found == [backend.name]
    finally:
        config.set_backend(backends.EMBEDDED)
    assert before == backend.name


def test_host_data_follows_the_backend_in_use(backend):
    for _ in range(2):
        assert isinstance(ops.add([1.0], 2.0), backend.array_types)
        assert isinstance(ops.zeros((2,)), backend.array_types)
        with polykeras.using("numpy"):
            assert isinstance(ops.add([1.0], 2.0), np.ndarray)
            assert isinstance(ops.zeros((2,)), np.ndarray)


def test_changing_the_default_back_and_forth_makes_nothing_anew():
    def toggle() -> int:
        for name in ("numpy", polykeras.available()[-1]):
            config.set_backend(name)
            assert isinstance(ops.add([1.0], 2.0), backends.load(name).array_types)
            assert isinstance(ops.zeros((2,)), backends.load(name).array_types)
        return len(linecache.cache)

    before = config.settings.backend
    try:
        assert toggle() == toggle()
    finally:
        config.set_backend(before)


def test_threads_do_not_disturb_each_other():
    names, seen, barrier = polykeras.available(), {}, threading.Barrier(len(polykeras.available()))

    def work(name: str) -> None:
        with polykeras.using(name) as chosen:
            barrier.wait(timeout=120)
            seen[name] = config.backend(), isinstance(ops.multiply([1.0, 2.0], 2), chosen.array_types)
            barrier.wait(timeout=120)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: (name, True) for name in names}


def test_tasks_do_not_disturb_each_other():
    async def work(name: str) -> tuple[str, bool]:
        with polykeras.using(name) as chosen:
            for _ in range(3):
                await asyncio.sleep(0)
            return config.backend(), isinstance(ops.ones((1,)), chosen.array_types)

    async def everybody() -> list[tuple[str, bool]]:
        return await asyncio.gather(*map(work, polykeras.available()))

    assert asyncio.run(everybody()) == [(name, True) for name in polykeras.available()]


def test_devices(backend):
    names = polykeras.devices()
    assert "cpu:0" in names
    with polykeras.device("cpu"):
        x = ops.array([1.0])
        assert backend.device_of(x) == "cpu:0"
    with pytest.raises(
        DeviceError, match=rf"no device 'gpu:99' on backend {backend.name}; devices: {', '.join(names)}"
    ):
        polykeras.device("gpu:99").__enter__()


def test_settings_refuse_what_they_cannot_be():
    with pytest.raises(ConfigError, match="set_floatx: expected floatx to be one of"):
        config.set_floatx("float8")
    with pytest.raises(ConfigError, match="set_epsilon: expected epsilon to be a positive number; got -1"):
        config.set_epsilon(-1)
    with pytest.raises(ConfigError, match="expected image_data_format to be one of channels_last, channels_first"):
        config.set_image_data_format("NHWC")
    with pytest.raises(ConfigError, match="expected matmul_precision to be one of highest, high, default"):
        config.set_matmul_precision("tf32")


def test_importing_loads_no_framework():
    code = (
        "import sys, json, polykeras; before = set(sys.modules); polykeras.ops.zeros; polykeras.Variable; "
        "print(json.dumps([n for n in ('torch', 'jax', 'tensorflow', 'keras') if n in sys.modules] + "
        "[n for n in ('numpy', 'optree') if n in before]))"
    )
    assert json.loads(in_new_process(code).stdout) == []


def test_training_loads_nothing_large_that_few_need():
    code = (
        "import sys, numpy, polykeras; model = polykeras.Sequential([polykeras.layers.Dense(1)]); "
        "model.compile('sgd', 'mse'); model.fit(numpy.ones((4, 2)), numpy.ones((4, 1)), verbose=0); "
        "large = ('multiprocessing', 'numpy.ma', 'h5py', 'rich', 'importlib.metadata'); "
        "print([name for name in large if name in sys.modules])"
    )
    assert in_new_process(code, POLYKERAS_BACKEND="numpy").stdout == "[]\n"


def test_a_backend_loads_no_other_framework(backend):
    others = [name for name in polykeras.available() if name not in (backend.name, "numpy")]
    found = f"print([name for name in {others!r} if name in sys.modules])"
    used = in_new_process(
        f"import sys, polykeras; polykeras.ops.add(polykeras.ops.ones((2,)), 1.0); {found}",
        POLYKERAS_BACKEND=backend.name,
    )
    alone = in_new_process(f"import sys, {backend.name}; {found}")  # TensorFlow imports JAX of its own accord
    assert used.stdout == alone.stdout != ""


def test_a_choice_is_for_one_block_at_a_time():
    choice = polykeras.using(OTHER)
    with polykeras.using("numpy"):
        for _ in range(2):
            with choice as backend:
                assert backend.name == backends.current().name == OTHER
                with pytest.raises(StateError, match="in use already"), choice:
                    pass
            assert backends.current().name == "numpy"


def test_a_function_may_have_a_backend_of_its_own():
    @polykeras.using(OTHER)
    def name(depth):
        return backends.current().name if depth == 0 else name(depth - 1)

    with polykeras.using("numpy"):
        assert name(2) == OTHER
        assert backends.current().name == "numpy"
