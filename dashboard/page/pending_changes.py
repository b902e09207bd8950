"""Changes that a callback made and that the session state or the browser may not have yet.

Two things can undo a callback's changes. Streamlit may abort the writing of them when the next
click arrives: the rest is written later. And each click sends the values of all widgets as the
browser has them. A click that is sent before the browser has received new values brings the old
ones back: such stale values are recognised here and corrected.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

# A person moves one widget at a time. Several widgets that have old values again, within so many
# seconds of the page's being drawn with the new ones, are stale; a single one only if that is too
# soon for a person to have moved it back. On a busy server it takes seconds until a page is drawn.
STALE_GROUP_SECONDS = 10.0
STALE_SINGLE_SECONDS = 0.8


@dataclass
class Change:
    """A value that a callback gave to a widget, and the values it recently had before.

    drawn: when the page was first drawn with the value; None while it has not been.
    """

    value: Any
    before: list[Any] = field(default_factory=list)
    drawn: float | None = None

    def is_younger(self, now: float, seconds: float) -> bool:
        """Return whether the page has shown the value for less than so many seconds, or never."""
        return self.drawn is None or now - self.drawn < seconds


class PendingChanges:
    """The changes of one page. Keys that begin with "_" belong to no widget."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # Held during a callback: the next one, and the page, wait until it is complete.
        self.lock = threading.Lock()
        self._clock = clock
        self._unwritten: dict[str, Any] = {}
        self._changes: dict[str, Change] = {}

    def record(self, changes: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Record changed values by key; ``before`` has those that a browser may still send."""
        now = self._clock()
        self._unwritten.update(changes)
        for key, value in changes.items():
            if key.startswith("_") or key not in before or before[key] == value:
                continue
            known = self._changes.get(key)
            earlier = known.before if known and known.is_younger(now, STALE_GROUP_SECONDS) else []
            self._changes[key] = Change(value, [*earlier, before[key]])

    def mark_drawn(self) -> None:
        """Note that the page has been drawn with all changes that were written."""
        now = self._clock()
        for key, change in self._changes.items():
            if change.drawn is None and key not in self._unwritten:
                change.drawn = now

    def write(self, session: MutableMapping[Any, Any]) -> None:
        """Write unwritten values to the session; if that is aborted, the rest stays pending."""
        while self._unwritten:
            key = next(iter(self._unwritten))
            session[key] = self._unwritten[key]
            del self._unwritten[key]

    def corrected(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """Return the session's values with stale ones corrected and unwritten ones added."""
        return {**session, **self._corrections(session), **self._unwritten}

    def queue_corrections(self, session: Mapping[str, Any]) -> None:
        """Let ``write`` correct stale values; forget changes that can no longer be undone."""
        now = self._clock()
        corrections = self._corrections(session)
        self._unwritten = {**corrections, **self._unwritten}
        self._changes = {
            key: change
            for key, change in self._changes.items()
            # A widget that has an old value and is not stale was moved by the user.
            if change.is_younger(now, STALE_GROUP_SECONDS)
            and (key in corrections or session.get(key) not in change.before)
        }

    def _corrections(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that widgets with stale values should have, by key."""
        now = self._clock()
        stale = {
            key: change
            for key, change in self._changes.items()
            if change.is_younger(now, STALE_GROUP_SECONDS)
            and key not in self._unwritten
            and session.get(key) in change.before
            and session.get(key) != change.value
        }
        if len(stale) > 1 or any(
            change.is_younger(now, STALE_SINGLE_SECONDS) for change in stale.values()
        ):
            return {key: change.value for key, change in stale.items()}
        return {}
