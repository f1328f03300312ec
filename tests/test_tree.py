"""Nested structures: what is a leaf, which forms are the same, and in which order everything comes."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import pytest

from polykeras import tree
from polykeras.errors import StructureError

Pair = namedtuple("Pair", "first second")
STRUCTURE = {"b": [1, (2, None)], "a": Pair(3, []), "c": ()}


def test_leaves_come_in_the_order_of_sorted_keys():
    assert tree.flatten(STRUCTURE) == [3, 1, 2, None]
    assert tree.flatten_with_path(STRUCTURE) == [
        (("a", 0), 3),
        (("b", 0), 1),
        (("b", 1, 0), 2),
        (("b", 1, 1), None),
    ]
    assert tree.flatten(None) == [None]


def test_packing_undoes_flattening():
    assert tree.pack_sequence_as(STRUCTURE, tree.flatten(STRUCTURE)) == STRUCTURE
    assert tree.pack_sequence_as(0, [5]) == 5
    with pytest.raises(StructureError, match="expected 4 leaves, as the structure has; got 2"):
        tree.pack_sequence_as(STRUCTURE, [1, 2])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, None),
        ([1, (2, 3)], [None, ("x", [].__len__)]),
        ({"a": 1, "b": 2}, OrderedDict(b=3, a=4)),
        (Pair(1, [2]), Pair(3, [4])),
    ],
)
def test_the_same_structures(one, other):
    tree.assert_same_structure(one, other)
    tree.assert_same_paths(one, other)
    assert tree.map_structure(lambda x, y: x, one, other) == one


@pytest.mark.parametrize(
    ("one", "other"),
    [([1], (1,)), ([1, 2], [1]), (1, [1]), ([1], 1), ({"a": 1}, {"b": 1}), (Pair(1, 2), (1, 2)), ([1, [2]], [1, 2])],
)
def test_other_structures(one, other):
    with pytest.raises(StructureError, match="assert_same_structure: expected structures of one form"):
        tree.assert_same_structure(one, other)
    with pytest.raises(StructureError, match="map_structure: expected structures of one form"):
        tree.map_structure(lambda x, y: x, one, other)


def test_paths_do_not_tell_lists_from_tuples():
    tree.assert_same_paths([1, (2,)], (1, [2]))
    with pytest.raises(StructureError, match=r"a has leaves where b has none, at \[\('x',\)\]"):
        tree.assert_same_paths({"x": 1, "y": 2}, {"y": 1})
    with pytest.raises(StructureError, match=r"map_structure: .* got \[\*, \(\*,\)\] and \[\*\]\.$"):
        tree.map_structure(print, [1, (2,)], [1])
    with pytest.raises(StructureError, match="b has leaves where a has none"):
        tree.assert_same_paths([], [1])


def test_mapping_up_to_a_shallow_structure():
    assert tree.map_structure_up_to({"a": None, "b": 0}, len, {"a": [1, 2], "b": "xyz"}) == {"a": 2, "b": 3}
    assert tree.map_structure_up_to([0, 0], lambda x, y: (x, y), [1, [2]], [3, 4]) == [(1, 3), ([2], 4)]
    with pytest.raises(StructureError, match="map_structure_up_to: expected structures of one form"):
        tree.map_structure_up_to([0, [0]], len, [1, 2])
    for mapping in (tree.map_structure, lambda f: tree.map_structure_up_to([1], f)):
        with pytest.raises(StructureError, match="expected at least one structure"):
            mapping(len)


def test_traversing_sees_each_part_before_or_after_its_parts():
    structure, seen = [1, {"a": (2,)}], []
    assert tree.traverse(seen.append, structure) == structure
    assert seen == [structure, 1, {"a": (2,)}, (2,), 2]
    seen.clear()
    assert tree.traverse(seen.append, structure, top_down=False) == structure
    assert seen == [1, 2, (2,), {"a": (2,)}, structure]
    assert tree.traverse(lambda x: "cut" if isinstance(x, dict) else None, structure) == [1, "cut"]
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 1 else None, structure) == [None, {"a": (2,)}]
    assert tree.lists_to_tuples([[1, []], {"a": [2]}, Pair([3], 4)]) == ((1, ()), {"a": (2,)}, Pair((3,), 4))


def test_shapes_are_leaves():
    shapes = {"x": (None, 3), "y": [(2,), []], "z": [(), {"w": [4]}]}
    assert tree.map_shape_structure(tuple, shapes) == {"x": (None, 3), "y": [(2,), ()], "z": [(), {"w": (4,)}]}
