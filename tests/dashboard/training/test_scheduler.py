"""The scheduler: the seats and the queue of a busy server."""

from __future__ import annotations

from dashboard.training.scheduler import Scheduler


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
