"""A slider that the user moves fast is not moved back by a run of the page for an earlier press."""

from __future__ import annotations

import pytest

from dashboard.page import widget_values
from tests.support.visits import Visit, with_story

OTHER_VALUES = {
    "train_lr": 0.05,
    "train_clip": 1.0,
    "train_warmup": 200,
    "train_eval_every": 500,
    "train_fresh_after": 64,
    "model_hidden_dim": 32,
    "model_seq_length": 25,
    "model_batch_size": 8,
    "model_input_dim": 16,
    "model_dropout": 0.2,
    "model_val_fraction": 0.2,
    "train_num_iters": 5_000,
    "goal_epochs": 10,
    "goal_minutes": 5,
    "goal_patience": 10,
    "temperature": 1.2,
    "length": 1_000,
    "top_p": 0.5,
}

GOAL_KINDS = {key: kind for kind, key in widget_values.GOAL_KEYS.items()}


@pytest.fixture
def page(visit) -> Visit:
    """A page with a short text and a small network."""
    return with_story(visit)


def slider(page: Visit, key: str):
    return page._reveal(lambda: page._widgets(key))[0]


def moves(page: Visit, key: str) -> bool:
    """Return whether the last run of the page sets the slider in the browser."""
    return slider(page, key).proto.set_value


def test_these_are_all_sliders():
    assert set(OTHER_VALUES) == widget_values.SLIDERS


@pytest.mark.parametrize("key", sorted(OTHER_VALUES))
def test_a_run_of_the_page_does_not_move_a_slider_that_the_user_moved(page, key):
    if key in GOAL_KINDS:
        page.choose("goal_kind", GOAL_KINDS[key])
    slider(page, key)  # opens the part of the page that has it
    page.look()
    page.choose(key, OTHER_VALUES[key])
    assert not moves(page, key)
    page.look()
    assert not moves(page, key)


def test_a_press_during_the_run_for_an_earlier_press_keeps_its_rate(page):
    page.steps(2)
    page.open_tab("Live settings")
    page.look()
    page.choose("train_lr", 0.02)
    late = moves(page, "train_lr")  # the browser has it after the next press
    page.choose("train_lr", 1.0)
    if late:
        page.choose("train_lr", 0.02)  # as the next tick of the page then sends it
    assert page.run.solver.lr == 1.0
    assert page.value("train_lr") == 1.0


def test_a_value_that_the_page_sets_reaches_the_slider(page):
    page.steps(2)
    page.open_tab("Live settings")
    page.choose("train_lr", 0.5)
    page.press(next(label for label in page.labels() if label.startswith("Use 0.")))
    assert moves(page, "train_lr")
    assert page.run.solver.lr == page.value("train_lr") != 0.5


@pytest.mark.parametrize("key", ["train_lr", "train_warmup", "model_dropout", "length"])
def test_a_value_is_kept_while_its_slider_is_not_drawn(page, key):
    page.choose(key, OTHER_VALUES[key])
    for part in ("more_settings_open", "more_options_open"):
        page.open(part, False)
    page.open_tab("Write")
    page.look()
    assert page.value(key) == OTHER_VALUES[key]
    page.open_page("how")
    page.look()
    page.open_page("")
    assert page.value(key) == OTHER_VALUES[key]
    assert slider(page, key).value == OTHER_VALUES[key]
