"""Hyperparameters found with Optuna, by a grid, at random and by Bayesian search; runs that lag behind are pruned."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna

import polykeras as keras
from polykeras import layers, optimizers
from polykeras.data import digits


class Pruning(keras.callbacks.Callback):
    """Tells a trial how it is going, and ends the training when Optuna sees no hope for it.

    Args:
        trial: The trial.
        monitor: The number by which trials are compared.
    """

    def __init__(self, trial: optuna.Trial, monitor: str = "val_accuracy"):
        super().__init__()
        self.trial, self.monitor, self.is_pruned = trial, monitor, False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Report, and ask."""
        self.trial.report(logs[self.monitor], epoch)
        self.is_pruned = self.model.stop_training = self.trial.should_prune()


def objective(trial: optuna.Trial, x: np.ndarray, y: np.ndarray) -> float:
    """The accuracy of a network with the hyperparameters of a trial."""
    keras.set_random_seed(0)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(trial.suggest_int("units", 8, 64, step=8), activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    pruning = Pruning(trial)
    history = model.fit(x, y, 64, epochs=4, validation_split=0.2, callbacks=[pruning], verbose=0).history
    if pruning.is_pruned:
        raise optuna.TrialPruned
    return history["val_accuracy"][-1]


SAMPLERS = {
    "grid": lambda: optuna.samplers.GridSampler({"units": [8, 64], "learning_rate": [1e-4, 1e-2]}, seed=0),
    "random": lambda: optuna.samplers.RandomSampler(seed=0),
    "bayesian": lambda: optuna.samplers.TPESampler(seed=0, n_startup_trials=2),
}


def main(trials: int = 3) -> float:
    """Search in three ways, and return the lowest of the three best accuracies."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    images, labels = digits()
    x, y = (images[:1600] / 16).reshape(-1, 64).astype("float32"), labels[:1600].astype("int32")
    found = []
    for name, sampler in SAMPLERS.items():
        pruner = optuna.pruners.MedianPruner(n_startup_trials=1)
        study = optuna.create_study(direction="maximize", sampler=sampler(), pruner=pruner)
        study.optimize(lambda trial: objective(trial, x, y), n_trials=trials)
        pruned = sum(trial.state == optuna.trial.TrialState.PRUNED for trial in study.trials)
        print(f"{name}: {study.best_value:.1%} with {study.best_params}, {pruned} of {len(study.trials)} trials pruned")
        found.append(study.best_value)
    return min(found)


if __name__ == "__main__":
    main(trials=15)
