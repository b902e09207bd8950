"""Work of a second or two, done beside the page: in a thread that never touches it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Job(Generic[T]):
    """A function that runs in a thread of its own; ``result`` is None until it is done."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.result: T | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run, name="job", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it may still bring a result."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Give it so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self.result = self._work()
        except Exception:
            # What a job finds is an extra: the page does without it, the log tells why.
            logger.exception("a job failed")
