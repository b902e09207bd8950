"""The weights with the lowest validation loss of a run."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import RNN, Solver
from tests.support.saved_runs import make

SMALL_TEXT = np.random.default_rng(0).integers(0, 4, 400)  # noise: learnt by heart, no more


def overfitting(num_iters=150) -> Solver:
    """A solver whose validation loss rises before the end of its training."""
    model = RNN(4, None, 4, 32, seed=1)
    return Solver(SMALL_TEXT, model, 20, 4, num_iters=num_iters, val_fraction=0.25, eval_every=10)


def test_the_best_weights_are_those_of_the_lowest_validation_loss():
    solver, at_validation = overfitting(), {}
    while not solver.finished:
        solver.step()
        at_validation[solver.iteration] = solver.model.flat.copy()
    iterations, losses = solver.history.validations()
    best = solver.best
    assert losses[-1] > losses.min() + 0.1  # it has overfitted
    assert (best.iteration, best.loss) == (iterations[losses.argmin()], losses.min())
    np.testing.assert_array_equal(best.flat, at_validation[best.iteration])
    model = best.apply_to(solver.model)
    assert model.settings() == solver.model.settings()
    again = Solver(SMALL_TEXT, model, 20, 4, val_fraction=0.25)
    assert again.evaluate() == pytest.approx(best.loss)


def test_without_validation_there_are_no_best_weights():
    for solver in (make(val_fraction=0), make(eval_every=0)):
        for _ in range(20):
            solver.step()
        assert solver.best is None


def test_a_run_without_best_weights_waits_for_a_new_lowest_loss():
    """As a run from a file of an earlier version, which was saved after its best validation."""
    solver = overfitting()
    while not solver.finished:
        solver.step()
    solver.best, solver.num_iters = None, 200
    while not solver.finished:
        solver.step()
    assert solver.best is None
