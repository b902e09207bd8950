"""Diagnoses of noisy curves whose cause is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.analysis.curve import Curve
from dashboard.analysis.curve_diagnosis import (
    MAX_ROWS,
    diagnose,
    diagnose_divergence,
    diagnose_solver,
)
from dashboard.analysis.diagnosis import Diagnosis
from dashboard.analysis.learning_rates import round_to_typical
from tests.support.trainers import new_solver

N = 4000
SEEDS = range(5)
x = np.arange(1, N + 1, dtype=float)
FLAT = np.full(N, 1.6)
FALLING = 1.4 + 2.8 * np.exp(-x / 1500)


def diagnose_noisy(
    loss: Any, val: Any = (), seed: int = 0, noise: float = 0.06, changed: int = 0, **given: Any
) -> Diagnosis:
    """Diagnose a curve with batch noise, slow drifts between chapters and outliers."""
    rng = np.random.default_rng(seed)
    loss = np.asarray(loss, float)
    n = len(loss)
    drift = 0.02 * np.sin(np.arange(n) / 37 + seed)
    noisy = loss + noise * rng.standard_normal(n) + drift
    noisy[rng.random(n) < 0.003] += 0.5
    val = np.asarray(val, float)
    settings: dict[str, Any] = {
        "iteration": np.arange(1.0, n + 1),
        "loss": noisy,
        "grad_norm": rng.lognormal(0, 0.5, n),
        "val_iteration": np.linspace(n / max(1, len(val)), n, len(val)).round(),
        "val_loss": val + 0.003 * rng.standard_normal(len(val)),
        "lr": 4e-3,
        "clip": 5.0,
        "num_iters": 3 * N,
    }
    return diagnose(Curve(**settings | given), changed)


@pytest.mark.parametrize("seed", SEEDS)
class TestNoisyCurves:
    def test_fast_fall(self, seed: int) -> None:
        found = diagnose_noisy(FALLING, seed=seed)
        assert found.key == "falling"
        assert found.action is None

    def test_slow_fall(self, seed: int) -> None:
        assert diagnose_noisy(1.6 - 0.03 * (x / 1000), seed=seed).key == "slow"

    def test_plateau(self, seed: int) -> None:
        found = diagnose_noisy(1.6 + 2 * np.exp(-x / 200), seed=seed)
        assert found.key == "plateau"
        assert found.action == ("lr", 0.002)
        assert found.button == "Set the learning rate to 0.002"

    def test_a_plateau_near_the_end_advises_no_lower_rate(self, seed: int) -> None:
        assert diagnose_noisy(FLAT, seed=seed, num_iters=N + 100).action is None

    def test_a_fall_after_a_long_plateau_is_seen(self, seed: int) -> None:
        plateau = np.full(N, 3.1)
        assert diagnose_noisy(plateau, seed=seed).key == "plateau"
        fall = 1.9 + 1.2 * np.exp(-np.arange(400) / 300)
        assert diagnose_noisy(np.concatenate([plateau, fall]), seed=seed).key == "falling"

    def test_overfitting_has_the_iteration_where_it_began(self, seed: int) -> None:
        at = np.linspace(200, N, 20)
        val = 1.5 + np.abs(at - 1600) / 8000 + (at < 1600) * (1600 - at) / 2000
        found = diagnose_noisy(1.0 + 1.5 * np.exp(-x / 1500), val, seed=seed)
        assert found.key == "overfitting"
        assert found.action == ("dropout", 0.2)
        assert found.button == "Start again with dropout 0.2"
        since = int(found.sentence.split("iteration ")[1].split(":")[0].replace(",", ""))
        assert 1200 <= since <= 2000

    def test_validation_above_training_is_not_yet_overfitting(self, seed: int) -> None:
        val = 1.55 + np.exp(-np.linspace(0, 2, 20))
        assert diagnose_noisy(1.2 + 1.5 * np.exp(-x / 1500), val, seed=seed).key == "falling"

    def test_a_flat_validation_loss_decides_against_a_falling_training_loss(
        self, seed: int
    ) -> None:
        val = 1.55 + np.exp(-np.linspace(0, 9, 20))
        found = diagnose_noisy(FALLING, val, seed=seed)
        assert found.key == "memorising"
        finished = diagnose_noisy(FALLING, val, seed=seed, num_iters=N)
        assert finished.sentence.endswith("the validation loss no longer falls.")
        assert finished.action is None

    def test_a_rising_loss_is_diverging(self, seed: int) -> None:
        rising = 1.6 + 1.5 * np.exp(-x / 300) + np.maximum(0, x - 3000) / 1000
        found = diagnose_noisy(rising, seed=seed)
        assert found.key == "unstable"
        assert "diverging" in found.sentence
        assert found.action == ("lr", 0.001)

    def test_frequent_jumps_are_unstable(self, seed: int) -> None:
        jumps = 1.6 + 2.0 * (np.random.default_rng(seed + 10).random(N) < 0.05)
        found = diagnose_noisy(jumps, seed=seed)
        assert found.key == "unstable"
        assert "unstable" in found.sentence

    def test_rising_training_and_validation_loss_is_instability(self, seed: int) -> None:
        loss = 1.6 + x / N
        found = diagnose_noisy(loss, 1.6 + np.linspace(0, 1, 20), seed=seed)
        assert found.key == "unstable"

    def test_clipping_of_nearly_every_step_advises_a_wider_limit(self, seed: int) -> None:
        norms = np.random.default_rng(seed).lognormal(np.log(8), 0.1, N)
        found = diagnose_noisy(FALLING, seed=seed, grad_norm=norms)
        assert found.key == "clipped"
        assert found.action is not None
        setting, value = found.action
        assert setting == "clip"
        assert np.mean(norms < value) > 0.9

    def test_clipping_at_first_only_is_not_reported(self, seed: int) -> None:
        norms = np.where(x < 0.6 * N, 20.0, 2.0)
        assert diagnose_noisy(FALLING, seed=seed, grad_norm=norms).key == "falling"

    def test_a_finished_run_advises_more_iterations_only_if_it_still_fell(self, seed: int) -> None:
        flat = diagnose_noisy(FLAT, seed=seed, num_iters=N)
        assert (flat.key, flat.action) == ("finished", None)
        falling = diagnose_noisy(FALLING, seed=seed, num_iters=N)
        assert (falling.key, falling.action) == ("finished", ("num_iters", 7000.0))
        assert (flat.button, falling.button) == ("", "Continue to iteration 7,000")
        assert round_to_typical(2 * N) == 7000


def test_huge_gradients_advise_a_lower_rate() -> None:
    found = diagnose_noisy(FLAT, grad_norm=np.full(N, 500.0))
    assert (found.key, found.action) == ("clipped", ("lr", 0.002))


def test_a_run_without_clipping_is_not_diagnosed_as_clipped() -> None:
    for clip in (None, float("inf")):
        assert diagnose_noisy(FLAT, grad_norm=np.full(N, 500.0), clip=clip).key == "plateau"


@pytest.mark.parametrize("n", [0, 1, 30, 99])
def test_a_short_curve_is_too_early_to_judge(n: int) -> None:
    found = diagnose_noisy(4.2 - 0.01 * np.arange(n))
    assert found.key == "early"
    assert str(n) in found.sentence


def test_a_short_run_can_be_finished() -> None:
    assert diagnose_noisy(4.2 - 0.01 * np.arange(50), num_iters=50).key == "finished"


def test_a_nan_loss_is_reported_at_once() -> None:
    found = diagnose_noisy([4.2, 4.1, np.nan])
    assert found.key == "unstable"
    assert "iteration 3" in found.sentence


def test_a_nan_loss_long_ago_is_ignored() -> None:
    loss = FALLING.copy()
    loss[500:503] = np.nan
    assert diagnose_noisy(loss).key == "falling"


def test_advised_dropout_rises_to_at_most_a_half() -> None:
    at = np.linspace(0, 1, 20)
    val = np.where(at < 0.4, 2 - at, 1.6 + (at - 0.4) / 2)
    loss = 1.0 + 1.5 * np.exp(-x / 1500)
    assert diagnose_noisy(loss, val, dropout=0.3).action == ("dropout", 0.4)
    assert diagnose_noisy(loss, val, dropout=0.5).action is None


def test_three_validations_are_too_few_for_overfitting() -> None:
    found = diagnose_noisy(FALLING, [1.5, 1.6, 1.7])
    assert found.key == "memorising"
    assert "rose from 1.5" in found.sentence  # its best, not the last but one


def test_no_new_advice_before_a_changed_setting_can_show_its_effect() -> None:
    assert diagnose_noisy(FLAT, changed=N - 100).key == "changed"
    assert "200 iterations" in diagnose_noisy(FLAT[:1500], changed=1400).advice
    assert diagnose_noisy(FLAT[:1500], changed=1200).key == "plateau"
    assert diagnose_noisy(FLAT, changed=N - 500).key == "plateau"
    assert diagnose_noisy([*FLAT, np.nan], changed=N - 100).key == "unstable"  # NaN cannot wait
    assert diagnose_noisy(FALLING, changed=N - 100).key == "falling"  # no setting is advised here


def test_sentence_counts_steps_not_rows() -> None:
    at = np.arange(1, 4001) * 100.0
    found = diagnose_noisy(FLAT, iteration=at, grad_norm=np.full(N, 9.0), num_iters=10**6)
    assert "of the last 100,000 steps" in found.sentence


def test_divergence_advises_a_lower_rate() -> None:
    found = diagnose_divergence(0.1)
    assert found.action == ("lr", 0.03)
    assert found.button == "Lower the learning rate to 0.03 and continue"


@pytest.mark.parametrize("n", [3, 4000, MAX_ROWS + 1, 3 * MAX_ROWS + 7])
def test_a_run_of_any_length_is_diagnosed_at_its_last_row(n: int) -> None:
    solver = new_solver(num_iters=n)
    for i in range(1, n + 1):
        solver.history.append(iteration=i, loss=1.6, grad_norm=1.0, lr=4e-3)
    assert diagnose_solver(solver).sentence.startswith(f"Finished: all {n:,} iterations")
    assert diagnose_solver(new_solver()).key == "early"


def test_advised_numbers_are_round() -> None:
    assert [round_to_typical(v) for v in (0.0013, 0.00133, 0.004 / 2, 12.6, 40_000)] == [
        0.001, 0.001, 0.002, 10, 50_000,
    ]  # fmt: skip
