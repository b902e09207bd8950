"""Ledger: what a click has changed on the page, until it is written and the browser knows it.

Two things can undo a click. Streamlit may break off the writing of it when the next click is
there: the rest is written later. And each click brings the values of all widgets as the browser
knows them, so that one that comes before the browser was told gives a slider its old value
again, like an echo: such values are recognized here and put right.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

# A person moves one widget at a time. Where several have their old values again, at once and so
# soon, it is an echo; where one has, only if nobody could have moved it back by hand.
SEVERAL_SECONDS = 10.0
ONE_SECONDS = 0.8


@dataclass
class Put:
    """A value that a click gave to a widget, and those that the widget had lately before it."""

    value: Any
    at: float
    before: list[Any] = field(default_factory=list)


class PendingChanges:
    """The changes of one page. Keys that begin with "_" are the page's own, no widget's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        # Held while a click is at work: the next one, and the page, wait until it is whole.
        self.lock = threading.Lock()
        self._clock = clock
        self._unwritten: dict[str, Any] = {}
        self._puts: dict[str, Put] = {}

    def enter(self, changes: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Take down what was changed, and what it was before, as far as a browser knows that."""
        now = self._clock()
        self._unwritten.update(changes)
        for key, value in changes.items():
            if key.startswith("_") or key not in before or before[key] == value:
                continue
            known = self._puts.get(key)
            earlier = known.before if known and now - known.at < SEVERAL_SECONDS else []
            self._puts[key] = Put(value, now, [*earlier, before[key]])

    def write(self, session: MutableMapping[Any, Any]) -> None:
        """Write what is not written yet; if this is broken off, the rest stays here."""
        while self._unwritten:
            key = next(iter(self._unwritten))
            session[key] = self._unwritten[key]
            del self._unwritten[key]

    def amended(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """What the session says, put right by what is known here."""
        return {**session, **self._echoes(session), **self._unwritten}

    def put_right(self, session: Mapping[str, Any]) -> None:
        """Let echoes be written over, and forget what is no longer in doubt."""
        now = self._clock()
        echoes = self._echoes(session)
        self._unwritten = {**echoes, **self._unwritten}
        self._puts = {
            key: put
            for key, put in self._puts.items()
            # One that has its old value, and is no echo, was moved by hand.
            if now - put.at < SEVERAL_SECONDS
            and (key in echoes or session.get(key) not in put.before)
        }

    def _echoes(self, session: Mapping[str, Any]) -> dict[str, Any]:
        """The widgets that have an old value again, with the value that they should have."""
        now = self._clock()
        back = {
            key: put
            for key, put in self._puts.items()
            if now - put.at < SEVERAL_SECONDS
            and key not in self._unwritten
            and session.get(key) in put.before
            and session.get(key) != put.value
        }
        if len(back) > 1 or any(now - put.at < ONE_SECONDS for put in back.values()):
            return {key: put.value for key, put in back.items()}
        return {}
