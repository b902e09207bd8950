"""The scheduler: shares the processor among the trainings of one server."""

from __future__ import annotations

import threading

from dashboard.training.fair_lock import FairLock


class Scheduler:
    """A queue of trainings.

    The first ``seats`` trainings train, one chunk at a time in turn. The others wait in a queue.
    """

    def __init__(self, seats: int) -> None:
        self.chunk_lock = FairLock()  # held while a chunk is trained
        self._seats = seats
        self._mutex = threading.Lock()
        self._queue: list[object] = []

    def enter(self, who: object) -> None:
        """Add a training to the end of the queue, unless it is in the queue."""
        with self._mutex:
            if who not in self._queue:
                self._queue.append(who)

    def leave(self, who: object) -> None:
        """Remove a training from the queue."""
        with self._mutex:
            if who in self._queue:
                self._queue.remove(who)

    def queue_position(self, who: object) -> int:
        """Return 0 if the training may train, otherwise its position in the queue, from 1."""
        with self._mutex:
            return max(0, self._queue.index(who) + 1 - self._seats) if who in self._queue else 0

    def count_others(self, who: object) -> int:
        """Return how many other trainings may train."""
        with self._mutex:
            return sum(other is not who for other in self._queue[: self._seats])

    def __len__(self) -> int:
        return len(self._queue)
