"""Memory that is no longer used goes back to the system."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from dashboard.server import free_memory
from tests.support.paths import ROOT

# In a process of its own: what other tests have left on the heap would decide otherwise.
PROGRAM = """
import psutil
from dashboard.server import free_memory

process = psutil.Process()
before = process.memory_info().rss
# Blocks below the size that glibc maps separately; the last one keeps the heap from shrinking.
blocks = [bytes([1]) * 50_000 for _ in range(2_000)]
last = blocks.pop()
held = process.memory_info().rss
assert held - before > 80e6, (before, held)
del blocks
free_memory.release()
after = process.memory_info().rss
assert after < held - 80e6, (held, after)
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc"
)
def test_freed_memory_is_returned():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_releasing_twice_is_harmless():
    free_memory.release()
    free_memory.release()
