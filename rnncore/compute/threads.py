"""Threads that compute the shards of a batch in parallel.

NumPy releases Python's global lock (GIL) in its products and loops, so threads run there at
the same time. Each thread runs the whole forward and backward pass of its own sequences;
the threads wait for each other once per batch.

The threads are daemon threads, not a ThreadPoolExecutor: Python closes every executor before
it runs ``atexit`` handlers, while a training that those handlers stop may still need it.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from rnncore.compute import blas

R = TypeVar("R")

_lock = threading.Lock()
_pool: _Pool | None = None


def run(tasks: Sequence[Callable[[], R]]) -> list[R]:
    """Run all tasks and return their results in order; the first runs in the calling thread.

    It returns or raises only after every task has ended, so no task still writes to buffers.
    """
    if len(tasks) == 1:
        return [tasks[0]()]
    others = [_get_pool().submit(task) for task in tasks[1:]]
    try:
        first = tasks[0]()
    finally:
        wait(others)
    return [first, *(other.result() for other in others)]


class _Pool:
    """Threads that run tasks in the order in which they are submitted."""

    def __init__(self, size: int) -> None:
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        for number in range(size):
            name = f"rnncore-shard-{number}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def submit(self, task: Callable[[], R]) -> Future[R]:
        """Return the future of a task, which runs in a copy of the caller's context."""
        future: Future[R] = Future()
        # The context carries np.errstate, which then holds in every thread.
        context = contextvars.copy_context()
        self._queue.put((future, lambda: context.run(task)))
        return future

    def _work(self) -> None:
        while True:
            future, task = self._queue.get()
            try:
                future.set_result(task())
            except BaseException as error:
                future.set_exception(error)
            del future, task  # an idle thread must not keep a batch in memory


def _get_pool() -> _Pool:
    global _pool
    with _lock:
        if _pool is None:
            _pool = _Pool(max(1, blas.info().workers - 1))
        return _pool


def _reset_after_fork() -> None:
    """Forget the pool in a forked child: threads do not survive a fork."""
    global _pool, _lock
    _pool, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
