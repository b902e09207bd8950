"""Replacing and restoring runs: presets, reset, opened models, and messages about them."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.server import memory
from rnncore.pretrained import PRETRAINED
from tests.support.visits import OTHER, SMALL, with_story


@pytest.fixture
def page(visit):
    """A page whose goal is 20 iterations."""
    return with_story(visit, iterations="20")


# -- selecting a preset while a run exists ------------------------------------------------------


@pytest.fixture
def beside(page):
    """A page with a run of three iterations, and another preset selected."""
    page.steps(3)
    page.choose("train_lr", 2e-3)
    page.choose("preset", "min-char-rnn")
    return page


def test_a_kept_run_keeps_its_training_settings(beside):
    page, run = beside, beside.run
    page.choose("train_clip", 2.0)  # the only setting that takes effect
    page.press("Train")
    page.press("Continue this run")
    page.wait_until_stopped()
    assert page.run is run
    solver = run.solver
    assert (solver.lr, solver.update_rule, solver.schedule) == (2e-3, "adam", "cosine")
    assert (solver.clip, solver.num_iters) == (2.0, 20)
    assert page.value("train_lr") == 2e-3


def test_a_new_run_has_the_training_settings_of_its_preset(beside):
    page = beside
    assert page.value("train_update_rule") == "adam"
    page.open("link_open")
    (link,) = (text for text in page.shown("code") if "preset=" in text)
    assert "preset=min-char-rnn" in link
    assert "rule=" not in link  # the link gives the preset's own rule
    page.press("Train")
    page.press("Start new run")
    solver = page.run.solver
    assert (solver.lr, solver.update_rule, solver.num_iters) == (0.1, "adagrad", 50_000)
    assert page.value("train_update_rule") == "adagrad"


def test_keeping_the_run_discards_the_training_settings_of_the_preset(beside):
    page = beside
    page.press("Train")
    page.press("Continue this run")
    page.wait_until_stopped()
    page.press("Reset")
    assert page.run.solver.update_rule == "adam"


def test_a_preset_with_the_same_network_takes_effect_at_once(page):
    page.choose("preset", "taste")
    page.steps(1)
    page.choose("train_lr", 1e-3)
    page.choose("model_hidden_dim", 32)  # deselects the preset
    page.choose("preset", "taste")
    assert page.run.solver.lr == page.value("train_lr") == 1.5e-2


# -- restoring runs -----------------------------------------------------------------------------


def test_a_run_can_be_restored_after_reset(page):
    page.steps(3)
    old, learnt = page.run, page.run.solver.model.flat.copy()
    assert not page.says("Previous run saved.")
    page.press("Reset")
    assert page.run is not old
    page.press("Restore it")
    assert page.run is old
    np.testing.assert_array_equal(page.run.solver.model.flat, learnt)
    assert not page.says("Previous run saved.")  # the other run was untrained


def test_a_deleted_run_cannot_be_restored(page):
    page.steps(3)
    old = page.run
    assert old.autosaver.save_now()
    page.press("Reset")
    page.open_page("runs")
    page.app.session_state["_runs_selected"] = (old.id,)
    page.look()
    page.press("Delete for good")
    page.open_page("")
    assert not page.says("Previous run saved.")


def test_restoring_swaps_the_previous_and_the_current_run(page):
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


def test_the_run_before_an_opened_model_can_be_restored(page):
    page.steps(3)
    old = page.run
    page.press(f"Use: {PRETRAINED['pride']}")
    assert page.run is not old
    page.press("Restore it")
    assert page.run is old


def test_reset_restores_an_opened_model_to_its_loaded_weights(page):
    page.press(f"Use: {PRETRAINED['pride']}")
    opened = page.run.solver.model.flat.copy()
    for _ in range(2):  # a second reset too
        page.steps(2)
        assert not np.array_equal(page.run.solver.model.flat, opened)
        page.press("Reset")
        assert page.run.solver.iteration == 0
        np.testing.assert_array_equal(page.run.solver.model.flat, opened)
    assert page.run.has_progress


# -- messages -----------------------------------------------------------------------------------


@pytest.mark.parametrize("button", ["Train", "Step", "Reset"])
def test_the_message_at_the_top_disappears_at_the_next_click(visit, page, button):
    page.steps(1)
    again = visit({"run": page.run.id})
    assert again.says("Welcome back")
    again.press(button)
    assert not again.says("Welcome back")


def test_the_message_of_an_old_run_disappears_with_a_new_run(visit, page):
    page.steps(1)
    again = visit({"run": page.run.id})
    again.paste(OTHER)
    again.press("Train")
    again.press("Start new run")
    assert not again.says("Welcome back")


@pytest.mark.parametrize("hide", ["", "train"])
def test_an_error_of_generate_is_shown_beside_its_button(visit, monkeypatch, hide):
    page = visit(SMALL | {"hide": hide})
    monkeypatch.setattr(memory, "free", lambda: 160 * 10**6)
    page.choose("model_hidden_dim", 1024)
    page.press("Generate")
    assert not page.has_run
    (sentence,) = page.shown("error")
    assert "can be spared" in sentence
    page.choose("model_hidden_dim", 16)
    page.press("Generate")
    assert page.shown("error") == []
