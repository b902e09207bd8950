"""One interval of a run: it continues bit for bit, wherever it is computed."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from rnncore import Solver, load
from rnncore.errors import DivergedError, SweepError
from rnncore.sweep import task
from rnncore.sweep.task import Order, train_interval
from tests.support.sweeps import TEXT, assert_same_training, make_plan, train_unbroken

RUN = make_plan().runs[0]
FIRST = Order(RUN, None, share=1.0, seconds=0.0, iterations=6, minutes=None)


def test_a_run_in_intervals_is_the_same_as_a_run_without_a_break():
    interval, count = train_interval(FIRST, TEXT), 1
    while not interval.paused:
        interval = train_interval(replace(FIRST, checkpoint=interval.checkpoint), TEXT)
        count += 1
    assert count == 6  # an interval of no time trains one iteration
    solver = load(interval.checkpoint, data=TEXT.ids)
    assert_same_training(solver, train_unbroken(RUN))
    assert interval.val_loss == interval.best_val_loss == solver.best.loss


def test_an_interval_that_is_computed_again_is_the_same():
    order = replace(FIRST, share=0.5, seconds=60.0)
    one, other = train_interval(order, TEXT), train_interval(order, TEXT)
    assert_same_training(*(load(i.checkpoint, data=TEXT.ids) for i in (one, other)))
    assert (one.iteration, one.num_iters, one.paused) == (3, 6, True)
    assert one.score == other.score == pytest.approx(load(one.checkpoint, data=TEXT.ids).evaluate())


def test_minutes_become_iterations_when_the_run_starts(monkeypatch):
    monkeypatch.setattr(task, "measure_speed", lambda run, text, seconds: 8.0)
    order = replace(FIRST, iterations=None, minutes=0.5)
    interval = train_interval(order, TEXT)
    assert interval.num_iters == 240
    monkeypatch.setattr(task, "measure_speed", lambda run, text, seconds: 99.0)
    again = train_interval(replace(order, checkpoint=interval.checkpoint), TEXT)
    assert (again.iteration, again.num_iters) == (2, 240)


def test_the_trial_measures_the_speed_of_the_run():
    assert task.measure_speed(RUN, TEXT, 0.05) > 10


def test_a_diverged_run_fails_with_the_solver_s_sentence(monkeypatch):
    def step(solver):
        if solver.iteration == 2:
            raise DivergedError("Training diverged at iteration 3.")
        return train(solver)

    train = Solver.step
    monkeypatch.setattr(Solver, "step", step)
    interval = train_interval(replace(FIRST, seconds=60.0), TEXT)
    assert interval.failure == "Training diverged at iteration 3."
    assert load(interval.checkpoint, data=TEXT.ids).iteration == 2  # its last good weights
    assert math.isnan(interval.score)


def test_the_curve_has_few_points_and_ends_where_the_run_does():
    solver = train_unbroken(RUN, 300)
    curve = task.describe_curve(solver.history)
    assert len(curve["iteration"]) == len(curve["loss"]) == 100
    assert curve["iteration"][-1] == 300
    assert np.mean(curve["loss"]) == pytest.approx(np.mean(solver.history["loss"]))
    assert curve["val_loss"][-1] == solver.history.validations()[1][-1]
    assert task.describe_curve(RUN.build(TEXT, 5).history)["loss"] == []


def test_another_version_of_rnncore_is_one_sentence():
    with pytest.raises(SweepError, match=r"has rnncore .*; this sweep needs 9\.9"):
        task.work(replace(FIRST, version="9.9"), TEXT)
