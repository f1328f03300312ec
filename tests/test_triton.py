"""Triton, with which PyTorch draws random words on CUDA, beside the other frameworks. It exists for Linux only.

Everything runs in processes of its own: Triton's interpreter has to be asked for before Triton is imported, and what
the order of imports does can be seen but once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

if not find_spec("triton") or not find_spec("torch"):  # importing it to find out could end the process
    pytest.skip("needs PyTorch and Triton", allow_module_level=True)

KERNEL = """
import torch
from polykeras import philox
from polykeras.backends.torch_triton import words

calls = [((7, 3), 0, 5001), ((2**32 - 1, 2**31), 2**32 - 3, 40), ((1, 2), (3 << 64) + 9, 1), ((1, 2), 0, 0)]
for key, counter, count in calls:
    found = words(torch.tensor(key, dtype=torch.int64), counter, count)
    assert found.tolist() == philox.words(key, counter, count).tolist(), (key, counter, count)
"""

COMPILED = """
import polykeras
from polykeras import ops
from polykeras.errors import BackendError

polykeras.backend.load("tensorflow")
double = polykeras.compile(lambda x: ops.multiply(x, 2.0), jit_compile=True)
with polykeras.using("torch"):
    print(float(double(ops.array(4.0))))
"""


def output_of(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_kernel_writes_the_words_of_the_stream():
    output_of(KERNEL, TRITON_INTERPRET="1")


def test_pytorch_compiles_beside_tensorflow():
    """Where Triton is imported after TensorFlow, their copies of LLVM end the process."""
    pytest.importorskip("tensorflow")
    assert output_of(COMPILED) == "8.0\n"


def test_tensorflow_imported_by_others_before_triton_is_an_error_and_not_the_end():
    pytest.importorskip("tensorflow")
    lines = COMPILED.replace("    print", "    try: print") + "    except BackendError as error: print(error)\n"
    assert "Import triton before tensorflow" in output_of("import tensorflow\n" + lines)
