"""Models as estimators of scikit-learn, for its pipelines, searches and scores."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from ..errors import ArgumentError, StateError
from ..models import Model


class SKLearnEstimator(BaseEstimator):
    """What the estimators have in common.

    Args:
        model: A compiled model, of which `fit` trains a fresh one of the same kind; or a function of `X`, `y` and
            `model_kwargs` that returns a compiled model.
        warm_start: Whether `fit` goes on with the weights of the last one, or trains the given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.
    """

    def __init__(
        self,
        model: Model | Callable[..., Model],
        warm_start: bool = False,
        model_kwargs: dict[str, Any] | None = None,
        fit_kwargs: dict[str, Any] | None = None,
    ):
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def __sklearn_clone__(self) -> Any:
        model = fresh(self.model) if isinstance(self.model, Model) and not self.warm_start else self.model
        return type(self)(model, self.warm_start, _copied(self.model_kwargs), _copied(self.fit_kwargs))

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Any:
        """Train.

        Args:
            X: The inputs, a row for each sample.
            y: The targets.
            **kwargs: Arguments of the model's `fit`, which come before `fit_kwargs`.

        Returns:
            The estimator.
        """
        X, y = validate_data(self, X, y, allow_nd=True, multi_output=True)
        targets = self._learn_targets(y, kwargs.get("sample_weight"))
        model = self._model_for(X, targets)
        if model.optimizer is None or model.loss is None:
            raise StateError(f"{type(self).__name__}: compile the model with an optimizer and a loss.")
        self.history_ = model.fit(X, targets, **{"verbose": 0, **(self.fit_kwargs or {}), **kwargs}).history
        self.model_ = model
        return self

    def _model_for(self, X: Any, y: Any) -> Model:
        if self.warm_start and hasattr(self, "model_"):
            return self.model_
        if isinstance(self.model, Model):
            return self.model if self.warm_start else fresh(self.model)
        if not callable(self.model):
            raise ArgumentError(
                f"{type(self).__name__}: expected model to be a compiled model, or a function that makes one for X and "
                f"y; got {self.model!r}."
            )
        return self.model(X=X, y=y, **(self.model_kwargs or {}))

    def _learn_targets(self, y: np.ndarray, sample_weight: Any) -> np.ndarray:
        """Take note of what targets are like, and make of them what the model is trained on."""
        type_of_target(y, raise_unknown=True)
        self._is_flat = y.ndim == 1
        return y.reshape(-1, 1) if self._is_flat else y

    def _outputs(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, allow_nd=True)
        return self.model_.predict(X, verbose=0)

    def predict(self, X: Any) -> np.ndarray:
        """The targets that the model expects.

        Args:
            X: The inputs.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._is_flat and outputs.ndim == 2 and outputs.shape[1] == 1 else outputs


class SKLearnClassifier(ClassifierMixin, SKLearnEstimator):
    """A model that classifies, as an estimator of scikit-learn.

    It is trained on rows with a one in the place of the class, so that its last layer has a unit for each class.

    Args:
        model: A compiled model, of which `fit` trains a fresh one of the same kind; or a function of `X`, `y` and
            `model_kwargs` that returns a compiled model.
        warm_start: Whether `fit` goes on with the weights of the last one, or trains the given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.

    >>> from polykeras import Sequential, layers
    >>> def make(X, y):
    ...     model = Sequential([layers.Dense(y.shape[1], activation="softmax")])
    ...     model.compile("sgd", "categorical_crossentropy")
    ...     return model
    >>> X, y = np.array([[0.0], [1.0]] * 8), np.array(["low", "high"] * 8)
    >>> classifier = SKLearnClassifier(make, fit_kwargs={"epochs": 200}).fit(X, y)
    >>> classifier.predict([[0.0], [1.0]]).tolist()
    ['low', 'high']
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def _learn_targets(self, y: np.ndarray, sample_weight: Any) -> np.ndarray:
        kind = type_of_target(y, raise_unknown=True)
        if kind not in ("binary", "multiclass"):
            raise ArgumentError(
                f"Unknown label type: {kind}. SKLearnClassifier expects one of two or more classes for each sample."
            )
        if y.ndim == 2:
            _warn_of_column()
        self._is_flat = True
        self.classes_, numbers = np.unique(y, return_inverse=True)
        present = numbers if sample_weight is None else numbers.reshape(-1)[np.asarray(sample_weight) != 0]
        if len(np.unique(present)) == 1:
            where = "" if sample_weight is None else " with a sample_weight other than 0"
            raise ArgumentError(
                f"Classifier can't train when only one class is present{where}. Give samples of another class."
            )
        return np.eye(len(self.classes_), dtype="float32")[numbers.reshape(-1)]

    def decision_function(self, X: Any) -> np.ndarray:
        """The outputs of the model, by which classes are chosen.

        Args:
            X: The inputs.

        Returns:
            A column for each class; of two classes how much the output of the second exceeds that of the first.
        """
        outputs = self._outputs(X)
        return outputs[:, 1] - outputs[:, 0] if len(self.classes_) == 2 else outputs

    def predict(self, X: Any) -> np.ndarray:
        """The classes with the largest outputs.

        Args:
            X: The inputs.
        """
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(-1)]


class SKLearnRegressor(RegressorMixin, SKLearnEstimator):
    """A model that predicts numbers, as an estimator of scikit-learn.

    Args:
        model: A compiled model, of which `fit` trains a fresh one of the same kind; or a function of `X`, `y` and
            `model_kwargs` that returns a compiled model.
        warm_start: Whether `fit` goes on with the weights of the last one, or trains the given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.

    >>> from polykeras import Sequential, layers
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> X = np.linspace(0, 1, 64)[:, None]
    >>> regressor = SKLearnRegressor(model, fit_kwargs={"epochs": 300, "batch_size": 8}).fit(X, 2 * X[:, 0] + 1)
    >>> regressor.predict([[0.5]]).round(2).tolist()
    [2.0]
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> np.ndarray:
        """The numbers that the model expects, in float64 as the scores of scikit-learn are computed.

        Args:
            X: The inputs.
        """
        return super().predict(X).astype("float64")


class SKLearnTransformer(TransformerMixin, SKLearnEstimator):
    """A model whose outputs are inputs of what comes next in a pipeline, as an estimator of scikit-learn.

    Args:
        model: A compiled model, of which `fit` trains a fresh one of the same kind; or a function of `X`, `y` and
            `model_kwargs` that returns a compiled model.
        warm_start: Whether `fit` goes on with the weights of the last one, or trains the given model itself.
        model_kwargs: Further arguments of the function.
        fit_kwargs: Arguments of the model's `fit`.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X: Any) -> np.ndarray:
        """The outputs of the model.

        Args:
            X: The inputs.
        """
        return self._outputs(X)


def fresh(model: Model) -> Model:
    """A model of the same kind, compiled in the same way, with new weights.

    Args:
        model: The model.
    """
    made = type(model).from_config(model.get_config())
    if model.compiled:
        made.compile(**(model.get_compile_config() or {}))
    return made


def _copied(arguments: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if arguments is None else dict(arguments)


def _warn_of_column() -> None:
    warnings.warn("A column-vector y was passed when a 1d array was expected.", DataConversionWarning, stacklevel=4)
