"""The fair lock: one thread at a time, first come, first served."""

from __future__ import annotations

import itertools
import threading

import pytest

from dashboard.server.fair_lock import FairLock
from tests.support.trainers import until


def test_only_one_thread_at_a_time_holds_the_lock():
    lock, total = FairLock(), [0]

    def add() -> None:
        for _ in range(300):
            with lock:
                before = total[0]
                sum(range(50))  # time for another thread to interfere
                total[0] = before + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [1200]


def test_waiting_threads_get_the_lock_in_order():
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


def test_a_thread_that_reacquires_the_lock_waits_at_the_end():
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
            until(lambda: lock._waiting)  # the other thread is in the queue again
    done.set()
    thread.join()
    pages = [i for i, who in enumerate(order) if who == "page"]
    # The other thread had the lock exactly once between two acquisitions by the page.
    assert [b - a for a, b in itertools.pairwise(pages)] == [2] * 49


def test_a_holder_that_yields_continues_after_all_waiters():
    lock, order = FairLock(), []
    lock_was_free = FairLock()
    with lock_was_free:
        lock_was_free.yield_to_waiters()  # no thread waits: returns at once

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


def test_an_exception_releases_the_lock():
    lock = FairLock()
    with pytest.raises(KeyError), lock:
        raise KeyError
    with lock:
        pass
