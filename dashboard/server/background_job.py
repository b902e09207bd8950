"""Work of some seconds in a background thread, which never calls Streamlit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from dashboard.server.fair_lock import FairLock

T = TypeVar("T")

logger = logging.getLogger(__name__)

# Jobs and trainings share the processor: one job runs at a time, for all pages together.
_ONE_AT_A_TIME = FairLock()
_current = threading.local()  # its attribute "job" is the job of this thread


def is_wanted() -> bool:
    """Return False if the job that calls this was cancelled; a long job checks now and then."""
    job: Job[object] | None = getattr(_current, "job", None)
    return job is None or not job.cancelled


def report_share(share: float) -> None:
    """Note which share of its work, 0 to 1, the job that calls this has done."""
    job: Job[object] | None = getattr(_current, "job", None)
    if job is not None:
        job.share = share


def let_others_run() -> None:
    """Let the jobs that are waiting run now; a job of many seconds calls this now and then."""
    if getattr(_current, "job", None) is not None:
        _ONE_AT_A_TIME.yield_to_waiters()


class Job(Generic[T]):
    """A function that runs in a thread of its own; ``result`` is None until it has returned."""

    def __init__(self, work: Callable[[], T], *, start: bool = True) -> None:
        self.result: T | None = None
        self.share = 0.0  # of the work that is done, if the function reports it
        self.cancelled = False
        self._failed = False
        self._work = work
        self._thread: threading.Thread | None = None
        if start:
            self.start()

    def start(self) -> None:
        """Run the function in a new thread, for the first time or after an interruption."""
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)
        self._thread.start()

    @property
    def interrupted(self) -> bool:
        """Whether the job was not started, or ended without a result and without an exception."""
        return not self.running and not self._failed and self.result is None

    @property
    def running(self) -> bool:
        """Whether the job is waiting or running."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait until the job has ended, at most so many seconds."""
        if self._thread is not None:
            self._thread.join(seconds)

    def cancel(self) -> None:
        """Let the job end early, or not start at all."""
        self.cancelled = True

    def _run(self) -> None:
        _current.job = self
        try:
            with _ONE_AT_A_TIME:
                self.result = self._work() if is_wanted() else None
        except Exception:
            # The page works without the result, so the exception is only logged.
            self._failed = True
            logger.exception("a background job failed")
