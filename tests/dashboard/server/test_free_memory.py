"""Memory that is no longer used goes back to the system."""

from __future__ import annotations

import ctypes
import sys

import psutil
import pytest

from dashboard.server import free_memory


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc"
)
def test_freed_memory_is_returned():
    process = psutil.Process()
    before = process.memory_info().rss
    # Blocks below the size that glibc maps separately; the last one keeps the heap from shrinking.
    blocks = [bytes([1]) * 50_000 for _ in range(2_000)]
    last = blocks.pop()
    held = process.memory_info().rss
    assert held - before > 80e6
    del blocks
    free_memory.release()
    assert process.memory_info().rss < held - 80e6
    assert len(last) == 50_000


def test_releasing_twice_is_harmless():
    free_memory.release()
    free_memory.release()
