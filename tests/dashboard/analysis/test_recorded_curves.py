"""Diagnoses of curves that were recorded while real networks trained on the sample texts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.analysis.baselines import LETTER_FREQUENCIES, Baseline
from dashboard.analysis.curve_diagnosis import diagnose, diagnose_divergence, diagnose_solver
from rnncore.history import COLUMNS, History
from tests.support.curves import NAMES, recorded_curve
from tests.support.trainers import new_solver


@pytest.mark.parametrize(
    ("name", "until", "key", "words"),
    [
        ("undertrained", 90, "early", "too early"),
        ("undertrained", 150, "falling", "validation loss is falling fast: from 2.118 to 1.996"),
        ("undertrained", None, "finished", "validation loss was still falling"),
        ("converged", 200, "falling", "validation loss is falling fast"),
        ("converged", 1000, "slow", "validation loss is falling slowly"),
        ("converged", 1900, "memorising", "stayed near 1.579"),
        ("converged", None, "finished", "validation loss no longer falls"),
        ("overfitting", 200, "falling", "validation loss is falling fast"),
        (
            "overfitting",
            500,
            "overfitting",
            "since about iteration 300: the validation loss rose from 1.759",
        ),
        (
            "overfitting",
            None,
            "overfitting",
            "since about iteration 300: the validation loss rose from 1.759",
        ),
        ("diverged", 120, "exploded", "worse than that of guessing from letter frequencies (3.09)"),
        ("diverged", None, "exploded", "worse than that of guessing from letter frequencies"),
        ("recovering", 150, "exploded", "worse than that of guessing from letter frequencies"),
        ("recovering", None, "exploded", "exploded to 23.4 at iteration 6"),
        ("noisy", 150, "falling", "loss is falling fast"),
        ("noisy", 2000, "noisy", "varies too much"),
        ("noisy", None, "falling", "validation loss is falling fast"),
        ("restarted", 800, "falling", "validation loss is falling fast"),
        ("restarted", None, "slow", "validation loss is falling slowly: from 1.711 to 1.684"),
    ],
)
def test_each_stage_of_a_real_run_has_its_sentence(name, until, key, words):
    found = diagnose(recorded_curve(name, until))
    assert found.key == key, found
    assert words in found.sentence


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("undertrained", ("num_iters", 700.0)),
        ("converged", None),  # more iterations drove its validation from 1.58 to 1.70
        ("overfitting", ("dropout", 0.2)),
        ("diverged", ("lr", 0.01)),
        ("recovering", ("lr", 0.01)),
        ("noisy", None),
        ("restarted", None),
    ],
)
def test_the_end_of_a_real_run_has_its_advice(name, action):
    assert diagnose(recorded_curve(name)).action == action


@pytest.mark.parametrize("name", ["diverged", "recovering"])
def test_a_run_that_blew_up_is_never_called_falling(name):
    length = recorded_curve(name).done
    for until in range(100, length + 1, 20):
        for num_iters in (until, 10 * until):
            found = diagnose(recorded_curve(name, until, num_iters=num_iters))
            assert found.action is None or found.action[0] == "lr"
            assert "falling" not in found.sentence


def test_without_baselines_a_loss_above_uniform_guessing_has_blown_up():
    curve = recorded_curve("diverged", 100, frequencies=math.nan, uniform=3.9)
    assert "worse than that of guessing at random (3.90)" in diagnose(curve).sentence


def test_a_run_cut_short_by_its_schedule_is_advised_to_continue():
    """Its learning rate has fallen to almost 0, and training and validation are still close."""
    curve = recorded_curve("restarted", 600, num_iters=600)
    assert curve.lowered
    assert diagnose(curve).action == ("num_iters", 1000.0)


def test_a_run_that_continues_after_its_end_is_not_called_a_plateau():
    for until in range(610, 1500, 30):
        assert diagnose(recorded_curve("restarted", until)).key in ("falling", "slow")


def test_lowering_the_rate_of_a_run_that_recovers_is_not_advised_twice():
    found = diagnose(recorded_curve("recovering", lr=0.008))
    assert found.key == "finished"


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_curve_is_whole(name):
    curve = recorded_curve(name)
    assert curve.done >= 300
    assert np.isfinite(curve.loss).all()
    assert len(curve.val_loss) >= 2
    assert 2.5 < curve.frequencies < 3.5 < curve.uniform < 5


def test_the_solver_is_judged_with_its_schedule_and_baselines():
    curve = recorded_curve("diverged")
    rows = np.full((len(COLUMNS), curve.done), np.nan)
    for column in ("iteration", "loss", "grad_norm"):
        rows[COLUMNS.index(column)] = getattr(curve, column)
    rows[COLUMNS.index("lr")] = curve.rate
    rows[COLUMNS.index("val_loss"), curve.val_iteration.astype(int) - 1] = curve.val_loss
    solver = new_solver(num_iters=curve.done)
    solver.history = History.from_array(rows)
    levels = [Baseline("Uniform", 4.25, ""), Baseline(LETTER_FREQUENCIES, 3.088, "")]
    assert "letter frequencies (3.09)" in diagnose_solver(solver, baselines=levels).sentence


def test_the_rate_after_a_divergence_suits_the_update_rule():
    assert diagnose_divergence(1.0, "adam").action == ("lr", 0.01)
    assert diagnose_divergence(0.006, "adam").action == ("lr", 0.002)
    assert diagnose_divergence(1.0, "adagrad").action == ("lr", 0.1)
