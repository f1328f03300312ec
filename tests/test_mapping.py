"""Functions of elements made functions of arrays, and scans over structures."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.errors import DTypeError, OptionError, ShapeError
from polykeras.spec import Spec, dim


def numbers(*shape):
    return np.arange(np.prod(shape), dtype="float32").reshape(shape)


def same(found, wanted):
    np.testing.assert_allclose(ops.convert_to_numpy(found), wanted, rtol=1e-6)


def test_vectorize_broadcasts(backend):
    larger = ops.vectorize(lambda x, y: ops.where(ops.greater(x, y), x, y))
    x, y = numbers(3, 1), np.array([[2.0, 0.0, 1.0, 5.0]], "float32")
    same(larger(backend.asarray(x), backend.asarray(y)), np.maximum(x, y))
    same(larger(2.0, 3.0), 3.0)
    same(larger(x=x, y=y), np.maximum(x, y))
    assert ops.shape(larger(np.zeros((0, 2), "float32"), 1.0)) == (0, 2)


def test_vectorize_with_a_signature(backend):
    product = ops.vectorize(lambda m, v: (ops.matmul(m, v), ops.sum(v)), signature="(m, n), (n) -> (m), ()")
    m, v = numbers(5, 1, 2, 3), numbers(4, 3)
    rows, total = product(backend.asarray(m), backend.asarray(v))
    same(rows, np.einsum("abmn,bn->abm", np.broadcast_to(m, (5, 4, 2, 3)), v))
    same(total, np.broadcast_to(v.sum(-1), (5, 4)))


def test_vectorize_passes_on_what_is_excluded(backend):
    scaled = ops.vectorize(lambda x, mode, factor=1.0: x * factor if mode == "times" else x, excluded={1, "factor"})
    same(scaled(backend.asarray(numbers(3)), "times", factor=3.0), numbers(3) * 3)


def test_vectorize_on_specs():
    total = ops.vectorize(ops.sum, signature="(n)->()")
    assert total(Spec((dim("batch"), 4, 3))).shape == (dim("batch"), 4)


@pytest.mark.parametrize(
    ("signature", "args", "error", "complaint"),
    [
        ("(n)->", (numbers(3),), OptionError, "expected a signature"),
        ("(n)->()", (numbers(3), numbers(3)), ShapeError, "is for 1 arrays; got 2"),
        ("(m,n)->()", (numbers(3),), ShapeError, r"with the axes \(m,n\)"),
        ("(n),(n)->()", (numbers(3), numbers(4)), ShapeError, "axis n has sizes 3 and 4"),
    ],
)
def test_vectorize_refuses(signature, args, error, complaint):
    with pytest.raises(error, match=complaint):
        ops.vectorize(lambda *xs: ops.sum(xs[0]), signature=signature)(*args)


def test_vectorize_wants_a_function():
    with pytest.raises(DTypeError, match="expected a function"):
        ops.vectorize(3)


def test_vectorized_map_of_structures(backend):
    x, y = backend.asarray(numbers(4, 2)), backend.asarray(numbers(4))

    def function(pair):
        return {"sum": ops.add(pair[0], pair[1]), "one": 1.0}

    for call in (ops.vectorized_map, polykeras.compile(lambda xs: ops.vectorized_map(function, xs))):
        found = call(function, (x, y)) if call is ops.vectorized_map else call((x, y))
        same(found["sum"], numbers(4, 2) + numbers(4)[:, None])
        same(found["one"], np.ones(4))


def test_vectorized_map_of_what_looks_at_values(backend):
    def function(x):
        return ops.take(numbers(5) * 2, ops.cast(x, "int32"))

    same(ops.vectorized_map(function, backend.asarray(numbers(4))), numbers(4) * 2)


def test_associative_scan_of_structures(backend):
    def combine(one, other):
        return {"m": ops.matmul(one["m"], other["m"]), "n": ops.add(one["n"], other["n"])}

    m = np.random.default_rng(0).normal(size=(7, 2, 2)).astype("float32")
    found = ops.associative_scan(combine, {"m": backend.asarray(m), "n": backend.asarray(numbers(7))})
    products = [m[0]]
    for matrix in m[1:]:
        products.append(products[-1] @ matrix)
    np.testing.assert_allclose(ops.convert_to_numpy(found["m"]), products, rtol=1e-4, atol=1e-5)
    same(found["n"], numbers(7).cumsum())


def test_associative_scan_refuses_different_sizes():
    with pytest.raises(ShapeError, match="one size on axis 0"):
        ops.associative_scan(lambda one, other: one, (numbers(3), numbers(4)))


def test_symbolic_sizes():
    n = dim("n")
    assert ops.layer_normalization(Spec((n, 8))).shape == (n, 8)
    assert ops.dot_product_attention(*[Spec((n, 5, 2, 4))] * 3, is_causal=True).shape == (n, 5, 2, 4)
    assert ops.sparse_categorical_crossentropy(Spec((n,), "int32"), Spec((n, 10))).shape == (n,)
    assert ops.ctc_loss(Spec((n, 3), "int32"), Spec((n, 9, 5)), *[Spec((n,), "int32")] * 2).shape == (n,)
    assert [x.shape for x in ops.ctc_decode(Spec((n, 9, 5)), Spec((n,), "int32"))] == [(1, n, 9), (n, 1)]
    assert ops.adaptive_max_pool(Spec((n, dim("h"), 7, 3)), 2).shape == (n, 2, 2, 3)
    assert ops.unfold(Spec((n, 3, 6, 6)), 3, padding=1).shape == (n, 27, 36)
    assert ops.segment_sum(Spec((n, 3)), Spec((n,), "int32"), 5).shape == (5, 3)
    assert ops.segment_sum(Spec((n, 3)), Spec((n,), "int32")).ndim == 2
    assert ops.depth_to_space(Spec((n, dim("h"), 4, 8)), 2).shape == (n, dim("h") * 2, 8, 2)
    assert ops.multi_hot(Spec((n, 4), "int32"), 6).shape == (n, 6)
    assert ops.associative_scan(ops.add, Spec((n, 3))).shape == (n, 3)
    assert [x.shape for x in ops.moments(Spec((n, 3)), 0)] == [(3,), (3,)]
