"""Conversion between the values of widgets and settings."""

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


def test_defaults_are_those_of_the_first_preset():
    first = PRESETS[widget_values.FIRST_PRESET]
    assert widget_values.model_settings(DEFAULTS) == first.model
    assert widget_values.train_settings(DEFAULTS) == first.train
    assert widget_values.goal(DEFAULTS) == Goal("iterations", first.train.num_iters)
    assert widget_values.read_options(DEFAULTS) == DEFAULT_READ_OPTIONS


def test_settings_are_read_back_from_the_widgets():
    widgets = {
        **DEFAULTS,
        **widget_values.model_widgets(NETWORK),
        **widget_values.train_widgets(TRAINING),
    }
    assert widget_values.model_settings(widgets) == NETWORK
    assert widget_values.train_settings(widgets) == TRAINING


@pytest.mark.parametrize("kind", GOAL_TITLES)
def test_a_goal_is_read_back_and_sets_only_its_own_widgets(kind):
    goal = Goal(kind, 3)
    shown = widget_values.goal_widgets(goal)
    assert widget_values.goal({**DEFAULTS, **shown}) == goal
    assert len(shown) == 2


def test_without_a_kind_of_goal_it_is_iterations():
    assert widget_values.goal({**DEFAULTS, "goal_kind": None}).kind == "iterations"


def test_read_options_are_read_back():
    options = ReadOptions("latin-1", False, frozenset(list(CLEANUP_RULES)[:2]))
    assert (
        widget_values.read_options({**DEFAULTS, **widget_values.read_option_widgets(options)})
        == options
    )
    assert widget_values.read_option_widgets(DEFAULT_READ_OPTIONS).items() <= DEFAULTS.items()


def test_top_k_0_and_top_p_1_mean_no_limit():
    settings = widget_values.write_settings(DEFAULTS, "Once ")
    assert (settings.seed_text, settings.top_k, settings.top_p) == ("Once ", None, None)
    limited = {**DEFAULTS, "seed_text": "The ", "top_k": 5, "top_p": 0.9}
    settings = widget_values.write_settings(limited, "Once ")
    assert (settings.seed_text, settings.top_k, settings.top_p) == ("The ", 5, 0.9)


def test_a_lesson_sets_only_the_widgets_that_it_names():
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


def test_every_key_has_a_default():
    lesson = Lesson("taste", NETWORK, TRAINING, "sums.txt", "The ", 0.5)
    assert widget_values.lesson_widgets(lesson).keys() <= DEFAULTS.keys()
    assert {
        *widget_values.GOAL_KEYS.values(),
        *widget_values.CLEANUP_KEYS.values(),
    } <= DEFAULTS.keys()
