"""Limit of how many pages are open at once; further pages wait.

An admitted page stays admitted. When it is closed or loses its connection, another page gets its
place; if it reconnects, it is admitted even if that exceeds the limit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dashboard.server import limits


class AdmissionControl:
    """Admits up to ``places`` pages at once. Thread-safe."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._admitted: set[str] = set()
        self._lock = threading.Lock()

    def admit(self, page: str, is_open: Callable[[str], bool], *, again: bool = False) -> bool:
        """Return whether the page may be shown.

        page: the id of its session.
        is_open: returns whether an admitted page is still connected.
        again: whether this page was admitted before.
        """
        with self._lock:
            if page not in self._admitted:
                self._admitted = {other for other in self._admitted if is_open(other)}
                if len(self._admitted) >= self._places and not again:
                    return False
                self._admitted.add(page)
            return True


ADMISSION = AdmissionControl(limits.MAX_PAGES)
