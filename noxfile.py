"""What is done with the project by a command: `nox -l` lists it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.default_venv_backend = "venv"

BACKENDS = ("numpy", "torch", "jax", "tensorflow")
PARALLEL = ("-n", "auto", "--dist", "loadgroup")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1")
"""For processes side by side, whose threads would spin in wait for each other's cores."""
TRITON = "triton; sys_platform == 'linux'"  # comes with PyTorch's CUDA builds only


def install(session: nox.Session, *requirements: str) -> None:
    """Install the project, editable, and what else is given, in the versions that it is tested with."""
    session.install("--constraint", "constraints.txt", *requirements)


def run_tests(session: nox.Session, *arguments: str, **environment: str) -> None:
    """Run pytest, whose processes share the programs that JAX compiles; as new ones, each time."""
    programs = Path(session.virtualenv.location, "programs")
    shutil.rmtree(programs, ignore_errors=True)
    environment = QUIET | ONE_THREAD | {"POLYKERAS_COMPILATION_CACHE": str(programs)} | environment
    session.run("pytest", *PARALLEL, *arguments, env=environment)


def conform(session: nox.Session, *arguments: str) -> None:
    """Run the conformance suite."""
    session.run("pytest", "--pyargs", "polykeras.conformance", *PARALLEL, *arguments, env=QUIET | ONE_THREAD)


@nox.session
def lint(session: nox.Session) -> None:
    session.install("ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    install(session, "-e", ".[all,dev,orbax]", TRITON)
    session.run("pyright")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, and the quick conformance suite on all backends."""
    install(session, "-e", ".[all,dev,orbax]", TRITON)
    run_tests(session, *session.posargs)
    conform(session, *session.posargs)


@nox.session
def thorough(session: nox.Session) -> None:
    """The whole conformance suite on all backends, and the tests that take long."""
    install(session, "-e", ".[all,dev,orbax]", TRITON)
    session.run("pytest", "tests/test_interruption.py", "tests/test_examples.py", "--thorough", env=QUIET)
    conform(session, "--thorough", *session.posargs)


@nox.session
@nox.parametrize("backend", BACKENDS)
def tests_one(session: nox.Session, backend: str) -> None:
    """All tests where only one framework is installed."""
    extras = "dev" if backend == "numpy" else f"{backend},dev"
    install(session, "-e", f".[{extras}]")
    run_tests(session, *session.posargs, POLYKERAS_BACKEND=backend)
    conform(session, *session.posargs)


@nox.session
@nox.parametrize("backend", BACKENDS)
def conformance(session: nox.Session, backend: str) -> None:
    """The quick conformance suite on one backend; the whole one where `--thorough` is given."""
    install(session, "-e", ".[dev]" if backend == "numpy" else f".[{backend},dev]")
    conform(session, "--backend", backend, *session.posargs)


@nox.session
def fifth_backend(session: nox.Session) -> None:
    """The quick conformance suite on a backend from another package."""
    install(session, "-e", ".[dev]")
    install(session, "./tests/fifth_backend")  # which needs polykeras: pip would look for that in the index
    conform(session, "--backend", "mlx", *session.posargs)


@nox.session
def mutate(session: nox.Session) -> None:
    """Plant faults, each of which the conformance suite has to catch."""
    install(session, "-e", ".[all,dev]")
    session.run("python", "-m", "tests.mutation", *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Load 100,000 mutated files: each ends in a model or in one of our errors, in bounded time and memory."""
    install(session, "-e", ".[dev]")
    session.run("python", "-m", "tests.fuzz_files", *session.posargs)
    if sys.platform == "linux":
        session.install("atheris")
        session.run("python", "-m", "tests.fuzz_guided", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Ours beside native code and Keras; what to measure may follow, as in `-- fit mlp torch --quick`."""
    install(session, "-e", ".[all]", "keras")
    session.run("python", "-m", "benchmarks", *session.posargs, env=QUIET)


@nox.session
def demo(session: nox.Session) -> None:
    """The README's first command, with all backends."""
    install(session, ".[all]")
    session.run("polykeras", "demo", *session.posargs, env=QUIET)
