"""Let Ctrl-C, SIGTERM and SIGHUP stop a training, so that it can be saved before it ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Ctrl-C; the end of a session or a service; the end of a terminal (not on Windows).
NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Arrived:
    """The first of the signals that arrived; None if none has."""

    first: signal.Signals | None = None


@contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[Arrived]:
    """In the ``with`` block, let the signals call ``stop``; yield the signal that arrived.

    A signal that this program was started to ignore (``nohup``) is still ignored. Outside the
    main thread nothing changes, because Python has no handlers there.
    """
    arrived = Arrived()

    def handle(number: int, frame: FrameType | None) -> None:
        if arrived.first is None:
            arrived.first = signal.Signals(number)
        stop()

    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, handle)
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
