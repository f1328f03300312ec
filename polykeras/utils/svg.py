"""Diagrams of models as SVG: one file that needs nothing else to be looked at."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from xml.sax.saxutils import escape

from .arrangement import Arrangement, Link, arrange
from .diagram import Box, Diagram, Options
from .style import BACKGROUND, FONT, GROUP, INK, LINE, MUTED, TINT, TRAINED, UNTRAINED, color_of, text_width

Point = tuple[float, float]

MARGIN, PADDING, LINE_HEIGHT, HEADER = 20.0, 12.0, 18.0, 28.0
FRAME, CAPTION = 16.0, 26.0
"""The room between a frame and what is in it, and for what is written into the frame."""
GAP, TRACK, RADIUS = 30.0, 11.0, 7.0
"""The room between ranks, for each arrow that goes sideways there, and the radius of its corners."""
NATURAL_DPI = 200


def svg_of(diagram: Diagram, options: Options) -> str:
    """A diagram as SVG.

    Args:
        diagram: Boxes and arrows.
        options: How it is laid out.

    Returns:
        The text of the file.
    """
    scene = _Scene(diagram, options, is_nested=False)
    width, height = scene.across + 2 * MARGIN, scene.along + 2 * MARGIN
    if options.rankdir in ("LR", "RL"):
        width, height = height, width
    body = scene.draw(_View(options.rankdir, scene.along), MARGIN + scene.across / 2, MARGIN)
    scale = options.dpi / NATURAL_DPI
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width * scale:.0f}" height="{height * scale:.0f}" font-family="{FONT}" font-size="13">',
            f'<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto-start-reverse"><path d="M0 0.8 L10 5 L0 9.2 Z" fill="{LINE}"/></marker></defs>',
            f'<rect width="100%" height="100%" fill="{BACKGROUND}"/>',
            *body,
            "</svg>\n",
        ]
    )


@dataclass(frozen=True)
class _View:
    """How places along and across the direction of the diagram become places in the picture."""

    rankdir: str
    along: float

    @property
    def is_upright(self) -> bool:
        """Whether ranks lie above each other."""
        return self.rankdir in ("TB", "BT")

    def at(self, across: float, along: float) -> Point:
        """The place in the picture."""
        if self.rankdir in ("BT", "RL"):
            along = 2 * MARGIN + self.along - along
        return (across, along) if self.is_upright else (along, across)

    def corner(self, across: float, along: float, width: float, height: float) -> Point:
        """The upper left corner of a rectangle, given the middle of the side at which arrows come in."""
        x, y = self.at(across, along + (height if self.is_upright else width) / 2)
        return x - width / 2, y - height / 2


class _Card:
    """A box of a single layer."""

    def __init__(self, box: Box, options: Options):
        self._box = box
        self._header = f"{box.name} ({box.kind})" if box.name else box.kind
        status = [] if box.is_trained is None else [("Trainable" if box.is_trained else "Non-trainable", "")]
        self._lines = [(f"{label}: ", value) for label, value in box.facts]
        widths = [text_width(label) + text_width(value, bold=True) for label, value in [*self._lines, *status]]
        self.width = max([110.0, text_width(self._header, bold=True) + 2 * PADDING, *(w + 2 * PADDING for w in widths)])
        lines = len(self._lines) + len(status)
        self.height = HEADER + (lines * LINE_HEIGHT + 10 if lines else 0)
        is_upright = options.rankdir in ("TB", "BT")
        self.across, self.along = (self.width, self.height) if is_upright else (self.height, self.width)
        self.entries = self.exits = [0.0]
        self.ends_arrows = True

    def draw(self, view: _View, across: float, along: float) -> list[str]:
        """The elements of the picture, given the middle of the side at which arrows come in."""
        x, y = view.corner(across, along, self.width, self.height)
        color, height = color_of(self._box.operation), self.height
        cap = f"M0 {HEADER} V6 Q0 0 6 0 H{self.width - 6:.1f} Q{self.width:.1f} 0 {self.width:.1f} 6 V{HEADER} Z"
        parts = [
            f'<g transform="translate({x:.1f} {y:.1f})">',
            f'<rect width="{self.width:.1f}" height="{height:.1f}" rx="6" fill="{BACKGROUND}"/>',
            f'<path d="{cap}" fill="{color}"/>'
            if height > HEADER
            else f'<rect width="{self.width:.1f}" height="{height:.1f}" rx="6" fill="{color}"/>',
            f'<rect width="{self.width:.1f}" height="{height:.1f}" rx="6" fill="none" stroke="{color}"/>',
            f'<text x="{self.width / 2:.1f}" y="19" text-anchor="middle" font-weight="bold" fill="{BACKGROUND}">'
            f"{escape(self._header)}</text>",
        ]
        baseline = HEADER + LINE_HEIGHT
        for label, value in self._lines:
            parts.append(
                f'<text x="{PADDING}" y="{baseline:.1f}" fill="{MUTED}" xml:space="preserve">{escape(label)}'
                f'<tspan fill="{INK}" font-weight="bold">{escape(value)}</tspan></text>'
            )
            baseline += LINE_HEIGHT
        if self._box.is_trained is not None:
            color, text = (TRAINED, "Trainable") if self._box.is_trained else (UNTRAINED, "Non-trainable")
            parts.append(f'<text x="{PADDING}" y="{baseline:.1f}" fill="{color}" font-weight="bold">{text}</text>')
        return [*parts, "</g>"]


class _Frame:
    """A box of a model that is shown inside."""

    def __init__(self, box: Box, inner: Diagram, options: Options):
        self._caption = f"{box.name} ({box.kind})" if box.name else box.kind
        self._scene = _Scene(inner, options, is_nested=True)
        is_upright = options.rankdir in ("TB", "BT")
        room = text_width(self._caption, bold=True) + 2 * PADDING
        self.across = max(self._scene.across + 2 * (FRAME if is_upright else CAPTION), room if is_upright else 0.0)
        if not is_upright:
            self._scene.stretch(room)
        self.along = self._scene.along
        self.entries, self.exits = self._scene.entries, self._scene.exits
        self.ends_arrows = False

    def draw(self, view: _View, across: float, along: float) -> list[str]:
        """The elements of the picture, given the middle of the side at which arrows come in."""
        size = (self.across, self.along) if view.is_upright else (self.along, self.across)
        x, y = view.corner(across, along, *size)
        return [
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{size[0]:.1f}" height="{size[1]:.1f}" rx="10" fill="{TINT}" '
            f'stroke="{GROUP}" stroke-dasharray="5 4"/>',
            *self._scene.draw(view, across, along),
            f'<text x="{x + PADDING:.1f}" y="{y + 17:.1f}" fill="{GROUP}" font-weight="bold" paint-order="stroke" '
            f'stroke="{TINT}" stroke-width="5">{escape(self._caption)}</text>',
        ]


class _Door:
    """Where an arrow goes through the frame of a model, which is no box to be seen."""

    across, along = 10.0, 0.0
    entries = exits = (0.0,)
    ends_arrows = False

    def draw(self, view: _View, across: float, along: float) -> list[str]:
        """Nothing."""
        return []


class _Scene:
    """A diagram that has been laid out: `across` and `along` are its sizes."""

    def __init__(self, diagram: Diagram, options: Options, is_nested: bool):
        self._splines = options.splines
        boxes = diagram.boxes
        self._cards = [_Frame(b, b.inner, options) if b.inner is not None else _Card(b, options) for b in boxes]
        arrows = [(arrow.source, arrow.target, arrow.leaves, arrow.enters) for arrow in diagram.arrows]
        first, last = [], list(diagram.exits)
        if is_nested:
            first = [len(boxes) + i for i in range(len(diagram.entries))]
            last = [len(boxes) + len(first) + i for i in range(len(diagram.exits))]
            arrows += [(door, box, 0, 0) for door, box in zip(first, diagram.entries, strict=True)]
            arrows += [(box, door, 0, 0) for door, box in zip(last, diagram.exits, strict=True)]
            self._cards += [_Door() for _ in (*first, *last)]
        self._links = list(dict.fromkeys(self._link(*arrow) for arrow in arrows))
        self._arrangement = arrange([card.across for card in self._cards], self._links, first, last)
        self._set_positions(self._arrangement)
        self.entries = [self._arrangement.x[door] for door in first]
        self.exits = [self._arrangement.x[door] for door in last] if is_nested else []

    def _link(self, source: int, target: int, leaves: int, enters: int) -> Link:
        exits, entries = self._cards[source].exits, self._cards[target].entries
        return Link(source, target, exits[min(leaves, len(exits) - 1)], entries[min(enters, len(entries) - 1)])

    def _set_positions(self, arranged: Arrangement) -> None:
        """Where ranks and tracks for arrows between them lie, and how large all of it is."""
        lefts = [x - card.across / 2 for x, card in zip(arranged.x, self._cards, strict=True)]
        rights = [x + card.across / 2 for x, card in zip(arranged.x, self._cards, strict=True)]
        through = [x for way in arranged.ways for x in way]
        left, right = min([*lefts, *through]), max([*rights, *through])
        loops = any(link.source == link.target for link in self._links)
        self.across = right - left + (GAP if loops else 0)
        middle = (left + right + (GAP if loops else 0)) / 2
        arranged.x[:] = [x - middle for x in arranged.x]
        arranged.ways[:] = [[x - middle for x in way] for way in arranged.ways]
        self._tracks, counts = self._find_tracks(arranged)
        self._begins, self._ends, along = [], [], 0.0
        for level, boxes in enumerate(arranged.ranks):
            self._begins.append(along)
            along += max([self._cards[box].along for box in boxes], default=0.0)
            self._ends.append(along)
            along += GAP + TRACK * counts.get(level, 0) if level < len(arranged.ranks) - 1 else 0.0
        self.along = along

    def stretch(self, along: float) -> None:
        """Take this much room at least, by moving the last rank away."""
        more = max(along - self.along, 0.0)
        self._begins[-1] += more
        self._ends[-1] += more
        self.along += more

    def _stops(self, number: int) -> list[float]:
        """The places across through which a link goes, in each rank from its upper end on."""
        link, arranged = self._links[number], self._arrangement
        ends = [arranged.x[link.source] + link.begins, arranged.x[link.target] + link.ends]
        if arranged.is_upward[number]:  # beside an arrow that leads down between the same boxes
            ends = [ends[1] + 2 * TRACK, ends[0] + 2 * TRACK]
        return [ends[0], *arranged.ways[number], ends[1]]

    def _top(self, number: int) -> int:
        """The rank in which a link has its upper end."""
        link = self._links[number]
        return min(self._arrangement.rank[link.source], self._arrangement.rank[link.target])

    def _find_tracks(self, arranged: Arrangement) -> tuple[dict[tuple[int, float], int], dict[int, int]]:
        """For what leaves a rank at one place and goes sideways, its track; and how many each gap has."""
        spans: dict[tuple[int, float], list[float]] = {}
        for number, link in enumerate(self._links):
            if link.source == link.target:
                continue
            stops = self._stops(number)
            for i, (one, other) in enumerate(itertools.pairwise(stops)):
                if abs(one - other) > 0.5:
                    spans.setdefault((self._top(number) + i, round(one, 1)), [one]).append(other)
        tracks: dict[tuple[int, float], int] = {}
        taken: dict[int, list[list[tuple[float, float]]]] = {}
        for key, places in sorted(spans.items(), key=lambda item: (item[0][0], max(item[1]) - min(item[1]))):
            low, high = min(places) - TRACK, max(places) + TRACK
            rows = taken.setdefault(key[0], [])
            row = next((i for i, r in enumerate(rows) if all(high < a or low > b for a, b in r)), len(rows))
            if row == len(rows):
                rows.append([])
            rows[row].append((low, high))
            tracks[key] = row
        return tracks, {level: len(rows) for level, rows in taken.items()}

    # Drawing ---------------------------------------------------------------------------------------------

    def draw(self, view: _View, across: float, along: float) -> list[str]:
        """The elements of the picture, given the middle of the side at which arrows come in."""
        arranged, parts = self._arrangement, []
        for number in range(len(self._links)):
            parts.append(self._drawn_link(number, view, across, along))
        for box, card in enumerate(self._cards):
            parts += card.draw(view, across + arranged.x[box], along + self._top_of(box))
        return parts

    def _top_of(self, box: int) -> float:
        """Where a box begins: in the middle of its rank."""
        level = self._arrangement.rank[box]
        return (self._begins[level] + self._ends[level] - self._cards[box].along) / 2

    def _drawn_link(self, number: int, view: _View, across: float, along: float) -> str:
        link, is_upward = self._links[number], self._arrangement.is_upward[number]
        if link.source == link.target:
            return self._loop(link.source, view, across, along)
        stops, top = self._stops(number), self._top(number)
        upper, lower = (link.target, link.source) if is_upward else (link.source, link.target)
        points = [(stops[0], self._top_of(upper) + self._cards[upper].along)]
        curved = [False]
        for i, (one, other) in enumerate(itertools.pairwise(stops)):
            begin, end = self._ends[top + i], self._begins[top + i + 1]
            middle = begin + 8 + TRACK * (self._tracks.get((top + i, round(one, 1)), 0) + 0.5)
            corners = [(one, middle), (other, middle)] if self._splines == "ortho" else []
            points += [(one, begin), *corners, (other, end)]
            curved += [False, *(False for _ in corners), self._splines not in ("ortho", "line", "polyline", False)]
        points.append((stops[-1], self._top_of(lower)))
        curved.append(False)
        data = _through([view.at(across + x, along + y) for x, y in points], curved, view.is_upright)
        style = ' stroke-dasharray="4 3"' if is_upward else ""
        head = "start" if is_upward else "end"
        return _element(data, style, head if self._cards[link.target].ends_arrows else None)

    def _loop(self, box: int, view: _View, across: float, along: float) -> str:
        """An arrow from a layer back to itself."""
        card = self._cards[box]
        side = across + self._arrangement.x[box] + card.across / 2
        middle = along + self._top_of(box) + card.along / 2
        places = [(side, middle + 8), (side + 18, middle + 8), (side + 18, middle - 8), (side + 1, middle - 8)]
        return _path([view.at(*place) for place in places], ' stroke-dasharray="4 3"', has_head=True)


def _path(points: list[Point], style: str, has_head: bool) -> str:
    return _element(_through(points, [False] * len(points), True), style, "end" if has_head else None)


def _element(data: str, style: str, head: str | None) -> str:
    marker = f' marker-{head}="url(#arrow)"' if head else ""
    return f'<path d="{data}" fill="none" stroke="{LINE}" stroke-width="1.5"{style}{marker}/>'


def _through(points: list[Point], curved: list[bool], is_upright: bool) -> str:
    """The data of a path through points, with rounded corners; some ways to a point are curves."""
    kept = _without_detours(list(zip(points, curved, strict=True)))
    data = f"M{kept[0][0][0]:.1f} {kept[0][0][1]:.1f}"
    for i, ((x, y), is_curve) in enumerate(kept[1:], 1):
        (px, py), (nx, ny) = kept[i - 1][0], kept[min(i + 1, len(kept) - 1)][0]
        if is_curve:
            mx, my = (px + x) / 2, (py + y) / 2
            one, other = ((px, my), (x, my)) if is_upright else ((mx, py), (mx, y))
            data += f" C{one[0]:.1f} {one[1]:.1f} {other[0]:.1f} {other[1]:.1f} {x:.1f} {y:.1f}"
            continue
        before, after = abs(px - x) + abs(py - y), abs(nx - x) + abs(ny - y)
        radius = min(RADIUS, before / 2, after / 2)
        follows_curve = i + 1 < len(kept) and kept[i + 1][1]
        if radius < 0.5 or i == len(kept) - 1 or follows_curve:
            data += f" L{x:.1f} {y:.1f}"
            continue
        ax, ay = x + (px - x) * radius / before, y + (py - y) * radius / before
        bx, by = x + (nx - x) * radius / after, y + (ny - y) * radius / after
        data += f" L{ax:.1f} {ay:.1f} Q{x:.1f} {y:.1f} {bx:.1f} {by:.1f}"
    return data


def _without_detours(way: list[tuple[Point, bool]]) -> list[tuple[Point, bool]]:
    """The points of a path, each with whether the way to it is a curve, without those at which nothing turns."""
    kept = way[:1]
    for point, is_curve in way[1:]:
        before, was_curve = kept[-1]
        if before == point:
            continue
        if len(kept) > 1 and not is_curve and not was_curve and _is_straight(kept[-2][0], before, point):
            kept.pop()
        kept.append((point, is_curve))
    return kept


def _is_straight(one: Point, middle: Point, other: Point) -> bool:
    turn = (middle[0] - one[0]) * (other[1] - middle[1]) - (middle[1] - one[1]) * (other[0] - middle[0])
    return abs(turn) <= 0.5
