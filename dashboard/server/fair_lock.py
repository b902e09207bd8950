"""A lock that threads get in the order in which they asked for it."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """A mutual exclusion lock, first come, first served.

    With ``threading.Lock``, a thread that releases the lock and acquires it again at once
    usually gets it. A page that waits for a busy trainer could then wait without end.
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
        gate.acquire()  # opened by the holder, which hands the lock over without releasing it

    def yield_to_waiters(self) -> None:
        """Hand the lock to all threads that wait for it now, then get it back.

        Only the holder may call this.
        """
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
        """Return a closed gate at the end of the queue; the caller holds ``_mutex``."""
        gate = threading.Lock()
        gate.acquire()
        self._waiting.append(gate)
        return gate
