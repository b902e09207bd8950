"""The engine of a sweep: Dask distributed, on this machine or on a cluster.

Dask's scheduler queues the intervals, gives each to a worker, and gives it to another if that
worker is lost. A checkpoint travels in the interval's arguments, so the scheduler has what it
needs to do so. Only this module imports Dask.

On this machine, workers and scheduler talk over TLS with certificates that are made for this
sweep and kept in memory. So no other user of the machine can send them work.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from rnncore.compute import blas
from rnncore.errors import SweepError
from rnncore.sweep import task
from rnncore.sweep.task import Interval, Order
from rnncore.sweep.text import SweepText
from rnncore.version import __version__

HOW_TO_GET_DASK = "Sweeps need Dask: pip install -r requirements-sweep.txt"
START_SECONDS = 30.0  # in which a cluster must answer
_POLL_SECONDS = 0.02


class Engine:
    """A Dask cluster, in a ``with`` block.

    address: of a scheduler, such as "tcp://10.0.0.5:8786"; "" starts ``workers`` processes here,
    which end with the block. By default as many as there are cores.
    background: give these processes a low priority.
    slots: how many runs train at once, as of the last ``count_workers``.
    """

    def __init__(
        self, text: SweepText, address: str = "", workers: int | None = None,
        background: bool = False,
    ) -> None:  # fmt: skip
        self.address = address
        self.slots = 1
        self._workers: set[str] = set()  # their addresses
        self._lost_workers = 0
        self._remarks: list[str] = []
        self._text, self._background = text, background
        self._count = workers or count_cores()
        self._orders: dict[Any, int] = {}  # futures -> the numbers of their runs
        self._cluster: Any = None
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Engine:
        """Start or find the cluster; SweepError if that fails."""
        self._dask = import_dask()
        with self._exit:
            if not self.address:
                self._start_cluster()
            self._client = self._exit.enter_context(self._connect())
            self._check_workers()
            self.count_workers()
            # The scheduler keeps the text: it sends it to workers that start later, too.
            self._shared_text = self._client.submit(
                _identity, self._text, key=f"text-{os.urandom(4).hex()}"
            )
            self._done = self._dask.as_completed(loop=self._client.loop)
            self._exit = self._exit.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with _quiet_logs():
            with contextlib.suppress(Exception):  # the scheduler may be gone
                self._client.cancel([*self._orders, self._shared_text])
            with contextlib.suppress(Exception):
                self._exit.close()

    def count_workers(self) -> None:
        """Find out which workers there are now; SweepError if the scheduler is gone."""
        try:
            threads = self._client.nthreads()
        except (OSError, self._dask.TimeoutError):  # Dask's connection errors are OSErrors
            raise self._lost() from None
        self._lost_workers += len(self._workers - set(threads))
        self._workers = set(threads)
        self.slots = sum(threads.values()) or 1

    @property
    def notes(self) -> list[str]:
        """Remarks on the workers, one sentence each."""
        notes = [*self._remarks]
        if self._lost_workers == 1:
            notes.append(
                "One worker was lost; its run continues on another from the last checkpoint."
            )
        elif self._lost_workers:
            notes.append(
                f"{self._lost_workers} workers were lost; their runs continue on others from the "
                "last checkpoints."
            )
        if not self._workers:
            notes.append("There are no workers now; the sweep waits for one.")
        return notes

    def submit(self, order: Order, priority: int) -> None:
        """Have an interval computed; intervals of a higher priority come first."""
        number = order.run.number
        future = self._client.submit(
            task.work, order, self._shared_text, priority=priority, pure=False,
            key=f"interval-{number}-{os.urandom(6).hex()}",
        )  # fmt: skip
        self._orders[future] = number
        self._done.add(future)

    def completed(self, seconds: float) -> Iterator[tuple[int, Interval | Exception]]:
        """Yield each run's number and what became of its interval; wait so long for the first.

        SweepError: the scheduler is gone, or a worker is not fit for the sweep.
        """
        deadline = time.monotonic() + seconds
        while not self._done.has_ready() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        while self._orders and self._done.has_ready():
            future = next(self._done)
            number = self._orders.pop(future)
            yield number, self._result(future)
        if self._client.status != "running":
            raise self._lost()

    def _result(self, future: Any) -> Interval | Exception:
        if future.status == "cancelled":
            raise self._lost()
        try:
            interval: Interval = future.result()
        except SweepError:
            raise
        except self._dask.KilledWorker:
            return SweepError(
                "Each worker process that trained it ended suddenly; it may need more memory than "
                "the workers have."
            )
        except (self._dask.CancelledError, OSError):
            raise self._lost() from None
        except Exception as error:
            return error
        return interval

    def _lost(self) -> SweepError:
        where = self.address or "of this machine"
        return SweepError(
            f"The Dask scheduler {where} went away. All checkpoints that had arrived are saved; "
            "start the sweep again when it is back: it continues from them."
        )

    def _start_cluster(self) -> None:
        environ = {"OPENBLAS_CORETYPE": blas.info().kernel, "RNNCORE_THREADS": "1"}
        if blas.info().kernel == "unknown":
            del environ["OPENBLAS_CORETYPE"]
        preload = ["rnncore.sweep.background"] if self._background else []
        try:
            security = self._dask.Security.temporary()
        except ImportError:  # the package cryptography
            raise SweepError(HOW_TO_GET_DASK) from None
        import dask

        with dask.config.set({"distributed.scheduler.worker-saturation": 1.0}):
            self._cluster = self._exit.enter_context(
                self._dask.LocalCluster(
                    n_workers=self._count,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                    security=security,
                    silence_logs=logging.CRITICAL,
                    env=environ,
                    preload=preload,
                    memory_limit=0,
                )
            )

    def _connect(self) -> Any:
        if self.address:
            self._check_address()
        try:
            with _quiet_logs():
                return self._dask.Client(self._cluster or self.address, timeout=START_SECONDS)
        except (OSError, ValueError, RuntimeError, ImportError) as error:
            raise SweepError(
                f"No Dask scheduler answers at {self.address}: {_first_line(error)}. Start one "
                'with "dask scheduler", and workers with "dask worker".'
            ) from None

    def _check_address(self) -> None:
        """Raise a SweepError for an address that Dask would refuse with a traceback."""
        scheme, separator, _ = self.address.partition("://")
        if separator and scheme not in ("tcp", "tls"):
            raise SweepError(
                f"The address of the Dask scheduler is {self.address}; it must begin with tcp:// "
                "or tls://."
            )
        context = self._dask.Security().get_connection_args("client").get("ssl_context")
        if scheme == "tls" and context is None:
            raise SweepError(
                f"{self.address} needs certificates. Name them in Dask's settings, such as "
                "DASK_DISTRIBUTED__COMM__TLS__CA_FILE (docs/deploy.md)."
            )

    def _check_workers(self) -> None:
        """Raise a SweepError for workers that cannot train this sweep; add remarks on them."""
        try:
            self._client.wait_for_workers(1, timeout=START_SECONDS)
        except self._dask.TimeoutError:
            raise SweepError(
                f'The Dask scheduler at {self.address} has no workers. Start some with "dask '
                f'worker {self.address} --nthreads 1".'
            ) from None
        try:
            found = self._client.run(task.describe_worker)
        except Exception as error:  # of unpickling: rnncore is missing or has no sweeps
            raise SweepError(
                f"A worker of {self.address} cannot load rnncore {__version__} "
                f"({_first_line(error)}). Install it there, then start the sweep again."
            ) from None
        for worker in found.values():
            task.check_version(__version__, worker["version"], worker["host"])
        kernels = sorted({worker["kernel"] for worker in found.values()})
        if len(kernels) > 1:
            self._remarks.append(
                f"The workers use different BLAS kernels ({', '.join(kernels)}), so a run that "
                "moves between them is not the same bit for bit."
            )
        if any(threads > 1 for threads in self._client.nthreads().values()):
            self._remarks.append(
                "Some workers have several threads, which slow each other down; start workers "
                "with --nthreads 1."
            )


def import_dask() -> Any:
    """Return the module distributed; SweepError with how to get it if it is not installed."""
    try:
        import distributed
    except ImportError:
        raise SweepError(HOW_TO_GET_DASK) from None
    return distributed


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _identity(text: SweepText) -> SweepText:
    return text


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep Dask from logging tracebacks of connections that end."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
