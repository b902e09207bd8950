"""Threads that compute the shards of a batch in parallel.

NumPy releases Python's global lock (GIL) in its products and loops, so threads run there at
the same time. Each thread runs the whole forward and backward pass of its own sequences;
the threads wait for each other once per batch.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from rnncore.compute import blas

R = TypeVar("R")

_lock = threading.Lock()
_pool: ThreadPoolExecutor | None = None


def run(tasks: Sequence[Callable[[], R]]) -> list[R]:
    """Run all tasks and return their results in order; the first runs in the calling thread.

    It returns or raises only after every task has ended, so no task still writes to buffers.
    """
    if len(tasks) == 1:
        return [tasks[0]()]
    # In copies of the caller's context, so that np.errstate holds in every thread.
    others = [_executor().submit(contextvars.copy_context().run, task) for task in tasks[1:]]
    try:
        first = tasks[0]()
    finally:
        wait(others)
    return [first, *(other.result() for other in others)]


def _executor() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max(1, blas.info().workers - 1), "rnncore-shard")
        return _pool


def _reset_after_fork() -> None:
    """Forget the pool in a forked child: threads do not survive a fork."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
