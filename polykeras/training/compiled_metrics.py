"""The metrics that a model was compiled with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import metrics as metrics_module
from ..errors import ArgumentError
from ..metrics import MeanMetricWrapper, Metric
from ..state import Stateful, Variable
from ..symbolic import spec_of
from .outputs import Outputs, name_of


class CompiledMetrics(Stateful):
    """Metrics of the outputs of a model.

    Args:
        metrics: Metrics, their names, or functions: a list for one output, a list of lists or a dictionary for several.
        weighted_metrics: The same for metrics that heed the weights of samples.
        names: The names of the outputs, where the model knows them.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any = None, names: Sequence[str] | None = None):
        self._given = metrics, weighted_metrics
        self._names = names
        self._found: list[_Measured] | None = None

    @property
    def is_built(self) -> bool:
        """Whether the metrics have been made for outputs."""
        return self._found is not None

    @property
    def metrics(self) -> list[Metric]:
        """The metrics."""
        return [measured.metric for measured in self._found or []]

    @property
    def names(self) -> dict[int, str]:
        """What the results of the metrics are called, by the identity of the metric."""
        return {id(measured.metric): measured.name for measured in self._found or []}

    @property
    def variables(self) -> list[Variable]:
        """Their variables."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metrics for targets and outputs like these."""
        self._outputs = outputs = Outputs(y_pred, self._names)
        targets, predictions = self._aligned(y_true), outputs.of(y_pred, "outputs", _is_array)
        found: list[_Measured] = []
        for given, is_weighted in zip(self._given, (False, True), strict=True):
            for number, wanted in enumerate(self._by_output(given)):
                for identifier in wanted:
                    metric = metric_of(identifier, targets[number], predictions[number])
                    if metric is not None:
                        metric.build(spec_of(targets[number]).shape, spec_of(predictions[number]).shape)
                        found.append(_Measured(metric, number, is_weighted))
        taken: set[str] = set()
        for measured in found:
            prefix = f"{outputs.names[measured.output]}_" if len(outputs) > 1 else ""
            name = measured.metric.name
            if measured.is_weighted and prefix + name in taken:
                name = f"weighted_{name}"
            measured.name = _free(prefix + name, taken)
        self._found = found

    def _by_output(self, given: Any) -> list[list[Any]]:
        """A list of metrics for each output."""
        if given is None:
            return [[]] * len(self._outputs)
        if len(self._outputs) == 1:
            while isinstance(given, Mapping) and "class_name" not in given:
                given = self._outputs.of(given, "metrics", lambda x: _is_array(x) or isinstance(x, (list, tuple)))[0]
            given = given[0] if _is_list(given) and len(given) == 1 and _is_list(given[0]) else given
            return [_listed(given)]
        if _is_list(given) and len(given) != len(self._outputs):
            raise ArgumentError(
                f"metrics: expected a list for each of {len(self._outputs)} outputs, {', '.join(self._outputs.names)}; "
                f"got {len(given)} of them. Give a list of lists, or a dictionary by the names of the outputs."
            )
        is_one = lambda x: _is_array(x) or _is_list(x)  # noqa: E731
        chosen = [given] if isinstance(given, str) else given
        return [_listed(one) for one in (chosen if _is_list(chosen) else self._outputs.of(chosen, "metrics", is_one))]

    def _aligned(self, y_true: Any) -> list[Any]:
        return self._outputs.of(y_true, "targets", _is_array)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account."""
        if self._found is None:
            self.build(y_true, y_pred)
        if not self._found:
            return
        targets, predictions = self._aligned(y_true), self._outputs.of(y_pred, "outputs", _is_array)
        if sample_weight is None or _is_array(sample_weight):
            weights = [sample_weight] * len(self._outputs)
        else:
            weights = self._outputs.of(sample_weight, "sample weights", _is_array)
        for measured in self._found:
            number = measured.output
            weight = weights[number] if measured.is_weighted else None
            measured.metric.update_state(targets[number], predictions[number], weight)

    def result(self) -> dict[str, Any]:
        """What the metrics say."""
        results: dict[str, Any] = {}
        for measured in self._found or []:
            value = measured.metric.result()
            results.update(value if isinstance(value, Mapping) else {measured.name: value})
        return results

    def reset_state(self) -> None:
        """Begin again."""
        for metric in self.metrics:
            metric.reset_state()


class _Measured:
    """A metric, and what it is of."""

    def __init__(self, metric: Metric, output: int, is_weighted: bool):
        self.metric = metric
        self.output = output
        self.is_weighted = is_weighted
        self.name = metric.name


def _free(name: str, taken: set[str]) -> str:
    """A name that no other metric has."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _is_list(x: Any) -> bool:
    return isinstance(x, (list, tuple))


def _is_array(x: Any) -> bool:
    return not isinstance(x, (list, tuple, Mapping))


def _listed(x: Any) -> list[Any]:
    return list(x) if _is_list(x) else [x]


_KINDS = {
    "accuracy": ("BinaryAccuracy", "SparseCategoricalAccuracy", "CategoricalAccuracy"),
    "crossentropy": ("BinaryCrossentropy", "SparseCategoricalCrossentropy", "CategoricalCrossentropy"),
}
_SHORT = {"acc": "accuracy", "ce": "crossentropy"}


def metric_of(identifier: Any, y_true: Any, y_pred: Any) -> Metric | None:
    """The metric that a user meant. Accuracy and cross entropy have a kind for each kind of targets."""
    if identifier is None:
        return None
    name = identifier if isinstance(identifier, str) else None
    kind = str(identifier).lower() if name else ""
    kind = _SHORT.get(kind, kind)
    if kind in _KINDS:
        cls = getattr(metrics_module, _KINDS[kind][_kind_of_targets(y_true, y_pred)])
        return cls(name=name)
    found = metrics_module.get(identifier)
    if not isinstance(found, Metric):
        return MeanMetricWrapper(found, name=name or name_of(found, "metric"))
    found.name = name or found.name
    return found


def _kind_of_targets(y_true: Any, y_pred: Any) -> int:
    """0 for one probability, 1 for the number of a class, 2 for a probability of each class."""
    if y_true is None:
        raise ArgumentError("metrics: expected targets, to tell which accuracy or cross entropy is meant; got none.")
    true, predicted = spec_of(y_true).shape, spec_of(y_pred).shape
    if predicted and predicted[-1] == 1:
        return 0
    return 1 if len(true) < len(predicted) or (true[-1:] == (1,) and predicted[-1:] != (1,)) else 2
