"""The plan of a sweep: its runs, its length, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rnncore.errors import RnnCoreError, SettingError
from rnncore.sweep import SweepPlan, ValueRange
from tests.support.sweeps import TEXT, make_plan


def test_a_grid_has_every_combination_with_every_seed_and_the_first_seed_first():
    plan = make_plan({"hidden_dim": (4, 6), "cell_type": ("lstm", "gru", "vanilla")}, first_seed=5)
    pairs = [(r.changed["hidden_dim"], r.changed["cell_type"], r.seed) for r in plan.runs]
    assert len(set(pairs)) == plan.count() == 12
    assert [seed for _, _, seed in pairs] == [5] * 6 + [6] * 6
    assert [run.number for run in plan.runs] == list(range(1, 13))


def test_runs_that_differ_in_the_seed_only_have_one_group():
    groups = {(r.group, r.changed["hidden_dim"]) for r in make_plan().runs}
    assert groups == {(0, 4), (1, 6)}


def test_a_random_search_draws_different_combinations_within_the_ranges():
    axes = {"lr": ValueRange(1e-3, 1e-1), "hidden_dim": ValueRange(4, 64, whole=True)}
    plan = make_plan(axes, search="random", draws=30, seeds=1)
    drawn = [tuple(run.changed.values()) for run in plan.runs]
    assert len(set(drawn)) == 30
    assert all(1e-3 <= lr <= 1e-1 and 4 <= hidden <= 64 for lr, hidden in drawn)
    assert all(isinstance(hidden, int) for _, hidden in drawn)
    # Even by factor: half of the numbers are below the middle factor, 0.01.
    assert 5 < sum(lr < 1e-2 for lr, _ in drawn) < 25
    assert [r.changed for r in make_plan(axes, search="random", draws=30, seeds=1).runs] == [
        r.changed for r in plan.runs
    ]


def test_a_random_search_over_few_combinations_tries_each_once():
    assert len(make_plan({"num_layers": (1, 2)}, search="random", draws=9, seeds=1).runs) == 2


def test_halving_stops_half_of_the_combinations_at_half_of_the_time():
    plan = make_plan({"hidden_dim": (4, 5, 6, 7)}, search="halving", seeds=1)
    assert plan.rungs == (0.25, 0.5, 1.0)
    assert plan.work() == 4 * 0.25 + 2 * 0.25 + 1 * 0.5
    assert make_plan({"hidden_dim": tuple(range(4, 104))}, search="halving").rungs[0] == 1 / 16


def test_a_plan_survives_json():
    axes = {"lr": ValueRange(0.001, 0.1), "clip": (1.0, None)}
    plan = make_plan(axes, search="random", draws=3)
    again = SweepPlan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again == plan
    assert again.runs == plan.runs


def test_the_values_of_a_range_are_the_same_factor_apart():
    assert ValueRange(64, 256, whole=True).values(3) == (64, 128, 256)
    assert np.allclose(ValueRange(0.001, 0.1).values(3), [0.001, 0.01, 0.1])


def test_a_run_s_solver_has_its_settings():
    run = make_plan({"hidden_dim": (7,), "lr": (0.02,)}).runs[1]
    solver = run.build(TEXT, 12)
    assert (solver.model.hidden_dim, solver.lr, solver.num_iters) == (7, 0.02, 12)
    assert (solver.seed, solver.model.seed, solver.seq_length) == (1, 1, 8)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"axes": {"val_fraction": (0.1, 0.2)}}, "choose one of cell_type"),
        ({"axes": {"lr": ()}}, "lr has no values"),
        ({"axes": {"lr": (0.1, 0.1)}}, "lr has a value twice"),
        ({"axes": {"lr": ValueRange(0.1, 1)}}, "lr is a range; a random search"),
        ({"axes": dict.fromkeys(("lr", "clip", "warmup", "dropout", "schedule"), (1,))}, "5 sett"),
        ({"axes": {"warmup": tuple(range(6000))}}, "12,000 runs; a sweep has up to 10,000"),
        ({"search": "random"}, "draws is None"),
        ({"search": "best"}, "choose one of grid, random, halving"),
        ({"minutes": 1.0}, "give iterations or minutes, not both"),
        ({"iterations": None}, "give iterations or minutes, not both"),
        ({"minutes": -1.0, "iterations": None}, "minutes is -1.0"),
        ({"seeds": 0}, "seeds is 0"),
        ({"settings": {"colour": "red"}}, "A sweep's setting is 'colour'"),
    ],
)
def test_a_plan_that_makes_no_sense_is_one_sentence(settings, sentence):
    with pytest.raises(SettingError, match=sentence):
        make_plan(**settings)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (2, 1), (-1, 1)])
def test_a_range_goes_upwards_from_above_zero(low, high):
    with pytest.raises(SettingError, match="end of a range"):
        ValueRange(low, high)


@pytest.mark.parametrize(
    "axes",
    [{"hidden_dim": (4, 0)}, {"lr": (0.1, -1.0)}, {"cell_type": ("lstm", "elman")},
     {"batch_size": (2, 1000)}],
)  # fmt: skip
def test_a_value_that_no_run_can_use_is_found_before_the_start(axes):
    with pytest.raises(RnnCoreError):
        make_plan(axes).check(TEXT)


def test_checking_a_large_plan_builds_few_networks(monkeypatch):
    plan = make_plan({"hidden_dim": (4, 6, 8), "lr": (0.1, 0.2, 0.3)}, seeds=50)
    built = []
    build = type(plan.runs[0]).build
    monkeypatch.setattr(
        type(plan.runs[0]), "build", lambda *args: built.append(args) or build(*args)
    )
    plan.check(TEXT)
    assert 3 <= len(built) <= 6
