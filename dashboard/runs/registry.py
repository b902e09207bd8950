"""Registry: the runs that this process has in memory, whichever page they belong to.

A page comes and goes; a refresh is a new one. What it keeps is the run's id, and with that
it asks here. Runs that train stay. Runs at rest that no page has asked for in a while are
saved and leave; ``open`` brings them back from disk.
"""

from __future__ import annotations

import atexit
import gc
import logging
import threading
import time
from collections.abc import Callable
from functools import cache

from dashboard.runs.lock import RunInUseError
from dashboard.runs.run import Run
from dashboard.runs.store import NoSuchRunError, Store
from dashboard.server import limits
from rnncore import RnnCoreError

TIDY_SECONDS = 60.0  # between two looks for runs that may leave
_MAKING = threading.Lock()

logger = logging.getLogger(__name__)


class RegistryFullError(RnnCoreError):
    """More trainings than this server holds."""


class Registry:
    """Live runs by their ids. Every method may be called from any thread."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._asked: dict[str, float] = {}  # when each was asked for last
        self._lock = threading.RLock()  # guards the two above; never held for long
        self._moving = threading.RLock()  # held by whoever brings runs in or puts them away
        self._deleted: set[str] = set()  # ids of runs that a page may still hold
        self._swept = clock()  # when the store was tidied last
        self._thread: threading.Thread | None = None

    def get(self, run_id: str) -> Run | None:
        """The run, if it is in memory; asking keeps it there."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is not None:
                self._asked[run_id] = self._clock()
            return run

    def open(self, run_id: str) -> Run:
        """The run from memory or from disk, with the errors of ``Store.open`` and ``add``."""
        run = self.get(run_id)
        if run is not None:
            return run
        with self._moving:  # of two pages that open one run, the second finds it here
            run = self.get(run_id)
            if run is None:
                self._make_room()
                run = self.store.open(run_id)
                self._put(run)
            return run

    def add(self, run: Run) -> None:
        """Hold a run here and save it from now on; twice is as good as once.

        RegistryFullError: all that are here train. RunInUseError: the run was put away, and
        another page has opened it again. NoSuchRunError: it was deleted.
        """
        with self._moving:
            if run.id in self._deleted:
                raise NoSuchRunError("This run was deleted: press Reset to begin another one.")
            other = self.get(run.id)
            if other is run:
                return
            if other is not None:
                raise RunInUseError(
                    "This run was opened again on another page: reload this one to see it."
                )
            self._make_room()
            if run.autosaver is None:
                self.store.start_autosave(run)
            self._put(run)

    def unload(self, run_id: str) -> bool:
        """Pause the run, save it and let it go from memory; False if it could not be saved."""
        with self._moving:
            gone = self._put_away(run_id)
        gc.collect()  # a run and its trainer name each other, so counting alone frees nothing
        return gone

    def delete(self, run_id: str) -> None:
        """Remove the run from memory and from disk, with the errors of ``Store.delete``.

        A page may still hold the run; ``add`` does not take it back.
        """
        with self._moving:
            run = self._peek(run_id)
            autosaver = run.autosaver if run is not None else None
            if autosaver is not None:
                autosaver.discard()
            try:
                self.store.delete(run_id)
            except NoSuchRunError:
                if run is None:
                    raise
            except RnnCoreError:
                if autosaver is not None:
                    autosaver.resume_saving()
                raise
            self._deleted.add(run_id)
            if run is not None:
                self._drop(run_id)

    def tidy(self) -> int:
        """Put away the runs at rest that nobody asked for in a while; returns how many.

        Now and then what is on disk is brought within its limits, too.
        """
        before = self._clock() - limits.IDLE_SECONDS
        gone = sum(self._forget_idle(run_id, before) for run_id in self._resting(before))
        for run_id in self._resting(self._clock()):
            run = self._peek(run_id)
            if run is not None and run.autosaver is not None and run.autosaver.problem:
                run.autosaver.save_now()  # the disk may have room again
        if self._clock() - self._swept >= limits.SWEEP_SECONDS:
            self._swept = self._clock()
            self.store.tidy()
        return gone

    def close(self) -> None:
        """Save and let go of everything: the program ends."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:  # all at once, so that none waits for another's last chunk
            run.trainer.pause()
        for run in runs:
            self.unload(run.id)

    def __len__(self) -> int:
        return len(self._runs)

    # -- inside -------------------------------------------------------------------------------

    def _resting(self, asked_before: float) -> list[str]:
        """Runs at rest and not asked for since, those asked for longest ago first."""
        with self._lock:
            asked = sorted((at, run_id) for run_id, at in self._asked.items())
            return [
                run_id
                for at, run_id in asked
                if at <= asked_before and not self._runs[run_id].trainer.status().active
            ]

    def _peek(self, run_id: str) -> Run | None:
        """The run, without this counting as asking for it."""
        with self._lock:
            return self._runs.get(run_id)

    def _forget_idle(self, run_id: str, before: float) -> bool:
        with self._moving:  # whoever presses Train asks for the run first, and then is waited for
            return run_id in self._resting(before) and self.unload(run_id)

    def _put_away(self, run_id: str) -> bool:
        run = self._peek(run_id)
        if run is None:
            return True
        if run.autosaver is not None and not run.autosaver.suspend():
            return False  # here is the only place where it is whole
        if run.trainer.status().active:
            return False  # somebody has just pressed Train
        self._drop(run_id)
        return True

    def _make_room(self) -> None:
        for run_id in self._resting(self._clock()):
            if len(self) < limits.MAX_LIVE_RUNS:
                return
            self.unload(run_id)
        if len(self) >= limits.MAX_LIVE_RUNS:
            raise RegistryFullError(
                f"{len(self)} trainings are going on here, which is all that this server holds: "
                "try again when one of them has ended."
            )

    def _put(self, run: Run) -> None:
        with self._lock:
            self._runs[run.id], self._asked[run.id] = run, self._clock()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="registry", daemon=True)
                self._thread.start()

    def _drop(self, run_id: str) -> None:
        with self._lock:
            del self._runs[run_id], self._asked[run_id]

    def _work(self) -> None:
        while True:
            time.sleep(TIDY_SECONDS)
            try:
                self.tidy()
            except Exception:
                logger.exception("putting runs away failed; it is tried again")


def get_registry() -> Registry:
    """The one of this process, over the store at its default place."""
    with _MAKING:  # the first pages come at once, and a cache alone gives each another one
        return _create()


@cache
def _create() -> Registry:
    store = Store()
    threading.Thread(target=store.tidy, name="store", daemon=True).start()
    made = Registry(store)
    atexit.register(made.close)
    return made
