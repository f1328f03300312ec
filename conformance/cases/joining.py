"""Cases of joining and cutting along named axes."""

from __future__ import annotations

import numpy as np

from ..case import array, case, sample
from .movement import EVERY, FEW

MIXED = [array(2, dtype="int32"), array(2, dtype="float32")]

case(
    "append",
    lambda x1, x2, axis=None: np.append(x1, x2, axis),
    sample(array(2, 3), array(1, 3), axis=0),
    sample(array(2, 3), array(2)),
    sample(array(2, 3), array(2, 1), axis=-1),
    sample(array(), 2.0, dtypes=("float32", "float64")),
    sample(array(0), array(2)),
    sample(*MIXED, dtypes=("float32",), gradient=False),
    dtypes=EVERY,
    mistakes=[
        sample(array(2, 3), array(2), axis=0),
        sample(array(2, 3), array(2, 4), axis=0),
        sample(array(2), array(2), axis=1),
    ],
)
for _name, _reference in (("hstack", np.hstack), ("vstack", np.vstack), ("dstack", np.dstack)):
    case(
        _name,
        lambda xs, reference=_reference: reference(xs),
        sample([array(2, 3), array(2, 3)]),
        sample([array(3), array(3)]),
        sample([array(), array(), array()]),
        sample([array(2, 3, 4), array(2, 3, 4)]),
        sample([array(2, 0)]),
        sample(MIXED, dtypes=("float32",), gradient=False),
        dtypes=EVERY,
        mistakes=[sample([array(2, 3), array(3, 4)]), sample([])],
    )
case(
    "array_split",
    lambda x, indices_or_sections, axis=0: np.array_split(x, indices_or_sections, axis),
    sample(array(7, 2), indices_or_sections=3),
    sample(array(2, 6), indices_or_sections=3, axis=-1),
    sample(array(2), indices_or_sections=4),
    sample(array(5, 2), indices_or_sections=(1, 3)),
    sample(array(5, 2), indices_or_sections=[2, 2, 9]),
    sample(array(0, 2), indices_or_sections=2),
    dtypes=FEW,
    mistakes=[
        sample(array(5, 2), indices_or_sections=2, axis=2),
        sample(array(5, 2), indices_or_sections=0),
        sample(array(), indices_or_sections=1),
    ],
)
case(
    "hsplit",
    np.hsplit,
    sample(array(2, 4), 2),
    sample(array(4), 2),
    sample(array(2, 5, 2), (1, 3)),
    dtypes=FEW,
    mistakes=[sample(array(2, 5), 2), sample(array(), 1)],
)
case(
    "vsplit",
    np.vsplit,
    sample(array(4, 2), 2),
    sample(array(5, 2), (1, 3)),
    dtypes=FEW,
    mistakes=[sample(array(5, 2), 2), sample(array(4), 2)],
)
case(
    "dsplit",
    np.dsplit,
    sample(array(2, 1, 4), 2),
    sample(array(2, 1, 5), (1, 3)),
    dtypes=FEW,
    mistakes=[sample(array(2, 1, 5), 2), sample(array(4, 4), 2)],
)
case(
    "meshgrid",
    np.meshgrid,
    sample(array(2), array(3)),
    sample(array(2), array(3), array(4), indexing="ij"),
    sample(array(2), array(3), array(4)),
    sample(array(2)),
    sample(array(2, 3), array()),
    sample(array(2), array(0)),
    sample(array(2, dtype="int32"), array(3, dtype="float32"), dtypes=("float32",), gradient=False),
    dtypes=FEW,
    mistakes=[sample(array(2), array(3), indexing="yx")],
)
