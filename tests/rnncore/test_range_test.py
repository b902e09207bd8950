"""The learning rate range test."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest

from rnncore import RNN, Solver
from rnncore.errors import SettingError
from rnncore.range_test import STEPS, run_range_test

TEXT_IDS = np.random.default_rng(0).permutation(np.arange(12)).repeat(2)[np.arange(6_000) % 24]


def standing_clock() -> float:
    """A machine that needs no time."""
    return 0.0


class SlowClock:
    """A machine on which each look at the clock comes half a second after the last."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.5
        return self.now


def new_solver(**settings) -> Solver:
    model = RNN(12, hidden_dim=16, cell_type="gru", dropout=0.1, seed=0)
    return Solver(TEXT_IDS, model, seq_length=10, batch_size=8, **settings)


def test_the_rate_rises_by_the_same_factor_at_each_iteration():
    found = run_range_test(new_solver(), clock=standing_clock)
    factors = found.rates[1:] / found.rates[:-1]
    np.testing.assert_allclose(factors, 10_000 ** (1 / (STEPS - 1)))
    assert found.losses.shape == found.rates.shape


def test_the_test_ends_when_the_loss_is_far_above_its_lowest():
    found = run_range_test(new_solver(), clock=standing_clock)
    assert 20 < len(found.rates) < STEPS
    assert found.losses[-1] > found.losses.min() + 0.1 * found.losses[0]


def test_a_loss_that_is_no_number_ends_the_test_too():
    found = run_range_test(new_solver(update_rule="sgd", clip=None), clock=standing_clock)
    assert len(found.rates) < STEPS
    assert np.isfinite(found.losses).all()


def test_a_tenth_of_the_rate_at_which_the_loss_rises_is_suggested():
    found = run_range_test(new_solver(), clock=standing_clock)
    at = list(found.rates).index(found.too_high)
    assert found.losses[at] > found.losses.min() + 0.15
    assert found.losses[at - 1] <= found.losses.min() + 0.15
    assert found.suggested == pytest.approx(found.too_high / 10, rel=0.05)


def test_a_slow_machine_tests_the_same_rates_in_fewer_iterations():
    found = run_range_test(new_solver(), seconds=30, clock=SlowClock())
    full = run_range_test(new_solver(), clock=standing_clock)
    assert len(found.rates) < 61
    assert found.rates[0] == full.rates[0]
    assert found.too_high > full.too_high / 3
    assert full.suggested / 3 < found.suggested < full.suggested * 3


def test_too_few_iterations_suggest_no_rate():
    found = run_range_test(new_solver(), seconds=5, clock=SlowClock())
    assert 0 < len(found.rates) <= 20
    assert (found.too_high, found.suggested) == (None, None)


def test_a_loss_that_never_rises_suggests_no_rate(monkeypatch):
    monkeypatch.setattr(Solver, "step", lambda self: 1.0)
    found = run_range_test(new_solver(), clock=standing_clock)
    assert len(found.rates) == STEPS
    assert found.suggested is None


def arrays(solver: Solver) -> list:
    """Return all that changes in training."""
    return [solver.model.flat, solver.optimizer.slots, solver.state, solver.batches.cursor]


def test_the_network_its_run_and_the_random_generators_stay_as_they_are():
    solver = new_solver(lr=0.01)
    for _ in range(3):
        solver.step()
    before = copy.deepcopy(arrays(solver))
    # The old interface reads the global generator, which the test must not use.
    numpy_state, python_state = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    settings, position = solver.settings(), solver.position()
    run_range_test(solver, clock=standing_clock)
    np.testing.assert_equal(arrays(solver), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    assert random.getstate() == python_state
    assert (solver.settings(), solver.position()) == (settings, position)
    assert len(solver.history) == 3


def test_it_reports_how_far_it_is():
    shares: list[float] = []
    run_range_test(new_solver(), report=shares.append, clock=standing_clock)
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert 0.3 < shares[-1] <= 1


def test_it_has_the_same_result_each_time():
    first, second = (run_range_test(new_solver(), clock=standing_clock) for _ in range(2))
    np.testing.assert_array_equal(first.losses, second.losses)


def test_it_ends_before_the_next_iteration_once_it_is_not_wanted(monkeypatch):
    steps = []
    monkeypatch.setattr(Solver, "step", lambda self: steps.append(1) or 1.0)
    assert run_range_test(new_solver(), wanted=lambda: len(steps) < 5) is None
    assert len(steps) == 5


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), "10"])
def test_an_impossible_time_is_refused(seconds):
    with pytest.raises(SettingError, match="seconds is"):
        run_range_test(new_solver(), seconds)
