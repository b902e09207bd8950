"""Give memory that is no longer used back to the system."""

from __future__ import annotations

import ctypes
import gc
import sys


def release() -> None:
    """Collect garbage, and let glibc return its free pages to the system.

    glibc otherwise keeps the memory of visitors who have left. Other systems' allocators return
    memory by themselves.
    """
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
