"""The ideas for learning better that the benchmark of quality over time can measure."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.minutes import ideas
from benchmarks.minutes.gradient_ideas import GradientIdea, SkipSpikes
from rnncore import RNN, Solver


def new_solver(**settings) -> Solver:
    ids = np.random.default_rng(0).integers(0, 5, 2000)
    return Solver(ids, RNN(5, hidden_dim=8), 10, 4, num_iters=40, eval_every=0, **settings)


def test_the_average_is_near_the_last_weights_but_smoother():
    solver = new_solver(schedule="constant", lr=0.05)
    idea = ideas.Average(solver)
    path = []
    while not solver.finished:
        solver.step()
        idea.after_step()
        path.append(solver.model.flat.copy())
    last = path[-1]
    idea.finish()
    away = np.linalg.norm(solver.model.flat - last)
    assert 0 < away < np.linalg.norm(path[20] - last)


def test_chrono_biases_remember_for_different_times():
    solver = new_solver()
    ideas.Chrono(solver)
    bias = solver.model.params["b"]
    np.testing.assert_allclose(bias[:8], -bias[8:16])
    assert bias[8:16].std() > 0.3


def test_ideas_for_the_start_change_what_they_name():
    W = {}
    for name in ("", "bias=-3", "bias=-2..0", "recurrent-0.5", "inputs-2", "uniform-start"):
        solver = new_solver()
        if name:
            ideas.IDEAS[name](solver)
        (W[name],) = solver.model.weights(solver.model.flat)
    D, H = solver.model.input_dim, 8
    assert (W["bias=-3"][-1, H : 2 * H] == -3).all()
    np.testing.assert_allclose(W["bias=-2..0"][-1, [H, 2 * H - 1]], [-2, 0])
    np.testing.assert_allclose(W["recurrent-0.5"][D:-1], W[""][D:-1] / 2)
    np.testing.assert_allclose(W["inputs-2"][:D], W[""][:D] * 2)
    assert 0.9 * H**-0.5 < np.abs(W["uniform-start"][:-1]).max() <= H**-0.5


@pytest.mark.parametrize(("name", "half"), [("linear", 0.5), ("trapezoid", 1.0)])
def test_falling_rates_end_near_zero(name, half):
    solver = new_solver(schedule="constant", lr=0.01)
    idea = ideas.IDEAS[name](solver)
    rates = []
    while not solver.finished:
        solver.step()
        idea.after_step()
        rates.append(solver.lr)
    assert rates[19] == pytest.approx(0.01 * half)
    assert rates[-1] < 1e-4


@pytest.mark.parametrize(
    ("name", "shape"), [("twice-the-streams-late", (8, 10)), ("twice-the-length-late", (4, 20))]
)
def test_batches_are_larger_in_the_second_half(name, shape):
    solver = new_solver()
    idea = ideas.IDEAS[name](solver)
    shapes = []
    while not solver.finished:
        shapes.append(solver.batches.peek().inputs.shape)
        solver.step()
        idea.after_step()
    assert shapes == [(4, 10)] * 20 + [shape] * 20


def test_restarts_fall_twice():
    solver = new_solver(schedule="constant", lr=0.01)
    idea = ideas.IDEAS["restarts"](solver)
    rates = []
    while not solver.finished:
        solver.step()
        idea.after_step()
        rates.append(solver.lr)
    assert min(rates[:13]) < 0.001
    assert max(rates[13:16]) > 0.0095
    assert rates[-1] < 1e-4
    assert (np.diff(rates[14:]) < 0).all()


def test_noise_changes_every_gradient():
    solvers = new_solver(), new_solver()
    ideas.IDEAS["gradient-noise"](solvers[0])
    for solver in solvers:
        solver.step()
    noise = solvers[0]._buffers.flat_grads - solvers[1]._buffers.flat_grads
    assert noise.std() == pytest.approx(1e-3, rel=0.2)


def test_tied_weights_stay_tied():
    ids = np.random.default_rng(0).integers(0, 5, 2000)
    solver = Solver(ids, RNN(5, input_dim=8, hidden_dim=8), 10, 4, num_iters=40, eval_every=0)
    ideas.IDEAS["tied"](solver)
    start = solver.model.params["W_embed"].copy()
    while not solver.finished:
        solver.step()
    params = solver.model.params
    np.testing.assert_array_equal(params["W_embed"], params["W_out"].T)
    assert np.abs(params["W_embed"] - start).max() > 0.01


def test_an_update_with_a_far_too_long_gradient_is_left_out():
    solver = new_solver()
    scale = 1.0

    class Longer(GradientIdea):
        """Makes gradients longer."""

        def keep(self, grads):
            grads *= scale
            return True

    spikes = SkipSpikes(solver)
    Longer(solver)  # the last that was set acts first
    solver.num_iters = 110
    while solver.iteration < 105:
        solver.step()
    assert spikes.skipped == 0
    before, scale = solver.model.flat.copy(), 10.0
    solver.step()
    assert spikes.skipped == 1
    np.testing.assert_array_equal(solver.model.flat, before)
    scale = 1.0
    solver.step()
    assert spikes.skipped == 1
    assert (solver.model.flat != before).any()


def test_the_normalised_lstm_agrees_with_its_equations():
    torch = pytest.importorskip("torch", reason="pip install -r requirements-bench.txt")
    from benchmarks.minutes.norm_lstm import NormLSTM

    torch.manual_seed(0)
    layer = NormLSTM(3, 4)
    x = torch.randn(2, 5, 3)
    outputs, (h, c) = layer(x)
    assert outputs.shape == (2, 5, 4)

    def norm(a):
        a = a - a.mean(1, keepdims=True)
        return a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-5)

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    Wx, Wh = layer.Wx.detach().numpy(), layer.Wh.detach().numpy()
    hidden = cell = np.zeros((5, 4))
    for step in x.numpy():
        i, f, o, g = np.split(norm(step @ Wx) + norm(hidden @ Wh), 4, axis=1)
        cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
        hidden = sigmoid(o) * np.tanh(norm(cell))
    np.testing.assert_allclose(h.detach().numpy(), hidden, atol=1e-5)
    np.testing.assert_allclose(c.detach().numpy(), cell, atol=1e-5)
    np.testing.assert_array_equal(outputs[-1].detach().numpy(), h.detach().numpy())
