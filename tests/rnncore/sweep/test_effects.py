"""Main effects, on losses that are made up."""

from __future__ import annotations

import pytest

from rnncore.sweep.effects import main_effects
from rnncore.sweep.results import FAILED, FINISHED, RunResult, Trial
from tests.support.sweeps import make_plan


def measured(plan, loss):
    """Return trials whose losses ``loss`` computes from settings and seed."""
    return [
        Trial(run, RunResult(FINISHED, scores=(loss(run.changed, run.seed),))) for run in plan.runs
    ]


PLAN = make_plan({"cell_type": ("lstm", "gru"), "hidden_dim": (4, 8, 16)}, seeds=3)
HIDDEN = {4: 2.0, 8: 1.5, 16: 1.0}


def test_the_setting_that_matters_most_comes_first():
    def loss(changed, seed):
        return HIDDEN[changed["hidden_dim"]] + 0.01 * (changed["cell_type"] == "gru") + 0.1 * seed

    hidden, cell = main_effects(measured(PLAN, loss))
    assert (hidden.setting, cell.setting) == ("hidden_dim", "cell_type")
    assert hidden.size == pytest.approx(1.0)
    assert cell.size == pytest.approx(0.01)
    assert hidden.noise == cell.noise == pytest.approx(0.2)
    assert (hidden.matters, cell.matters) == (True, False)
    assert [level.label for level in hidden.levels] == ["4", "8", "16"]
    level = hidden.levels[0]
    assert (level.mean, level.low, level.high) == pytest.approx((2.105, 2.005, 2.205))
    assert level.runs == 6


def test_one_seed_does_not_show_whether_a_difference_is_chance():
    plan = make_plan({"hidden_dim": (4, 8)}, seeds=1)
    (effect,) = main_effects(measured(plan, lambda changed, seed: 1.0 / changed["hidden_dim"]))
    assert effect.matters is None


def test_runs_that_halving_stopped_are_compared_where_all_were():
    trials = [
        Trial(run, RunResult(FINISHED, scores=(2.0, 1.0) if run.group else (1.9,)))
        for run in make_plan(seeds=1).runs
    ]
    (effect,) = main_effects(trials)
    assert effect.size == pytest.approx(0.1)


def test_failed_and_waiting_runs_are_left_out():
    trials = measured(make_plan(seeds=1), lambda changed, seed: 1.0)
    failed = [Trial(trials[0].run, RunResult(FAILED, scores=(9.0,))), *trials[1:]]
    assert main_effects(failed) == []
    assert main_effects([Trial(t.run, RunResult()) for t in trials]) == []


def test_many_values_are_put_into_four_groups():
    plan = make_plan({"warmup": tuple(range(20))}, seeds=1)
    (effect,) = main_effects(measured(plan, lambda changed, seed: changed["warmup"]))
    assert [level.label for level in effect.levels] == [
        "0 to 4", "5 to 9", "10 to 14", "15 to 19",
    ]  # fmt: skip
    assert [level.mean for level in effect.levels] == [2, 7, 12, 17]
