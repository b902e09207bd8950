"""The curve doctor on noisy curves whose story is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.analysis.curve_diagnosis import (
    MOST,
    Diagnosis,
    diagnose,
    diagnose_divergence,
    diagnose_solver,
)
from dashboard.analysis.curve_diagnosis import _nice as nice
from tests.support.trainers import new_solver

N = 4000
SEEDS = range(5)
x = np.arange(1, N + 1, dtype=float)
FLAT = np.full(N, 1.6)


def told(loss: Any, val: Any = (), seed: int = 0, noise: float = 0.06, **given: Any) -> Diagnosis:
    """The diagnosis of a curve with batch noise, slow drifts between chapters and outliers."""
    rng = np.random.default_rng(seed)
    loss = np.asarray(loss, float)
    n = len(loss)
    drift = 0.02 * np.sin(np.arange(n) / 37 + seed)
    noisy = loss + noise * rng.standard_normal(n) + drift
    noisy[rng.random(n) < 0.003] += 0.5
    val = np.asarray(val, float)
    at = np.linspace(n / max(1, len(val)), n, len(val)).round()
    settings: dict[str, Any] = {"lr": 4e-3, "clip": 5.0, "num_iters": 3 * N} | given
    norms = settings.pop("grad_norm", rng.lognormal(0, 0.5, n))
    noisy_val = val + 0.003 * rng.standard_normal(len(val))
    return diagnose(np.arange(1, n + 1), noisy, at, noisy_val, norms, **settings)


@pytest.mark.parametrize("seed", SEEDS)
class TestNoisyCurves:
    def test_falling_fast(self, seed: int) -> None:
        found = told(1.4 + 2.8 * np.exp(-x / 1500), seed=seed)
        assert found.key == "falling"
        assert found.action is None

    def test_falling_slowly(self, seed: int) -> None:
        assert told(1.6 - 0.03 * (x / 1000), seed=seed).key == "slow"

    def test_plateau(self, seed: int) -> None:
        found = told(1.6 + 2 * np.exp(-x / 200), seed=seed)
        assert found.key == "plateau"
        assert found.action == ("lr", 0.002)
        assert found.button == "Set the learning rate to 0.002"

    def test_plateau_near_the_end_asks_for_no_slower_rate(self, seed: int) -> None:
        assert told(FLAT, seed=seed, num_iters=N + 100).action is None

    def test_long_plateau_then_fall(self, seed: int) -> None:
        plateau = np.full(N, 3.1)
        assert told(plateau, seed=seed).key == "plateau"
        fall = 1.9 + 1.2 * np.exp(-np.arange(400) / 300)
        assert told(np.concatenate([plateau, fall]), seed=seed).key == "falling"

    def test_overfitting_names_its_beginning(self, seed: int) -> None:
        at = np.linspace(200, N, 20)
        val = 1.5 + np.abs(at - 1600) / 8000 + (at < 1600) * (1600 - at) / 2000
        found = told(1.0 + 1.5 * np.exp(-x / 1500), val, seed=seed)
        assert found.key == "overfitting"
        assert found.action == ("dropout", 0.2)
        assert found.button == "Begin again with dropout 0.2"
        since = int(found.sentence.split("iteration ")[1].split(":")[0].replace(",", ""))
        assert 1200 <= since <= 2000

    def test_validation_above_training_is_not_yet_overfitting(self, seed: int) -> None:
        val = 1.55 + np.exp(-np.linspace(0, 6, 20))
        assert told(1.2 + 1.5 * np.exp(-x / 1500), val, seed=seed).key == "falling"

    def test_diverging(self, seed: int) -> None:
        rising = 1.6 + 1.5 * np.exp(-x / 300) + np.maximum(0, x - 3000) / 1000
        found = told(rising, seed=seed)
        assert found.key == "unstable"
        assert "diverging" in found.sentence
        assert found.action == ("lr", 0.001)

    def test_jumping(self, seed: int) -> None:
        jumps = 1.6 + 2.0 * (np.random.default_rng(seed + 10).random(N) < 0.05)
        found = told(jumps, seed=seed)
        assert found.key == "unstable"
        assert "unstable" in found.sentence

    def test_rising_validation_and_training_is_not_overfitting(self, seed: int) -> None:
        loss = 1.6 + x / N
        found = told(loss, 1.6 + np.linspace(0, 1, 20), seed=seed)
        assert found.key == "unstable"

    def test_clipped_nearly_always(self, seed: int) -> None:
        norms = np.random.default_rng(seed).lognormal(np.log(8), 0.1, N)
        found = told(1.4 + 2.8 * np.exp(-x / 1500), seed=seed, grad_norm=norms)
        assert found.key == "clipped"
        assert found.action is not None
        setting, value = found.action
        assert setting == "clip"
        assert np.mean(norms < value) > 0.9

    def test_clipped_at_first_only(self, seed: int) -> None:
        norms = np.where(x < 0.6 * N, 20.0, 2.0)
        assert told(1.4 + 2.8 * np.exp(-x / 1500), seed=seed, grad_norm=norms).key == "falling"

    def test_finished_flat_and_finished_falling(self, seed: int) -> None:
        flat = told(FLAT, seed=seed, num_iters=N)
        assert (flat.key, flat.action) == ("finished", None)
        falling = told(1.4 + 2.8 * np.exp(-x / 1500), seed=seed, num_iters=N)
        assert (falling.key, falling.action) == ("finished", ("num_iters", 7000.0))
        assert (flat.button, falling.button) == ("", "Go on to 7,000")
        assert nice(2 * N) == 7000


def test_gigantic_gradients_ask_for_a_lower_rate() -> None:
    found = told(FLAT, grad_norm=np.full(N, 500.0))
    assert (found.key, found.action) == ("clipped", ("lr", 0.002))


def test_without_clipping_nothing_is_clipped() -> None:
    for clip in (None, float("inf")):
        assert told(FLAT, grad_norm=np.full(N, 500.0), clip=clip).key == "plateau"


@pytest.mark.parametrize("n", [0, 1, 30, 99])
def test_too_early(n: int) -> None:
    found = told(4.2 - 0.01 * np.arange(n))
    assert found.key == "early"
    assert str(n) in found.sentence


def test_a_short_run_can_be_finished() -> None:
    assert told(4.2 - 0.01 * np.arange(50), num_iters=50).key == "finished"


def test_not_a_number_is_said_at_once() -> None:
    found = told([4.2, 4.1, np.nan])
    assert found.key == "unstable"
    assert "iteration 3" in found.sentence


def test_not_a_number_long_ago_is_overcome() -> None:
    loss = 1.4 + 2.8 * np.exp(-x / 1500)
    loss[500:503] = np.nan
    assert told(loss).key == "falling"


def test_dropout_rises_and_then_gives_way_to_other_advice() -> None:
    at = np.linspace(0, 1, 20)
    val = np.where(at < 0.4, 2 - at, 1.6 + (at - 0.4) / 2)
    loss = 1.0 + 1.5 * np.exp(-x / 1500)
    assert told(loss, val, dropout=0.3).action == ("dropout", 0.4)
    assert told(loss, val, dropout=0.5).action is None


def test_two_or_three_validations_prove_nothing() -> None:
    assert told(1.4 + 2.8 * np.exp(-x / 1500), [1.5, 1.6, 1.7]).key == "falling"


def test_what_was_advised_is_given_its_time_before_the_next_advice() -> None:
    assert told(FLAT, changed=N - 100).key == "changed"
    assert "200 iterations" in told(FLAT[:1500], changed=1400).advice
    assert told(FLAT[:1500], changed=1200).key == "plateau"
    assert told(FLAT, changed=N - 500).key == "plateau"
    assert told([*FLAT, np.nan], changed=N - 100).key == "unstable"  # this cannot wait
    falling = 1.4 + 2.8 * np.exp(-x / 1500)
    assert told(falling, changed=N - 100).key == "falling"  # and this takes nothing back


def test_steps_are_counted_and_not_the_rows_that_are_looked_at() -> None:
    at = np.arange(1, 4001) * 100.0
    found = diagnose(at, FLAT, [], [], np.full(N, 9.0), lr=4e-3, clip=5.0, num_iters=10**6)
    assert "of the last 100,000 steps" in found.sentence


def test_a_divergence_is_answered_by_a_lower_rate() -> None:
    found = diagnose_divergence(0.1)
    assert found.action == ("lr", 0.03)
    assert found.button == "Lower the rate to 0.03 and go on"


@pytest.mark.parametrize("n", [3, 4000, MOST + 1, 3 * MOST + 7])
def test_a_training_of_any_length_is_examined_to_its_end(n: int) -> None:
    solver = new_solver(num_iters=n)
    for i in range(1, n + 1):
        solver.history.append(iteration=i, loss=1.6, grad_norm=1.0, lr=4e-3)
    assert diagnose_solver(solver).sentence.startswith(f"Finished: all {n:,} iterations")
    assert diagnose_solver(new_solver()).key == "early"


def test_nice_numbers() -> None:
    assert [nice(v) for v in (0.0013, 0.00133, 0.004 / 2, 12.6, 40_000)] == [
        0.001, 0.001, 0.002, 10, 50_000,
    ]  # fmt: skip
