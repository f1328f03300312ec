"""Pictures of models: what they show, and that nothing in them lies on something else."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import polykeras as keras
from polykeras import layers, ops
from polykeras.errors import ArgumentError, StateError
from polykeras.utils import model_to_dot, plot_model, plotting
from polykeras.utils.arrangement import Link, arrange

SVG = "{http://www.w3.org/2000/svg}"
EVERYTHING = dict.fromkeys(
    ["show_shapes", "show_dtype", "show_layer_names", "expand_nested", "show_layer_activations", "show_trainable"], True
)


@pytest.fixture(autouse=True)
def without_graphviz(monkeypatch):
    monkeypatch.setattr(plotting.shutil, "which", lambda name: None)


def nested() -> keras.Model:
    """Several inputs, a shared layer, an op, and two models in the model, one with two inputs and two outputs."""
    left, right = layers.Input((8,), name="left"), layers.Input((8,), name="right")
    both = layers.Concatenate(name="both")([left, right])
    inner = keras.Model([left, right], [layers.Dense(4, "tanh")(both), layers.Dense(2)(both)], name="inner")
    stack = keras.Sequential([layers.Input((8,)), layers.Dense(8, "relu"), layers.Dropout(0.5)], name="stack")
    stack.trainable = False
    one, other = layers.Input((8,), name="one"), layers.Input((8,), name="<other> & more")
    shared = layers.Dense(8, name="shared")
    first, second = inner([shared(one), stack(shared(other))])
    return keras.Model([one, other], [first, ops.relu(second) + layers.Softmax()(second)])


def drawn(model, tmp_path, **options) -> ElementTree.Element:
    return ElementTree.fromstring(plot_model(model, tmp_path / "model.svg", **options).path.read_text())


def texts(root) -> list[str]:
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def cards(root) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of each layer."""
    found = []
    for group in root.iter(f"{SVG}g"):
        x, y = map(float, re.findall(r"[-\d.]+", group.get("transform")))
        rect = group.find(f"{SVG}rect")
        found.append((x, y, x + float(rect.get("width")), y + float(rect.get("height"))))
    return found


def heads(root) -> list[tuple[float, float]]:
    """Where the points of arrows are."""
    paths = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    return [tuple(map(float, re.findall(r"[-\d.]+", path.get("d"))[-2:])) for path in paths]  # type: ignore[misc]


def test_a_picture_shows_what_it_is_asked_for(tmp_path):
    shown = texts(drawn(nested(), tmp_path))
    assert "Dense" in shown
    assert "Functional" in shown
    assert len(shown) == 8
    shown = texts(drawn(nested(), tmp_path, **EVERYTHING))
    assert {"shared (Dense)", "<other> & more (InputLayer)", "inner (Functional)", "stack (Sequential)"} <= set(shown)
    assert {"Activation: tanh", "Input shape: (None, 8), (None, 8)", "Output dtype: float32"} <= set(shown)
    assert (shown.count("Trainable"), shown.count("Non-trainable")) == (3, 1)
    assert "Output shape: (None, 8)" in texts(drawn(nested(), tmp_path, show_shapes=True))
    assert "Non-trainable" in texts(drawn(nested(), tmp_path, show_trainable=True))
    assert texts(drawn(keras.Sequential([layers.Input((2,)), layers.Dense(1)]), tmp_path)) == ["Dense"]


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("splines", ["ortho", "curved", "line"])
def test_no_layer_lies_on_another_and_every_arrow_ends_at_one(rankdir, splines, tmp_path):
    root = drawn(nested(), tmp_path, rankdir=rankdir, splines=splines, **EVERYTHING)
    width, height = map(float, root.get("viewBox").split()[2:])
    boxes, points = cards(root), heads(root)
    for left, top, right, bottom in boxes:
        assert 0 < left < right < width
        assert 0 < top < bottom < height
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    side = {"TB": 1, "BT": 3, "LR": 0, "RL": 2}[rankdir]
    for point in points:
        assert any(
            abs(point[side % 2] - box[side]) < 0.2 and box[1 - side % 2] < point[1 - side % 2] < box[3 - side % 2]
            for box in boxes
        )
    assert len(points) == 14


def test_the_first_rank_is_where_the_direction_begins(tmp_path):
    model = keras.Sequential([layers.Input((2,)), layers.Dense(1), layers.ReLU()])
    places = {rankdir: cards(drawn(model, tmp_path, rankdir=rankdir)) for rankdir in ("TB", "BT", "LR", "RL")}
    assert places["TB"][0][3] < places["TB"][1][1]
    assert places["BT"][0][1] > places["BT"][1][3]
    assert places["LR"][0][2] < places["LR"][1][0]
    assert places["RL"][0][0] > places["RL"][1][2]


def test_dots_per_inch_scale_the_picture(tmp_path):
    small, large = (drawn(nested(), tmp_path, dpi=dpi) for dpi in (100, 400))
    assert small.get("viewBox") == large.get("viewBox")
    assert float(large.get("width")) == pytest.approx(4 * float(small.get("width")), abs=4)  # whole numbers


def test_layers_that_are_used_on_what_they_gave_have_arrows_back(tmp_path):
    x, dense = layers.Input((2,)), layers.Dense(2)
    root = drawn(keras.Model(x, dense(layers.ReLU()(dense(dense(x))))), tmp_path)
    dashed = [path for path in root.iter(f"{SVG}path") if path.get("stroke-dasharray")]
    assert len(dashed) == 2
    assert len(cards(root)) == 3


def test_arrows_of_a_chain_are_straight_and_those_of_a_ladder_do_not_cross():
    chain = arrange([50, 90, 20], [Link(0, 1), Link(1, 2)])
    assert chain.ranks == [[0], [1], [2]]
    assert max(chain.x) - min(chain.x) < 1e-9
    crossed = arrange([50] * 6, [Link(0, 5), Link(1, 4), Link(2, 3)])
    order = [sorted(row, key=lambda box: crossed.x[box]) for row in crossed.ranks]
    assert order[0] == [{5: 0, 4: 1, 3: 2}[box] for box in order[1]]
    skipping = arrange([50] * 3, [Link(0, 1), Link(1, 2), Link(0, 2)])
    assert abs(skipping.ways[2][0] - skipping.x[1]) >= 50 / 2
    assert arrange([10], []).ranks == [[0]]


def test_without_graphviz_a_picture_is_an_svg(tmp_path):
    with pytest.warns(UserWarning, match=r"a file PNG needs Graphviz.*The picture is an SVG instead"):
        picture = plot_model(nested(), tmp_path / "model.png")
    assert picture.path == tmp_path / "model.svg"
    assert picture._repr_svg_().startswith("<svg")
    assert picture._repr_png_() is None


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="mine")
        self.dense = layers.Dense(1)

    def call(self, inputs):
        return self.dense(inputs)


def test_a_model_that_is_no_graph_is_one_box(tmp_path):
    model = Subclassed()
    with pytest.raises(StateError, match="plot_model: mine has not been built"):
        plot_model(model, tmp_path / "model.svg")
    model(np.ones((1, 2), "float32"))
    assert texts(drawn(model, tmp_path, show_layer_names=True, show_shapes=True)) == [
        "mine (Subclassed)", "Input shape: ?", "Output shape: ?"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rankdir": "UP"}, "expected rankdir to be one of TB, BT, LR, RL; got 'UP'"),
        ({"dpi": 0}, "expected dpi to be a number above 0; got 0"),
        ({"to_file": "model"}, "expected to_file to end in .svg"),
        ({"layer_range": ["a", "b"]}, "unknown arguments layer_range"),
    ],
)
def test_wrong_arguments(arguments, words):
    with pytest.raises(ArgumentError, match=words):
        plot_model(nested(), **arguments)
    with pytest.raises(ArgumentError, match="expected a model; got 3"):
        plot_model(3)


def test_the_language_of_graphviz():
    pydot = pytest.importorskip("pydot")
    dot = model_to_dot(nested(), **EVERYTHING, rankdir="LR", dpi=100)
    assert isinstance(dot, pydot.Dot)
    text = dot.to_string()
    assert len(dot.get_edges()) == 14
    assert {graph.get_name() for graph in dot.get_subgraphs()} == {"cluster_box_3", "cluster_box_4"}
    for word in ("rankdir=LR", "dpi=100", "&lt;other&gt; &amp; more", "<b>tanh</b>", "Non-trainable", "(None, 8)"):
        assert word in text
    assert isinstance(model_to_dot(nested(), subgraph=True), pydot.Cluster)


def test_graphviz_draws_where_it_is_installed(tmp_path, monkeypatch):
    pydot = pytest.importorskip("pydot")
    asked = []
    monkeypatch.setattr(plotting.shutil, "which", lambda name: f"/bin/{name}")
    monkeypatch.setattr(pydot.Dot, "write", lambda dot, path, format: asked.append((path, format)))
    assert plot_model(nested(), tmp_path / "model.png").path == tmp_path / "model.png"
    assert asked == [(str(tmp_path / "model.png"), "png")]
