"""The scheduler: the seats and the queue of a busy server."""

from __future__ import annotations

from dashboard.training.scheduler import SEAT_SECONDS, UNATTENDED_SEAT_SECONDS, Scheduler


def test_trainings_without_a_seat_have_a_queue_position():
    scheduler = Scheduler(2)
    for who in "abcd":
        scheduler.enter(who)
    scheduler.enter("a")  # twice changes nothing
    assert [scheduler.queue_position(who) for who in "abcd"] == [0, 0, 1, 2]
    assert [scheduler.count_others(who) for who in "abcd"] == [1, 1, 2, 2]
    assert len(scheduler) == 4
    scheduler.leave("a")
    scheduler.leave("a")
    assert [scheduler.queue_position(who) for who in "abcd"] == [0, 0, 0, 1]
    scheduler.enter("a")
    assert scheduler.queue_position("a") == 2  # at the end
    assert scheduler.queue_position("stranger") == 0


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_seat_is_handed_on_after_its_time_if_others_wait():
    clock = Clock()
    scheduler = Scheduler(2, clock)
    for who in "abc":
        scheduler.enter(who)
    assert not scheduler.hand_on_seat("a", attended=True)  # its time begins
    clock.now += SEAT_SECONDS - 1
    assert not scheduler.hand_on_seat("a", attended=True)
    clock.now += 1
    assert scheduler.hand_on_seat("a", attended=True)
    assert [scheduler.queue_position(who) for who in "abc"] == [1, 0, 0]
    clock.now += SEAT_SECONDS
    assert not scheduler.hand_on_seat("a", attended=True)  # it has no seat
    assert not scheduler.hand_on_seat("c", attended=True)  # its time begins only now


def test_a_training_whose_page_is_closed_hands_its_seat_on_soon():
    clock = Clock()
    scheduler = Scheduler(1, clock)
    scheduler.enter("closed")
    scheduler.enter("open")
    scheduler.hand_on_seat("closed", attended=False)
    clock.now += UNATTENDED_SEAT_SECONDS
    assert not scheduler.hand_on_seat("closed", attended=True)
    assert scheduler.hand_on_seat("closed", attended=False)
    assert scheduler.queue_position("open") == 0


def test_a_seat_is_kept_while_no_training_waits():
    clock = Clock()
    scheduler = Scheduler(2, clock)
    for who in "ab":
        scheduler.enter(who)
    for _ in range(5):
        clock.now += 10 * SEAT_SECONDS
        assert not scheduler.hand_on_seat("a", attended=False)
    scheduler.enter("c")
    assert scheduler.hand_on_seat("a", attended=True)
