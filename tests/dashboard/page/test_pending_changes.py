"""What a click changed stays changed: broken off, or undone by a click that knew nothing of it."""

from __future__ import annotations

import pytest

from dashboard.page.pending_changes import STALE_GROUP_SECONDS, STALE_SINGLE_SECONDS, PendingChanges

BEFORE = {"hidden": 128, "layers": 1, "rate": 0.1, "_run": None}
PRESET = {"hidden": 200, "layers": 2}


class Clock:
    """Time that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pending(clock) -> PendingChanges:
    return PendingChanges(clock)


class Breaking(dict):
    """A session whose writing is broken off after so many values."""

    def __init__(self, known: dict, after: int) -> None:
        super().__init__(known)
        self.after = after

    def __setitem__(self, key: str, value: object) -> None:
        if not self.after:
            raise InterruptedError
        self.after -= 1
        super().__setitem__(key, value)


@pytest.fixture
def chosen(pending) -> dict:
    """A session in which a preset was chosen, and written."""
    session = dict(BEFORE)
    pending.record(PRESET, session)
    pending.write(session)
    return session


def told_by_browser(session: dict, **values: object) -> dict:
    """The session after a click that brought these values of widgets."""
    return session | values


@pytest.mark.parametrize("after", [0, 1, 2])
def test_what_is_broken_off_is_known_at_once_and_written_later(pending, after):
    changes = {"_run": "one", "hidden": 200, "layers": 2}
    session = Breaking(BEFORE, after)
    pending.record(changes, session)
    with pytest.raises(InterruptedError):
        pending.write(session)
    assert pending.corrected(session) == BEFORE | changes
    session.after = 3
    pending.write(session)
    assert session == BEFORE | changes


def test_what_the_browser_says_meanwhile_does_not_undo_what_is_not_written(pending):
    session = Breaking(BEFORE, 0)
    pending.record(PRESET, session)
    with pytest.raises(InterruptedError):
        pending.write(session)
    later = told_by_browser(dict(session), hidden=128, layers=1)
    pending.queue_corrections(later)
    pending.write(later)
    assert later == BEFORE | PRESET


def test_several_old_values_at_once_are_an_echo(pending, clock, chosen):
    clock.now = STALE_GROUP_SECONDS - 1
    later = told_by_browser(chosen, hidden=128, layers=1, rate=0.2)
    assert pending.corrected(later) == chosen | {"rate": 0.2}  # what was moved by hand stays
    pending.queue_corrections(later)
    pending.write(later)
    assert later == chosen | {"rate": 0.2}


def test_an_echo_may_come_more_than_once(pending, clock, chosen):
    for _ in range(3):
        later = told_by_browser(chosen, hidden=128, layers=1)
        pending.queue_corrections(later)
        pending.write(later)
        assert later == chosen
        clock.now += 1


def test_an_echo_of_what_was_before_the_last_but_one_click_is_known_too(pending, clock, chosen):
    clock.now = 1
    pending.record({"hidden": 64, "layers": 3}, chosen)
    pending.write(chosen)
    for hidden, layers in ((128, 1), (200, 2)):
        later = told_by_browser(chosen, hidden=hidden, layers=layers)
        assert pending.corrected(later) == chosen


def test_a_widget_that_is_moved_back_by_hand_stays_there(pending, clock, chosen):
    clock.now = STALE_SINGLE_SECONDS + 0.1
    later = told_by_browser(chosen, hidden=128)
    assert pending.corrected(later) == later
    pending.queue_corrections(later)
    pending.write(later)
    assert later["hidden"] == 128
    clock.now += 1  # and the other one too: two old values by now, and still no echo
    later = told_by_browser(later, layers=1)
    pending.queue_corrections(later)
    pending.write(later)
    assert later == BEFORE


def test_a_single_old_value_is_an_echo_if_it_comes_sooner_than_a_hand(pending, clock):
    session = dict(BEFORE)
    pending.record({"hidden": 200, "layers": 1}, session)  # only one is another
    pending.write(session)
    clock.now = STALE_SINGLE_SECONDS / 2
    assert pending.corrected(told_by_browser(session, hidden=128)) == session


def test_what_no_browser_has_shown_yet_cannot_come_back(pending):
    session = BEFORE | PRESET
    pending.record(PRESET, {})
    pending.write(session)
    later = told_by_browser(session, hidden=128, layers=1)
    assert pending.corrected(later) == later


def test_what_was_long_ago_is_no_echo(pending, clock, chosen):
    clock.now = STALE_GROUP_SECONDS + 1
    later = told_by_browser(chosen, hidden=128, layers=1)
    assert pending.corrected(later) == later


def test_what_no_widget_shows_is_nobody_s_echo(pending):
    session = dict(BEFORE)
    pending.record({"_run": "one", "_confirming_new_run": True}, session)
    pending.write(session)
    session["_run"] = None  # by the page itself
    assert pending.corrected(session) == session
