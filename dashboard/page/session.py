"""The session of one visitor's page: read and written here alone, and whole clicks of it.

Streamlit breaks off what it runs at its next access to the session state when another click is
there, and begins with that one in another thread: half of what belongs together would be done.
So that is done on a draft, ``with whole()``, and the next click waits for it.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

from dashboard.page.pending_changes import PendingChanges

_PENDING = "_ledger"
_draft: ContextVar[ChainMap[str, Any] | None] = ContextVar("draft", default=None)


def values() -> MutableMapping[Any, Any]:
    """What the page remembers, by key; within ``whole`` a draft of it."""
    draft = _draft.get()
    return st.session_state if draft is None else draft


@contextmanager
def whole(drawn: bool = True) -> Iterator[None]:
    """What is changed herein comes whole, whatever click may come meanwhile.

    Afterwards it is written; what is broken off then is written when the page begins anew.
    drawn: whether a browser shows the page already, and so knows older values of widgets.
    """
    if _draft.get() is not None:
        yield  # a part of something larger
        return
    pending: PendingChanges = st.session_state.to_dict().get(_PENDING) or PendingChanges()
    with pending.lock:
        before = st.session_state.to_dict()  # of all ways to read it the one never broken off
        draft = ChainMap[str, Any]({}, pending.amended(before))
        token = _draft.set(draft)
        try:
            yield
        finally:
            _draft.reset(token)
            pending.enter(draft.maps[0], draft.maps[1] if drawn else {})
            pending.write(st.session_state)


def begin() -> None:
    """Before anything else of a run of the page: finish what was broken off, put echoes right."""
    if _PENDING not in st.session_state:
        st.session_state[_PENDING] = PendingChanges()
    pending: PendingChanges = st.session_state[_PENDING]
    with pending.lock:
        pending.put_right(st.session_state.to_dict())
        pending.write(st.session_state)
