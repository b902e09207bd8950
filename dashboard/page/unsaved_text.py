"""A text that only this session has: an upload or a pasted text that no run has saved yet.

A new session, after a reload or a restart of the server, cannot bring it back. The page's address
therefore says that there was one, so that the new session does not train another text instead.
"""

from __future__ import annotations

from dashboard.page import current_text, state
from dashboard.text.loading import Source

PARAMETER = "unsaved"
_LOST = {
    "upload": (
        "The file that was uploaded is gone: the server was restarted or the page reloaded before "
        "a run had saved it. Upload it again, or select a sample text."
    ),
    "paste": (
        "The text that was pasted is gone: the server was restarted or the page reloaded before "
        "a run had saved it. Paste it again, or select a sample text."
    ),
    "run": (
        "The text of the run in this page's address is not here either. Upload it again, or select "
        "a sample text."
    ),
}


def parameter() -> str | None:
    """Return the value that the parameter of the page's address should have now, or None."""
    source, run = state.text_source(), state.run()
    if source is None:
        return None
    if is_lost():
        return source.key
    if source.kind not in ("upload", "paste"):
        return None
    is_saved = run is not None and state.text() == run.text and current_text.is_up_to_date(source)
    return None if is_saved else source.kind


def is_lost() -> bool:
    """Return whether an upload or pasted text was lost and nothing else was chosen since."""
    source = state.text_source()
    return source is not None and source.kind == "lost" and source.key in ("upload", "paste")


def report_lost(kind: str) -> str:
    """Leave the page without a text, and return a sentence on why; "" for an unknown kind.

    kind: "upload", "paste" or "run".
    """
    if kind not in _LOST:
        return ""
    source = Source("lost", kind, "")
    state.set_text_source(source)
    current_text.read_lost(source, _LOST[kind])
    return _LOST[kind]
