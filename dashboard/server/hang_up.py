"""Let SIGHUP, which the end of a terminal or connection sends, end the server as SIGTERM does.

Without this, Python ends at once and the training since the last autosave is lost. Streamlit
handles SIGTERM and SIGINT only.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable

_installed = threading.Event()

logger = logging.getLogger(__name__)


def install(call_in_main_thread: Callable[[Callable[[], None]], object]) -> None:
    """Install the handler, once.

    call_in_main_thread: runs a function in the main thread, the only one that can do this.
    """
    if _installed.is_set() or not hasattr(signal, "SIGHUP"):
        return
    _installed.set()
    try:
        call_in_main_thread(treat_as_termination)
    except Exception:
        logger.exception("SIGHUP will end the server without saving")


def treat_as_termination() -> None:
    """Handle SIGHUP as SIGTERM is handled, unless it is ignored (``nohup``) or handled already."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, signal.getsignal(signal.SIGTERM))
