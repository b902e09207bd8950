"""What a visitor chose: from the widgets' values to plain ones, and back."""

from __future__ import annotations

import math

import pytest

from dashboard.page import widget_values
from dashboard.page.settings_link import Lesson
from dashboard.page.widget_values import DEFAULTS
from dashboard.settings import GOAL_TITLES, PRESETS, Goal, ModelSettings, TrainSettings
from dashboard.text.cleanup import CLEANUP_RULES
from dashboard.text.loading import DEFAULT_READ_OPTIONS, ReadOptions

NETWORK = ModelSettings("gru", 64, 2, 8, 0.1, 25, 4, 0.05, 7)
TRAINING = TrainSettings(0.02, "sgd", "step", math.inf, 777, 50, 100, math.inf)


def test_a_visit_begins_with_the_first_preset():
    first = PRESETS[widget_values.FIRST_PRESET]
    assert widget_values.model_settings(DEFAULTS) == first.model
    assert widget_values.train_settings(DEFAULTS) == first.train
    assert widget_values.goal(DEFAULTS) == Goal("iterations", first.train.num_iters)
    assert widget_values.read_options(DEFAULTS) == DEFAULT_READ_OPTIONS


def test_settings_come_out_of_the_widgets_as_they_were_put_in():
    widgets = {
        **DEFAULTS,
        **widget_values.model_widgets(NETWORK),
        **widget_values.train_widgets(TRAINING),
    }
    assert widget_values.model_settings(widgets) == NETWORK
    assert widget_values.train_settings(widgets) == TRAINING


@pytest.mark.parametrize("kind", GOAL_TITLES)
def test_a_goal_comes_out_as_it_was_put_in_and_leaves_the_others(kind):
    goal = Goal(kind, 3)
    shown = widget_values.goal_widgets(goal)
    assert widget_values.goal({**DEFAULTS, **shown}) == goal
    assert len(shown) == 2


def test_a_goal_that_was_let_go_is_a_number_of_iterations():
    assert widget_values.goal({**DEFAULTS, "goal_kind": None}).kind == "iterations"


def test_ways_of_reading_come_out_as_they_were_put_in():
    options = ReadOptions("latin-1", False, frozenset(list(CLEANUP_RULES)[:2]))
    assert (
        widget_values.read_options({**DEFAULTS, **widget_values.read_option_widgets(options)})
        == options
    )
    assert widget_values.read_option_widgets(DEFAULT_READ_OPTIONS).items() <= DEFAULTS.items()


def test_writing_without_a_limit_has_none():
    settings = widget_values.write_settings(DEFAULTS, "Once ")
    assert (settings.seed_text, settings.top_k, settings.top_p) == ("Once ", None, None)
    limited = {**DEFAULTS, "seed_text": "The ", "top_k": 5, "top_p": 0.9}
    settings = widget_values.write_settings(limited, "Once ")
    assert (settings.seed_text, settings.top_k, settings.top_p) == ("The ", 5, 0.9)


def test_a_lesson_changes_only_what_it_names():
    assert widget_values.lesson_widgets(Lesson()) == {}
    asked = widget_values.lesson_widgets(
        Lesson(model=NETWORK, text="sums.txt", seed_text="", temperature=0.0)
    )
    assert asked == {
        **widget_values.model_widgets(NETWORK),
        "sample": "sums.txt",
        "seed_text": "",
        "temperature": 0.0,
    }


def test_every_key_is_one_that_a_visit_begins_with():
    lesson = Lesson("taste", NETWORK, TRAINING, "sums.txt", "The ", 0.5)
    assert widget_values.lesson_widgets(lesson).keys() <= DEFAULTS.keys()
    assert {
        *widget_values.GOAL_KEYS.values(),
        *widget_values.CLEANUP_KEYS.values(),
    } <= DEFAULTS.keys()
