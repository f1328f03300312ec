"""Models that nobody thought of: graphs of layers drawn at random, as code that builds and trains them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

import polykeras as keras
from polykeras import layers

from .ledger import LEDGER

Draw = Callable[[Any], Any]
Sizes = tuple[int, ...]

ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus", "softsign", "selu", "linear")
WIDTHS = st.integers(1, 4)
JOINS = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
MOST_LAYERS = 6


@dataclass(frozen=True)
class Kind:
    """A kind of layer: what inputs it takes, and its arguments as code."""

    name: str
    ranks: tuple[int, ...]
    """The numbers of axes that it takes, without that of the batch."""
    arguments: Callable[[Draw], str] = lambda draw: ""
    smallest: int = 1
    """How long every axis but the last has to be."""
    calls: str = "{layer}({x})"


def _activation(draw: Draw) -> str:
    return f"activation={draw(st.sampled_from(ACTIVATIONS))!r}"


def _dense(draw: Draw) -> str:
    bias = "" if draw(st.booleans()) else ", use_bias=False"
    return f"{draw(WIDTHS)}, {_activation(draw)}{bias}"


def _rate(draw: Draw) -> str:
    return f"{draw(st.sampled_from((0.25, 0.5)))}, seed={draw(st.integers(0, 99))}"


def _recurrent(draw: Draw) -> str:
    sequences = ", return_sequences=True" if draw(st.booleans()) else ""
    return f"{draw(WIDTHS)}{sequences}{', go_backwards=True' if draw(st.booleans()) else ''}"


def _convolution(draw: Draw) -> str:
    stride = draw(st.integers(1, 2))
    moving = f", strides={stride}" if stride > 1 else f", dilation_rate={draw(st.integers(1, 2))}"
    return f"{draw(WIDTHS)}, {draw(st.integers(1, 3))}, padding='same', {_activation(draw)}{moving}"


def _transposed(draw: Draw) -> str:
    return f"{draw(WIDTHS)}, {draw(st.integers(1, 3))}, padding='same', strides={draw(st.integers(1, 2))}"


def _depthwise(draw: Draw) -> str:
    return f"{draw(st.integers(1, 3))}, padding='same', depth_multiplier={draw(st.integers(1, 2))}"


def _pooling(draw: Draw) -> str:
    return f"2, strides={draw(st.integers(1, 2))}, padding={draw(st.sampled_from(('same', 'valid')))!r}"


def _heads(draw: Draw) -> str:
    return f"{draw(st.integers(1, 2))}, {draw(WIDTHS)}"


KINDS = [
    Kind("Dense", (1, 2, 3), _dense),
    Kind("Activation", (1, 2, 3), lambda draw: repr(draw(st.sampled_from(ACTIVATIONS)))),
    Kind("LeakyReLU", (1, 2, 3), lambda draw: "0.2"),
    Kind("ELU", (1, 2, 3)),
    Kind("PReLU", (1, 2, 3)),
    Kind("Softmax", (1, 2, 3)),
    Kind("LayerNormalization", (1, 2, 3)),
    Kind("RMSNormalization", (1, 2, 3)),
    Kind("UnitNormalization", (1, 2, 3)),
    Kind("BatchNormalization", (1, 2, 3)),
    Kind("GroupNormalization", (2, 3), lambda draw: "1"),
    Kind("Dropout", (1, 2, 3), _rate),
    Kind("GaussianNoise", (1, 2, 3), _rate),
    Kind("GaussianDropout", (1, 2, 3), _rate),
    Kind("AlphaDropout", (1, 2, 3), _rate),
    Kind("SpatialDropout1D", (2,), _rate),
    Kind("SpatialDropout2D", (3,), _rate),
    Kind("ActivityRegularization", (1, 2, 3), lambda draw: "l2=0.01"),
    Kind("RepeatVector", (1,), lambda draw: str(draw(WIDTHS))),
    Kind("Flatten", (2, 3)),
    Kind("Permute", (2,), lambda draw: "(2, 1)"),
    Kind("Permute", (3,), lambda draw: "(3, 1, 2)"),
    Kind("Masking", (2,)),
    Kind("SimpleRNN", (2,), _recurrent),
    Kind("LSTM", (2,), _recurrent),
    Kind("GRU", (2,), _recurrent),
    Kind("Bidirectional", (2,), lambda draw: f"layers.GRU({draw(WIDTHS)})"),
    Kind("TimeDistributed", (2, 3), lambda draw: f"layers.Dense({_dense(draw)})"),
    Kind("MultiHeadAttention", (2,), _heads, calls="{layer}({x}, {x})"),
    Kind("EinsumDense", (2,), lambda draw: f"'btf,fg->btg', (None, {draw(WIDTHS)}), bias_axes='g'"),
    Kind("Conv1D", (2,), _convolution),
    Kind("SeparableConv1D", (2,), lambda draw: f"{draw(WIDTHS)}, 2, padding='same'"),
    Kind("DepthwiseConv1D", (2,), _depthwise),
    Kind("Conv1DTranspose", (2,), _transposed),
    Kind("MaxPooling1D", (2,), _pooling, smallest=2),
    Kind("AveragePooling1D", (2,), _pooling, smallest=2),
    Kind("GlobalMaxPooling1D", (2,)),
    Kind("GlobalAveragePooling1D", (2,)),
    Kind("UpSampling1D", (2,)),
    Kind("ZeroPadding1D", (2,)),
    Kind("Cropping1D", (2,), smallest=3),
    Kind("Conv2D", (3,), _convolution),
    Kind("SeparableConv2D", (3,), lambda draw: f"{draw(WIDTHS)}, 2, padding='same'"),
    Kind("DepthwiseConv2D", (3,), _depthwise),
    Kind("Conv2DTranspose", (3,), _transposed),
    Kind("MaxPooling2D", (3,), _pooling, smallest=2),
    Kind("AveragePooling2D", (3,), _pooling, smallest=2),
    Kind("GlobalMaxPooling2D", (3,)),
    Kind("GlobalAveragePooling2D", (3,)),
    Kind("UpSampling2D", (3,)),
    Kind("ZeroPadding2D", (3,)),
    Kind("Cropping2D", (3,), smallest=3),
]
OPTIMIZERS = (
    "SGD(0.05)",
    "SGD(0.05, momentum=0.9, nesterov=True)",
    "Adam(0.01)",
    "AdamW(0.01)",
    "RMSprop(0.01)",
    "Adagrad(0.05)",
    "Adamax(0.01)",
    "Nadam(0.01)",
    "Lion(0.001)",
    "Adam(0.01, clipnorm=1.0)",
)
LOSSES = {
    "mse": "None",
    "mae": "None",
    "huber": "'tanh'",
    "log_cosh": "None",
    "binary_crossentropy": "'sigmoid'",
    "sparse_categorical_crossentropy": "'softmax'",
}


@dataclass(frozen=True)
class Recipe:
    """A model as code, with data for it."""

    body: tuple[str, ...]
    """The lines of the function that makes the model."""
    data: tuple[str, ...]
    """The lines that make x and y."""
    dtype: str
    seed: int

    def __repr__(self) -> str:
        return f"<a model of {len(self.body)} lines>"

    def code(self, *backends: str) -> str:
        """Code that builds the model and compares backends, as a program of its own."""
        lines = [
            "import numpy as np",
            "",
            "import polykeras as keras",
            "from polykeras import layers",
            "from polykeras.testing import assert_trains_alike, diff",
            "",
            f"keras.config.set_floatx({self.dtype!r})",
            f"random = np.random.Generator(np.random.Philox({self.seed}))",
            *self.data,
            "",
            "",
            "def make():",
            *(f"    {line}" for line in self.body),
            "",
            "",
            f"keras.set_random_seed({self.seed})",
            f"print(diff(make(), x, y, backends={list(backends)}))",
            f"assert_trains_alike(make, (x, y), steps={STEPS}, backends={list(backends)}, seed={self.seed})",
        ]
        return "\n".join(lines)

    def made(self) -> dict[str, Any]:
        """What the code defines: `make`, `x` and `y`. Floats are of the dtype that is set."""
        lines = ["import numpy as np", "import polykeras as keras", "from polykeras import layers"]
        lines += [f"random = np.random.Generator(np.random.Philox({self.seed}))", *self.data]
        lines += ["def make():", *(f"    {line}" for line in self.body)]
        names: dict[str, Any] = {}
        exec("\n".join(lines), names)
        return names


STEPS = 3
BATCH = 4


class _Building:
    """A model that is being drawn: its lines, and what each variable of the code is."""

    def __init__(self, draw: Draw):
        self.draw = draw
        self.lines: list[str] = []
        self.values: list[tuple[str, Any]] = []
        self.used: set[str] = set()
        self._layers: list[tuple[str, Any, Sizes, str]] = []

    def start(self, number: int) -> str:
        """Draw an input; the line that makes data for it."""
        name = f"x{number}"
        sort = self.draw(st.sampled_from(("vector", "sequence", "image", "words")))
        length = self.draw(st.integers(2, 4))
        shape = {"vector": (3,), "sequence": (length, 2), "image": (length, length, 2), "words": (length,)}[sort]
        if sort != "words":
            self.lines.append(f"{name} = layers.Input({shape})")
            self.values.append((name, layers.Input(shape)))
            return f"random.normal(size={(BATCH, *shape)}).astype(keras.config.floatx())"
        masks = self.draw(st.booleans())
        width = self.draw(WIDTHS)
        self.lines.append(f"{name} = layers.Input({shape}, dtype='int32')")
        self.lines.append(f"{name}e = layers.Embedding(6, {width}, mask_zero={masks})({name})")
        self.values.append((f"{name}e", layers.Embedding(6, width)(layers.Input(shape, dtype="int32"))))
        return f"random.integers(0, 6, {(BATCH, *shape)}).astype('int32')"

    def grow(self) -> None:
        """Draw one more layer: a new one, one that is there already, or one that joins two."""
        name, x = self.draw(st.sampled_from(self.values))
        shape = x.shape[1:]
        again = [found for found in self._layers if found[2] == shape]
        partners = [other for other in self.values if _joins(other[1].shape[1:], shape) and other[0] != name]
        ways = ["new", "new", *(["again"] if again else []), *(["join", "join"] if partners else [])]
        way = self.draw(st.sampled_from(ways))
        if way == "again":
            layer, made, _, calls = self.draw(st.sampled_from(again))
            self._add(calls.format(layer=layer, x=name), _called(calls, made, x), [name])
        elif way == "join":
            other, y = self.draw(st.sampled_from(partners))
            join = self.draw(st.sampled_from(JOINS if y.shape[1:] == shape else ("Concatenate",)))
            self._add(f"layers.{join}()([{name}, {other}])", getattr(layers, join)()([x, y]), [name, other])
        else:
            self._new(name, x)

    def _new(self, name: str, x: Any) -> None:
        shape = x.shape[1:]
        fitting = [k for k in KINDS if len(shape) in k.ranks and all(size >= k.smallest for size in shape[:-1])]
        kind = self.draw(st.sampled_from(fitting))
        code = f"layers.{kind.name}({kind.arguments(self.draw)})"
        layer = f"layer{len(self._layers)}"
        made = eval(code, {"layers": layers})
        self.lines.append(f"{layer} = {code}")
        self._layers.append((layer, made, shape, kind.calls))
        self._add(kind.calls.format(layer=layer, x=name), _called(kind.calls, made, x), [name])

    def _add(self, code: str, result: Any, sources: list[str]) -> None:
        variable = f"v{len(self.values)}"
        self.lines.append(f"{variable} = {code}")
        self.values.append((variable, result))
        self.used.update(sources)

    def end(self, units: int, activation: str) -> None:
        """Lead everything that leads nowhere yet to one output."""
        ends = []
        for name, x in [value for value in self.values if value[0] not in self.used]:
            ends.append(name if len(x.shape) == 2 else f"layers.Flatten()({name})")
        joined = ends[0] if len(ends) == 1 else f"layers.Concatenate()([{', '.join(ends)}])"
        self.lines.append(f"y = layers.Dense({units}, activation={activation})({joined})")


def _called(calls: str, layer: Any, x: Any) -> Any:
    """What a layer makes of a Spec, called as the code says."""
    return eval(calls.format(layer="layer", x="x"), {"layer": layer, "x": x})


def _joins(one: Sizes, other: Sizes) -> bool:
    """Whether two arrays can be joined: they differ in the last axis at most."""
    return len(one) == len(other) and one[:-1] == other[:-1]


@st.composite
def recipes(draw: Any) -> Recipe:
    """Valid models of a few layers, with branches, joins and shared layers; losses, optimizers and data.

    Returns:
        The strategy.
    """
    building = _Building(draw)
    inputs = draw(st.integers(1, 2))
    sources = [building.start(number) for number in range(inputs)]
    for _ in range(draw(st.integers(1, MOST_LAYERS))):
        building.grow()
    loss = draw(st.sampled_from(tuple(LOSSES)))
    units, seed = draw(WIDTHS), draw(st.integers(0, 999))
    building.end(units, LOSSES[loss])
    names = [f"x{number}" for number in range(inputs)]
    building.lines.append(f"model = keras.Model([{', '.join(names)}], y)")
    building.lines.append(f"model.compile(keras.optimizers.{draw(st.sampled_from(OPTIMIZERS))}, {loss!r})")
    building.lines.append("return model")
    if loss == "sparse_categorical_crossentropy":
        target = f"y = random.integers(0, {units}, {(BATCH,)}).astype('int32')"
    else:
        target = f"y = random.uniform(size={(BATCH, units)}).astype(keras.config.floatx())"
    data = (f"x = [{', '.join(sources)}]", target)
    return Recipe(tuple(building.lines), data, draw(st.sampled_from(("float64", "float32"))), seed)


def check(recipe: Recipe, backend: str, reference: str, by_layers: bool) -> None:
    """Some compiled steps of training, and one that is looked at layer by layer, beside those of the reference.

    Args:
        recipe: The model.
        backend: The name of the backend.
        reference: The name of the one that it is held against.
        by_layers: Whether to look at each layer by itself also where the training agrees.
    """
    from polykeras.testing import assert_trains_alike, diff

    before = keras.config.floatx()
    keras.config.set_floatx(recipe.dtype)
    try:
        LEDGER.announce(recipe.code(reference, backend))
        names = recipe.made()
        if by_layers:
            keras.set_random_seed(recipe.seed)
            found = diff(names["make"](), names["x"], names["y"], backends=[reference, backend])
            if not found.agree:
                raise AssertionError(str(found))
        data = (names["x"], names["y"])
        assert_trains_alike(names["make"], data, STEPS, backends=[backend], seed=recipe.seed)
    except Exception as error:
        program = recipe.code(reference, backend)
        raise AssertionError(
            f"{type(error).__name__}: {error}\n\nThe smallest model that shows it:\n\n{program}"
        ) from error
    finally:
        keras.config.set_floatx(before)
