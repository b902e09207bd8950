"""What is on the page beside a run, what takes its place, and the ways back."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.server import memory
from tests.support.visits import OTHER, SMALL, with_story


@pytest.fixture
def page(visit):
    """A visitor with a short way to go."""
    return with_story(visit, iterations="20")


# -- presets beside a run ----------------------------------------------------------------------


@pytest.fixture
def beside(page):
    """A run has learnt a little, and another preset is looked at."""
    page.steps(3)
    page.choose("train_lr", 2e-3)
    page.choose("preset", "min-char-rnn")
    return page


def test_a_run_that_is_kept_keeps_its_training_too(beside):
    page, run = beside, beside.run
    page.choose("train_clip", 2.0)  # acts at once, and is all that acts
    page.press("Train")
    page.press("Keep this run")
    page.wait_until_stopped()
    assert page.run is run
    solver = run.solver
    assert (solver.lr, solver.update_rule, solver.schedule) == (2e-3, "adam", "cosine")
    assert (solver.clip, solver.num_iters) == (2.0, 20)
    assert page.value("train_lr") == 2e-3


def test_a_new_run_has_the_training_of_its_preset(beside):
    page = beside
    assert page.value("train_update_rule") == "adam"
    page.open("link_open")
    (link,) = (text for text in page.shown("code") if "preset=" in text)
    assert "preset=min-char-rnn" in link
    assert "rule=" not in link  # which would not be the preset's
    page.press("Train")
    page.press("Start new run")
    solver = page.run.solver
    assert (solver.lr, solver.update_rule, solver.num_iters) == (0.1, "adagrad", 50_000)
    assert page.value("train_update_rule") == "adagrad"


def test_what_a_preset_left_waiting_is_forgotten_with_the_run_that_is_kept(beside):
    page = beside
    page.press("Train")
    page.press("Keep this run")
    page.wait_until_stopped()
    page.press("Reset")
    assert page.run.solver.update_rule == "adam"


def test_a_preset_for_the_same_network_acts_at_once(page):
    page.choose("preset", "taste")
    page.steps(1)
    page.choose("train_lr", 1e-3)
    page.choose("preset", None)
    page.choose("preset", "taste")
    assert page.run.solver.lr == page.value("train_lr") == 8e-3


# -- ways back ---------------------------------------------------------------------------------


def test_what_reset_took_away_can_be_brought_back(page):
    page.steps(3)
    old, learnt = page.run, page.run.solver.model.flat.copy()
    assert not page.says("Previous run saved.")
    page.press("Reset")
    assert page.run is not old
    page.press("Restore it")
    assert page.run is old
    np.testing.assert_array_equal(page.run.solver.model.flat, learnt)
    assert not page.says("Previous run saved.")  # the other had learnt nothing


def test_there_is_no_way_back_to_what_was_deleted(page):
    page.steps(3)
    old = page.run
    assert old.autosaver.save_now()
    page.press("Reset")
    page.open_page("runs")
    page.app.button(key=f"delete_{old.id}").click().run()
    page.open_page("")
    assert not page.says("Previous run saved.")


def test_what_is_brought_back_changes_places_with_what_was_learnt_meanwhile(page):
    page.steps(3)
    old = page.run
    page.press("Reset")
    page.steps(1)
    new = page.run
    page.press("Restore it")
    page.press("Restore it")
    assert page.run is new
    page.press("Restore it")
    assert page.run is old


def test_a_model_that_is_opened_can_be_taken_back_too(page):
    page.steps(3)
    old = page.run
    page.app.button(key="pretrained_pride").click().run()
    assert page.run is not old
    page.press("Restore it")
    assert page.run is old


def test_reset_brings_a_model_that_was_opened_back_to_what_it_was_then(page):
    page.app.button(key="pretrained_pride").click().run()
    opened = page.run.solver.model.flat.copy()
    for _ in range(2):  # and again
        page.steps(2)
        assert not np.array_equal(page.run.solver.model.flat, opened)
        page.press("Reset")
        assert page.run.solver.iteration == 0
        np.testing.assert_array_equal(page.run.solver.model.flat, opened)
    assert page.run.has_progress


# -- what was said -----------------------------------------------------------------------------


@pytest.mark.parametrize("button", ["Train", "Step", "Reset"])
def test_what_was_said_at_the_top_is_over_at_the_next_click(visit, page, button):
    page.steps(1)
    again = visit({"run": page.run.id})
    assert again.says("Welcome back")
    again.press(button)
    assert not again.says("Welcome back")


def test_a_new_run_is_not_told_what_the_old_one_was(visit, page):
    page.steps(1)
    again = visit({"run": page.run.id})
    again.paste(OTHER)
    again.press("Train")
    again.press("Start new run")
    assert not again.says("Welcome back")


@pytest.mark.parametrize("hide", ["", "train"])
def test_generate_says_where_it_stands_why_it_cannot(visit, monkeypatch, hide):
    page = visit(SMALL | {"hide": hide})
    monkeypatch.setattr(memory, "free", lambda: 40 * 10**6)
    page.choose("model_hidden_dim", 1024)
    page.press("Generate")
    assert not page.has_run
    (sentence,) = page.shown("error")
    assert "can be spared" in sentence
    page.choose("model_hidden_dim", 16)
    page.press("Generate")
    assert page.shown("error") == []
