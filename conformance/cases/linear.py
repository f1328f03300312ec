"""Cases of products."""

from __future__ import annotations

import numpy as np

from ..case import COMPLEX, FLOATS, array, case, sample

INTEGRAL = (*FLOATS, "int32", "int64")
BYTES = (array(2, 3, low=-128, high=127, dtype="int8"), array(3, 4, low=-128, high=127, dtype="int8"))


def _wide(x):
    return x.astype("int32") if x.dtype == "int8" else x


case(
    "matmul",
    lambda x1, x2: np.matmul(_wide(x1), _wide(x2)),
    sample(array(2, 3), array(3, 4)),
    sample(array(5, 2, 3), array(5, 3, 4)),
    sample(array(5, 2, 3), array(3, 4)),
    sample(array(2, 3), array(5, 3, 4)),
    sample(array(4, 1, 2, 3), array(5, 3, 2)),
    sample(array(3), array(3)),
    sample(array(2, 3), array(3)),
    sample(array(5, 2, 3), array(3)),
    sample(array(3), array(3, 2)),
    sample(array(3), array(5, 3, 2)),
    sample(array(2, 0), array(0, 3)),
    sample(array(20, 300), array(300, 20), dtypes=FLOATS, gradient=False),
    sample(array(2, 3, dtype="float64"), array(3, 2, dtype="float32"), dtypes=("float64",)),
    sample(*BYTES, dtypes=("int32",)),
    sample(BYTES[0], array(3, dtype="int16"), dtypes=("int16",)),
    sample(array(5, 2, 3), array(3, 2), dtypes=COMPLEX),
    sample(array(2, 3), array(3), dtypes=COMPLEX),
    dtypes=INTEGRAL,
    magnitude=lambda x1, x2: np.matmul(np.abs(x1), np.abs(x2)),
    mistakes=[
        sample(array(2, 3), array(4, 5)),
        sample(array(3), array(4)),
        sample(array(2, 3), array(2)),
        sample(array(2, 2, 3), array(3, 3, 4)),
        sample(array(), array(3)),
    ],
)
case(
    "affine",
    lambda x, kernel, bias: np.matmul(x, kernel) + bias,
    sample(array(2, 3), array(3, 4), array(4)),
    sample(array(5, 2, 3), array(3, 4), array(4)),
    sample(array(3), array(3, 4), array(4)),
    sample(array(2, 0), array(0, 4), array(4)),
    sample(array(0, 3), array(3, 4), array(4)),
    sample(array(20, 300), array(300, 20), array(20), dtypes=FLOATS, gradient=False),
    sample(array(2, 3, dtype="float32"), array(3, 4, dtype="float64"), array(4, dtype="float32"), dtypes=("float64",)),
    sample(array(2, 3, dtype="int8"), array(3, 4, dtype="int8"), array(4, dtype="int8"), dtypes=("float32",)),
    sample(array(5, 2, 3), array(3, 2), array(2), dtypes=COMPLEX),
    magnitude=lambda x, kernel, bias: np.matmul(np.abs(x), np.abs(kernel)) + np.abs(bias),
    mistakes=[
        sample(array(2, 3), array(4, 5), array(5)),
        sample(array(2, 3), array(3, 5), array(1)),
        sample(array(2, 3), array(3, 1), array(5)),
        sample(array(2, 3), array(3, 5), array(2, 5)),
        sample(array(2, 3), array(2, 3, 5), array(5)),
        sample(array(2, 3), array(3), array(3)),
        sample(array(), array(3, 4), array(4)),
    ],
)
case(
    "dot",
    np.dot,
    sample(array(3), array(3)),
    sample(array(2, 3), array(3, 4)),
    sample(array(2, 3), array(3)),
    sample(array(5, 2, 3), array(3, 4)),
    sample(array(2, 3), array(5, 3, 4)),
    sample(array(), array(2, 3)),
    sample(2.0, array(3), dtypes=FLOATS),
    sample(*BYTES, dtypes=("int8",)),
    sample(array(5, 2, 3), array(3, 2), dtypes=COMPLEX),
    dtypes=INTEGRAL,
    magnitude=lambda x1, x2: np.dot(np.abs(x1), np.abs(x2)),
    mistakes=[sample(array(2, 3), array(2, 4)), sample(array(3), array(4))],
)
case(
    "tensordot",
    np.tensordot,
    sample(array(2, 3, 4), array(3, 4, 5)),
    sample(array(2, 3, 4), array(4, 5), axes=1),
    sample(array(2, 3), array(4), axes=0),
    sample(array(2, 3, 4), array(4, 2), axes=((0, 2), (1, 0))),
    sample(array(2, 3, 4), array(5, 4), axes=(-1, 1)),
    sample(*BYTES, axes=1, dtypes=("int8",)),
    sample(array(2, 3), array(3), axes=1, dtypes=COMPLEX),
    dtypes=INTEGRAL,
    magnitude=lambda x1, x2, axes=2: np.tensordot(np.abs(x1), np.abs(x2), axes),
    mistakes=[sample(array(2, 3), array(2, 3), axes=1), sample(array(2, 3), array(3), axes=2)],
)


def _einsum_sample(subscripts, *arrays):
    return sample(subscripts, list(arrays))


case(
    "contract",
    lambda subscripts, operands: np.einsum(subscripts, *map(_wide, operands)),
    _einsum_sample("ij,jk->ik", array(2, 3), array(3, 4)),
    _einsum_sample("ij,jk", array(2, 3), array(3, 4)),
    _einsum_sample("bij,bkj->bik", array(2, 3, 4), array(2, 5, 4)),
    _einsum_sample("...ij,jk->...ik", array(2, 5, 3), array(3, 4)),
    _einsum_sample("...a,...a->...", array(2, 3), array(3)),
    _einsum_sample("ij->ji", array(2, 3)),
    _einsum_sample("ij->", array(2, 3)),
    _einsum_sample("ii->i", array(3, 3)),
    _einsum_sample("ii", array(3, 3)),
    _einsum_sample("iji->j", array(3, 2, 3)),
    _einsum_sample("i,j->ij", array(2), array(3)),
    _einsum_sample("abc,acd->bd", array(2, 3, 4), array(2, 4, 5)),
    _einsum_sample("ij,jk,kl->il", array(2, 3), array(3, 4), array(4, 2)),
    _einsum_sample("ij,ij,j->i", array(2, 3), array(2, 3), array(3)),
    _einsum_sample("aij,jk->ik", array(2, 3, 4), array(4, 2)),
    sample("ij,j->i", [array(2, 3, dtype="float64"), array(3, dtype="float32")], dtypes=("float64",)),
    sample("ij,jk->i", list(BYTES), dtypes=("int32",)),
    sample("ij->i", [array(2, 3, low=0, high=255)], dtypes=("uint8",)),
    sample("ij,j->i", [array(2, 3), array(3)], dtypes=COMPLEX),
    dtypes=("float32", "float64", "int32"),
    magnitude=lambda subscripts, operands: np.einsum(subscripts, *(np.abs(x) for x in operands)),
    mistakes=[
        _einsum_sample("ij,jk->ik", array(2, 3), array(4, 5)),
        _einsum_sample("ij,jk->ik", array(2, 3)),
        _einsum_sample("ijk->i", array(2, 3)),
        _einsum_sample("ij->ii", array(2, 2)),
        _einsum_sample("ij->k", array(2, 2)),
    ],
)
