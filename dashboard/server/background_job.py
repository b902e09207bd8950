"""Work of a second or two, done beside the page: in a thread that never touches it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)

# They share the processor with the trainings: however many pages ask, one is worked on at a time.
_ONE_AT_A_TIME = threading.Semaphore(1)
_working = threading.local()  # the job of this thread


def is_wanted() -> bool:
    """Whether anybody waits for what this thread works on; a long job asks now and then."""
    job: Job[object] | None = getattr(_working, "job", None)
    return job is None or not job.cancelled


class Job(Generic[T]):
    """A function that runs in a thread of its own; ``result`` is None until it is done."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.result: T | None = None
        self.cancelled = False
        self._failed = False
        self._work = work
        self.start()

    def start(self) -> None:
        """Work, in a new thread: at first, and again if it was interrupted."""
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)
        self._thread.start()

    @property
    def interrupted(self) -> bool:
        """Whether it ended without a result, though nothing went wrong."""
        return not self.running and not self._failed and self.result is None

    @property
    def running(self) -> bool:
        """Whether it may still bring a result."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Give it so long."""
        self._thread.join(seconds)

    def cancel(self) -> None:
        """Nobody waits for it any more: it ends soon, or does not begin."""
        self.cancelled = True

    def _run(self) -> None:
        _working.job = self
        try:
            with _ONE_AT_A_TIME:
                self.result = self._work() if is_wanted() else None
        except Exception:
            # What a job finds is an extra: the page does without it, the log tells why.
            self._failed = True
            logger.exception("a job failed")
