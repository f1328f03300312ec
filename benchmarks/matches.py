"""Who meets whom in training a network, on each framework, and what should come of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .agreement import close
from .contest import Comparison, Contest, Contestant, extra
from .loops import FRAMEWORKS

TASKS = ("one_sample", "predict", "train_on_batch", "fit")
"""What is timed."""

# Losses are means over sums of some hundred to thousand products in float32, rounded some 1e-6 apart when the additions
# come in another order; twenty steps of Adam, which divides by the root of squares that may be small, multiply such
# differences by some hundred. An epsilon in another place of Adam's formula already makes a difference of 3e-3.
TOLERANCE = 1e-3

GROWTH = f"{__package__}.loops.growth"

STEPS = 10
"""How many steps contestants must agree on."""

NATIVE: Mapping[str, Mapping[str, tuple[str, dict[str, Any]]]] = {
    "numpy": {"NumPy by hand": ("numpy", {})},
    "torch": {"PyTorch eager": ("torch", {"compiled": False}), "torch.compile": ("torch", {"compiled": True})},
    "jax": {"JAX jit": ("jax", {})},
    "tensorflow": {"tf.function": ("tensorflow", {"xla": False}), "tf.function, XLA": ("tensorflow", {"xla": True})},
}
"""For each backend the native contestants: the file and its options."""

PATIENT = ("torch.compile",)
"""Contestants that a quick run leaves out: compiling takes longer than all the rest."""

AGAINST_NATIVE = {"numpy": 1.1, "torch": 1.1, "jax": 1.05, "tensorflow": 1.05}
AGAINST_NATIVE_IN = {("torch", "tiny"): 1.5, ("jax", "cnn"): 0.4}
AGAINST_NATIVE_WITH_AUTO = {"numpy": 1.1, "torch": 1.5, "jax": 0.7, "tensorflow": 0.3}
AGAINST_TORCH_ON_NUMPY = {"tiny": 0.25, "mlp": 1.1, "cnn": 1.3, "lstm": 2.5, "transformer": 2.5}
AGAINST_KERAS = {
    "torch": {"tiny": 0.2, "mlp": 0.5, "cnn": 0.55, "lstm": 0.2, "transformer": 0.8},
    "jax": {"tiny": 0.3, "mlp": 0.95, "cnn": 0.4, "lstm": 0.95, "transformer": 0.85},
    "tensorflow": {"tiny": 0.15, "mlp": 0.7, "cnn": 0.9, "lstm": 0.5, "transformer": 0.7},
}
"""What the time of a step in `fit` should come to, at most, as a ratio."""

ONE_SAMPLE_OVER_NATIVE = 30e-6
"""Seconds that predicting one sample may take longer than in native code."""

ONE_SAMPLE_AGAINST_KERAS = 0.2


def of_network(workload: str, auto: bool = False) -> list[Contest]:
    """The contests in training a network, one for each backend.

    Args:
        workload: The name of the workload's module.
        auto: Whether polykeras also meets the others with as many steps in one call as it thinks good.

    Returns:
        The contests.
    """
    return [_contest(workload, backend, auto) for backend in FRAMEWORKS]


def native(workload: str, backend: str, **options: Any) -> dict[str, Contestant]:
    """The native contestants of a backend in a workload."""
    return {
        name: contestant(workload, file, settings, patient=name in PATIENT, **options)
        for name, (file, settings) in NATIVE[backend].items()
    }


def contestant(
    workload: str,
    file: str,
    options: Mapping[str, Any],
    environment: Mapping[str, str] | None = None,
    patient: bool = False,
    **more: Any,
) -> Contestant:
    """A contestant in training a network."""
    module = more.pop("module", f"{__package__}.loops.contestant")
    described = {"workload": workload, "contestant": file, "options": dict(options), **more}
    return Contestant(module, described, environment or {}, patient)


RIPENS = {"tensorflow": 15.0}
"""After how many seconds of training polykeras has found out which program is the faster."""


def ours(workload: str, backend: str, options: Mapping[str, Any] | None = None, **more: Any) -> Contestant:
    """Polykeras on a backend."""
    settings = {"library": "polykeras", **(options or {})}
    return contestant(workload, "model", settings, {"POLYKERAS_BACKEND": backend}, **more)


def keras(workload: str, backend: str, **more: Any) -> Contestant:
    """Keras on a backend."""
    return contestant(workload, "model", {"library": "keras"}, {"KERAS_BACKEND": backend}, **more)


def growing(workload: str, sizes: Mapping[str, Mapping[str, Any]]) -> list[Contest]:
    """Contests in the training of a network that grows, one for each backend.

    Args:
        workload: The name of the network's module.
        sizes: The arguments of its function `problem`, by the names of the sizes.

    Returns:
        The contests.
    """
    return [_growing(workload, backend, {"sizes": dict(sizes), "module": GROWTH}) for backend in FRAMEWORKS]


def _growing(workload: str, backend: str, more: dict[str, Any]) -> Contest:
    mine, theirs = f"polykeras on {FRAMEWORKS[backend]}", f"Keras on {FRAMEWORKS[backend]}"
    by_hand = native(workload, backend, **more)
    contestants = {mine: ours(workload, backend, ripens=RIPENS.get(backend, 0.0), **more), **by_hand}
    comparisons = [Comparison(mine, tuple(by_hand))]
    if backend != "numpy":
        contestants[theirs] = keras(workload, backend, **more)
        comparisons.append(Comparison(mine, theirs))
    return Contest(
        name=backend,
        contestants=contestants,
        comparisons=comparisons,
        agree=close(TOLERANCE),
        labels=frozenset({backend}),
        rounds=9,
        quick_rounds=3,
        seconds=0.05,
    )


def _contest(workload: str, backend: str, auto: bool) -> Contest:
    """Ours, native code and Keras on a backend; on NumPy, where Keras cannot train, PyTorch is in its place."""
    framework, network = FRAMEWORKS[backend], workload.rpartition(".")[2]
    ripens = RIPENS.get(backend, 0.0)
    contestants = {f"polykeras on {framework}": ours(workload, backend, ripens=ripens)}
    if auto:
        settings = {"steps_per_execution": "auto"}
        contestants[f"polykeras on {framework}, auto"] = ours(workload, backend, settings, ripens=ripens)
    contestants |= native(workload, backend)
    if backend == "numpy":
        contestants["PyTorch eager"] = native(workload, "torch")["PyTorch eager"]
        contestants["Keras on NumPy"] = keras(workload, backend, only=TASKS[:2])
    else:
        contestants[f"Keras on {framework}"] = keras(workload, backend)
    return Contest(
        name=backend,
        contestants=contestants,
        comparisons=list(_comparisons(backend, network, contestants)),
        agree=close(TOLERANCE),
        labels=frozenset({backend}),
        tasks=TASKS,
        steps=STEPS,
        rounds=11,
        quick_rounds=5,
        seconds=0.15,
    )


def _comparisons(backend: str, network: str, contestants: Mapping[str, Contestant]) -> Iterator[Comparison]:
    mine = f"polykeras on {FRAMEWORKS[backend]}"
    hand = tuple(NATIVE[backend])
    target = AGAINST_NATIVE_IN.get((backend, network), AGAINST_NATIVE[backend])
    yield Comparison(mine, hand, target, "fit", tasks=TASKS[1:])
    yield Comparison(mine, hand, ONE_SAMPLE_OVER_NATIVE, tasks=TASKS[:1], measure=extra)
    rival = keras = f"Keras on {FRAMEWORKS[backend]}"
    targets = AGAINST_KERAS.get(backend, {})
    if backend == "numpy":  # on which Keras does not train
        rival, targets = "PyTorch eager", AGAINST_TORCH_ON_NUMPY
    if f"{mine}, auto" in contestants:
        yield Comparison(f"{mine}, auto", hand, AGAINST_NATIVE_WITH_AUTO[backend], tasks=("fit",))
        yield Comparison(f"{mine}, auto", rival, targets.get(network), tasks=("fit",))
    tasks = TASKS[-1:] if backend == "numpy" else TASKS[1:]
    yield Comparison(mine, rival, targets.get(network), "fit", tasks=tasks)
    yield Comparison(mine, keras, ONE_SAMPLE_AGAINST_KERAS, tasks=TASKS[:1])
