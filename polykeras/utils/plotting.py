"""Pictures of models: through Graphviz where it is installed, and as SVG where it is not."""

from __future__ import annotations

import importlib.util
import re
import shutil
import warnings
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from ..errors import ArgumentError
from ..optional import need
from .diagram import Diagram, Options, diagram_of
from .style import GROUP, TRAINED, UNTRAINED, color_of
from .svg import svg_of


class Picture:
    """A file with a picture, which notebooks show.

    Args:
        path: The file.
    """

    def __init__(self, path: Path):
        self.path = path

    def __repr__(self) -> str:
        return f"<picture in {self.path}>"

    def _repr_svg_(self) -> str | None:
        return self.path.read_text("utf-8") if self.path.suffix == ".svg" else None

    def _repr_png_(self) -> bytes | None:
        return self.path.read_bytes() if self.path.suffix == ".png" else None


def plot_model(
    model: Any,
    to_file: str | Path = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Picture:
    """Draw the layers of a model and how they are connected into a file.

    Graphviz and pydot draw it where both are installed. Where they are not, the file is an SVG, which every browser
    shows: if another kind was asked for, it gets the suffix .svg, and a warning says so.

    Args:
        model: The model, which has to be built.
        to_file: The file.
        show_shapes: Whether shapes of inputs and outputs are shown.
        show_dtype: Whether dtypes of outputs are shown.
        show_layer_names: Whether names of layers are shown.
        rankdir: The direction: "TB" from top to bottom, "BT", "LR" from left to right, or "RL".
        expand_nested: Whether models in the model are shown inside.
        dpi: How many dots an inch has; an SVG has its natural size with 200.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.
        splines: How arrows are drawn: "ortho" in right angles, "curved", "line", or others that Graphviz knows.
        **kwargs: None are known.

    Returns:
        The picture, which a notebook shows.

    >>> import tempfile
    >>> from polykeras import Sequential, layers
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> plot_model(model, Path(tempfile.mkdtemp(), "model.svg")).path.name
    'model.svg'
    """
    _refuse(kwargs, "plot_model")
    options = Options(
        *(show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi),
        *(show_layer_activations, show_trainable, splines),
    )
    path = Path(to_file)
    kind = path.suffix.removeprefix(".")
    if not kind:
        raise ArgumentError(f"plot_model: expected to_file to end in .svg, .png or the like; got {str(to_file)!r}.")
    diagram = diagram_of(model, options)
    if importlib.util.find_spec("pydot") and shutil.which("dot"):
        _dot(diagram, options).write(str(path), format=kind)
        return Picture(path)
    if kind != "svg":
        path = path.with_suffix(".svg")
        warnings.warn(
            f"plot_model: a file {kind.upper()} needs Graphviz (https://graphviz.org/download) and pydot (pip install "
            f"'polykeras[plots]'). The picture is an SVG instead, in {path}.",
            stacklevel=2,
        )
    path.write_text(svg_of(diagram, options), "utf-8")
    return Picture(path)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """The layers of a model and how they are connected, in the language of Graphviz.

    Args:
        model: The model, which has to be built.
        show_shapes: Whether shapes of inputs and outputs are shown.
        show_dtype: Whether dtypes of outputs are shown.
        show_layer_names: Whether names of layers are shown.
        rankdir: The direction: "TB" from top to bottom, "BT", "LR" from left to right, or "RL".
        expand_nested: Whether models in the model are shown inside.
        dpi: How many dots an inch has.
        subgraph: Whether it becomes a part of a larger graph.
        show_layer_activations: Whether activations are shown.
        show_trainable: Whether it is shown which layers are trained.
        splines: How Graphviz draws arrows.
        **kwargs: None are known.

    Returns:
        A `pydot.Dot`, or a `pydot.Cluster` as a part.
    """
    _refuse(kwargs, "model_to_dot")
    options = Options(
        *(show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi),
        *(show_layer_activations, show_trainable, splines),
    )
    diagram = diagram_of(model, options)
    if not subgraph:
        return _dot(diagram, options)
    cluster = _cluster(model.name, model.name)
    _fill(cluster, cluster, diagram, model.name)
    return cluster


def _refuse(unknown: dict[str, Any], name: str) -> None:
    if unknown:
        raise ArgumentError(f"{name}: unknown arguments {', '.join(unknown)}.")


# For Graphviz ----------------------------------------------------------------------------------------------


def _dot(diagram: Diagram, options: Options) -> Any:
    pydot = need("pydot", "plots")
    dot = pydot.Dot(graph_type="digraph", rankdir=options.rankdir, dpi=options.dpi, splines=options.splines)
    dot.set_node_defaults(shape="plain", fontname="Helvetica")
    dot.set_edge_defaults(color="#4b5563", penwidth="1.5", arrowsize="0.8")
    _fill(dot, dot, diagram, "box")
    return dot


def _cluster(name: str, caption: str) -> Any:
    pydot = need("pydot", "plots")
    return pydot.Cluster(
        re.sub(r"\W", "_", name), label=_quoted(caption), style="dashed", color=GROUP, fontcolor=GROUP, labeljust="l"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fill(graph: Any, root: Any, diagram: Diagram, prefix: str) -> tuple[list[str], list[str]]:
    """Add boxes and arrows to a graph, and return the names of the boxes of its inputs and outputs."""
    pydot = need("pydot", "plots")
    entries, exits = [], []
    for number, box in enumerate(diagram.boxes):
        name = f"{prefix}_{number}"
        if box.inner is None:
            graph.add_node(pydot.Node(_quoted(name), label=_label(box)))
            entries.append([name])
            exits.append([name])
            continue
        cluster = _cluster(name, f"{box.name} ({box.kind})" if box.name else box.kind)
        begins, ends = _fill(cluster, root, box.inner, name)
        graph.add_subgraph(cluster)
        entries.append(begins)
        exits.append(ends)
    for arrow in diagram.arrows:
        source, target = exits[arrow.source], entries[arrow.target]
        one, other = source[min(arrow.leaves, len(source) - 1)], target[min(arrow.enters, len(target) - 1)]
        root.add_edge(pydot.Edge(_quoted(one), _quoted(other)))
    return [x for i in diagram.entries for x in entries[i][:1]], [x for i in diagram.exits for x in exits[i][:1]]


def _label(box: Any) -> str:
    """A box as a table, in the HTML of Graphviz."""
    title = f"<b>{escape(box.name)}</b> ({escape(box.kind)})" if box.name else f"<b>{escape(box.kind)}</b>"
    color = color_of(box.operation)
    rows = [f'<tr><td bgcolor="{color}"><font color="white">{title}</font></td></tr>']
    rows += [f"<tr><td>{escape(label)}: <b>{escape(value)}</b></td></tr>" for label, value in box.facts]
    if box.is_trained is not None:
        color, text = (TRAINED, "Trainable") if box.is_trained else (UNTRAINED, "Non-trainable")
        rows.append(f'<tr><td><font color="{color}"><b>{text}</b></font></td></tr>')
    return f'<<table border="0" cellborder="1" cellspacing="0" cellpadding="6">{"".join(rows)}</table>>'
