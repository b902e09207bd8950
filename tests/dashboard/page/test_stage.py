"""The stage slider: its options, and the choice that a page which is still loading cannot lose."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.page import widgets
from dashboard.page.widgets import NEWEST


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the session state that the widgets use."""
    session: dict[str, Any] = {}
    monkeypatch.setattr(widgets, "values", lambda: session)
    return session


def test_newest_stands_behind_the_iteration_of_the_newest_sample(session):
    options = widgets.stage_options(newest=431, length=1_000)
    assert options[options.index(NEWEST) - 1] == 430
    assert [n for n in options if n != NEWEST] == list(range(0, 1_001, 10))


def test_a_step_to_the_left_of_the_newest_chooses_an_older_sample(session):
    options = widgets.stage_options(newest=438, length=1_000)
    before = options[options.index(NEWEST) - 1]
    widgets.show_stage(before, [100, 300, 438])
    assert widgets.stage([100, 300, 438]) == 300


@pytest.mark.parametrize("newest", [0, 5, 431, 1_000])
def test_every_iteration_stays_an_option_while_training_goes_on(session, newest):
    assert set(range(0, 1_001, 10)) < set(widgets.stage_options(newest, 1_000))


def test_a_value_without_a_choice_changes_nothing(session):
    widgets.stage_options(100, 1_000)
    session["stage"] = 0  # sent by a browser that had not received the value
    widgets.show_stage(0, [1])  # and reported as a change
    widgets.stage_options(100, 1_000)
    assert session["stage"] == NEWEST
    session["stage"] = 0  # sent without being reported
    assert widgets.stage([1, 40, 100]) == 100
    widgets.stage_options(100, 1_000)
    assert session["stage"] == NEWEST


def test_a_chosen_stage_stays_and_one_beyond_the_newest_follows_it(session):
    widgets.show_stage(50, [1, 40, 100])
    assert widgets.stage([1, 40, 100, 200]) == 40
    assert 50 in widgets.stage_options(200, 1_000)
    widgets.show_stage(250, [1, 40, 100, 200])
    assert widgets.stage([1, 40, 100, 200, 300]) == 300
