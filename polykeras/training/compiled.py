"""What a model was compiled with."""

from __future__ import annotations

from typing import Any

from ..metrics import Mean
from .compiled_loss import CompiledLoss
from .compiled_metrics import CompiledMetrics


class Compiled:
    """Losses and metrics, and the mean of the loss so far.

    Args:
        model: The model.
        loss: Its loss.
        loss_weights: A factor for the loss of each output.
        metrics: Its metrics.
        weighted_metrics: Its metrics that heed the weights of samples.
    """

    def __init__(self, model: Any, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any):
        self.given = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        names = getattr(model, "output_names", None)
        self.mean_loss = Mean(name="loss")
        self.loss = None if loss is None else CompiledLoss(loss, loss_weights, names)
        has_metrics = metrics is not None or weighted_metrics is not None
        self.metrics = CompiledMetrics(metrics, weighted_metrics, names) if has_metrics else None

    def all_metrics(self) -> list[Any]:
        """The mean of the loss, those of the losses of outputs, and the metrics."""
        of_losses = [] if self.loss is None else self.loss.metrics
        return [self.mean_loss, *of_losses, *([] if self.metrics is None else self.metrics.metrics)]
