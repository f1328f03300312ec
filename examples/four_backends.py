"""One model on every backend that is installed, in one process and from one seed: how far apart are the losses?

With matplotlib (`pip install 'polykeras[plot]'`), the curves are drawn into four_backends.png.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

import polykeras as keras
from polykeras import layers
from polykeras.data import digits


class StepLosses(keras.callbacks.Callback):
    """Keeps the mean loss of the epoch at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.losses.append(float((logs or {})["loss"]))


def train(epochs: int) -> np.ndarray:
    """Train on the backend in use, and return the mean loss of the epoch at every step."""
    keras.set_random_seed(0)
    images, labels = digits()
    images = images.reshape(-1, 64).astype("float32") / 16
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dropout(0.2), layers.Dense(10, "softmax")]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    kept = StepLosses()
    model.fit(images, labels, batch_size=64, epochs=epochs, verbose=0, callbacks=[kept])
    return np.array(kept.losses)


def draw(losses: dict[str, np.ndarray], path: Path) -> None:
    """The curves above each other, and below how far each one is from the first."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    first, *others = losses
    for place, (name, curve) in enumerate(losses.items()):  # thinner and thinner, as they lie on each other
        above.plot(curve, label=name, linewidth=2 * (len(losses) - place), alpha=0.7)
    for place, name in enumerate(others, 1):
        below.plot(np.abs(losses[name] - losses[first]), label=f"{name} and {first}", color=f"C{place}")
    above.set(title="One model, one seed, every backend", ylabel="mean loss of the epoch")
    below.set(xlabel="step", ylabel="difference")
    below.set_yscale("symlog", linthresh=1e-8)
    above.legend()
    if others:
        below.legend()
    figure.savefig(path, dpi=120)


def main(epochs: int = 3, picture: Path | None = None) -> float:
    """Train on all backends, and return the largest difference between the losses of two."""
    losses = {}
    for name in keras.available():
        with keras.using(name):
            losses[name] = train(epochs)
        print(f"{name:>12}", " ".join(f"{loss:.7f}" for loss in losses[name][:: max(len(losses[name]) // 5, 1)]))
    apart = float(np.ptp(list(losses.values()), axis=0).max())
    print(f"never further apart than {apart:.1e}")
    if picture is not None and importlib.util.find_spec("matplotlib"):
        draw(losses, picture)
        print(f"the curves are in {picture}")
    return apart


if __name__ == "__main__":
    main(picture=Path("four_backends.png"))
