"""The plan that the page's choices for a sweep make."""

from __future__ import annotations

import math

import pytest

from dashboard.server import memory
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.sweeps import form
from dashboard.sweeps.form import SweepForm, make_plan
from rnncore import RnnCoreError
from rnncore.learning_rates import suggest_rate
from rnncore.sweep import ValueRange
from tests.support.runs import TEXT

MODEL = ModelSettings(hidden_dim=6, num_layers=2, input_dim=3, seq_length=10, batch_size=4, seed=7)
TRAIN = TrainSettings(lr=0.02, clip=math.inf, fresh_after=math.inf, eval_every=30)


def plan_of(axes, **choices):
    return make_plan(SweepForm(axes, **choices), MODEL, TRAIN)


def test_what_does_not_vary_is_as_on_the_page():
    run = plan_of({"hidden_dim": "4, 8"}, suggested_rates=False).runs[0]
    solver = run.build(form.sweep_text(TEXT), 100)
    page = ModelSettings.from_model(solver.model, 10, 4, 0.1)
    assert page == ModelSettings(**vars(MODEL) | {"hidden_dim": 4})
    assert TrainSettings.from_solver(solver) == TrainSettings(**vars(TRAIN) | {"num_iters": 100})


def test_the_settings_of_a_run_go_back_to_the_page():
    run = plan_of({"hidden_dim": "4, 8", "lr": "0.1 0.2"}).runs[3]
    assert form.model_settings(run.settings, run.seed) == ModelSettings(
        **vars(MODEL) | {"hidden_dim": 8}
    )
    assert form.train_settings(run.settings, 50) == TrainSettings(
        **vars(TRAIN) | {"lr": 0.2, "num_iters": 50}
    )


def test_the_seeds_count_from_the_page_s_seed():
    assert {run.seed for run in plan_of({"hidden_dim": "4"}, seeds=3).runs} == {7, 8, 9}


def test_lists_ranges_and_names_are_read():
    plan = plan_of(
        {"hidden_dim": "4..16:3", "cell_type": ("gru", "lstm"), "lr": "0.001..0.1"},
        search="random", draws=4,
    )  # fmt: skip
    assert plan.axes["hidden_dim"] == (4, 8, 16)
    assert plan.axes["cell_type"] == ("gru", "lstm")
    assert plan.axes["lr"] == ValueRange(0.001, 0.1)


def test_halving_draws_only_where_a_range_needs_it():
    assert plan_of({"hidden_dim": "4, 8"}, search="halving").count() == 4
    assert plan_of({"lr": "0.01..0.1"}, search="halving", draws=3).count() == 6


def test_a_run_s_length_is_iterations_or_minutes():
    assert plan_of({"lr": "0.1"}, amount=50).iterations == 50
    assert plan_of({"lr": "0.1"}, budget="minutes", amount=0.5).minutes == 0.5


@pytest.mark.parametrize(
    ("axes", "choices", "sentence"),
    [
        ({}, {}, "Choose at least one setting"),
        ({"hidden_dim": "4, many"}, {}, "Hidden size: 'many' is no whole number"),
        ({"hidden_dim": " "}, {}, "hidden_dim has no values"),
        ({"cell_type": ()}, {}, "Cell: choose at least one value"),
        ({"lr": "0.1..0.2"}, {}, "lr is a range"),
        ({"lr": "0.1..0.2 0.3"}, {}, "Learning rate has a range beside other values"),
        ({"lr": "0.001..0.1:101"}, {}, "202 runs; the page starts up to 200"),
    ],
)
def test_choices_that_make_no_plan_are_one_sentence(axes, choices, sentence):
    with pytest.raises(RnnCoreError, match=sentence):
        plan_of(axes, **choices)


def test_the_memory_of_all_workers_is_checked(monkeypatch):
    plan = plan_of({"hidden_dim": "4, 64"})
    form.check_plan(plan, TEXT, 2)
    one = max(form.model_settings(run.settings).memory(len(TEXT.vocab)) for run in plan.runs)
    monkeypatch.setattr(memory, "available", lambda: 4 * one * 1.5)
    form.check_plan(plan, TEXT, 1)
    with pytest.raises(RnnCoreError, match="of memory"):
        form.check_plan(plan, TEXT, 2)


def test_every_offered_setting_has_values_that_make_a_plan():
    for name, setting in form.SETTINGS.items():
        plan_of({name: setting.first}).check(form.sweep_text(TEXT))


def test_runs_whose_networks_differ_train_at_the_rate_suggested_for_each():
    plan = plan_of({"cell_type": ("lstm", "gru")})
    text = form.sweep_text(TEXT)
    rates = {run.settings["cell_type"]: run.build(text, 10).lr for run in plan.runs}
    model = form.model_settings(plan.runs[0].settings)
    size = (model.hidden_dim, model.num_layers, model.batch_size)
    assert rates == {cell: suggest_rate(cell, *size) for cell in ("lstm", "gru")}
    shown = {
        run.settings["cell_type"]: form.train_settings(run.settings, 50).lr for run in plan.runs
    }
    assert shown == rates


@pytest.mark.parametrize(
    ("axes", "choices"),
    [
        ({"cell_type": ("lstm", "gru")}, {"suggested_rates": False}),
        ({"dropout": "0, 0.2"}, {}),
    ],
)
def test_the_rate_of_the_page_is_kept_where_one_rate_suits_all_or_is_wanted(axes, choices):
    assert plan_of(axes, **choices).settings["lr"] == TRAIN.lr


def test_a_swept_rate_is_tried_in_each_cell():
    plan = plan_of({"cell_type": ("lstm", "gru"), "lr": "0.1 0.2"})
    assert {run.settings["lr"] for run in plan.runs} == {0.1, 0.2}
