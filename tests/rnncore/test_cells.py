"""The contract of a recurrent cell, for every cell in the registry."""

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


@pytest.fixture(autouse=True, params=["together", "ahead"])
def inputs(request, monkeypatch):
    """Every test with the inputs' products among the steps' and outside the recurrence."""
    monkeypatch.setattr(base, "should_precompute_inputs", lambda cell: request.param == "ahead")


def problem(name, N=3, T=6, D=4, H=5, dtype="float64", seed=0):
    """A cell with random weights, inputs, a state that is not zero, and output gradients."""
    rng = np.random.default_rng(seed)
    cell = CELLS[name](D, H, np.dtype(dtype))

    def normal(*shape):
        return (0.7 * rng.standard_normal(shape)).astype(dtype)

    return SimpleNamespace(
        cell=cell, W=normal(D + H + 1, cell.G * H), x=normal(T, N, D),
        state=normal(len(cell.state_parts), N, H), dh=normal(T, N, H),
    )  # fmt: skip


def run(cell, W, x, state):
    """Outputs and the state after the last step, as copies; ``state`` is left alone."""
    state = state.copy()
    h = cell.forward(W, x, state, cell.new_buffers(x.shape[1], x.shape[0]))
    return h.copy(), state


def run_backward(cell, W, x, state, dh):
    """Gradients of x, of W and of the first state."""
    buffers, dW = cell.new_buffers(x.shape[1], x.shape[0]), np.full_like(W, np.nan)
    cell.forward(W, x, state.copy(), buffers)
    dx = cell.backward(W, dh, buffers, dW)
    return dx.copy(), dW, buffers.dstate.copy()


def test_every_cell_has_a_reference():
    assert set(naive.NAIVE) == set(CELLS), "write the new cell's equations into naive.py"


@every_cell
def test_names_and_gate_order(name):
    assert CELLS[name].name == name
    assert CELLS[name].gates == naive.GATES[name]
    assert CELLS[name].state_parts[0] == "h"


@every_cell
@pytest.mark.parametrize("shape", SHAPES)
def test_forward_equals_the_equations(name, shape):
    p = problem(name, *shape)
    h, after = run(p.cell, p.W, p.x, p.state)
    naive_h, naive_after, _ = naive.forward(name, p.W, p.x, p.state)
    np.testing.assert_allclose(h, naive_h, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(after, naive_after, rtol=1e-11, atol=1e-13)


@every_cell
@pytest.mark.parametrize("shape", SHAPES)
def test_backward_equals_the_equations(name, shape):
    p = problem(name, *shape)
    _, _, kept = naive.forward(name, p.W, p.x, p.state)
    expected = naive.backward(name, p.W, p.dh, kept)
    for found, reference in zip(
        run_backward(p.cell, p.W, p.x, p.state, p.dh), expected, strict=True
    ):
        np.testing.assert_allclose(found, reference, rtol=1e-9, atol=1e-12)


@every_cell
@pytest.mark.parametrize("shape", [(16, 50, 22, 128), (64, 30, 5, 200)])
def test_float32_kernels_at_working_sizes(name, shape):
    """Large enough that kernels work in blocks and BLAS in threads."""
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
def test_gradient_check(name, what):
    p = problem(name)
    dx, dW, dstate = run_backward(p.cell, p.W, p.x, p.state, p.dh)
    found = {"x": dx, "W": dW, "state": dstate}[what]

    def loss():
        return float((run(p.cell, p.W, p.x, p.state)[0] * p.dh).sum())

    assert relative_error(found, numeric_gradient(loss, getattr(p, what))) < 1e-8


@every_cell
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_split_sequence_equals_the_whole(name, dtype):
    p = problem(name, T=11, dtype=dtype)
    whole, after = run(p.cell, p.W, p.x, p.state)
    first, between = run(p.cell, p.W, p.x[:4], p.state)
    second, after_both = run(p.cell, p.W, p.x[4:], between)
    tolerance = 1e-6 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=tolerance)
    np.testing.assert_allclose(after_both, after, atol=tolerance)


@every_cell
def test_state_is_explicit(name):
    """Nothing of one pass stays in the cell: passes between others change none of them."""
    p, other = problem(name), problem(name, seed=1)
    expected = run(p.cell, p.W, p.x, p.state)
    run_backward(p.cell, other.W, other.x, other.state, other.dh)
    for found, reference in zip(run(p.cell, p.W, p.x, p.state), expected, strict=True):
        np.testing.assert_array_equal(found, reference)


@every_cell
def test_buffers_are_as_good_as_new_the_second_time(name):
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
def test_what_is_handed_in_stays_as_it_was(name):
    p = problem(name)
    before = [a.copy() for a in (p.W, p.x, p.state, p.dh)]
    run_backward(p.cell, p.W, p.x, p.state, p.dh)
    p.cell.new_stepper(p.W, p.state)(np.zeros((3, p.cell.G * 5)))
    for now, then in zip((p.W, p.x, p.state, p.dh), before, strict=True):
        np.testing.assert_array_equal(now, then)


@every_cell
@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_equal_forward(name, batched, dtype):
    """Sampling goes step by step, on (N, H) arrays or on single vectors (H,)."""
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
def test_initial_weights(name):
    """Orthogonal recurrent blocks, biases of zero but for the LSTM's forget gate."""
    cell = CELLS[name](6, 8, np.float64)
    W = cell.init_weights(np.random.default_rng(0))
    for place, gate in enumerate(cell.gates):
        columns = W[:, 8 * place : 8 * place + 8]
        np.testing.assert_allclose(columns[6:14].T @ columns[6:14], np.eye(8), atol=1e-12)
        assert (columns[-1] == (1 if (name, gate) == ("lstm", "f") else 0)).all()
    assert np.abs(W[:6]).max() <= np.sqrt(6 / 14)
    np.testing.assert_array_equal(W, cell.init_weights(np.random.default_rng(0)))


def test_inputs_go_ahead_where_the_weights_are_large(monkeypatch):
    """Upper layers of 200 LSTM units; not the layer below them, nor small or half as many."""
    monkeypatch.undo()
    assert base.should_precompute_inputs(CELLS["lstm"](200, 200))
    for D, H in ((22, 200), (64, 512), (100, 100)):
        assert not base.should_precompute_inputs(CELLS["lstm"](D, H))


@every_cell
def test_both_ways_round_nearly_alike(name, monkeypatch):
    """In float32 at an upper layer's size: the same sums in another order."""
    p = problem(name, 8, 50, 200, 200, dtype="float32")
    p.W *= np.float32(0.1)
    found = []
    for ahead in (True, False):
        monkeypatch.setattr(base, "should_precompute_inputs", lambda cell, ahead=ahead: ahead)
        found.append(run_backward(p.cell, p.W, p.x, p.state, p.dh))
    for one, other in zip(*found, strict=True):
        assert relative_error(one, other) < 1e-5
