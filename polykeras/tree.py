"""Nested structures of lists, tuples, dicts and named tuples. `None` is a leaf; dicts are walked by sorted keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import optree

from .errors import StructureError

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

Structure = optree.PyTreeSpec


class MAP_TO_NONE:
    """What the function of `traverse` returns to put None in a place, as None itself means to go on."""


def flatten(structure: Any) -> list[Any]:
    """Everything in a structure that is not itself a structure, in order.

    >>> flatten({"b": [1, 2], "a": (3,)})
    [3, 1, 2]
    """
    return optree.tree_leaves(structure, none_is_leaf=True)


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """What `flatten` gives, each with the keys and positions that lead to it.

    >>> flatten_with_path({"a": [1, 2]})
    [(('a', 0), 1), (('a', 1), 2)]
    """
    paths, leaves, _ = optree.tree_flatten_with_path(structure, none_is_leaf=True)
    return list(zip(paths, leaves, strict=True))


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """The structure with other leaves, given in order.

    >>> pack_sequence_as({"a": 0, "b": (0, 0)}, [1, 2, 3])
    {'a': 1, 'b': (2, 3)}
    """
    form, leaves = take_apart(structure)[1], list(flat_sequence)
    if len(leaves) != form.num_leaves:
        raise StructureError(
            f"pack_sequence_as: expected {form.num_leaves} leaves, as the structure has; got {len(leaves)}."
        )
    return form.unflatten(leaves)


def take_apart(structure: Any) -> tuple[list[Any], Structure]:
    """The leaves of a structure, and what `put_together` needs to build it again."""
    return optree.tree_flatten(structure, none_is_leaf=True)


def put_together(structure: Structure, leaves: Iterable[Any]) -> Any:
    """The structure with these leaves."""
    return structure.unflatten(leaves)


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """The structure of the first argument, each leaf the function's value at the corresponding leaves.

    >>> map_structure(lambda x, y: x + y, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    if len(structures) == 1:
        return optree.tree_map(func, structures[0], none_is_leaf=none_is_leaf)
    if not structures:
        raise StructureError("map_structure: expected at least one structure; got none.")
    form, parts = _in_the_form_of("map_structure", structures[0], structures, none_is_leaf)
    for leaves in parts:
        if not all(optree.tree_is_leaf(leaf, none_is_leaf=none_is_leaf) for leaf in leaves):
            raise _not_alike("map_structure", structures)
    return form.unflatten(map(func, *parts))


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """The first structure, each leaf the function's value at what the others have in its place, leaf or structure.

    >>> map_structure_up_to([0, 0], len, [(1, 2), (3,)])
    [2, 1]
    """
    if not structures:
        raise StructureError("map_structure_up_to: expected at least one structure besides the shallow one; got none.")
    form, parts = _in_the_form_of("map_structure_up_to", shallow_structure, structures)
    return form.unflatten(map(func, *parts))


def _in_the_form_of(
    name: str, shallow: Any, structures: Iterable[Any], none_is_leaf: bool = True
) -> tuple[Structure, list[list[Any]]]:
    """The form of a structure, and what others have in place of its leaves."""
    form = optree.tree_structure(shallow, none_is_leaf=none_is_leaf)
    parts = []
    for structure in structures:
        try:
            parts.append(form.flatten_up_to(structure))
        except ValueError:
            raise _not_alike(name, (shallow, structure)) from None
    return form, parts


def _not_alike(name: str, structures: Iterable[Any]) -> StructureError:
    forms = (str(optree.tree_structure(structure, none_is_leaf=True)) for structure in structures)
    shown = (form.removeprefix("PyTreeSpec(").removesuffix(", NoneIsLeaf)") for form in forms)
    return StructureError(f"{name}: expected structures of one form; got {' and '.join(shown)}.")


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise an error unless two structures have the same form, whatever their leaves.

    Args:
        a: A structure.
        b: Another one.
        check_types: Accepted for compatibility, and not heeded: a list is never the same as a tuple.

    >>> assert_same_structure([1, (2, 3)], [4, (5, 6)])
    """
    _, (leaves,) = _in_the_form_of("assert_same_structure", a, [b])
    if any(map(is_nested, leaves)):
        raise _not_alike("assert_same_structure", (a, b))


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise an error unless the same keys and positions lead to the leaves of two structures; a tuple may be a list.

    >>> assert_same_paths({"a": [1, 2]}, {"a": (3, 4)})
    """
    paths = [set(optree.tree_paths(structure, none_is_leaf=True)) for structure in (a, b)]
    for name, other, here, there in (("a", "b", *paths), ("b", "a", *reversed(paths))):
        alone = sorted(here - there, key=repr)
        if alone:
            raise StructureError(f"assert_same_paths: {name} has leaves where {other} has none, at {alone}.")


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """The structure with parts replaced: a function sees the structure, each structure in it, and each leaf.

    Args:
        func: A function of a part. What it returns takes the part's place: None leaves the part, whose own parts come
            next; `MAP_TO_NONE` puts None there.
        structure: The structure.
        top_down: Whether a structure is seen before its parts, which are not seen then if it is replaced.

    Returns:
        The new structure.

    >>> traverse(lambda x: tuple(x) if isinstance(x, list) else None, [1, {"a": [2]}], top_down=False)
    (1, {'a': (2,)})
    """

    def with_parts() -> Any:
        if not is_nested(structure):
            return structure
        parts, form = optree.tree_flatten(structure, is_leaf=lambda x: x is not structure, none_is_leaf=True)
        return form.unflatten([traverse(func, part, top_down) for part in parts])

    seen = structure if top_down else with_parts()
    replacement = func(seen)
    if replacement is None:
        return with_parts() if top_down else seen
    return None if replacement is MAP_TO_NONE else replacement


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples in place of lists.

    >>> lists_to_tuples([1, {"a": [2, 3]}])
    (1, {'a': (2, 3)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """The structure, each shape in it, a tuple or list of sizes and None, the function's value at the shape.

    >>> map_shape_structure(len, {"image": (None, 28, 28), "label": [None]})
    {'image': 3, 'label': 1}
    """

    def is_shape(part: Any) -> bool:
        sizes = isinstance(part, (list, tuple))
        return sizes and all(size is None or isinstance(size, int) for size in part)

    return optree.tree_map(func, structure, is_leaf=is_shape, none_is_leaf=True)


def is_nested(structure: Any) -> bool:
    """Whether this is a structure, not a leaf.

    >>> is_nested([1]), is_nested(1)
    (True, False)
    """
    return not optree.tree_is_leaf(structure, none_is_leaf=True)


def call(function: Callable[..., Any], values: Any) -> Any:
    """Call a function with the parts of a tuple or list one by one, with anything else as a whole.

    >>> call(lambda x, y: x + y, (1, 2))
    3
    """
    return function(*values) if isinstance(values, (tuple, list)) else function(values)


def like(values: Any, result: Any) -> Any:
    """What a function returned, in the form in which it was given its values: a tuple, a list, or one value.

    >>> like([1], 2), like(1, (2,))
    ([2], 2)
    """
    if isinstance(values, (tuple, list)):
        items = result if isinstance(result, (tuple, list)) else (result,)
        if not hasattr(values, "_fields"):
            return type(values)(items)
        return type(values)(*items) if len(items) == len(values) else tuple(items)
    return result[0] if isinstance(result, (tuple, list)) and len(result) == 1 else result
