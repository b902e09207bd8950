"""The charts of a sweep."""

from __future__ import annotations

import math

import pytest

from dashboard.charts import sweep_charts as charts
from rnncore.sweep.effects import Effect, Level
from rnncore.sweep.results import FINISHED, RunResult, Trial
from tests.support.charts import fields
from tests.support.sweeps import make_plan

CURVE = {"val_iteration": [10.0, 20.0], "val_loss": [2.0, 1.5], "iteration": [20.0], "loss": [1.0]}
PLAN = make_plan({"hidden_dim": (4, 16, 64), "cell_type": ("lstm", "gru")}, seeds=1)
TITLES = {"hidden_dim": "Hidden size", "cell_type": "Cell"}


def trials():
    """Return trials whose losses rise with their number; the last has none yet."""
    return [
        Trial(run, RunResult(FINISHED, best_val_loss=run.number, curve=CURVE))
        for run in PLAN.runs[:-1]
    ] + [Trial(PLAN.runs[-1], RunResult())]


def test_each_run_has_a_curve_and_the_best_is_marked():
    rows = charts.curve_rows(trials(), 1, TITLES)
    assert len(rows) == 2 * 5
    assert set(rows[rows["Best run"]]["Run"]) == {"hidden size 4, cell LSTM, seed 0"}
    assert fields(charts.curve_spec(rows)) <= set(rows.columns)


def test_a_chart_without_runs_can_be_drawn():
    rows = charts.curve_rows([], None, TITLES)
    assert fields(charts.curve_spec(rows)) <= set(rows.columns)
    assert not len(charts.parallel_rows([], None, {}))


def test_parallel_coordinates_have_an_axis_for_each_setting_and_the_loss():
    rows = charts.parallel_rows(trials(), 1, TITLES)
    assert list(dict.fromkeys(rows["Axis"])) == ["Hidden size", "Cell", "Validation loss"]
    hidden = rows[rows["Axis"] == "Hidden size"].set_index("Value")["Place"]
    # Sizes a factor apart are a distance apart: 16 is in the middle of 4 and 64.
    assert hidden["4"].iloc[0] == 0
    assert hidden["16"].iloc[0] == pytest.approx(0.5)
    assert hidden["64"] == 1
    assert set(rows[rows["Axis"] == "Cell"]["Place"]) == {0.0, 1.0}
    assert rows["Place"].between(0, 1).all()
    assert fields(charts.parallel_spec()) <= set(rows.columns)


def test_cells_have_the_names_of_the_page_everywhere():
    levels = tuple(Level(cell, 2.0, 1.9, 2.1, 2) for cell in ("lstm", "gru"))
    effects = charts.effect_rows(Effect("cell_type", levels, 0.5, 0.2))
    assert list(effects["Value"]) == ["LSTM", "GRU"]
    tables = (
        effects,
        charts.curve_rows(trials(), 1, TITLES),
        charts.parallel_rows(trials(), 1, TITLES),
        charts.table_rows(trials(), TITLES),
    )
    for rows in tables:
        assert "lstm" not in rows.to_csv()
        assert "gru" not in rows.to_csv()


def test_the_losses_of_waiting_runs_are_missing_numbers():
    waiting = [Trial(run, RunResult()) for run in PLAN.runs]
    assert charts.table_rows(waiting, TITLES)["Validation loss"].dtype == float


def test_an_effect_is_drawn_with_its_spread():
    levels = (Level("4", 2.0, 1.9, 2.1, 2), Level("8", 1.5, 1.5, 1.6, 2))
    effect = Effect("hidden_dim", levels, 0.5, 0.2)
    rows = charts.effect_rows(effect)
    low, high = charts.effect_range([effect])
    assert low < 1.5
    assert high > 2.1
    assert fields(charts.effect_spec(low, high)) <= set(rows.columns)
    assert not math.isnan(rows["Mean loss"].sum())
