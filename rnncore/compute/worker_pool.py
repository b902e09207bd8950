"""Worker processes that compute shards of batches for this process.

Between NumPy's calls, two threads of one process wait for each other because of Python's
global lock (GIL). A recurrent network makes many short calls, so this costs up to half of
what a second core could contribute. A process has a GIL of its own. A worker receives small
messages over a socket and shares its arrays with this process (``shared_memory``). It ends
when the socket closes, whatever ends this process.

A worker that ends, or does not reply in time because it is stopped (SIGSTOP), is lost: it is
killed, this process computes its shard, and another worker takes its place.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from rnncore.compute import blas, shared_memory

PROCESSES_VARIABLE = "RNNCORE_PROCESSES"
MESSAGE_BYTES = 1 << 16

# Seconds to wait for a worker that should have replied: long enough for a busy computer.
PATIENCE_SECONDS = 10.0
# Seconds in which a worker starts, creates a job, or ends a job that nothing waits for.
START_SECONDS = 30.0
# Seconds in which workers end at exit, before they are killed.
_EXIT_SECONDS = 2.0
_POLL_SECONDS = 1.0
# Workers are not replaced any more after so many losses within so many seconds.
_MAX_LOSSES, _LOSS_SECONDS = 5, 600.0
# Requests without a reply that the socket's buffer certainly has room for.
_MAX_OPEN_REQUESTS = 64


class WorkerLost(Exception):
    """A worker has ended, does not reply or cannot be started: do its work without it."""


class Worker:
    """A worker process. Hold ``lock`` while you send a request and wait for its reply.

    It starts in the background: ``wait_for_reply`` returns when it has loaded NumPy.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lost = False
        self._owner = os.getpid()
        self._dropped_jobs: deque[int] = deque()
        self._last_request = self._last_reply = 0
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_POLL_SECONDS)
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
        self.send_request({})

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    @property
    def belongs_to_this_process(self) -> bool:
        """False in a fork of the process that started the worker, which must not use it."""
        return os.getpid() == self._owner

    def create_job(self, layout: shared_memory.Layout, settings: dict[str, Any]) -> tuple[int, Any]:
        """Let the worker prepare a job; return its number and the arrays shared with it."""
        try:
            descriptor = shared_memory.create(layout)
        except OSError as error:
            raise WorkerLost(str(error)) from error
        try:
            arrays = shared_memory.map_arrays(layout, descriptor)
            with self.lock:
                number = self._last_request + 1
                request = {"create": number, "layout": layout, "settings": settings}
                self.send_request(request, descriptor)
                self.wait_for_reply(START_SECONDS)
        finally:
            os.close(descriptor)
        return number, arrays

    def drop_job(self, number: int) -> None:
        """Let the worker delete a job now, or with the next request if it is busy.

        The garbage collector may call this at any moment, so it never waits.
        """
        self._dropped_jobs.append(number)
        if self.belongs_to_this_process and self.lock.acquire(blocking=False):
            try:
                if self._last_request - self._last_reply > _MAX_OPEN_REQUESTS:
                    return
                with suppress(WorkerLost):  # its jobs are gone as well
                    self.send_request({})
            finally:
                self.lock.release()

    def send_request(self, request: dict[str, Any], descriptor: int | None = None) -> None:
        """Send a request, together with the numbers of the jobs to delete."""
        self._last_request += 1
        request["id"] = self._last_request
        request["drop"] = [self._dropped_jobs.popleft() for _ in range(len(self._dropped_jobs))]
        try:
            descriptors = [] if descriptor is None else [descriptor]
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
        except OSError as error:
            self.kill()
            raise WorkerLost(str(error)) from error

    def wait_for_reply(self, seconds: float) -> dict[str, Any]:
        """Wait for the reply to the last request and return it; ignore replies to earlier ones.

        WorkerLost: the worker has ended, reports an error, or did not reply within so many
        seconds. In the first and the last case it is killed.
        """
        reply: dict[str, Any] = {}
        deadline = time.monotonic() + seconds
        while self._last_reply < self._last_request:
            try:
                data = self._socket.recv(MESSAGE_BYTES)
            except TimeoutError:
                if time.monotonic() < deadline:
                    continue
                self.kill()
                raise WorkerLost(f"the worker did not reply within {seconds:.0f} s") from None
            except OSError as error:
                self.kill()
                raise WorkerLost(str(error)) from error
            if not data:
                self.kill()
                raise WorkerLost("the worker has ended")
            reply = json.loads(data)
            self._last_reply = reply["id"]
        if "error" in reply:
            raise WorkerLost(reply["error"])
        return reply

    def wait_until_idle(self) -> None:
        """Wait until the worker has replied to every request.

        An interrupt may have ended an earlier wait, and shared arrays must not change while
        a job still runs.
        """
        with suppress(WorkerLost):
            self.wait_for_reply(START_SECONDS)

    def kill(self) -> None:
        """Kill the process, which then cannot change shared arrays any more."""
        self.close(0.0)

    def close(self, seconds: float) -> None:
        """End the process, and kill it if it has not ended after so many seconds."""
        self.lost = True
        self._socket.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:  # such as a stopped process
            self._process.kill()
            self._process.wait()


_lock = threading.Lock()
_workers: list[Worker] = []
_disabled = False
_losses: deque[float] = deque(maxlen=_MAX_LOSSES)  # when workers were lost


def get_workers(count: int) -> list[Worker]:
    """Return ``count`` workers, started when first needed; lost ones are replaced.

    The order is always the same, so that no two shards of a batch share a worker.

    WorkerLost: worker processes are disabled or cannot be started.
    """
    global _disabled
    with _lock:
        if count and (_disabled or not is_enabled()):
            raise WorkerLost("worker processes are disabled")
        try:
            started = []
            for i in range(max(count, len(_workers))):
                if i == len(_workers) or _workers[i].lost:
                    started.append(Worker())
                    _workers[i : i + 1] = started[-1:]
            for worker in started:  # they start at the same time
                worker.wait_for_reply(START_SECONDS)
        except WorkerLost:
            _disabled = True
            raise
        return _workers[:count]


def is_enabled() -> bool:
    """Return whether this system can share memory and the user has not disabled processes."""
    return (
        shared_memory.AVAILABLE
        and bool(sys.executable)
        and os.environ.get(PROCESSES_VARIABLE) != "0"
    )


def count_loss() -> None:
    """Record that a worker was lost; after several in a short time, use threads from now on."""
    global _disabled
    with _lock:
        now = time.monotonic()
        _losses.append(now)
        if len(_losses) == _MAX_LOSSES and now - _losses[0] < _LOSS_SECONDS:
            _disabled = True


def _environment() -> dict[str, str]:
    """Return the worker's environment, with this process's kernel, so that both round alike."""
    root = str(Path(__file__).parents[2])
    paths = [root, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "OPENBLAS_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": blas.info().kernel,
    }


@atexit.register
def _close() -> None:
    # Registered when this module is loaded, so it runs after the handlers of the program, which
    # stop its trainings.
    while _workers:
        _workers.pop().close(_EXIT_SECONDS)


def _reset_after_fork() -> None:
    """Forget the workers in a forked child: they belong to its parent."""
    global _lock, _workers, _disabled
    _lock, _workers, _disabled = threading.Lock(), [], False
    _losses.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_reset_after_fork)
