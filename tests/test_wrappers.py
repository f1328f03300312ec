"""Models as estimators of scikit-learn: its own tests of estimators, and what they do not say."""

from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers
from polykeras.errors import StateError

pytest.importorskip("sklearn")
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from polykeras.wrappers import SKLearnClassifier, SKLearnRegressor, SKLearnTransformer


def network(X, y, loss, units=(10,), activation=None):
    keras.set_random_seed(0)  # so that two calls of `fit` give the same, as some of the tests demand
    hidden = [layers.Dense(size, "relu") for size in units]
    model = keras.Sequential([layers.Input(X.shape[1:]), *hidden, layers.Dense(y.shape[1], activation)])
    model.compile("rmsprop", loss)
    return model


classifying = functools.partial(network, loss="categorical_crossentropy", activation="softmax")
ESTIMATORS = [
    SKLearnClassifier(classifying, model_kwargs={"units": [20, 20]}, fit_kwargs={"epochs": 5}),
    SKLearnRegressor(network, model_kwargs={"loss": "mse"}),
    SKLearnTransformer(network, model_kwargs={"loss": "mse"}),
]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
@pytest.mark.filterwarnings("ignore")
def test_an_estimator_passes_the_tests_of_scikit_learn(estimator):
    failed = {}
    count = 0
    with keras.using("numpy"):
        for one, check in estimator_checks_generator(estimator, legacy=True):
            count += 1
            name = check.func.__name__
            try:
                check(one)
            except Exception as error:
                if type(error).__name__ != "SkipTest":
                    failed[name] = error
    assert not failed, "\n".join(f"{name}: {type(error).__name__}: {error}" for name, error in failed.items())
    assert count > 30


X = np.random.default_rng(0).normal(size=(60, 4))
LABELS = np.array(["low", "high"])[(X[:, 0] > 0).astype(int)]


def test_a_trained_estimator_is_pickled(backend):
    trained = SKLearnClassifier(classifying).fit(X, LABELS)
    assert pickle.loads(pickle.dumps(trained)).predict(X).tolist() == trained.predict(X).tolist()


def test_an_estimator_in_a_search_and_a_pipeline():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SKLearnClassifier(classifying, fit_kwargs={"epochs": 15, "batch_size": 8})),
        {"sklearnclassifier__model_kwargs": [{"units": [4]}, {"units": [16]}]},
        cv=2,
    )
    search.fit(X, LABELS)
    assert search.best_params_["sklearnclassifier__model_kwargs"] == {"units": [16]}
    assert search.score(X, LABELS) > 0.8
    decision = search.decision_function(X)
    assert decision.shape == (60,)
    np.testing.assert_array_equal(np.where(decision > 0, *search.classes_[::-1]), search.predict(X))


def given_model():
    model = keras.Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


def test_a_model_is_trained_afresh_or_further():
    model = given_model()
    before = model.get_weights()
    cold, warm = SKLearnRegressor(model), SKLearnRegressor(model, warm_start=True)
    first, second = (cold.fit(X, X[:, 0], epochs=3).history_ for _ in range(2))
    assert set(first) == {"loss", "mae"}
    assert first["loss"] != second["loss"]
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    first, second = (warm.fit(X, X[:, 0], epochs=3).history_["loss"] for _ in range(2))
    assert warm.model_ is model
    assert second[0] < first[-1]


def test_outputs_as_features():
    transformer = SKLearnTransformer(given_model()).fit(X, X[:, :1])
    assert transformer.transform(X).shape == (60, 1)
    assert SKLearnTransformer(given_model()).fit_transform(X, X[:, :1]).shape == (60, 1)


def test_a_model_that_is_not_compiled_is_told():
    with pytest.raises(StateError, match="compile the model"):
        SKLearnRegressor(keras.Sequential([layers.Dense(1)])).fit(X, X[:, 0])
