"""How often pages are redrawn while their runs train, by how long redraws take on this server.

A page asks for its next redraw after a fixed time, whether or not its last redraw has ended. If
the redraws of all pages take longer than that, they queue up, and a new visitor waits for minutes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LONGEST = 16.0  # seconds between two redraws, however slow the server
_LEFT_AFTER = 3 * LONGEST  # seconds without a redraw after which a page counts as closed
_WEIGHT = 0.1  # of the newest redraw in the mean
_SHORTEN_BELOW = 0.25  # of the interval: each change redraws the whole page, so few changes


@dataclass
class _Page:
    drawn: float
    interval: float


class RedrawPace:
    """Choose intervals so that on average at most one page is being redrawn."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pages: dict[str, _Page] = {}
        self._seconds = 0.0  # of a redraw, the mean over all pages with the newest weighted most

    @contextmanager
    def measure(self, page: str) -> Iterator[None]:
        """Measure a redraw of this page. Wall time counts: it also grows with other programs."""
        began = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            with self._lock:
                self._pages.setdefault(page, _Page(now, 0.0)).drawn = now
                self._seconds += _WEIGHT * (now - began - self._seconds)

    def interval(self, page: str, shortest: float) -> float:
        """Return the seconds between two redraws of this page: ``shortest``, or longer."""
        now = self._clock()
        with self._lock:
            for other in [k for k, p in self._pages.items() if now - p.drawn > _LEFT_AFTER]:
                del self._pages[other]
            own = self._pages.setdefault(page, _Page(now, 0.0))
            needed = len(self._pages) * self._seconds
            keep = shortest <= own.interval and _SHORTEN_BELOW * own.interval < needed
            if needed > own.interval or not keep:
                own.interval = shortest
                while own.interval < min(needed, LONGEST):
                    own.interval *= 2
            return own.interval


PACE = RedrawPace()
