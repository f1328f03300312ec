"""Models of Keras 2 in files: `python tests/keras_2_side.py FOLDER`, with tf_keras installed.

For each model: the file as Keras 2 writes it, the inputs and targets, what the model gives, and its weights after three
more epochs. `tests/data/keras_2.zip` is such a folder, written by tf_keras 2.21.0, so that tests need no Keras 2.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

EPOCHS = 3


def sequential(k: Any, optimizer: Any, **arguments: Any) -> Any:
    """A stack with what most have: regularizers, moving averages, a layer without weights."""
    model = k.Sequential(
        [
            k.layers.Dense(4, "tanh", input_shape=(3,), kernel_regularizer="l2"),
            k.layers.BatchNormalization(),
            k.layers.Dropout(0.0),
            k.layers.Dense(2, bias_constraint=k.constraints.MaxNorm(1.0)),
        ]
    )
    model.compile(optimizer, **{"loss": "mse", "metrics": ["mae"], **arguments})
    return model


def functional(k: Any) -> Any:
    """A graph with two inputs and outputs, a shared layer, a stack that is called often, and a model in a model."""
    first, second = k.layers.Input((3,), name="first"), k.layers.Input((3,), name="second")
    shared = k.layers.Dense(3, "relu", name="shared")
    inner = k.Sequential([k.layers.Dense(4, "elu", input_shape=(3,)), k.layers.BatchNormalization()], name="inner")
    deep = k.layers.Input((4,))
    stack = k.Sequential([k.layers.Dense(4, "selu", input_shape=(3,)), k.layers.BatchNormalization()])
    innermost = k.Model(deep, k.layers.Dense(2, "softplus")(stack(k.layers.Dense(3)(deep))), name="innermost")
    x = k.layers.Concatenate()([inner(shared(first)), inner(shared(second))])
    x = k.layers.Add()([k.layers.Dense(4)(x), k.layers.Multiply()([inner(first), inner(second)])])
    outputs = [k.layers.Dense(1, "sigmoid", name="left")(x), k.layers.Dense(2, name="right")(innermost(x))]
    model = k.Model([first, second], outputs)
    losses = {"left": "binary_crossentropy", "right": k.losses.Huber(0.5)}
    model.compile(k.optimizers.Adam(0.01), losses, loss_weights={"left": 0.5, "right": 2.0}, metrics={"left": ["acc"]})
    return model


def recurrent(k: Any) -> Any:
    """Every recurrent layer, in both directions, with masks."""
    model = k.Sequential(
        [
            k.layers.Embedding(7, 3, mask_zero=True, input_length=5),
            k.layers.Bidirectional(k.layers.LSTM(2, return_sequences=True)),
            k.layers.GRU(3, return_sequences=True),
            k.layers.GRU(2, reset_after=False, return_sequences=True, go_backwards=True),
            k.layers.Bidirectional(k.layers.GRU(2, return_sequences=True), merge_mode="sum"),
            k.layers.RNN([k.layers.LSTMCell(2), k.layers.GRUCell(3)], return_sequences=True),
            k.layers.TimeDistributed(k.layers.Dense(3, k.layers.LeakyReLU(alpha=0.1))),
            k.layers.SimpleRNN(2),
        ]
    )
    model.compile(k.optimizers.RMSprop(0.01), "mse")
    return model


def translating(k: Any) -> Any:
    """States that go from one recurrent layer to another."""
    first, second = k.layers.Input((3, 2)), k.layers.Input((None, 2))
    _, *states = k.layers.LSTM(3, return_state=True)(first)
    x = k.layers.LSTM(3, return_sequences=True)(second, initial_state=states)
    x, state = k.layers.GRU(3, return_sequences=True, return_state=True)(x, initial_state=[states[0]])
    x = k.layers.Concatenate()([k.layers.GlobalMaxPooling1D()(x), state])
    model = k.Model([first, second], k.layers.Dense(2)(x))
    model.compile("sgd", "mse")
    return model


def frozen(k: Any) -> Any:
    """A model inside some of whose layers are frozen, which moves their weights behind the others."""
    inner = k.Sequential([k.layers.Dense(3, "relu", input_shape=(4,), trainable=False), k.layers.BatchNormalization()])
    inner.add(k.layers.Dense(3))
    outer = k.Sequential([k.layers.Dense(4, "gelu", input_shape=(2,)), inner, k.layers.Dense(1, trainable=False)])
    outer.compile("adam", "mse")
    return outer


def convolutional(k: Any) -> Any:
    """Convolutions of all kinds, pooling and margins."""
    model = k.Sequential(
        [
            k.layers.Input((8, 8, 2)),
            k.layers.Rescaling(0.5),
            k.layers.ZeroPadding2D(1),
            k.layers.Conv2D(3, 3, strides=2, padding="same", use_bias=False),
            k.layers.BatchNormalization(momentum=0.9, fused=False),  # fused, its variance is that of a sample
            k.layers.LeakyReLU(alpha=0.2),
            k.layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
            k.layers.PReLU(shared_axes=[1, 2]),
            k.layers.SeparableConv2D(4, 2, activation="relu6" if hasattr(k.activations, "relu6") else "relu"),
            k.layers.Conv2DTranspose(3, 3, strides=2),
            k.layers.ReLU(max_value=6.0, negative_slope=0.1),
            k.layers.MaxPooling2D(),
            k.layers.UpSampling2D(),
            k.layers.Cropping2D(1),
            k.layers.GlobalAveragePooling2D(),
            k.layers.LayerNormalization(),
            k.layers.Dense(2, "softmax"),
        ]
    )
    model.compile(k.optimizers.SGD(0.01, momentum=0.9, nesterov=True), "categorical_crossentropy", metrics=["accuracy"])
    return model


def attentive(k: Any) -> Any:
    """Attention, normalization, permutations, and calls with arguments beyond the first."""
    inputs = k.layers.Input((4, 3), batch_size=None)
    x = k.layers.MultiHeadAttention(2, 2)(inputs, inputs, use_causal_mask=False)
    x = k.layers.LayerNormalization(epsilon=1e-5)(k.layers.add([x, inputs]))
    x = k.layers.Conv1D(3, 2, padding="causal", kernel_initializer="he_normal")(x)
    x = k.layers.Permute((2, 1))(k.layers.ELU(alpha=0.5)(x))
    x = k.layers.Reshape((12,))(k.layers.SpatialDropout1D(0.0)(k.layers.Softmax()(x)))
    x = k.layers.Dense(2, k.activations.swish, activity_regularizer=k.regularizers.L1L2(1e-3, 1e-3))(x)
    model = k.Model(inputs, k.layers.Activation("tanh")(k.layers.GaussianNoise(0.0)(x)))
    model.compile(k.optimizers.AdamW(0.01), k.losses.MeanAbsoluteError())
    return model


def optimizers(k: Any) -> dict[str, Any]:
    """Optimizers of both generations. Not the newer Nadam, whose first step is a division by zero."""
    schedule = k.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    return {
        "adam": k.optimizers.Adam(0.01, amsgrad=True, clipnorm=1.0),
        "adamw": k.optimizers.AdamW(schedule, use_ema=True),
        "adagrad": k.optimizers.Adagrad(0.01),
        "adadelta": k.optimizers.Adadelta(0.5),
        "adamax": k.optimizers.Adamax(0.01),
        "adafactor": k.optimizers.Adafactor(0.01),
        "ftrl": k.optimizers.Ftrl(0.01, l1_regularization_strength=0.01),
        "lion": k.optimizers.Lion(0.001),
        "rmsprop": k.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        "sgd": k.optimizers.SGD(0.01, momentum=0.9),
        "legacy_adam": k.optimizers.legacy.Adam(0.01, decay=1e-3),
        "legacy_sgd": k.optimizers.legacy.SGD(0.01, momentum=0.9, nesterov=True),
        "legacy_rmsprop": k.optimizers.legacy.RMSprop(0.01, momentum=0.5),
        "legacy_adagrad": k.optimizers.legacy.Adagrad(0.01),
        "legacy_adamax": k.optimizers.legacy.Adamax(0.01),
        "legacy_nadam": k.optimizers.legacy.Nadam(0.01),
        "legacy_ftrl": k.optimizers.legacy.Ftrl(0.01),
        "legacy_adadelta": k.optimizers.legacy.Adadelta(0.5),
    }


def models(k: Any) -> Iterator[tuple[str, Any]]:
    """Every model, compiled, by name."""
    for make in (functional, recurrent, translating, frozen, convolutional, attentive):
        yield make.__name__, make(k)
    for name, optimizer in optimizers(k).items():
        yield f"optimizer_{name}", sequential(k, optimizer)


def data_for(model: Any, random: np.random.Generator) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Inputs and targets; whole numbers where there is an embedding."""
    shapes = [tuple(size or 3 for size in x.shape[1:]) for x in model.inputs]
    if type(model.layers[0]).__name__ == "Embedding":
        inputs = [random.integers(0, 7, (8, *shape)).astype("int32") for shape in shapes]
    else:
        inputs = [random.normal(size=(8, *shape)).astype("float32") for shape in shapes]
    targets = [np.eye(x.shape[-1], dtype="float32")[random.integers(0, x.shape[-1], 8)] for x in model.outputs]
    return inputs, targets


def one_or_all(arrays: list[np.ndarray]) -> Any:
    """What a model with one input takes."""
    return arrays[0] if len(arrays) == 1 else arrays


def train(model: Any, inputs: list[np.ndarray], targets: list[np.ndarray], epochs: int) -> None:
    """Some epochs whose batches are always the same."""
    model.fit(one_or_all(inputs), one_or_all(targets), batch_size=4, epochs=epochs, shuffle=False, verbose=0)


def main(folder: Path) -> None:
    k: Any = importlib.import_module("tf_keras")

    warnings.simplefilter("ignore")
    for name, model in models(k):
        random = np.random.default_rng(0)
        for weight in model.weights:
            weight.assign(random.uniform(0.1, 0.5, weight.shape) * random.choice([-1.0, 1.0], weight.shape))
            if "variance" in weight.name:
                weight.assign(abs(weight))
        inputs, targets = data_for(model, random)
        train(model, inputs, targets, 1)
        model.save(folder / f"{name}.h5")
        if not name.startswith("optimizer"):
            model.save_weights(folder / f"{name}.weights_alone.h5")
        outputs = model.predict(one_or_all(inputs), verbose=0)
        before = model.get_weights()
        train(model, inputs, targets, EPOCHS)
        changed = [abs(a - b).max() > 1e-4 for a, b in zip(before, model.get_weights(), strict=True)]
        if sum(changed) < 0.5 * len(changed):
            raise ValueError(
                f"{name}: most of its weights should change in training; only {sum(changed)} of {len(changed)} did."
            )
        arrays = {"input": inputs, "target": targets, "output": outputs if isinstance(outputs, list) else [outputs]}
        arrays["weight"] = [weight.numpy() for layer in model.layers for weight in layer.weights]
        numbered = {f"{kind}_{i:02d}": x for kind, found in arrays.items() for i, x in enumerate(found)}
        np.savez_compressed(folder / f"{name}.npz", **numbered)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
