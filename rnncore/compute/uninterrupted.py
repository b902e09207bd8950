"""Run a task where no signal handler can raise an exception into it.

Python runs signal handlers in the main thread, between any two instructions. A handler that
raises, as that of Ctrl-C does, could end an update in the middle or leave a lock held. In the
main thread, a task therefore runs in a thread of its own while the main thread waits. Other
threads are never interrupted and run their tasks themselves.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

R = TypeVar("R")

# Seconds between two looks for signals. Windows reports Ctrl-C only between waits.
_POLL_SECONDS = 0.1

_queue: SimpleQueue[_Job[Any]] | None = None


def run(task: Callable[[], R], stop: Callable[[], object]) -> R:
    """Return the result of ``task()``, or raise its exception.

    stop: called if a signal handler raises meanwhile. It should let the task end early. When
        the task has ended, the handler's exception is raised.
    """
    if not in_main_thread():
        return task()
    try:
        queue = _task_queue()
    except RuntimeError:  # the system has no thread left
        return task()
    job, interrupt = _Job(task), None
    while True:
        try:
            queue.put(job)  # after an interrupt once more: the first one may have failed
            while not job.ended:
                job.wait(_POLL_SECONDS)
            break
        except BaseException as error:
            interrupt = error
            stop()
    try:
        if interrupt is not None:
            raise interrupt
        if job.error is not None:
            raise job.error
        return job.result
    finally:
        del interrupt, job  # they refer to this frame


def in_main_thread() -> bool:
    """Return whether this is the thread in which Python runs signal handlers."""
    return threading.current_thread() is threading.main_thread()


class _Job(Generic[R]):
    """A task, its result or exception, and whether it has ended. It runs once."""

    result: R

    def __init__(self, task: Callable[[], R]) -> None:
        self.error: BaseException | None = None
        self.ended = False
        self._task, self._context = task, contextvars.copy_context()  # for np.errstate
        self._once = threading.Lock()
        self._running = threading.Lock()  # released at the end
        self._running.acquire()

    def run(self) -> None:
        """Run the task, if it has not run."""
        if not self._once.acquire(blocking=False):
            return
        try:
            self.result = self._context.run(self._task)
        except BaseException as error:
            self.error = error
        finally:
            self.ended = True
            self._running.release()

    def wait(self, seconds: float) -> None:
        """Wait until the task has ended, or for this long."""
        self._running.acquire(timeout=seconds)


def _task_queue() -> SimpleQueue[_Job[Any]]:
    """Return the queue of the thread that runs the main thread's tasks, and start it."""
    global _queue
    if _queue is None:
        queue: SimpleQueue[_Job[Any]] = SimpleQueue()
        # A daemon thread: it is idle whenever the main thread is not in ``run``.
        threading.Thread(
            target=_run_jobs, args=(queue,), name="rnncore-uninterrupted", daemon=True
        ).start()
        _queue = queue
    return _queue


def _run_jobs(queue: SimpleQueue[_Job[Any]]) -> None:
    while True:
        queue.get().run()


def _reset_after_fork() -> None:
    """Forget the thread in a forked child: threads do not survive a fork."""
    global _queue
    _queue = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
