"""Where the boxes of a diagram go: in ranks from top to bottom, so that arrows are short and cross seldom."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SPACING, BEND = 28.0, 12.0
"""The room between two boxes of a rank, and around an arrow that goes through a rank."""
SWEEPS = 24
NEARLY = 40.0
"""How far a box is moved to make an arrow straight."""


@dataclass(frozen=True)
class Link:
    """An arrow: between which boxes, and how far from their middles it begins and ends."""

    source: int
    target: int
    begins: float = 0.0
    ends: float = 0.0


@dataclass
class _Stop:
    """A place in a rank: a box, or where a long arrow goes through."""

    width: float
    box: int | None = None
    x: float = 0.0
    above: list[tuple[_Stop, float]] = field(default_factory=list)
    """The stops that lead here, and how far to their right this one would like to be."""
    below: list[tuple[_Stop, float]] = field(default_factory=list)


@dataclass
class Arrangement:
    """The boxes in ranks, the position of each, and the way of each arrow."""

    ranks: list[list[int]]
    rank: list[int]
    """The rank of each box."""
    x: list[float]
    """The middle of each box."""
    ways: list[list[float]]
    """For each link the places where it goes through the ranks between its boxes, from the upper box on."""
    is_upward: list[bool]
    """For each link whether it leads to a rank above: so it is where a layer is used again on what it gave."""


def arrange(
    widths: Sequence[float], links: Sequence[Link], first: Iterable[int] = (), last: Iterable[int] = ()
) -> Arrangement:
    """Arrange boxes.

    Args:
        widths: The width of each box.
        links: The arrows. Those from a box to itself are left out of account.
        first: Boxes that belong into the first rank, where nothing comes before them.
        last: Boxes that belong into the last rank, where nothing comes after them.

    Returns:
        The arrangement.
    """
    upward = _upward(len(widths), links)
    downs = [
        (link.target, link.source) if is_upward else (link.source, link.target)
        for link, is_upward in zip(links, upward, strict=True)
    ]
    rank = _ranked(len(widths), [pair for pair in downs if pair[0] != pair[1]], set(first), set(last))
    stops = [_Stop(width, box) for box, width in enumerate(widths)]
    rows: list[list[_Stop]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for stop, level in zip(stops, rank, strict=True):
        rows[level].append(stop)
    ways = []
    for link, (upper, lower), is_upward in zip(links, downs, upward, strict=True):
        begins, ends = (link.ends, link.begins) if is_upward else (link.begins, link.ends)
        ways.append(_threaded(rows, stops[upper], stops[lower], rank[upper], rank[lower], begins, ends))
    rows = _ordered(rows)
    _place(rows)
    boxes = [[stop.box for stop in row if stop.box is not None] for row in rows]
    return Arrangement(boxes, rank, [stop.x for stop in stops], [[stop.x for stop in way] for way in ways], upward)


def _upward(count: int, links: Sequence[Link]) -> list[bool]:
    """Which links close a circle, and so have to lead back to a rank above."""
    onward: list[list[int]] = [[] for _ in range(count)]
    for number, link in enumerate(links):
        if link.source != link.target:
            onward[link.source].append(number)
    upward = [False] * len(links)
    state = [0] * count  # 1 while the boxes after it are looked at, 2 then
    entered = {link.target for link in links if link.source != link.target}
    for root in [*(box for box in range(count) if box not in entered), *range(count)]:
        pending = [] if state[root] else [(root, iter(onward[root]))]
        state[root] = state[root] or 1
        while pending:
            box, numbers = pending[-1]
            number = next(numbers, None)
            if number is None:
                state[box] = 2
                pending.pop()
                continue
            target = links[number].target
            if state[target] == 1:
                upward[number] = True
            elif state[target] == 0:
                state[target] = 1
                pending.append((target, iter(onward[target])))
    return upward


def _ranked(count: int, pairs: list[tuple[int, int]], first: set[int], last: set[int]) -> list[int]:
    """The rank of each box: below all that lead to it; what nothing leads to is right above what it leads to."""
    rank = [0] * count
    onward: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for upper, lower in pairs:
        onward[upper].append(lower)
        missing[lower] += 1
    has_before = [number > 0 for number in missing]
    ready = [box for box in range(count) if not missing[box]]
    for box in ready:
        for lower in onward[box]:
            rank[lower] = max(rank[lower], rank[box] + 1)
            missing[lower] -= 1
            if not missing[lower]:
                ready.append(lower)
    for box in range(count):
        if not has_before[box] and onward[box] and box not in first:
            rank[box] = min(rank[lower] for lower in onward[box]) - 1
        if box in last and not onward[box]:
            rank[box] = max(rank)
    return rank


def _threaded(
    rows: list[list[_Stop]], upper: _Stop, lower: _Stop, top: int, bottom: int, begins: float, ends: float
) -> list[_Stop]:
    """Add the stops of a link to the ranks between its boxes, and connect them."""
    way = [_Stop(BEND) for _ in range(bottom - top - 1)]
    for row, stop in zip(rows[top + 1 : bottom], way, strict=True):
        row.append(stop)
    if top < bottom:
        chain = [upper, *way, lower]
        for number, (one, other) in enumerate(itertools.pairwise(chain)):
            shift = (begins if number == 0 else 0.0) - (ends if number == len(chain) - 2 else 0.0)
            one.below.append((other, -shift))
            other.above.append((one, shift))
    return way


# The order within ranks ------------------------------------------------------------------------------------


def _ordered(rows: list[list[_Stop]]) -> list[list[_Stop]]:
    """The ranks, each in an order for which few arrows cross: by the mean places of neighbours, again and again."""
    best, fewest = [list(row) for row in rows], _crossings(rows)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        is_downward = sweep % 2 == 0
        for row in rows[1:] if is_downward else rows[-2::-1]:
            _number(rows)
            means = {id(stop): _mean_place(stop, is_downward) for stop in row}
            row.sort(key=lambda stop: means[id(stop)])
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    return best


def _number(rows: list[list[_Stop]]) -> None:
    for row in rows:
        for place, stop in enumerate(row):
            stop.x = float(place)


def _mean_place(stop: _Stop, from_above: bool) -> float:
    neighbours = stop.above if from_above else stop.below
    return sum(other.x for other, _ in neighbours) / len(neighbours) if neighbours else stop.x


def _crossings(rows: list[list[_Stop]]) -> int:
    _number(rows)
    total = 0
    for row in rows:
        ends = sorted((stop.x, other.x) for stop in row for other, _ in stop.below)
        total += sum(one[0] < other[0] and one[1] > other[1] for i, one in enumerate(ends) for other in ends[i + 1 :])
    return total


# Positions -------------------------------------------------------------------------------------------------


def _place(rows: list[list[_Stop]]) -> None:
    """Give each stop a position near its neighbours, without changing the order in a rank."""
    for row in rows:
        x = 0.0
        for stop in row:
            stop.x = x + stop.width / 2
            x += stop.width + SPACING
        for stop in row:
            stop.x -= x / 2
    for sweep in range(SWEEPS):
        both = sweep >= SWEEPS - 6
        is_downward = sweep % 2 == 0
        for row in rows if is_downward else reversed(rows):
            wishes = [_wish(stop, both or is_downward, both or not is_downward) for stop in row]
            for stop, x in zip(row, _apart(row, wishes), strict=True):
                stop.x = x
    _straighten(rows)


def _straighten(rows: list[list[_Stop]]) -> None:
    """Move stops that are nearly below or above a neighbour to where the arrow between them is straight."""
    for is_downward in (True, False):
        for row in rows if is_downward else reversed(rows):
            for i, stop in enumerate(row):
                if not is_downward and any(abs(other.x + shift - stop.x) < 0.01 for other, shift in stop.above):
                    continue
                places = [other.x + shift for other, shift in (stop.above if is_downward else stop.below)]
                x = min(places, key=lambda place: abs(place - stop.x), default=stop.x)
                left = row[i - 1].x + (row[i - 1].width + stop.width) / 2 + BEND if i else x
                right = row[i + 1].x - (row[i + 1].width + stop.width) / 2 - BEND if i + 1 < len(row) else x
                if abs(x - stop.x) <= NEARLY and left <= x <= right:
                    stop.x = x


def _wish(stop: _Stop, above: bool, below: bool) -> tuple[float, float]:
    """Where a stop would like to be, and how much: most of all where an arrow goes through."""
    neighbours = [*(stop.above if above else []), *(stop.below if below else [])]
    if not neighbours:
        return stop.x, 0.1
    wish = sum(other.x + shift for other, shift in neighbours) / len(neighbours)
    return wish, 4.0 if stop.box is None else 1.0


def _apart(row: list[_Stop], wishes: list[tuple[float, float]]) -> list[float]:
    """The positions nearest to the wishes, in squares, at which nothing overlaps: an isotonic regression."""
    offsets = [0.0]
    for one, other in itertools.pairwise(row):
        offsets.append(offsets[-1] + (one.width + other.width) / 2 + SPACING)
    groups: list[tuple[float, float, int]] = []  # of stops that touch: where, with which weight, how many
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        groups.append((wish - offset, weight, 1))
        while len(groups) > 1 and groups[-2][0] > groups[-1][0]:
            (one, first, n), (other, second, m) = groups[-2:]
            groups[-2:] = [((one * first + other * second) / (first + second), first + second, n + m)]
    positions = [position for position, _, number in groups for _ in range(number)]
    return [position + offset for position, offset in zip(positions, offsets, strict=True)]
