"""The door: how many pages this server shows at once. The next ones wait before it.

A page that was let in is never put out. One that is closed or loses its connection gives its
place free; should it come back, it is let in all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from dashboard.server import limits


class AdmissionControl:
    """Lets so many pages in; may be asked from any thread."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._inside: set[str] = set()
        self._lock = threading.Lock()

    def admit(self, page: str, is_open: Callable[[str], bool], *, again: bool = False) -> bool:
        """Whether the page may be shown. ``again``: it was let in before.

        ``is_open`` tells of a page that is inside whether it is still there.
        """
        with self._lock:
            if page not in self._inside:
                self._inside = {other for other in self._inside if is_open(other)}
                if len(self._inside) >= self._places and not again:
                    return False
                self._inside.add(page)
            return True


ADMISSION = AdmissionControl(limits.MAX_PAGES)
