"""Cases of turning arrays around and of rearranging their axes."""

from __future__ import annotations

import numpy as np

from ..case import array, case, sample
from .movement import EVERY, FEW

for _name, _reference, _axes in (("fliplr", np.fliplr, 2), ("flipud", np.flipud, 1)):
    case(
        _name,
        _reference,
        sample(array(2, 3)),
        sample(array(2, 3, 4)),
        sample(array(0, 3)),
        dtypes=EVERY,
        mistakes=[sample(array(*[2] * (_axes - 1)))],
    )
case(
    "rot90",
    lambda array, k=1, axes=(0, 1): np.rot90(array, k, axes),
    sample(array(2, 3)),
    sample(array(2, 3), k=2),
    sample(array(2, 3), k=-1),
    sample(array(2, 3, 4), k=3, axes=(2, 0)),
    sample(array(2, 3, 4), k=5, axes=[-1, 1]),
    sample(array(2, 3), k=0),
    sample(array(0, 3)),
    dtypes=EVERY,
    mistakes=[
        sample(array(2)),
        sample(array(2, 3), axes=(0, 2)),
        sample(array(2, 3), axes=(0, 0)),
        sample(array(2, 3, 4), axes=(0, 1, 2)),
    ],
)


def _rearranged(tensor, pattern, **lengths):
    """Each pattern written out in NumPy."""
    if pattern == "a b -> b a":
        return tensor.T
    if pattern == "b h w c -> b (h w c)":
        return tensor.reshape(len(tensor), -1)
    if pattern == "(a b) c -> b a c":
        rows = tensor.reshape(-1, lengths["b"], tensor.shape[1]) if "b" in lengths else None
        rows = tensor.reshape(lengths["a"], -1, tensor.shape[1]) if rows is None else rows
        return rows.swapaxes(0, 1)
    if pattern == "b (h p) (w q) -> b h w (p q)":
        b, p, q = len(tensor), lengths["p"], lengths["q"]
        apart = tensor.reshape(b, tensor.shape[1] // p, p, tensor.shape[2] // q, q)
        return apart.transpose(0, 1, 3, 2, 4).reshape(b, apart.shape[1], apart.shape[3], p * q)
    if pattern in ("... c -> c ...", "c ... -> ... c"):
        return np.moveaxis(tensor, -1, 0) if pattern.startswith(".") else np.moveaxis(tensor, 0, -1)
    if pattern == "a ... -> (...) a":
        return tensor.reshape(len(tensor), -1).T
    if pattern == "a 1 b -> 1 (a b) ()":
        return tensor.reshape(1, -1, 1)
    assert pattern == "->"
    return tensor


case(
    "rearrange",
    _rearranged,
    sample(array(2, 3), pattern="a b -> b a"),
    sample(array(6, 2), pattern="(a b) c -> b a c", b=3),
    sample(array(2, 4, 6), pattern="b (h p) (w q) -> b h w (p q)", p=2, q=3),
    sample(array(6, 2), pattern="(a b) c -> b a c", a=3, c=2),
    sample(array(2, 3, 4, 5), pattern="b h w c -> b (h w c)"),
    sample(array(2, 3, 4), pattern="... c -> c ..."),
    sample(array(2), pattern="c ... -> ... c"),
    sample(array(2, 3, 4), pattern="a ... -> (...) a"),
    sample(array(2, 1, 3), pattern="a 1 b -> 1 (a b) ()"),
    sample(array(0, 3), pattern="a b -> b a"),
    sample(array(), pattern="->"),
    dtypes=FEW,
    mistakes=[
        sample(array(2, 3), pattern="a b c -> c b a"),
        sample(array(2, 3), pattern="a b ... c -> c b a ..."),
        sample(array(2, 3), pattern="a b"),
        sample(array(2, 3), pattern="a b -> b"),
        sample(array(2, 3), pattern="a a -> a a"),
        sample(array(2, 3), pattern="a (b c -> a b c", b=1),
        sample(array(2, 3), pattern="a b -> b * a"),
        sample(array(2, 3), pattern="a (...) -> a ..."),
        sample(array(2, 3), pattern="a (b c) -> a b c"),
        sample(array(2, 3), pattern="a (b c) -> a b c", b=2),
        sample(array(2, 3), pattern="a (b c) -> a b c", b=2, c=2),
        sample(array(2, 3), pattern="a b -> b a", a=3),
        sample(array(2, 3), pattern="a 1 -> a"),
        sample(array(2, 3), pattern="a b -> b a", d=3),
    ],
)
