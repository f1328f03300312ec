"""The settings of the process, and Keras's names for them."""

from __future__ import annotations

import traceback
from collections.abc import Iterator

import numpy as np
import pytest
from test_choosing import in_new_process

import polykeras
from polykeras import backend as backends
from polykeras import config, ops
from polykeras.dtypes import is_float_dtype
from polykeras.errors import ConfigError, OpError, SerializationError
from polykeras.settings import settings


@pytest.fixture(autouse=True)
def _settings_stay() -> Iterator[None]:
    before = dict(vars(settings))
    yield
    vars(settings).update(before)


SWITCHES = ["interactive_logging", "traceback_filtering", "flash_attention"]


@pytest.mark.parametrize("name", SWITCHES)
def test_switches_go_on_and_off(name):
    enable, disable = (getattr(config, f"{verb}_{name}") for verb in ("enable", "disable"))
    is_enabled = getattr(config, f"is_{name}_enabled")
    assert is_enabled() is (None if name == "flash_attention" else True)
    disable()
    assert is_enabled() is False
    enable()
    assert is_enabled() is True


def test_limits(tmp_path):
    assert (config.max_epochs(), config.max_steps_per_epoch()) == (None, None)
    config.set_max_epochs(3)
    config.set_max_steps_per_epoch(7)
    assert (config.max_epochs(), config.max_steps_per_epoch()) == (3, 7)
    for wrong in (0, -1, 1.5, True, "many"):
        with pytest.raises(
            ConfigError, match="set_max_epochs: expected max_epochs to be a whole number from 1, or None"
        ):
            config.set_max_epochs(wrong)
    code = "from polykeras import config; print(config.max_epochs(), config.max_steps_per_epoch())"
    limits = {"POLYKERAS_MAX_EPOCHS": "2", "POLYKERAS_MAX_STEPS_PER_EPOCH": "5"}
    assert in_new_process(code, POLYKERAS_HOME=str(tmp_path), **limits).stdout.split() == ["2", "5"]
    done = in_new_process(code, POLYKERAS_HOME=str(tmp_path), POLYKERAS_MAX_EPOCHS="few")
    assert "POLYKERAS_MAX_EPOCHS: expected max_epochs to be a whole number from 1" in done.stderr


def test_programs_are_kept_for_later_processes(tmp_path):
    with pytest.raises(ConfigError, match="set_compilation_cache: expected compilation_cache to be a folder"):
        config.set_compilation_cache(3)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="to be a folder; "):
        config.set_compilation_cache(tmp_path / "file")
    pytest.importorskip("jax")
    code = (
        "import jax, polykeras; from polykeras import ops\n"
        "seen = []; jax.monitoring.register_event_listener(lambda name, **_: seen.append(name))\n"
        "polykeras.config.set_backend('jax'); ops.add(1, 2)\n"
        "print(polykeras.compile(lambda x: ops.add(x, 1))(ops.array([1.0])), end=' ')\n"
        "print('/jax/compilation_cache/cache_hits' in seen)"
    )
    folder = tmp_path / "kept" / "here"
    for found in ("[2.] False", "[2.] True"):
        done = in_new_process(code, POLYKERAS_HOME=str(tmp_path), POLYKERAS_COMPILATION_CACHE=str(folder))
        assert done.stdout.strip() == found, done.stderr
    assert list(folder.iterdir())


def test_nothing_runs_code_of_files():
    assert config.is_nnx_enabled() is False
    with pytest.raises(SerializationError, match="never runs code that comes in a file"):
        config.enable_unsafe_deserialization()


def test_settings_that_programs_do_not_depend_on_compile_nothing_anew(backend):
    runs = []
    compiled = polykeras.compile(lambda x: (runs.append(1), ops.add(x, 1))[1])
    for epochs in (None, 3, None):
        config.set_max_epochs(epochs)
        compiled(ops.array([1.0]))
    assert len(runs) == (1 if backend.traces or backend.records else 3)


def test_attention_heeds_the_setting(backend):
    query, key, value = (np.random.default_rng(i).normal(size=(2, 5, 4, 8)).astype("float32") for i in range(3))
    results = {}
    for flash in (True, False):
        (config.enable_flash_attention if flash else config.disable_flash_attention)()
        results[flash] = ops.convert_to_numpy(ops.dot_product_attention(query, key, value))
    want = ops.convert_to_numpy(ops.dot_product_attention(query, key, value, flash_attention=False))
    assert results[False].tobytes() == want.tobytes()
    # means of 5 numbers below 4, in float32, by weights that are good to some roundings of products of 8 numbers
    np.testing.assert_allclose(results[True], want, rtol=0, atol=4 * 16 * 2.0**-24)


def frames_of(call) -> tuple[list[str], BaseException]:
    try:
        call()
    except OpError as error:
        return [frame.filename for frame in traceback.extract_tb(error.__traceback__)], error
    raise AssertionError("no error")


def test_tracebacks_leave_out_what_happens_inside(backend):
    def mistake() -> None:
        ops.matmul(np.ones((2, 3)), np.ones((2, 3)))

    config.disable_traceback_filtering()
    whole, error = frames_of(mistake)
    assert error.__cause__ is not None
    config.enable_traceback_filtering()
    short, error = frames_of(mistake)
    assert error.__cause__ is None
    assert __file__ in short
    assert len(short) == 4 < len(whole)  # the two functions here, the op, and where it fails


def test_the_functions_that_ops_run_stay_in_tracebacks():
    def broken(x):
        return ops.matmul(x, np.ones((5, 5), "float32"))

    short, _ = frames_of(lambda: ops.vectorized_map(broken, np.ones((2, 3), "float32")))
    assert short.count(__file__) == 3


# Keras's names in polykeras.backend ------------------------------------------------------------------------


def test_the_backend_module_has_keras_s_names():
    assert backends.backend() == config.backend()
    assert backends.floatx() == "float32"
    backends.set_floatx("float16")
    assert (config.floatx(), backends.standardize_dtype(None)) == ("float16", "float16")
    backends.set_epsilon(1e-5)
    backends.set_image_data_format("channels_first")
    assert (backends.epsilon(), backends.image_data_format()) == (1e-5, "channels_first")
    assert backends.result_type("int32", "float32") == "float32"
    assert {"clear_session", "standardize_dtype"} <= set(dir(backends))
    with pytest.raises(AttributeError, match=r"module 'polykeras.backend' has no attribute 'backened'"):
        _ = backends.backened


def test_kinds_of_dtypes():
    names = ["bfloat16", "float8_e4m3fn", "float64", "uint8", "int64", "bool", "complex64"]
    assert [is_float_dtype(name) for name in names] == [True, True, True, False, False, False, False]
    assert [backends.is_int_dtype(name) for name in names] == [False, False, False, True, True, False, False]
    assert backends.is_float_dtype(np.float32)


def test_numbers_of_names_begin_again():
    backends.clear_session()
    assert [backends.get_uid("dense"), backends.get_uid("dense"), backends.get_uid()] == [1, 2, 1]
    first = polykeras.Variable(0.0).name
    backends.clear_session(free_memory=False)
    assert (backends.get_uid("dense"), polykeras.Variable(0.0).name) == (1, first)
