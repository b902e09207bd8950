"""Who computes when: locks and turns that are fair, first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """A lock that serves its waiters in the order of their coming.

    Python's own lets a thread that gives it back and takes it again at once go first
    every time: a page that waits for a busy trainer would wait without end.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._held = False

    def __enter__(self) -> None:
        with self._mutex:
            if not self._held:
                self._held = True
                return
            gate = self._queue_up()
        gate.acquire()  # opened by whoever holds the lock now, which stays held: handed over

    def yield_to_waiters(self) -> None:
        """Let those who wait for the lock go first, if there are any; its holder may call this."""
        with self._mutex:
            if not self._waiting:
                return
            gate = self._queue_up()
            self._waiting.popleft().release()
        gate.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False

    def _queue_up(self) -> threading.Lock:
        """A gate at the end of the line; the caller holds the mutex."""
        gate = threading.Lock()
        gate.acquire()
        self._waiting.append(gate)
        return gate


class Scheduler:
    """The order in which the trainings of one server share its processor.

    At most ``seats`` of them train, one chunk at a time in turn; the others wait in a queue.
    """

    def __init__(self, seats: int) -> None:
        self.chunk_lock = FairLock()
        self._seats = seats
        self._mutex = threading.Lock()
        self._line: list[object] = []

    def enter(self, who: object) -> None:
        """Take a place at the end of the line; entering twice changes nothing."""
        with self._mutex:
            if who not in self._line:
                self._line.append(who)

    def leave(self, who: object) -> None:
        """Give the place back."""
        with self._mutex:
            if who in self._line:
                self._line.remove(who)

    def queue_position(self, who: object) -> int:
        """0 for one who may train, else the place in the queue, from 1."""
        with self._mutex:
            return max(0, self._line.index(who) + 1 - self._seats) if who in self._line else 0

    def count_others(self, who: object) -> int:
        """How many besides this one may train."""
        with self._mutex:
            return sum(other is not who for other in self._line[: self._seats])

    def __len__(self) -> int:
        return len(self._line)
