"""Processes that compute shards of batches for this one.

Two threads of one process wait for each other between NumPy's calls, for Python's global
lock: with the many short calls of a recurrent network that takes up to half of what the
second core gives. A process of its own has a lock of its own. It gets small messages over
a socket, shares arrays (``shared.py``), and ends when the socket closes, however this
process ends.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnncore.compute import blas, shared_memory

PROCESSES_VARIABLE = "RNNCORE_PROCESSES"
MESSAGE_BYTES = 1 << 16


class WorkerLost(Exception):
    """A worker process has ended or cannot be had: its work is to be done here."""


class Worker:
    """One process, reached by messages; whoever holds ``lock`` may send and receive."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._owner = os.getpid()
        self._forgotten: deque[int] = deque()
        self._turn = self._answered = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "rnncore.sharding.worker", str(theirs.fileno())],
                    pass_fds=(theirs.fileno(),), env=_environment(),
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                )  # fmt: skip
            except OSError as error:
                self._socket.close()
                raise WorkerLost(str(error)) from error
        try:
            self.ask({})
            self.answer()  # it has loaded NumPy
        except WorkerLost:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_ours(self) -> bool:
        """False in a process that was forked from the worker's: it must not speak to it."""
        return os.getpid() == self._owner

    def make(self, layout: shared_memory.Layout, settings: dict[str, Any]) -> tuple[int, Any]:
        """Have the worker prepare a job; its number, and the arrays shared with it."""
        try:
            descriptor = shared_memory.create(layout)
        except OSError as error:
            raise WorkerLost(str(error)) from error
        try:
            arrays = shared_memory.arrays(layout, descriptor)
            with self.lock:
                number = self._turn + 1
                self.ask({"make": number, "layout": layout, "settings": settings}, descriptor)
                self.answer()
        finally:
            os.close(descriptor)
        return number, arrays

    def forget(self, number: int) -> None:
        """Let the worker drop a job: now, or with the next message if it is busy.

        May be called by the garbage collector at any moment, so it never waits.
        """
        self._forgotten.append(number)
        if self.is_ours and self.lock.acquire(blocking=False):
            try:
                with suppress(WorkerLost):  # and the job with it
                    self.ask({})
            finally:
                self.lock.release()

    def ask(self, message: dict[str, Any], descriptor: int | None = None) -> None:
        """Send a message, and with it what is to be forgotten."""
        self._turn += 1
        message["turn"] = self._turn
        message["forget"] = [self._forgotten.popleft() for _ in range(len(self._forgotten))]
        try:
            descriptors = [] if descriptor is None else [descriptor]
            socket.send_fds(self._socket, [json.dumps(message).encode()], descriptors)
        except OSError as error:
            raise WorkerLost(str(error)) from error

    def answer(self) -> dict[str, Any]:
        """Wait for the answer to the last message; those to others are passed over."""
        found: dict[str, Any] = {}
        while self._answered < self._turn:
            try:
                data = self._socket.recv(MESSAGE_BYTES)
            except OSError as error:
                raise WorkerLost(str(error)) from error
            if not data:
                raise WorkerLost("the worker has ended")
            found = json.loads(data)
            self._answered = found["turn"]
        if "error" in found:
            raise WorkerLost(found["error"])
        return found

    def rest(self) -> None:
        """Wait until the worker has done all that it was asked: an interrupt may have kept
        somebody from waiting, and arrays must not change under a job that still runs."""
        with suppress(WorkerLost):
            self.answer()

    def close(self) -> None:
        """Let the process end, and wait until it has."""
        self._socket.close()
        self._process.wait()


_lock = threading.Lock()
_workers: list[Worker] = []
_lost = False


def workers(count: int) -> list[Worker]:
    """That many workers, started when first needed; WorkerLost where they cannot be had."""
    global _lost
    with _lock:
        if count and (_lost or not is_enabled()):
            raise WorkerLost("this system, or the user, has no workers")
        try:
            while len(_workers) < count:
                _workers.append(Worker())
        except WorkerLost:
            _lost = True
            raise
        return _workers[:count]


def is_enabled() -> bool:
    """Whether this system can share memory with a worker, and the user has not said no."""
    return (
        shared_memory.AVAILABLE
        and bool(sys.executable)
        and os.environ.get(PROCESSES_VARIABLE) != "0"
    )


def give_up() -> None:
    """A worker was lost: threads do the work from now on."""
    global _lost
    with _lock:
        _lost = True


def _environment() -> dict[str, str]:
    """The worker uses the same kernels as this process, so that both round alike."""
    root = str(Path(__file__).parents[2])
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": blas.info().kernel,
    }


@atexit.register
def _close() -> None:
    while _workers:
        _workers.pop().close()


def _forget_workers() -> None:
    """They are the parent's, not a forked child's."""
    global _lock, _workers, _lost
    _lock, _workers, _lost = threading.Lock(), [], False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_workers)
