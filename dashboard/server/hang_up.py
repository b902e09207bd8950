"""Let SIGHUP, which the end of a terminal or connection sends, end the server as SIGTERM does.

Without this, Python ends at once and the training since the last autosave is lost. Streamlit
handles SIGTERM and SIGINT only.
"""

from __future__ import annotations

import signal


def treat_as_termination() -> None:
    """Handle SIGHUP as SIGTERM is handled, unless it is ignored (``nohup``) or handled already.

    Call it in the main thread: Python lets no other thread set handlers.
    """
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
