"""The page's session state: all access to it, and atomic updates.

When the user clicks while Streamlit runs the page, Streamlit aborts that run at its next access
to the session state and starts another in a new thread. An update of several values could stop
half-way. ``with atomic()`` makes it on a draft, which is written afterwards; the next click waits.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import streamlit as st

from dashboard.page.pending_changes import PendingChanges

_PENDING = "_pending_changes"
_draft: ContextVar[ChainMap[str, Any] | None] = ContextVar("draft", default=None)


def values() -> MutableMapping[Any, Any]:
    """Return the session state by key, or the draft of it inside ``with atomic()``."""
    draft = _draft.get()
    return st.session_state if draft is None else draft


@contextmanager
def atomic(drawn: bool = True) -> Iterator[None]:
    """Apply all changes of the ``with`` block, even if another click arrives meanwhile.

    If Streamlit aborts the writing, the next run of the page writes the rest.
    drawn: whether a browser shows the page already, and may send older values of its widgets.
    """
    if _draft.get() is not None:
        yield  # inside another atomic update
        return
    pending: PendingChanges = st.session_state.to_dict().get(_PENDING) or PendingChanges()
    with pending.lock:
        before = st.session_state.to_dict()  # Streamlit never aborts a run at ``to_dict``
        draft = ChainMap[str, Any]({}, pending.corrected(before))
        token = _draft.set(draft)
        try:
            yield
        finally:
            _draft.reset(token)
            changes = _changed(draft.maps[0], before, draft.maps[1])
            pending.record(changes, draft.maps[1] if drawn else {})
            pending.write(st.session_state)


def _changed(written: Mapping[str, Any], *known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was written without the values that widgets had already.

    Streamlit sends a value that is written to the browser, where the user may have moved the
    widget on meanwhile.
    """
    return {
        key: value
        for key, value in written.items()
        if key.startswith("_") or any(key not in of or of[key] != value for of in known)
    }


def show(key: str, value: Any) -> None:
    """Give a widget that is about to be drawn a value that the user did not choose.

    ``atomic`` records it. Otherwise, the old value in a click that the browser sends too early
    would count as the user's choice, and the widget's callback would act on it.
    """
    if values().get(key) != value:
        with atomic():
            values()[key] = value


def write_pending() -> None:
    """Write what an aborted run has left, and correct stale widget values.

    To be called before all else in a run of the page.
    """
    if _PENDING not in st.session_state:
        st.session_state[_PENDING] = PendingChanges()
    pending: PendingChanges = st.session_state[_PENDING]
    with pending.lock:
        pending.queue_corrections(st.session_state.to_dict())
        pending.write(st.session_state)


def mark_drawn() -> None:
    """Note that the page, or a fragment of it, has been drawn to its end."""
    pending: PendingChanges | None = st.session_state.to_dict().get(_PENDING)
    if pending is not None:
        with pending.lock:
            pending.mark_drawn()
