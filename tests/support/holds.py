"""How long a thread keeps Python's lock (GIL), so that no other thread can run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def longest_hold(task: Callable[[], object]) -> float:
    """Run the task; return the longest time for which it let no other thread run, in seconds.

    The time is processor time of the task's thread, so that other programs' load does not count:
    a thread that gives up the lock waits, and uses none, until another thread has it.
    """
    clock = time.pthread_getcpuclockid(threading.get_ident())
    ended = threading.Event()
    longest = 0.0
    # Read here: the probe may get the lock for the first time only after the task has ended.
    before = time.clock_gettime(clock)

    def probe() -> None:
        nonlocal longest, before
        last = False
        while not last:
            last = ended.is_set()  # and look once more: the task may have held the lock until now
            now = time.clock_gettime(clock)
            longest, before = max(longest, now - before), now

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        task()
    finally:
        ended.set()
        thread.join()
    return longest
