"""One budget of memory for reading files, shared by all visitors and checked while it is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dashboard.formatting import byte_size
from dashboard.server import limits, memory

_STEP = 1 << 20  # bytes that a reading may take before it asks: measuring takes some 0.1 ms

_lock = threading.Lock()
_taken = 0  # bytes, by all files that are being read now


@contextmanager
def open_account() -> Iterator[Callable[[int], None]]:
    """Yield a function that takes so many more bytes of the budget, for one file.

    The function raises TooLargeError if the budget cannot spare them. All bytes are given back
    when the block ends.
    """
    global _taken
    own = waiting = 0

    def take(size: int) -> None:
        nonlocal own, waiting
        global _taken
        waiting += size
        if waiting < _STEP:
            return
        with _lock:
            # What has been taken is mostly allocated by now, so it is no longer free.
            allowed = int((memory.available() + _taken) * limits.MEMORY_SHARE)
            others = _taken - own
            if _taken + waiting > allowed:
                raise limits.TooLargeError(_refusal(own + waiting, allowed, others))
            _taken += waiting
            own += waiting
            waiting = 0

    try:
        yield take
    finally:
        with _lock:
            _taken -= own


def _refusal(needed: int, allowed: int, others: int) -> str:
    if others:
        return (
            f"Reading this file needs {byte_size(needed)} of memory or more. "
            f"{byte_size(allowed)} can be spared, and other files that are being read now use "
            f"{byte_size(others)} of it. Try again in a minute, or upload a part of the file."
        )
    return (
        f"Reading this file needs {byte_size(needed)} of memory or more, and "
        f"{byte_size(allowed)} can be spared. Upload a part of the file."
    )
