"""The contract of a recurrent cell, tested on every cell in ``CELLS``."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from rnncore import CELLS
from rnncore.cells import base
from rnncore.gradcheck import numeric_gradient, relative_error
from tests.support import naive

every_cell = pytest.mark.parametrize("name", sorted(CELLS))
SHAPES = [(1, 1, 1, 1), (2, 5, 3, 4), (5, 12, 4, 7), (1, 9, 6, 2)]  # N, T, D, H


@pytest.fixture(autouse=True, params=["in_steps", "precomputed"])
def inputs(request, monkeypatch):
    """Run every test with x Wx computed in the steps, and precomputed for all steps."""
    monkeypatch.setattr(
        base, "should_precompute_inputs", lambda cell: request.param == "precomputed"
    )


def problem(name, N=3, T=6, D=4, H=5, dtype="float64", seed=0):
    """Return a cell with random weights, inputs, state and output gradients."""
    rng = np.random.default_rng(seed)
    cell = CELLS[name](D, H, np.dtype(dtype))

    def normal(*shape):
        return (0.7 * rng.standard_normal(shape)).astype(dtype)

    return SimpleNamespace(
        cell=cell, W=normal(D + H + 1, cell.G * H), x=normal(T, N, D),
        state=normal(len(cell.state_parts), N, H), dh=normal(T, N, H),
    )  # fmt: skip


def run(cell, W, x, state):
    """Return copies of the outputs and the state after the last step; ``state`` stays."""
    state = state.copy()
    h = cell.forward(W, x, state, cell.new_buffers(x.shape[1], x.shape[0]))
    return h.copy(), state


def run_backward(cell, W, x, state, dh):
    """Return the gradients of x, of W and of the initial state."""
    buffers, dW = cell.new_buffers(x.shape[1], x.shape[0]), np.full_like(W, np.nan)
    cell.forward(W, x, state.copy(), buffers)
    dx = cell.backward(W, dh, buffers, dW)
    return dx.copy(), dW, buffers.dstate.copy()


def test_every_cell_has_a_reference_implementation():
    assert set(naive.NAIVE) == set(CELLS), "add the new cell's equations to tests/support/naive.py"


@every_cell
def test_names_and_gate_order_agree_with_the_reference(name):
    assert CELLS[name].name == name
    assert CELLS[name].gates == naive.NAIVE[name].gates
    assert CELLS[name].state_parts[0] == "h"


@every_cell
@pytest.mark.parametrize("shape", SHAPES)
def test_forward_agrees_with_the_reference(name, shape):
    p = problem(name, *shape)
    h, after = run(p.cell, p.W, p.x, p.state)
    naive_h, naive_after, _ = naive.forward(name, p.W, p.x, p.state)
    np.testing.assert_allclose(h, naive_h, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(after, naive_after, rtol=1e-11, atol=1e-13)


@every_cell
@pytest.mark.parametrize("shape", SHAPES)
def test_backward_agrees_with_the_reference(name, shape):
    p = problem(name, *shape)
    _, _, kept = naive.forward(name, p.W, p.x, p.state)
    expected = naive.backward(name, p.W, p.dh, kept)
    for found, reference in zip(
        run_backward(p.cell, p.W, p.x, p.state, p.dh), expected, strict=True
    ):
        np.testing.assert_allclose(found, reference, rtol=1e-9, atol=1e-12)


@every_cell
@pytest.mark.parametrize("shape", [(16, 50, 22, 128), (64, 30, 5, 200)])
def test_float32_agrees_with_the_reference_at_realistic_sizes(name, shape):
    """The sizes are large enough that kernels work in blocks and the BLAS in pieces."""
    p = problem(name, *shape, dtype="float32")
    p.W *= np.float32(0.1)
    wide = [a.astype(np.float64) for a in (p.W, p.x, p.state, p.dh)]
    naive_h, naive_after, kept = naive.forward(name, *wide[:3])
    h, after = run(p.cell, p.W, p.x, p.state)
    np.testing.assert_allclose(h, naive_h, atol=2e-5)
    np.testing.assert_allclose(after, naive_after, atol=2e-5)
    expected = naive.backward(name, wide[0], wide[3], kept)
    for found, reference in zip(
        run_backward(p.cell, p.W, p.x, p.state, p.dh), expected, strict=True
    ):
        assert found.dtype == np.float32
        assert relative_error(found, reference) < 2e-5


@every_cell
@pytest.mark.parametrize("what", ["x", "W", "state"])
def test_gradients_agree_with_numeric_ones(name, what):
    p = problem(name)
    dx, dW, dstate = run_backward(p.cell, p.W, p.x, p.state, p.dh)
    found = {"x": dx, "W": dW, "state": dstate}[what]

    def loss():
        return float((run(p.cell, p.W, p.x, p.state)[0] * p.dh).sum())

    assert relative_error(found, numeric_gradient(loss, getattr(p, what))) < 1e-8


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_halves_of_a_sequence_give_the_same_as_the_whole(name, dtype):
    p = problem(name, T=11, dtype=dtype)
    whole, after = run(p.cell, p.W, p.x, p.state)
    first, between = run(p.cell, p.W, p.x[:4], p.state)
    second, after_both = run(p.cell, p.W, p.x[4:], between)
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=tolerance)
    np.testing.assert_allclose(after_both, after, atol=tolerance)


@every_cell
def test_a_cell_keeps_no_state_between_passes(name):
    """The same pass gives the same result after another pass with other values."""
    p, other = problem(name), problem(name, seed=1)
    expected = run(p.cell, p.W, p.x, p.state)
    run_backward(p.cell, other.W, other.x, other.state, other.dh)
    for found, reference in zip(run(p.cell, p.W, p.x, p.state), expected, strict=True):
        np.testing.assert_array_equal(found, reference)


@every_cell
def test_used_buffers_give_the_same_result_as_new_ones(name):
    p, other = problem(name), problem(name, seed=1)
    expected = run_backward(p.cell, p.W, p.x, p.state, p.dh)
    buffers, dW = p.cell.new_buffers(3, 6), np.zeros_like(p.W)
    p.cell.forward(other.W, other.x, other.state, buffers)
    p.cell.backward(other.W, other.dh, buffers, dW)
    p.cell.forward(p.W, p.x, p.state.copy(), buffers)
    dx = p.cell.backward(p.W, p.dh, buffers, dW)
    for found, reference in zip((dx, dW, buffers.dstate), expected, strict=True):
        np.testing.assert_array_equal(found, reference)


@every_cell
def test_passes_and_steps_do_not_change_their_arguments(name):
    p = problem(name)
    before = [a.copy() for a in (p.W, p.x, p.state, p.dh)]
    run_backward(p.cell, p.W, p.x, p.state, p.dh)
    p.cell.new_stepper(p.W, p.state)(np.zeros((3, p.cell.G * 5)))
    for after, original in zip((p.W, p.x, p.state, p.dh), before, strict=True):
        np.testing.assert_array_equal(after, original)


@every_cell
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_single_steps_give_the_same_as_forward(name, batched, dtype):
    """Sampling steps on (N, H) arrays or on vectors (H,)."""
    p = problem(name, T=9, dtype=dtype)
    expected, _ = run(p.cell, p.W, p.x, p.state)
    at = slice(None) if batched else 1
    step = p.cell.new_stepper(p.W, p.state[:, at])
    for x_t, h_t in zip(p.x[:, at], expected[:, at], strict=True):
        h = step(x_t @ step.Wx + step.b)
        assert h.dtype == np.dtype(dtype)
        np.testing.assert_allclose(h, h_t, atol=1e-6 if dtype == "float32" else 1e-13)


@every_cell
def test_large_activations_stay_finite(name):
    p = problem(name)
    p.W *= 1e4
    dx, dW, dstate = run_backward(p.cell, p.W, p.x, p.state, p.dh)
    assert all(np.isfinite(a).all() for a in (*run(p.cell, p.W, p.x, p.state), dx, dW, dstate))


@every_cell
def test_initial_weights_follow_the_documented_scheme(name):
    """Recurrent blocks are orthogonal; biases are zero, except for the LSTM's forget gate."""
    cell = CELLS[name](6, 8, np.float64)
    W = cell.init_weights(np.random.default_rng(0))
    for index, gate in enumerate(cell.gates):
        columns = W[:, 8 * index : 8 * index + 8]
        np.testing.assert_allclose(columns[6:14].T @ columns[6:14], np.eye(8), atol=1e-12)
        assert (columns[-1] == (-1 if (name, gate) == ("lstm", "f") else 0)).all()
    assert np.abs(W[:6]).max() <= np.sqrt(6 / 14)
    np.testing.assert_array_equal(W, cell.init_weights(np.random.default_rng(0)))


def test_inputs_are_precomputed_if_the_weights_are_large(monkeypatch):
    """For upper layers of 200 LSTM units, but not for the first layer or smaller layers."""
    monkeypatch.undo()
    assert base.should_precompute_inputs(CELLS["lstm"](200, 200))
    for D, H in ((22, 200), (64, 512), (100, 100)):
        assert not base.should_precompute_inputs(CELLS["lstm"](D, H))


@every_cell
def test_precomputing_inputs_gives_nearly_the_same_gradients(name, monkeypatch):
    """In float32 at the size of an upper layer, sums in another order round differently."""
    p = problem(name, 8, 50, 200, 200, dtype="float32")
    p.W *= np.float32(0.1)
    found = []
    for precompute in (True, False):
        monkeypatch.setattr(base, "should_precompute_inputs", lambda cell, value=precompute: value)
        found.append(run_backward(p.cell, p.W, p.x, p.state, p.dh))
    for one, other in zip(*found, strict=True):
        assert relative_error(one, other) < 1e-5
