"""The Sweep page, with sweeps that are computed in this process."""

from __future__ import annotations

import pytest

from dashboard.page import sweep_callbacks
from dashboard.runs.registry import get_registry
from dashboard.sweeps import manager as managers
from dashboard.sweeps.manager import SweepManager, get_manager
from dashboard.sweeps.sweep import Sweep
from rnncore.sweep import SweepFolder, driver, run_sweep
from rnncore.sweep.results import rank
from tests.support.sweeps import EngineHere, make_plan
from tests.support.visits import with_story


@pytest.fixture
def page(visit, monkeypatch):
    """The Sweep page of a visitor with a short text and small settings."""
    managers._create.cache_clear()
    monkeypatch.setattr(driver, "Engine", EngineHere)
    monkeypatch.setattr(Sweep, "start", compute)
    monkeypatch.setattr(SweepManager, "_watch", lambda self, sweep: self.store_ended(sweep))
    monkeypatch.setattr(sweep_callbacks, "has_dask", lambda: True)
    visit = with_story(visit)
    visit.open_page("sweep")
    yield visit
    managers._create.cache_clear()


def compute(sweep):
    with SweepFolder(sweep.folder.path) as folder:
        run_sweep(folder)


def test_a_sweep_is_chosen_started_and_its_best_run_opened(page):
    assert page.says("12 runs")
    page.app.text_input(key="sweep_values_hidden_dim").set_value("4, many").run()
    assert page.says("Hidden size: 'many' is no whole number")
    assert page.app.button(key="sweep_start").disabled
    page.app.text_input(key="sweep_values_hidden_dim").set_value("4, 6").run()
    page.app.number_input(key="sweep_iterations").set_value(10).run()
    page.app.number_input(key="sweep_seeds").set_value(1).run()
    page.app.button(key="sweep_start").click().run()
    assert page.says("Best: hidden size")
    assert page.says("train more seeds")
    sweep = get_manager().get(get_manager().ids()[0])
    assert len(get_registry().store.list_runs()) == 4
    page.app.session_state["sweep_table"] = {"selection": {"rows": [0, 2], "columns": []}}
    page.look()
    page.app.session_state["_flag_sweep measuring"] = True  # the click meets a rerun of the page
    page.press("Compare 2")
    ranked = [sweep.about.stored[trial.number] for trial in rank(sweep.trials())]
    assert page.app.query_params["runs"] == f"{ranked[0]},{ranked[2]}"
    page.open_page("sweep")
    best = sweep.folder.best()
    page.app.button(key="sweep_open_best").click().run()
    assert page.run.id == sweep.about.stored[best.number]
    page.open_page("sweep")
    page.app.button(key="sweep_use_best").click().run()
    page.open_page("")
    assert page.says("Press Train to train a network with them")
    assert page.app.session_state["model_hidden_dim"] == best.run.settings["hidden_dim"]
    assert page.app.session_state["train_num_iters"] == 10


def test_without_dask_one_line_says_how_to_get_it(page, monkeypatch):
    monkeypatch.setattr(sweep_callbacks, "has_dask", lambda: False)
    page.look()
    assert page.says("pip install -r requirements-sweep.txt")
    assert not page.app.button


def test_other_computers_see_no_sweeps(page, monkeypatch):
    monkeypatch.setenv("LSTM_WORKBENCH_SHARED", "1")
    page.open_page("")
    assert "sweep" not in {of.get("url_pathname") for of in page.app._registered_pages.values()}


def test_the_form_says_how_long_the_sweep_takes_or_why_that_is_unknown(page, monkeypatch):
    for known, words in (
        ({"seconds": 9.0}, ": about 9 s of training here"),
        ({"measuring": True}, ": measuring how long"),
        ({"waiting": True}, "is measured as soon as no training is running"),
        ({}, "could not be measured"),
    ):
        made = sweep_callbacks.Draft(make_plan(), "", **known)
        monkeypatch.setattr(sweep_callbacks, "draft", lambda made=made: made)
        page.look()
        assert page.says(words)
