"""Turning arrays around, and rearranging their axes by a pattern."""

from __future__ import annotations

import re
from typing import Any

from .. import ops
from .. import spec as specs
from ..errors import OptionError, ShapeError
from ..op import Array, composed
from ..spec import normalize_axes, same_size, show_shape


def _at_least(x: Any, count: int) -> None:
    shape = ops.shape(x)
    if len(shape) < count:
        raise ShapeError(f"expected at least {count} axes; got an array of shape {show_shape(shape)}.")


@composed(ulp=0)
def fliplr(x: Array) -> Array:
    """The array with its columns, the second axis, in reversed order.

    Args:
        x: Array with at least two axes.

    Returns:
        The reversed array.

    >>> fliplr([[1, 2], [3, 4]])
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    _at_least(x, 2)
    return ops.flip(x, 1)


@composed(ulp=0)
def flipud(x: Array) -> Array:
    """The array with its rows, the first axis, in reversed order.

    Args:
        x: Array with at least one axis.

    Returns:
        The reversed array.

    >>> flipud([[1, 2], [3, 4]])
    array([[3, 4],
           [1, 2]], dtype=int32)
    """
    _at_least(x, 1)
    return ops.flip(x, 0)


@composed(ulp=0)
def rot90(array: Array, k: int = 1, axes: Any = (0, 1)) -> Array:
    """The array turned by right angles.

    Args:
        array: Array with at least two axes.
        k: How many times to turn it, from the first of the axes towards the second.
        axes: The two axes of the plane in which it turns.

    Returns:
        The turned array.

    >>> rot90([[1, 2], [3, 4]])
    array([[2, 4],
           [1, 3]], dtype=int32)
    """
    _at_least(array, 2)
    plane = normalize_axes(axes, len(ops.shape(array)))
    if len(plane) != 2:
        raise ShapeError(f"expected two axes; got {axes}.")
    turns = k % 4
    if turns == 2:
        return ops.flip(array, plane)
    if turns == 1:
        array = ops.flip(array, plane[1])
    turned = ops.swapaxes(array, *plane) if turns else array
    return ops.flip(turned, plane[1]) if turns == 3 else turned


# Patterns --------------------------------------------------------------------------------------------------

Group = list[str]


def _groups(side: str, pattern: str, hidden: Group) -> list[Group]:
    """For each axis on one side of a pattern the names that it is made of; a 1 is made of none.

    The names of axes that an ellipsis stands for are given.
    """
    groups: list[Group] = []
    inside: Group | None = None
    for word in re.findall(r"\.\.\.|\w+|\S", side):
        if word == "(" and inside is None:
            inside = []
            continue
        if word == ")" and inside is not None:
            groups.append(inside)
            inside = None
            continue
        if word not in ("...", "1") and not word.isidentifier():
            raise OptionError(f"the pattern {pattern!r} has a {word!r} that does not belong there.")
        names = hidden if word == "..." else [] if word == "1" else [word]
        if inside is not None:
            inside.extend(names)
        elif word == "...":
            groups.extend([name] for name in names)
        else:
            groups.append(names)
    if inside is not None:
        raise OptionError(f"the pattern {pattern!r} lacks a closing parenthesis.")
    return groups


def _sides(pattern: str, shape: tuple[Any, ...]) -> tuple[list[Group], list[Group]]:
    """The groups of names on both sides of a pattern."""
    left, arrow, right = pattern.partition("->")
    if not arrow:
        raise OptionError(f"expected a pattern such as 'a b -> b a'; got {pattern!r}.")
    if re.search(r"\([^)]*\.\.\.", left):
        raise OptionError(f"an ellipsis cannot be in parentheses on the left side of the pattern; got {pattern!r}.")
    named = len(_groups(left, pattern, []))
    count = len(shape) - named
    if count < 0 or (count and "..." not in left):
        more = " or more" if "..." in left else ""
        raise ShapeError(
            f"the pattern {pattern!r} is for arrays with {named}{more} axes; got one of shape {show_shape(shape)}."
        )
    hidden = [f"...{number}" for number in range(count)]
    before, after = _groups(left, pattern, hidden), _groups(right, pattern, hidden)
    names, wanted = ([name for group in side for name in group] for side in (before, after))
    if sorted(names) != sorted(wanted) or len(set(names)) != len(names):
        raise OptionError(f"expected each name once on both sides of the pattern; got {pattern!r}.")
    return before, after


def _sizes(groups: list[Group], shape: tuple[Any, ...], lengths: dict[str, Any], pattern: str) -> dict[str, Any]:
    """The size of each name, given or following from the shape."""
    sizes = dict(lengths)
    for group, size in zip(groups, shape, strict=True):
        unknown = [name for name in group if name not in lengths]
        known = specs.prod(lengths[name] for name in group if name in lengths)
        if len(unknown) > 1:
            raise ShapeError(
                f"the sizes of {' and '.join(unknown)} in the pattern {pattern!r} do not follow from the shape "
                f"{show_shape(shape)}. Give all but one of them, as {unknown[0]}=2."
            )
        if unknown:
            sizes[unknown[0]] = size // known if isinstance(known, int) and known > 1 else size
            known = known * sizes[unknown[0]]
        if not same_size(known, size):
            names = " ".join(group) or "1"
            raise ShapeError(f"an axis of size {size} cannot be made of '{names}' in the pattern {pattern!r}.")
    return sizes


@composed(name="rearrange", ulp=0)
def _rearrange(tensor: Array, pattern: str, axes_lengths: dict[str, Any]) -> Array:
    """Take axes apart, permute them and join them, as a pattern says."""
    shape = ops.shape(tensor)
    before, after = _sides(pattern, shape)
    names = [name for group in before for name in group]
    strange = sorted(set(axes_lengths) - set(names))
    if strange:
        raise OptionError(f"the pattern {pattern!r} has no axis called {' or '.join(strange)}.")
    sizes = _sizes(before, shape, axes_lengths, pattern)
    if any(len(group) != 1 for group in before):
        tensor = ops.reshape(tensor, tuple(sizes[name] for name in names))
    order = tuple(names.index(name) for group in after for name in group)
    if order != tuple(range(len(order))):
        tensor = ops.transpose(tensor, order)
    if any(len(group) != 1 for group in after):
        tensor = ops.reshape(tensor, tuple(specs.prod(sizes[name] for name in group) for group in after))
    return tensor


def rearrange(tensor: Any, pattern: str, **axes_lengths: Any) -> Any:
    """Take axes apart, permute them and join them, as a pattern in the notation of einops says.

    Args:
        tensor: Array.
        pattern: A name for each axis before and after: `"a b c -> c (a b)"` moves the last axis to the front and joins
            the others. Names in parentheses make one axis, `1` is an axis of size one, `...` stands for further axes.
        **axes_lengths: Sizes of named axes, for each axis that is taken apart all but one.

    Returns:
        The rearranged array.

    >>> rearrange([[1, 2, 3, 4]], "a (b c) -> c (a b)", c=2)
    array([[1, 3],
           [2, 4]], dtype=int32)
    """
    return _rearrange(tensor, pattern, axes_lengths)
