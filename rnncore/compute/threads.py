"""Threads that work through the shards of a batch side by side.

NumPy releases Python's global lock inside its products and loops, so threads run
truly at the same time there. Each thread goes through the whole forward and
backward pass of its own sequences; they wait for each other once a batch.
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
    """The tasks' results, in their order; the first task runs in the calling thread.

    Returns, or raises, only when every task has ended: none is left writing into buffers.
    """
    if len(tasks) == 1:
        return [tasks[0]()]
    # In copies of the caller's context: np.errstate holds in every thread.
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


def _forget_pool() -> None:
    """Threads do not survive a fork: the child makes its own."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
