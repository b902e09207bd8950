"""The choice between the best and the latest network, on the page."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis.diagnosis import Diagnosis
from dashboard.runs import network_choice
from dashboard.runs.network_choice import BEST, LATEST
from dashboard.views import progress
from tests.dashboard.runs.test_network_choice import NOISE
from tests.support.visits import SMALL, Visit

CHANGES = {"hidden": "32", "embedding": "4", "sequence": "20", "batch": "4", "held_out": "0.2"}


@pytest.fixture
def page(visit):
    """A page whose run has overfitted: the validation loss has risen clearly."""
    page = visit(SMALL | CHANGES | {"weights": "1", "schedule": "constant", "iterations": "500"})
    page.paste(NOISE)
    page.press("Step")
    run = page.run
    assert widgets_of(page) == []  # nothing to choose from
    run.solver.eval_every = 10
    with run.trainer.lock:
        while run.solver.iteration < 150:
            run.solver.step()
    page.look()
    return page


def widgets_of(page: Visit) -> list[str]:
    return [w.key for w in page.app.button_group if (w.key or "").startswith("network_")]


def test_generate_uses_the_best_network_until_the_latest_is_chosen(page):
    at = page.run.solver.best.iteration
    assert page.value("network_sample") == BEST
    page.press("Generate")
    assert page.says(f"by the network after {at} iterations.")
    page.choose("network_sample", LATEST)
    page.press("Generate")
    assert page.says("by the network after 150 iterations.")
    page.open_tab("Downloads")
    assert page.value("network_sample") == LATEST
    assert page.value("network_download") == BEST  # each place has a choice of its own


def test_an_old_value_of_the_browser_is_no_choice_of_the_user(page, late_browser, monkeypatch):
    assert page.value("network_sample") == BEST
    monkeypatch.setattr(network_choice, "default", lambda run: LATEST)  # as for another run
    page.look()
    assert page.value("network_sample") == LATEST
    page.choose("network_sample", BEST)
    assert page.value("network_sample") == LATEST


def test_a_new_run_begins_without_the_choice_of_the_last(page):
    page.choose("network_sample", LATEST)
    page.press("Reset")
    assert widgets_of(page) == []
    page.press("Restore it")
    assert page.value("network_sample") == LATEST


def test_a_run_starts_from_this_runs_best_network(page):
    old = page.run
    page.open("trained_open")
    assert page.value("network_start") == BEST
    page.press("Use: this run's network")
    assert page.run is not old
    assert page.run.solver.iteration == 0
    np.testing.assert_array_equal(page.run.solver.model.flat, old.solver.best.flat)
    assert page.says(
        f"Began as a network trained on pasted text for {old.solver.best.iteration} iterations."
    )
    page.press("Restore it")
    assert page.run is old


def test_the_advice_continues_from_the_best_network(page, monkeypatch):
    old, at = page.run, page.run.solver.best.iteration
    advice = Diagnosis("seen", "Something was seen.", "Do something.", ("best", at))
    monkeypatch.setattr(progress, "diagnose_solver", lambda *_: advice)
    page.look()
    page.press("Continue from the best network")
    assert page.run is not old
    np.testing.assert_array_equal(page.run.initial_model.flat, old.solver.best.flat)
    page.wait_for_iteration(1)
    assert page.says(f"Began as a network trained on pasted text for {at} iterations.")


def test_the_question_offers_both_networks(page):
    old = page.run
    page.paste(NOISE + "efgh" * 50)
    page.press("Train")
    page.choose("network_teach", LATEST)
    page.press("Teach this network the new text")
    V = len(old.text.vocab)
    np.testing.assert_array_equal(
        page.run.initial_model.params["W_embed"][:V], old.solver.model.params["W_embed"]
    )
    assert page.says("for 150 iterations")
