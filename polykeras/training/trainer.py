"""Training, evaluation and prediction: one pure step for all backends, and the loops around it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .. import masks, ops, optimizers, tree
from ..backend import Backend, current, repeatably, using
from ..callbacks import Callback, CallbackList, History
from ..callbacks.callback import as_numbers
from ..callbacks.progress import progress_callback
from ..errors import ArgumentError, StateError
from ..interpreters import home_of, kind_or_none
from ..layers.layer import Layer
from ..settings import settings
from ..state import Variable
from ..tracebacks import filter_traceback
from .compiled import Compiled
from .data import at_most, fits_a_batch, one_batch, opened, split, unpack_x_y_sample_weight, weights_of_classes
from .functions import Functions, optimizers_within
from .interruption import Interruptions, Resumption
from .mistakes import check_labels
from .stretches import Stretch


class Trainer(Layer):
    """What makes of a layer a model that can be trained. Subclasses may override the steps."""

    optimizer: Any = None
    stop_training = False
    history: History | None = None
    _resumption: Resumption | None = None
    _data: Any = None
    _compiled: Compiled | None = None
    _functions: Functions | None = None

    # Compiling ---------------------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: The optimizer, its name or its configuration.
            loss: The loss, its name or a function; for several outputs a list or a dictionary of them.
            loss_weights: A factor for the loss of each output.
            metrics: Metrics, by name or as objects; for several outputs a list of lists or a dictionary.
            weighted_metrics: Metrics that heed the weights of samples.
            run_eagerly: Whether the steps run op by op, as is good for finding mistakes.
            steps_per_execution: How many steps are taken at once; "auto" for many where steps are short, the data is
                in memory and no callback looks at each of them. Callbacks are called once for all of them.
            jit_compile: Whether the framework's optimizing compiler is used; "auto" for what suits. On TensorFlow that
                is found out by trying, so that the last bits may differ from one long training to the next.
            auto_scale_loss: Whether, under "mixed_float16", losses are scaled so that gradients don't vanish.
        """
        is_number = hasattr(steps_per_execution, "__index__") and int(steps_per_execution) >= 1
        if not is_number and steps_per_execution != "auto":
            raise ArgumentError(
                "compile: expected steps_per_execution to be a whole number from 1, or 'auto'; got "
                f"{steps_per_execution!r}."
            )
        with using(self._place()):
            optimizer = optimizers.get(optimizer)
            scales = auto_scale_loss and self.dtype_policy.name == "mixed_float16"
            if scales and optimizer is not None and not isinstance(optimizer, optimizers.LossScaleOptimizer):
                optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
            self._compiled = Compiled(self, loss, loss_weights, metrics, weighted_metrics)
        self.optimizer = optimizer
        self.run_eagerly = run_eagerly
        self.steps_per_execution = steps_per_execution
        self.jit_compile = jit_compile
        self.stop_training = False
        self._functions = None

    @property
    def compiled(self) -> bool:
        """Whether `compile` has been called."""
        return self._compiled is not None

    @property
    def loss(self) -> Any:
        """The loss that the model was compiled with."""
        return None if self._compiled is None else self._compiled.given["loss"]

    @property
    def compiled_metrics(self) -> Any:
        """The metrics that the model was compiled with, as one object."""
        return None if self._compiled is None else self._compiled.metrics

    def _ready(self, what: str) -> Compiled:
        if self._compiled is None:
            raise StateError(f"{what}: compile the model first: model.compile(optimizer=..., loss=...).")
        return self._compiled

    @property
    def metrics(self) -> list[Any]:
        """All metrics: of the loss, of the model and its layers, and those that it was compiled with."""
        return self._all_metrics()

    def _all_metrics(self) -> list[Any]:
        own = super().metrics
        compiled = [] if self._compiled is None else self._compiled.all_metrics()
        return list({id(metric): metric for metric in [*compiled[:1], *own, *compiled[1:]]}.values())

    def metrics_in_training(self) -> list[Any]:
        """The metrics that steps may change: all there are, even where a subclass lists only some in `metrics`."""
        return list({id(metric): metric for metric in [*self.metrics, *self._all_metrics()]}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics, in the order in which `evaluate` gives their numbers."""
        compiled = None if self._compiled is None else self._compiled.metrics
        names = {} if compiled is None else compiled.names
        others = [metric.name for metric in self.metrics if id(metric) not in names]
        return [*others, *names.values()]

    def reset_metrics(self) -> None:
        """Have all metrics begin again."""
        for metric in self.metrics:
            metric.reset_state()

    # Steps, to be overridden -------------------------------------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """Take one step of training.

        Args:
            data: A batch: x, (x, y) or (x, y, sample_weight).

        Returns:
            Loss and metrics by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        optimizer, weights = self.optimizer, self.weights_in_training()

        def scaled_loss(_: list[Variable]) -> Any:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
            loss = ops.convert_to_tensor(loss)
            return optimizer.scale_loss(loss), (loss, y_pred, tree.map_structure(masks.mask_of, y_pred))

        if weights:
            (_, (loss, y_pred, found)), gradients = ops.value_and_grad(scaled_loss, has_aux=True)(weights)
            optimizer.apply(gradients, weights)
        else:
            _, (loss, y_pred, found) = scaled_loss([])
        for array, mask in zip(tree.flatten(y_pred), tree.flatten(found), strict=True):
            masks.set_mask(array, mask)
        return self._logs(loss, x, y, y_pred, sample_weight)

    def weights_in_training(self) -> list[Variable]:
        """The trainable variables, as they were found when the step was made."""
        return self.trainable_variables if self._functions is None else self._functions.weights

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch, as `train_step` without the training."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        return self._logs(loss, x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def _logs(self, loss: Any, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        if self._compiled is not None:
            count = ops.shape(next(leaf for leaf in tree.flatten(x) if leaf is not None))[0]
            self._compiled.mean_loss.update_state(loss, ops.cast(count, "float32"))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The number that training makes small: the losses of the outputs, and those that layers added.

        Args:
            x: The inputs.
            y: The targets.
            y_pred: The outputs.
            sample_weight: A weight for each sample.
            training: Whether this is for training.

        Returns:
            The total loss.
        """
        compiled = self._ready("compute_loss")
        added = self.losses
        terms = []
        if compiled.loss is not None:
            terms.append(compiled.loss(y, y_pred, sample_weight))
        terms += [ops.sum(ops.cast(loss, self._dtype_of_losses(terms))) for loss in added]
        if not terms:
            raise ArgumentError(
                "there is nothing to make small: the model was compiled without a loss, and no layer added one. "
                "Give compile a loss, or call add_loss in a layer."
            )
        total = terms[0]
        for term in terms[1:]:
            total = ops.add(total, term)
        return total

    def _dtype_of_losses(self, terms: list[Any]) -> str:
        return ops.dtype(terms[0]) if terms else self.variable_dtype

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Take a batch into account in the metrics, and say what they are now."""
        if self._compiled is not None and self._compiled.metrics is not None and y is not None:
            self._compiled.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """What the metrics say now, by name."""
        results: dict[str, Any] = {}
        compiled = None if self._compiled is None else self._compiled.metrics
        handled = {id(metric) for metric in compiled.metrics} if compiled is not None else set()
        for metric in self.metrics:
            if id(metric) not in handled:
                value = metric.result()
                results.update(value if isinstance(value, Mapping) else {metric.name: value})
        if compiled is not None:
            results.update(compiled.result())
        return results

    # The loops ---------------------------------------------------------------------------------------------

    @filter_traceback
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train the model.

        Args:
            x: The inputs: an array, a list or dictionary of arrays, or something iterable that gives whole batches.
            y: The targets, laid out as the outputs.
            batch_size: The size of a batch; None for 32.
            epochs: The number of the last epoch.
            verbose: 0 for silence, 1 or "auto" for a bar, 2 for a line for each epoch.
            callbacks: Callbacks.
            validation_split: The share of the samples, the last ones, that is kept for validation.
            validation_data: (x, y) or (x, y, sample_weight) for validation, or something iterable.
            shuffle: Whether each epoch has an order of its own; "batch" shuffles whole batches.
            class_weight: Weights of classes, by their numbers.
            sample_weight: A weight for each sample.
            initial_epoch: The number of epochs that were done before.
            steps_per_epoch: How many batches make an epoch; None for all.
            validation_steps: How many batches make a validation; None for all.
            validation_batch_size: The size of a batch of validation; None for `batch_size`.
            validation_freq: After how many epochs there is a validation, or the numbers of the epochs with one.

        Returns:
            The record of loss and metrics, its `history` a list for each name.
        """
        self._ready("fit")
        for name, value in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            if not hasattr(value, "__index__") or value < 0:
                raise ArgumentError(f"fit: expected {name} to be a whole number from 0; got {value!r}.")
        if hasattr(validation_freq, "__index__") and validation_freq < 1:
            raise ArgumentError(f"fit: expected validation_freq to be a whole number from 1; got {validation_freq!r}.")
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split(validation_split, x, y, sample_weight)
        epochs = epochs if settings.max_epochs is None else min(epochs, initial_epoch + settings.max_epochs)
        with (
            self._at_home(x),
            opened(x, y, sample_weight, batch_size, shuffle, steps_per_epoch, class_weight) as data,
            self._validation(validation_data, validation_batch_size or batch_size, validation_steps) as validation,
            self._training_on(data),
        ):
            data = at_most(data, settings.max_steps_per_epoch)
            watching = self._callbacks(callbacks, verbose, epochs=epochs, steps=data.steps)
            self.stop_training, self._resumption = False, None
            data.check = self._check_labels
            with watching, repeatably() if watching.repeats else contextlib.nullcontext():
                self._train(data, validation, watching, initial_epoch, epochs, validation_freq)
        assert self.history is not None
        return self.history

    def _train(
        self, data: Any, validation: Any, watching: CallbackList, initial_epoch: int, epochs: int, validation_freq: Any
    ) -> None:
        watching.on_train_begin()
        logs: dict[str, Any] = {}
        initial_epoch, groups, resumption = self._resumed(data, watching, initial_epoch)
        for epoch in range(initial_epoch, epochs):
            if groups is None:
                self.reset_metrics()
            watching.on_epoch_begin(epoch)
            if resumption is not None and resumption.batch:
                resumption.restore(self.state_in_training())
            groups = groups or self._in_groups(data, "train_step", watching)
            logs, groups, resumption = self._train_epoch(groups, watching, resumption), None, None
            if validation is not None and _is_due(validation_freq, epoch):
                found = self._evaluate(validation, watching)
                logs.update({f"val_{name}": value for name, value in found.items()})
            watching.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        self._finish()
        watching.on_train_end(logs)

    def _train_epoch(self, groups: Iterator[Any], watching: CallbackList, resumption: Any) -> dict[str, Any]:
        step, logs = self.make_train_function(), {}
        with Interruptions() as interruptions:
            step = interruptions.guarded(step)
            for number, last, parts in groups:
                watching.on_train_batch_begin(number)
                logs = step(parts)
                watching.on_train_batch_end(last, logs)
                if self.stop_training:
                    break
        if not logs and resumption is None:
            raise ArgumentError("fit: expected at least one batch of data; got none.")
        return dict(logs) if logs else self.get_metrics_result()

    def _resumed(self, data: Any, watching: CallbackList, initial_epoch: int) -> tuple[int, Any, Resumption | None]:
        """Where to go on after an interruption: the epoch, what is left of it, and what is yet to be restored."""
        resumption, self._resumption = self._resumption, None
        if resumption is None:
            return initial_epoch, None, None
        functions = self._current_functions()
        functions.draws_apart = True
        data.set_states(resumption.data)
        data.skip(resumption.batches_before)
        groups = self._in_groups(data, "train_step", watching)
        groups = resumption.skip(groups, lambda group: functions.make_ready("train_step", group[2]))
        functions.draws_apart = False
        if not resumption.batch:
            resumption.restore(functions.variables())
            self.reset_metrics()
        self.stop_training = resumption.is_over
        if resumption.is_over:
            groups = iter(())
        return sys.maxsize if resumption.is_over and not resumption.batch else resumption.epoch, groups, resumption

    def resume_at(self, **where: Any) -> None:
        """Have the training that begins go on where another was interrupted, as a callback does in `on_train_begin`.

        Args:
            **where: The fields of `Resumption`.
        """
        self._resumption = Resumption(**where)

    @contextlib.contextmanager
    def _training_on(self, data: Any) -> Iterator[None]:
        self._data = data
        try:
            yield
        finally:
            self._data = None

    def states_of_data(self) -> list[np.ndarray]:
        """The states of the generators by which a data loader shuffles that is being trained on."""
        return [] if self._data is None else self._data.states()

    def state_in_training(self) -> list[Variable]:
        """The variables that training may change: of the model, its optimizer and its metrics."""
        return self._current_functions().variables()

    @contextlib.contextmanager
    def _validation(self, data: Any, batch_size: Any, steps: Any) -> Iterator[Any]:
        """The data of the validations in a training, or None."""
        if data is None:
            yield None
            return
        is_arrays = isinstance(data, (tuple, list))
        given = unpack_x_y_sample_weight(data) if is_arrays else (data,)
        with opened(*given, batch_size=batch_size, steps=steps, starts_anew=True) as batches:
            yield batches

    @filter_traceback
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics for data.

        Args:
            x: The inputs, as for `fit`.
            y: The targets.
            batch_size: The size of a batch; None for 32.
            verbose: 0 for silence, 1 or "auto" for a bar, 2 for a line.
            sample_weight: A weight for each sample.
            steps: How many batches there are; None for all.
            callbacks: Callbacks.
            return_dict: Whether the numbers come by name.
            **kwargs: None are known.

        Returns:
            The loss, or a list of the loss and the metrics, or a dictionary of them.
        """
        if kwargs:
            raise ArgumentError(f"evaluate: unknown arguments {', '.join(kwargs)}.")
        self._ready("evaluate")
        with (
            self._at_home(x),
            opened(x, y, sample_weight, batch_size, False, steps) as data,
            self._callbacks(callbacks, verbose, epochs=1, steps=data.steps, add_history=False) as watching,
        ):
            logs = as_numbers(self._evaluate(data, watching))
        return logs if return_dict else _as_list(logs)

    def _evaluate(self, data: Any, watching: CallbackList) -> dict[str, Any]:
        data.check = self._check_labels
        step, logs = self.make_test_function(), {}
        self.reset_metrics()
        watching.on_test_begin()
        for number, last, parts in self._in_groups(data, "test_step", watching):
            watching.on_test_batch_begin(number)
            logs = step(parts)
            watching.on_test_batch_end(last, logs)
        watching.on_test_end(logs)
        if not logs:
            raise ArgumentError("evaluate: expected at least one batch of data; got none.")
        return dict(logs)

    @filter_traceback
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for data, as NumPy arrays.

        Args:
            x: The inputs, as for `fit`.
            batch_size: The size of a batch; None for 32.
            verbose: 0 for silence, 1 or "auto" for a bar.
            steps: How many batches there are; None for all.
            callbacks: Callbacks.

        Returns:
            NumPy arrays in the structure of the outputs.
        """
        if verbose == 0 and callbacks is None and steps is None and fits_a_batch(x, batch_size):
            with self._at_home(x):  # a single sample shall not take longer than it must
                outputs = self.make_predict_function()(x)  # one array, mostly, which needs no look for others
                return _copied_to_host(outputs) if _is_array(outputs) else tree.map_structure(_copied_to_host, outputs)
        with (
            self._at_home(x),
            opened(x, batch_size=batch_size, steps=steps) as data,
            self._callbacks(callbacks, verbose, epochs=1, steps=data.steps, add_history=False) as watching,
        ):
            step, parts = self.make_predict_function(), []
            watching.on_predict_begin()
            for number, batch in enumerate(data):
                watching.on_predict_batch_begin(number)
                outputs = step(batch)
                parts.append(outputs)
                if watching.listens_at("on_predict_batch_end"):
                    watching.on_predict_batch_end(number, {"outputs": outputs})
            watching.on_predict_end()
            if not parts:
                raise ArgumentError("predict: expected at least one batch of data; got none.")
            return tree.map_structure(lambda *arrays: np.concatenate([_on_host(a) for a in arrays]), *parts)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Take one step of training on one batch, and return its loss and metrics."""
        self._ready("train_on_batch")
        if class_weight is not None:
            if sample_weight is not None:
                raise ArgumentError("train_on_batch: expected either class_weight or sample_weight; got both.")
            sample_weight = weights_of_classes(y, class_weight)
        with self._at_home(x):
            logs = as_numbers(self._current_functions().alone("train_step", one_batch(x, y, sample_weight)))
        return logs if return_dict else _as_list(logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Evaluate one batch, and return its loss and metrics."""
        self._ready("test_on_batch")
        with self._at_home(x):
            logs = as_numbers(self._current_functions().alone("test_step", one_batch(x, y, sample_weight)))
        return logs if return_dict else _as_list(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        with self._at_home(x):
            return tree.map_structure(_on_host, self.make_predict_function()(one_batch(x)))

    def can_be_called(self) -> bool:
        """Whether there is a `call`: a model of which only the steps are defined does without."""
        return True

    # Compiled functions ------------------------------------------------------------------------------------

    def make_train_function(self, force: bool = False) -> Callable[..., Any]:
        """The function that takes steps of training, from a list of batches to the logs of the last."""
        return self._current_functions(force).train

    def make_test_function(self, force: bool = False) -> Callable[..., Any]:
        """The function that evaluates, from a list of batches to the logs of the last."""
        return self._current_functions(force).test

    def make_predict_function(self, force: bool = False) -> Callable[..., Any]:
        """The function that predicts, from a batch to outputs."""
        return self._current_functions(force).predict

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: all but the compiled steps, which are made anew."""
        return {**vars(self), "_functions": None}

    def _current_functions(self, force: bool = False) -> Functions:
        """The compiled steps; others where weights have been frozen or a layer is new."""
        functions = self._functions
        if force or functions is None or functions.are_stale():
            functions = self._functions = Functions(self)
        return functions

    def _in_groups(self, data: Any, name: str, watching: CallbackList) -> Iterator[tuple[int, int, list[Any]]]:
        """What one call takes: the numbers of its first and last batch, and the batches, some of them in stretches."""
        wanted, functions = self.steps_per_execution, self._current_functions()
        parts = data
        if wanted != 1 and hasattr(data, "in_stretches"):
            is_watched = watching.must_see(name.removesuffix("_step"))
            parts = data.in_stretches(lambda batch: functions.size_for(name, batch, wanted, is_watched))
        size = 1 if wanted == "auto" else int(wanted)
        first, count, group = 0, 0, []
        for part in parts:
            group.append(part)
            count += len(part) if isinstance(part, Stretch) else 1
            if count >= size:
                yield first, first + count - 1, group
                first, count, group = first + count, 0, []
        if group:
            yield first, first + count - 1, group

    def _check_labels(self, batch: Any) -> bool:
        return check_labels(self._ready("fit").loss, batch)

    # Around ------------------------------------------------------------------------------------------------

    def _place(self) -> Backend:
        """The backend of the model, or the one in use."""
        return self._home or current()

    def _at_home(self, x: Any) -> contextlib.AbstractContextManager[Backend]:
        """Use the backend of the model; before it is built, that of native arrays it is given."""
        home = self._home or next((variable.home for variable in self.variables), None)
        if home is None:
            natives = [leaf for leaf in tree.flatten(x) if isinstance(kind_or_none(type(leaf)), Backend)]
            home = home_of(natives) if natives else current()
        return using(home)

    def _callbacks(self, callbacks: Any, verbose: Any, add_history: bool = True, **params: Any) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            return callbacks
        given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or [])
        bar = progress_callback(verbose)
        found = CallbackList([*given, *([bar] if bar else [])], add_history, model=self, verbose=verbose, **params)
        if add_history:
            self.history = next(c for c in found.callbacks if isinstance(c, History))
        return found

    def _finish(self) -> None:
        """Have the optimizer leave weights as they shall be after training."""
        if self.optimizer is not None and self.optimizer.built:
            self.optimizer.finalize_variable_values(self.trainable_variables)

    def to_backend(self, name: str | Backend) -> Trainer:
        """Take the model to another backend: weights, optimizer, metrics and all.

        Args:
            name: The backend, or its name.

        Returns:
            The model itself.
        """
        super().to_backend(name)
        home = self._home
        updating = [one for one in (self.optimizer, *optimizers_within(self)) if one is not None]
        others = [variable for one in updating for variable in one.variables]
        for variable in [*others, *(v for metric in self.metrics_in_training() for v in metric.variables)]:
            variable.move_to(home)  # type: ignore[arg-type]
        self._functions = None
        return self


def _is_due(frequency: Any, epoch: int) -> bool:
    """Whether there is a validation after an epoch."""
    if hasattr(frequency, "__index__"):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _as_list(logs: dict[str, Any]) -> Any:
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _on_host(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def _is_array(x: Any) -> bool:
    return isinstance(x, current().array_types)


def _copied_to_host(x: Any) -> np.ndarray:
    return np.array(ops.convert_to_numpy(x))
