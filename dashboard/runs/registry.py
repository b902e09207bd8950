"""The registry: all runs that this process has in memory.

A refresh of the page starts a new session, which knows only the run's id and gets the run from
here. Runs that are training stay in memory. Idle runs that no page has asked for in a while
are saved and unloaded; ``open`` loads them from disk again.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from dashboard.formatting import date_and_time
from dashboard.runs.index import Index
from dashboard.runs.json_record import DamagedRecordError
from dashboard.runs.labels import clean_name, clean_note
from dashboard.runs.lock import RunInUseError
from dashboard.runs.run import Run
from dashboard.runs.store import NoSuchRunError, Store
from dashboard.server import free_memory, limits
from rnncore import RnnCoreError

CLEAN_UP_SECONDS = 60.0  # between two searches for idle runs
_CREATING = threading.Lock()

logger = logging.getLogger(__name__)


class RegistryFullError(RnnCoreError):
    """All runs that this server can hold are training."""


class Registry:
    """Live runs by their ids. Every method may be called from any thread."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self.store = store
        self.index = Index(store.root)  # for pages that may list runs (``page.entry.is_private``)
        self._clock = clock
        self._runs: dict[str, Run] = {}
        self._requested: dict[str, float] = {}  # when a page last asked for each run
        self._lock = threading.RLock()  # guards the two dictionaries; held only briefly
        self._moving = threading.RLock()  # held while runs are loaded, unloaded or deleted
        self._deleted: set[str] = set()  # ids; a page may still hold the run
        self._store_cleaned = clock()  # when the store was last cleaned up
        self._thread: threading.Thread | None = None

    def get(self, run_id: str) -> Run | None:
        """Return the run if it is in memory, and keep it there for a while."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is not None:
                self._requested[run_id] = self._clock()
            return run

    def open(self, run_id: str) -> Run:
        """Return the run from memory or disk; raises the errors of ``Store.open`` and ``add``."""
        run = self.get(run_id)
        if run is not None:
            return run
        with self._moving:  # if two pages open a run at once, the second finds it here
            run = self.get(run_id)
            if run is None:
                self._make_room()
                run = self.store.open(run_id)
                self._put(run)
            return run

    def add(self, run: Run) -> None:
        """Register a run and save it from now on; does nothing if it is registered.

        RegistryFullError: the memory is full of training runs. RunInUseError: the run was
        unloaded, and another page has opened it again. NoSuchRunError: it was deleted.
        """
        with self._moving:
            if run.id in self._deleted:
                raise NoSuchRunError("This run was deleted. Press Reset to start a new one.")
            other = self.get(run.id)
            if other is run:
                return
            if other is not None:
                raise RunInUseError(
                    "This run was opened on another page. Reload this page to see it."
                )
            self._make_room()
            if run.autosaver is None:
                self.store.start_autosave(run)
            self._put(run)

    def unload(self, run_id: str) -> bool:
        """Pause the run, save it and remove it from memory; return whether it could be saved."""
        with self._moving:
            unloaded = self._save_and_remove(run_id)
        free_memory.release()  # a run and its trainer refer to each other
        return unloaded

    def delete(self, run_id: str) -> None:
        """Delete the run from memory and disk; raises the errors of ``Store.delete``.

        A page may still hold the run; ``add`` refuses it.
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

    def is_deleted(self, run_id: str) -> bool:
        """Return whether the run was deleted; a page may still hold it."""
        return run_id in self._deleted

    def set_labels(
        self,
        run_id: str,
        *,
        name: str | None = None,
        starred: bool | None = None,
        note: str | None = None,
    ) -> None:
        """Name or star a run, or note something, in memory and on disk; None changes nothing.

        Raises NoSuchRunError, FileFormatError or SaveError. A run that has learnt nothing yet is
        stored later, with its labels.
        """
        changes: dict[str, Any] = {}
        if name is not None:
            changes["name"] = clean_name(name)
        if starred is not None:
            changes["starred"] = starred
        if note is not None:
            changes["note"] = clean_note(note)
        with self._moving:
            run = self._peek(run_id)
            if run is not None:
                run.labels = replace(run.labels, **changes)
            try:
                self.store.set_labels(run_id, **changes)
            except (NoSuchRunError, DamagedRecordError):
                if run is None:
                    raise

    def clean_up(self) -> int:
        """Unload idle runs that no page has asked for in a while; return how many.

        This also retries failed saves, and once an hour cleans up the store.
        """
        before = self._clock() - limits.IDLE_SECONDS
        unloaded = sum(self._unload_idle(run_id, before) for run_id in self._idle(before))
        for run_id in self._idle(self._clock()):
            run = self._peek(run_id)
            if run is not None and run.autosaver is not None and run.autosaver.problem:
                run.autosaver.save_now()  # the disk may have free space again
        if self._clock() - self._store_cleaned >= limits.SWEEP_SECONDS:
            self._store_cleaned = self._clock()
            self.store.clean_up()
        return unloaded

    def close(self) -> None:
        """Save and unload all runs, when the program ends."""
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            if run.recorder is not None:
                run.recorder.freeze()  # the runs that train now go on after a restart, if chosen
        for run in runs:  # pause all first, so that their last chunks end at the same time
            run.trainer.pause()
        for run in runs:
            self.unload(run.id)

    def resume_interrupted(self) -> int:
        """Continue the trainings that the end of the server interrupted and that should go on.

        Return how many. One that cannot be opened is logged; its page shows why.
        """
        resumed = 0
        for run_id in self.store.interrupted_runs():
            try:
                run = self.open(run_id)
                if run.keeps_training and not run.solver.finished:
                    run.train()
                    run.notes += (
                        "The server stopped while this run trained. Training went on by itself on "
                        f"{date_and_time(time.time())}.",
                    )
                    resumed += 1
            except (RnnCoreError, MemoryError) as error:
                logger.warning("a training could not be continued after the restart: %s", error)
        return resumed

    def __len__(self) -> int:
        return len(self._runs)

    # -- inside -------------------------------------------------------------------------------

    def _idle(self, requested_before: float) -> list[str]:
        """Return runs that do not train and were last requested before then, oldest first."""
        with self._lock:
            requested = sorted((at, run_id) for run_id, at in self._requested.items())
            return [
                run_id
                for at, run_id in requested
                if at <= requested_before and not self._runs[run_id].trainer.status().active
            ]

    def _peek(self, run_id: str) -> Run | None:
        """Return the run without keeping it in memory for longer."""
        with self._lock:
            return self._runs.get(run_id)

    def _unload_idle(self, run_id: str, before: float) -> bool:
        with self._moving:  # a click on Train calls ``get`` first, so the run is not idle then
            return run_id in self._idle(before) and self.unload(run_id)

    def _save_and_remove(self, run_id: str) -> bool:
        run = self._peek(run_id)
        if run is None:
            return True
        if run.autosaver is not None and not run.autosaver.suspend():
            return False  # memory has the only complete copy
        if run.trainer.status().active:
            return False  # Train was pressed meanwhile
        self._drop(run_id)
        return True

    def _make_room(self) -> None:
        for run_id in self._idle(self._clock()):
            if len(self) < limits.MAX_LIVE_RUNS:
                return
            self.unload(run_id)
        if len(self) >= limits.MAX_LIVE_RUNS:
            raise RegistryFullError(
                f"This server is training {len(self)} runs, the most that it can hold. "
                "Try again when one of them has ended."
            )

    def _put(self, run: Run) -> None:
        with self._lock:
            self._runs[run.id], self._requested[run.id] = run, self._clock()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="registry", daemon=True)
                self._thread.start()

    def _drop(self, run_id: str) -> None:
        with self._lock:
            del self._runs[run_id], self._requested[run_id]

    def _work(self) -> None:
        while True:
            time.sleep(CLEAN_UP_SECONDS)
            try:
                self.clean_up()
                free_memory.release()  # of pages that were closed
            except Exception:
                logger.exception("unloading idle runs failed; it will be tried again")


def get_registry() -> Registry:
    """Return the registry of this process, with the store in the default folder."""
    with _CREATING:  # ``cache`` alone would run twice for two pages that open at once
        return _create()


@cache
def _create() -> Registry:
    store = Store()
    created = Registry(store)

    def begin() -> None:
        created.resume_interrupted()
        store.clean_up()

    threading.Thread(target=begin, name="store", daemon=True).start()
    atexit.register(created.close)
    return created
