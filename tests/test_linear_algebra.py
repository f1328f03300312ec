"""Linear algebra where there is no answer, or none that is unique, and derivatives along a direction."""

from __future__ import annotations

import numpy as np
import pytest

import polykeras
from polykeras import ops
from polykeras.errors import MatrixError

SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("function", [ops.inv, lambda x: ops.solve(x, np.ones(2)), lambda x: ops.grad(ops.det)(x)])
def test_singular_matrix_is_refused(function, dtype, backend):
    with pytest.raises(MatrixError, match="in matrix_solve, expected a regular matrix; got a singular one"):
        function(backend.asarray(SINGULAR, dtype))


def test_matrix_without_cholesky_factor_is_refused(backend):
    with pytest.raises(MatrixError, match="expected a positive definite matrix"):
        ops.cholesky(backend.asarray(np.array([[1.0, 2.0], [2.0, 1.0]])))


@pytest.mark.parametrize("function", [ops.cholesky, ops.inv])
def test_missing_numbers_stay_missing(function, backend):
    found = ops.convert_to_numpy(function(backend.asarray(np.full((2, 2), np.nan))))
    assert np.isnan(np.tril(found)[np.tril_indices(2)]).all()


@pytest.mark.parametrize("lower", [True, False])
def test_triangle_with_a_zero_on_its_diagonal_gives_nothing_finite(lower, backend):
    solution = ops.solve_triangular(backend.asarray(np.zeros((2, 2))), np.ones(2), lower=lower)
    assert not np.isfinite(ops.convert_to_numpy(solution)).any()


def test_zero_on_the_diagonal_of_a_triangle_concerns_the_rows_that_it_enters(backend):
    triangles = backend.asarray(np.array([[[4.0, 0, 0], [1, 0, 0], [1, 1, 2]], [[2.0, 0, 0], [2, 1, 0], [0, 0, 4]]]))
    solution = ops.solve_triangular(triangles, backend.asarray(np.full((2, 3), 8.0)), lower=True)
    assert ops.convert_to_numpy(solution).tolist() == [[2.0, np.inf, -np.inf], [4.0, 0.0, 2.0]]


@pytest.mark.parametrize("shape", [(6, 6), (7, 3), (3, 7), (2, 4, 4)])
def test_factors_multiply_to_what_was_factored(shape, backend):
    x = np.random.Generator(np.random.Philox(1)).normal(size=shape)
    given = backend.asarray(x)
    q, r = ops.qr(given)
    u, s, vh = ops.svd(given, full_matrices=False)
    packed, pivots = map(ops.convert_to_numpy, ops.lu_factor(given))
    count = min(shape[-2:])
    lower = np.tril(packed[..., :count], -1) + np.eye(shape[-2], count)
    product = lower @ np.triu(packed[..., :count, :])
    for number in np.ndindex(*shape[:-2]):
        for place, pivot in reversed(list(enumerate(pivots[number]))):
            product[number][[place, pivot]] = product[number][[pivot, place]]
    for found in (ops.matmul(q, r), ops.matmul(ops.multiply(u, ops.expand_dims(s, -2)), vh), product):
        np.testing.assert_allclose(ops.convert_to_numpy(found), x, atol=1e-13)


def test_signs_do_not_hinge_on_rounding_where_elements_are_equally_large(backend):
    """Neither of the elements of these eigenvectors is the larger one."""
    values, vectors = ops.eigh(backend.asarray(np.array([[2.0, 1.0], [1.0, 2.0]])))
    np.testing.assert_allclose(ops.convert_to_numpy(values), [1.0, 3.0], atol=1e-15)
    np.testing.assert_allclose(ops.convert_to_numpy(vectors) * 2**0.5, [[1.0, 1.0], [-1.0, 1.0]], atol=1e-15)


def test_eigenvalues_on_one_vertical_line_are_in_the_order_of_their_imaginary_parts(backend):
    """Their real parts are zero but for rounding."""
    turns = np.zeros((4, 4))
    turns[:2, :2], turns[2:, 2:] = [[0.0, 2.0], [-2.0, 0.0]], [[0.0, 1.0], [-1.0, 0.0]]
    basis = np.linalg.qr(np.random.Generator(np.random.Philox(2)).normal(size=(4, 4)))[0]
    values, _ = ops.eig(backend.asarray(basis @ turns @ basis.T))
    np.testing.assert_allclose(ops.convert_to_numpy(values), [-2j, -1j, 1j, 2j], atol=1e-14)


X, DIRECTION = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([[1.0, 2.0], [2.0, 0.5]])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.svd(x)[0],
        lambda x: ops.eigh(x)[1],
        lambda x: ops.qr(x)[0],
        lambda x: ops.lu_factor(x)[0],
        lambda x: ops.real(ops.eig(x)[1]),
        ops.cholesky,
        ops.det,
        ops.pinv,
    ],
)
def test_derivative_along_a_direction(function, backend):
    """Also where a framework knows how to pull back only."""
    _, moved = ops.jvp(function, (backend.asarray(X),), (backend.asarray(DIRECTION),))
    step = 2.0**-17
    ahead, behind = (ops.convert_to_numpy(function(X + sign * step * DIRECTION)) for sign in (1, -1))
    np.testing.assert_allclose(ops.convert_to_numpy(moved), (ahead - behind) / (2 * step), atol=1e-8)


def test_gradient_with_respect_to_complex_numbers_points_where_the_value_grows(backend):
    """The derivative by the real part plus i times that by the imaginary part, on every backend."""
    z = np.array([1.0 + 2.0j, -0.5j])
    gradient = ops.grad(lambda z: ops.sum(ops.square(ops.abs(z))))(backend.asarray(z))
    np.testing.assert_allclose(ops.convert_to_numpy(gradient), 2 * z, atol=1e-15)
    y, pull = ops.vjp(lambda z: ops.multiply(z, 3j), backend.asarray(z))
    np.testing.assert_allclose(ops.convert_to_numpy(pull(y)[0]), 9 * z, atol=1e-14)


def test_modules_of_names_have_the_ops():
    import polykeras.ops.nn as nn

    assert (ops.linalg.svd, ops.numpy.kron, nn.relu) == (ops.svd, ops.kron, ops.relu)
    assert {"cholesky", "svd"} <= set(dir(ops.linalg))
    assert "svd" not in dir(ops.numpy)
    with pytest.raises(AttributeError, match="no attribute 'relu'"):
        _ = ops.linalg.relu


BATCH = np.array([[[2.0, 1.0], [1.0, 3.0]], [[np.nan, 1.0], [1.0, 3.0]], [[2.0, np.inf], [np.inf, 3.0]]])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(
    "function",
    [
        *(ops.svd, lambda x: ops.svd(x, compute_uv=False), ops.eigh, ops.eig, ops.pinv, ops.slogdet, ops.det),
        ops.inv,
        lambda x: ops.solve(x, ops.ones_like(x)),
        lambda x: ops.grad(lambda x: ops.sum(ops.slogdet(x)[1]))(x),
    ],
)
def test_matrices_that_are_not_finite_give_nan_and_others_their_numbers(function, compiled, backend):
    run = polykeras.compile(function) if compiled else function
    both, alone = (polykeras.tree.flatten(run(backend.asarray(x))) for x in (BATCH[:2], BATCH[:1]))
    for found, wanted in zip(both, alone, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(found)[:1], ops.convert_to_numpy(wanted), rtol=1e-13)
        missing = np.isnan(ops.convert_to_numpy(found)[1])
        assert missing.any() if found.shape == BATCH[:2].shape else missing.all()  # elimination may leave some


@pytest.mark.parametrize("function", [ops.svd, ops.eigh, ops.eig, lambda x: ops.lstsq(x, np.ones(2))])
def test_infinity_in_a_matrix_is_no_error(function, backend):
    for found in polykeras.tree.flatten(function(backend.asarray(BATCH[2]))):
        assert np.isnan(ops.convert_to_numpy(found)).all()


@pytest.mark.backends("tensorflow")
@pytest.mark.parametrize("ord", [1, -1, 2, -2, np.inf, -np.inf])
def test_norms_in_a_graph_that_does_not_know_sizes(ord, backend):
    import tensorflow as tf

    signature = [tf.TensorSpec([None, None], "float64")]
    found = tf.function(lambda x: ops.norm(x, ord=ord), input_signature=signature)(SINGULAR)
    np.testing.assert_allclose(found, np.linalg.norm(SINGULAR, ord), atol=1e-15)  # the least singular value is 0
