"""A callback's changes persist if writing them is aborted and if a click sends stale values."""

from __future__ import annotations

import pytest

from dashboard.page.pending_changes import STALE_GROUP_SECONDS, STALE_SINGLE_SECONDS, PendingChanges

BEFORE = {"hidden": 128, "layers": 1, "rate": 0.1, "_run": None}
PRESET = {"hidden": 200, "layers": 2}


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pending(clock) -> PendingChanges:
    return PendingChanges(clock)


class AbortingSession(dict):
    """A session state that raises after ``after`` values are written."""

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
    """Return a session state to which a preset was written."""
    session = dict(BEFORE)
    pending.record(PRESET, session)
    pending.write(session)
    pending.mark_drawn()
    return session


def after_click(session: dict, **values: object) -> dict:
    """Return the session state after a click that sent these values of widgets."""
    return session | values


@pytest.mark.parametrize("after", [0, 1, 2])
def test_aborted_changes_are_read_at_once_and_written_later(pending, after):
    changes = {"_run": "one", "hidden": 200, "layers": 2}
    session = AbortingSession(BEFORE, after)
    pending.record(changes, session)
    with pytest.raises(InterruptedError):
        pending.write(session)
    assert pending.corrected(session) == BEFORE | changes
    session.after = 3
    pending.write(session)
    assert session == BEFORE | changes


def test_values_from_the_browser_do_not_undo_unwritten_changes(pending):
    session = AbortingSession(BEFORE, 0)
    pending.record(PRESET, session)
    with pytest.raises(InterruptedError):
        pending.write(session)
    later = after_click(dict(session), hidden=128, layers=1)
    pending.queue_corrections(later)
    pending.write(later)
    assert later == BEFORE | PRESET


def test_an_old_value_is_stale_until_the_page_was_drawn_with_the_new_one(pending, clock):
    session = dict(BEFORE)
    pending.record({"hidden": 200}, session)
    pending.write(session)
    clock.now = 5  # a busy server
    assert pending.corrected(after_click(session, hidden=128)) == session
    pending.mark_drawn()
    clock.now += STALE_SINGLE_SECONDS - 0.1
    assert pending.corrected(after_click(session, hidden=128)) == session
    clock.now += 0.2
    assert pending.corrected(after_click(session, hidden=128))["hidden"] == 128


def test_several_old_values_at_once_are_stale(pending, clock, chosen):
    clock.now = STALE_GROUP_SECONDS - 1
    later = after_click(chosen, hidden=128, layers=1, rate=0.2)
    assert pending.corrected(later) == chosen | {"rate": 0.2}  # moved by the user
    pending.queue_corrections(later)
    pending.write(later)
    assert later == chosen | {"rate": 0.2}


def test_stale_values_may_arrive_more_than_once(pending, clock, chosen):
    for _ in range(3):
        later = after_click(chosen, hidden=128, layers=1)
        pending.queue_corrections(later)
        pending.write(later)
        assert later == chosen
        clock.now += 1


def test_values_from_before_the_last_but_one_click_are_stale_too(pending, clock, chosen):
    clock.now = 1
    pending.record({"hidden": 64, "layers": 3}, chosen)
    pending.write(chosen)
    for hidden, layers in ((128, 1), (200, 2)):
        later = after_click(chosen, hidden=hidden, layers=layers)
        assert pending.corrected(later) == chosen


def test_a_widget_that_the_user_moves_back_keeps_that_value(pending, clock, chosen):
    clock.now = STALE_SINGLE_SECONDS + 0.1
    later = after_click(chosen, hidden=128)
    assert pending.corrected(later) == later
    pending.queue_corrections(later)
    pending.write(later)
    assert later["hidden"] == 128
    clock.now += 1  # the other one too: two old values by now, and neither is stale
    later = after_click(later, layers=1)
    pending.queue_corrections(later)
    pending.write(later)
    assert later == BEFORE


def test_a_single_old_value_is_stale_if_it_arrives_sooner_than_a_user_can_move_it(pending, clock):
    session = dict(BEFORE)
    pending.record({"hidden": 200, "layers": 1}, session)  # only one value changes
    pending.write(session)
    clock.now = STALE_SINGLE_SECONDS / 2
    assert pending.corrected(after_click(session, hidden=128)) == session


def test_values_that_no_browser_has_shown_are_never_stale(pending):
    session = BEFORE | PRESET
    pending.record(PRESET, {})
    pending.write(session)
    later = after_click(session, hidden=128, layers=1)
    assert pending.corrected(later) == later


def test_old_values_long_after_a_change_are_not_stale(pending, clock, chosen):
    clock.now = STALE_GROUP_SECONDS + 1
    later = after_click(chosen, hidden=128, layers=1)
    assert pending.corrected(later) == later


def test_values_that_belong_to_no_widget_are_never_stale(pending):
    session = dict(BEFORE)
    pending.record({"_run": "one", "_confirming_new_run": True}, session)
    pending.write(session)
    session["_run"] = None  # the page itself sets it
    assert pending.corrected(session) == session
