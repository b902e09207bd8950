"""The scheduler: shares the processor among the trainings of one server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dashboard.server.fair_lock import FairLock

# How long a training keeps its seat while others wait; then it goes to the end of the queue.
SEAT_SECONDS = 30.0
# The same for a training whose page is closed.
UNATTENDED_SEAT_SECONDS = 3.0


class Scheduler:
    """A queue of trainings.

    The first ``seats`` trainings have a seat: they train, one chunk at a time in turn. The others
    wait in the queue until a seat is free or handed on.
    """

    def __init__(self, seats: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.chunk_lock = FairLock()  # held while a chunk is trained
        self._seats = seats
        self._clock = clock
        self._mutex = threading.Lock()
        self._queue: list[object] = []
        self._seated: dict[object, float] = {}  # when each training got its seat

    def enter(self, who: object) -> None:
        """Add a training to the end of the queue, unless it is in the queue."""
        with self._mutex:
            if who not in self._queue:
                self._queue.append(who)

    def leave(self, who: object) -> None:
        """Remove a training from the queue."""
        with self._mutex:
            self._seated.pop(who, None)
            if who in self._queue:
                self._queue.remove(who)

    def queue_position(self, who: object) -> int:
        """Return 0 if the training may train, otherwise its position in the queue, from 1."""
        with self._mutex:
            return max(0, self._queue.index(who) + 1 - self._seats) if who in self._queue else 0

    def hand_on_seat(self, who: object, *, attended: bool) -> bool:
        """Move a training to the end of the queue if it has had its time and others wait.

        attended: whether a page shows the training. Return whether it was moved.
        """
        with self._mutex:
            if who not in self._queue[: self._seats]:
                return False
            seated = self._seated.setdefault(who, self._clock())
            allowed = SEAT_SECONDS if attended else UNATTENDED_SEAT_SECONDS
            if len(self._queue) <= self._seats or self._clock() - seated < allowed:
                return False
            self._queue.remove(who)
            self._queue.append(who)
            del self._seated[who]
            return True

    def count_others(self, who: object) -> int:
        """Return how many other trainings may train."""
        with self._mutex:
            return sum(other is not who for other in self._queue[: self._seats])

    def __len__(self) -> int:
        return len(self._queue)
