"""Masks travel with arrays of every framework, and go when the array goes."""

from __future__ import annotations

import gc

import numpy as np

from polykeras import masks, ops
from polykeras.backend import using
from polykeras.spec import Spec


def test_an_array_carries_its_mask_as_long_as_it_lives(backend):
    with using(backend):
        x, other, mask = ops.array(np.ones((2, 3))), ops.array(np.ones((2, 3))), ops.array([[True], [False]])
    masks.set_mask(x, mask)
    assert masks.mask_of(x) is mask
    assert masks.mask_of(other) is None
    masks.set_mask(x, None)
    assert masks.mask_of(x) is None
    masks.set_mask(other, mask)
    key = id(other)
    assert key in masks._masks
    del other
    gc.collect()
    assert key not in masks._masks


def test_what_a_compiled_function_computes_with_can_carry_one(backend):
    from polykeras.compilation import compile

    def masked_sum(x):
        y = ops.multiply(x, 2.0)
        masks.set_mask(y, ops.greater(x, 2.0))
        return ops.sum(ops.where(masks.mask_of(y), y, 0.0))

    with using(backend):
        assert float(ops.grad(masked_sum)(ops.array([1.0, 3.0]))[1]) == 2.0
        assert float(compile(masked_sum)(ops.array([1.0, 3.0]))) == 6.0


def test_specs_carry_masks():
    x = Spec((None, 3))
    masks.set_mask(x, Spec((None, 3), "bool"))
    assert masks.mask_of(x).dtype == "bool"
