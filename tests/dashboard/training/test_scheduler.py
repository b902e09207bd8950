"""Turns: locks that serve first who came first, and the queue of a busy server."""

from __future__ import annotations

import itertools
import threading

import pytest

from dashboard.training.scheduler import FairLock, Scheduler
from tests.support.trainers import until


def test_one_at_a_time():
    lock, total = FairLock(), [0]

    def add() -> None:
        for _ in range(300):
            with lock:
                before = total[0]
                sum(range(50))  # room for another thread to come in between
                total[0] = before + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [1200]


def test_waiters_are_served_in_the_order_of_their_coming():
    lock, order = FairLock(), []

    def wait(number: int) -> None:
        with lock:
            order.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    with lock:
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda: len(lock._waiting) == number + 1)  # noqa: B023
        assert order == []
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_who_gives_it_back_and_wants_it_again_goes_to_the_end():
    lock, order, done = FairLock(), [], threading.Event()

    def greedy() -> None:
        while not done.is_set():
            with lock:
                order.append("greedy")

    with lock:
        thread = threading.Thread(target=greedy)
        thread.start()
        until(lambda: lock._waiting)
    for _ in range(50):
        with lock:
            order.append("page")
            until(lambda: lock._waiting)  # the other is back in the line
    done.set()
    thread.join()
    pages = [i for i, who in enumerate(order) if who == "page"]
    # Between two turns of the page the other had one each; a few more only before the first.
    assert [b - a for a, b in itertools.pairwise(pages)] == [2] * 49


def test_who_gives_way_comes_after_all_that_wait():
    lock, order = FairLock(), []
    lock_was_free = FairLock()
    with lock_was_free:
        lock_was_free.yield_to_waiters()  # to nobody: goes on at once

    def wait(number: int) -> None:
        with lock:
            order.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(3)]
    with lock:
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda: len(lock._waiting) == number + 1)  # noqa: B023
        lock.yield_to_waiters()
        order.append("holder")
    for thread in threads:
        thread.join()
    assert order == [0, 1, 2, "holder"]


def test_an_error_inside_gives_the_lock_back():
    lock = FairLock()
    with pytest.raises(KeyError), lock:
        raise KeyError
    with lock:
        pass


def test_seats_and_queue():
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
