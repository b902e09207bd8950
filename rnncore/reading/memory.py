"""Report memory that reading a file will take, so that a caller can limit it while it grows.

The readers call ``reserve`` before they keep another piece. ``read_text`` passes the numbers on
to the function that it was given, which raises an exception to stop the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Reserve = Callable[[int], None]

_current: ContextVar[Reserve | None] = ContextVar("reserve", default=None)


def reserve(size: int) -> None:
    """Report that so many more bytes are about to be kept."""
    function = _current.get()
    if function is not None:
        function(size)


@contextmanager
def reporting_to(function: Reserve | None) -> Iterator[None]:
    """Let ``reserve`` call this function in this thread, until the block ends."""
    token = _current.set(function)
    try:
        yield
    finally:
        _current.reset(token)
