"""On what the times were measured: the hardware and the versions, and nothing that tells whose machine it is."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

PACKAGES = ("polykeras", "numpy", "torch", "jax", "tensorflow", "keras")


def describe() -> dict[str, str]:
    """What a reader wants to know, by name."""
    return {
        "processor": _processor(),
        "cores": str(_cores()),
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "operating system": _operating_system(),
        "Python": platform.python_version(),
        **dict(_versions()),
        "NumPy's BLAS": _blas(),
    }


def _versions() -> Iterator[tuple[str, str]]:
    """The packages that are installed."""
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            yield package, importlib.metadata.version(package)


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    if file.exists():
        for line in file.read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"


def _blas() -> str:
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index]
    return f"{blas['name']} {blas['version']}"
