"""All sweeps of this server, of which one is computed at a time; their runs go to the store."""

from __future__ import annotations

import atexit
import logging
import re
import secrets
import shutil
import threading
import time
from functools import cache

from dashboard.runs.folder import RunFolder
from dashboard.runs.labels import NO_LABELS
from dashboard.runs.registry import Registry, get_registry
from dashboard.runs.run import new_id, run_from_solver
from dashboard.runs.run_info import read_info
from dashboard.settings import Goal, ModelSettings
from dashboard.sweeps import form
from dashboard.sweeps.sweep import Sweep, new_about, write_about
from dashboard.text.loading import LoadedText
from dashboard.training.goals import Plan
from dashboard.training.status import Phase
from rnncore import RnnCoreError
from rnncore.errors import SaveError
from rnncore.sweep import SweepFolder, SweepPlan
from rnncore.sweep.results import FINISHED, Trial

FOLDER = ".sweeps"  # in the folder of the runs
_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
_LOOK_SECONDS = 1.0  # between two looks at a sweep that is computed

logger = logging.getLogger(__name__)


class SweepManager:
    """The sweeps in the folder of a registry's store."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.root = registry.store.root / FOLDER
        self._known: dict[str, Sweep] = {}
        self._lock = threading.RLock()

    def start(self, plan: SweepPlan, text: LoadedText) -> Sweep:
        """Start a new sweep and return it.

        RnnCoreError: another one is computed, or the plan cannot be used. SaveError: the disk.
        """
        with self._lock:
            self._check_free()
            name = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
            path = self.root / name
            try:
                path.mkdir(mode=0o700, parents=True)
            except OSError as error:
                raise SaveError(f"The sweep cannot be saved: {error.strerror}.") from error
            SweepFolder.create(path, plan, form.sweep_text(text))
            write_about(path, new_about(text))
            sweep = self._known[name] = Sweep(path, text)
            self._compute(sweep)
            return sweep

    def resume(self, sweep_id: str) -> Sweep:
        """Compute what is left of a sweep and return it; RnnCoreError if another is computed."""
        with self._lock:
            sweep = self.get(sweep_id)
            if not sweep.running:
                self._check_free()
                for trial in sweep.trials():
                    if not trial.result.ended:
                        self._withdraw(sweep, trial)
                self._compute(sweep)
            return sweep

    def get(self, sweep_id: str) -> Sweep:
        """Return a sweep by its id; RnnCoreError if there is none or it is damaged."""
        if not _ID.fullmatch(sweep_id):
            raise RnnCoreError("There is no such sweep.")
        with self._lock:
            if sweep_id not in self._known:
                sweep = Sweep(self.root / sweep_id)
                self._known[sweep_id] = sweep
                if sweep.unstored():  # the server ended before they were stored
                    self._watch(sweep)
            return self._known[sweep_id]

    def running(self) -> Sweep | None:
        """Return the sweep that is computed, or None."""
        with self._lock:
            return next((sweep for sweep in self._known.values() if sweep.running), None)

    def ids(self) -> list[str]:
        """Return the ids of all sweeps, the newest first."""
        try:
            names = [path.name for path in self.root.iterdir() if _ID.fullmatch(path.name)]
        except OSError:
            return []
        return sorted(names, reverse=True)

    def delete(self, sweep_id: str) -> None:
        """Delete a sweep that is not computed; its runs stay in the store."""
        with self._lock:
            sweep = self.get(sweep_id)
            if sweep.running:
                raise RnnCoreError("This sweep is running. Cancel it first.")
            del self._known[sweep_id]
            shutil.rmtree(sweep.folder.path, ignore_errors=True)

    def close(self) -> None:
        """End the sweep that is computed, when the program ends."""
        sweep = self.running()
        if sweep is not None:
            sweep.stop()
            sweep.wait()

    def store_ended(self, sweep: Sweep) -> None:
        """Put runs that have ended into the store, as runs like all others."""
        for trial in sweep.unstored():
            sweep.set_stored(trial.number, self._store(sweep, trial))
            if trial.result.ended:  # the copy in the store is enough
                sweep.folder.run_path(trial.number).unlink(missing_ok=True)

    # -- inside -------------------------------------------------------------------------------

    def _check_free(self) -> None:
        if self.running() is not None:
            raise RnnCoreError("A sweep is running already. Wait until it ends, or cancel it.")

    def _compute(self, sweep: Sweep) -> None:
        sweep.start()
        self._watch(sweep)

    def _watch(self, sweep: Sweep) -> None:
        threading.Thread(target=self._work, args=(sweep,), name="sweep", daemon=True).start()

    def _work(self, sweep: Sweep) -> None:
        """Store runs as they end, until the process has ended."""
        while True:
            running = sweep.running
            try:
                self.store_ended(sweep)
            except Exception:
                logger.exception("runs of a sweep could not be stored; it will be tried again")
                if not running:
                    return
            if not running:
                return
            time.sleep(_LOOK_SECONDS)

    def _store(self, sweep: Sweep, trial: Trial) -> str:
        """Save a run in the store and return its id; SaveError if that fails."""
        solver = sweep.folder.load_run(trial.number)
        settings = ModelSettings.from_model(
            solver.model, solver.seq_length, solver.batch_size, solver.val_fraction
        )
        run = run_from_solver(new_id(), sweep.text, settings, solver)
        run.made_by = "sweep"
        run.set_plan(Plan(Goal("iterations", solver.num_iters)))
        run.sample_log(solver)
        autosaver = self._registry.store.start_autosave(run)
        ended = Phase.FINISHED if trial.result.status == FINISHED else Phase.PAUSED
        autosaver.flush()
        run.trainer.restore_end(ended, "", time.time())
        if run.recorder is not None:
            run.recorder.record()
        if not autosaver.suspend():
            raise SaveError(autosaver.problem)
        return run.id

    def _withdraw(self, sweep: Sweep, trial: Trial) -> None:
        """Delete the stored copy of a run that trains further, unless it was used meanwhile."""
        run_id = sweep.about.stored.get(trial.number)
        if run_id is None:
            return
        try:
            info = read_info(RunFolder(self._registry.store.root / run_id))
            unchanged = info is not None and (info.iteration, info.labels) == (
                trial.result.iteration,
                NO_LABELS,
            )
            if unchanged and self._registry.get(run_id) is None:
                self._registry.delete(run_id)
        except RnnCoreError:
            logger.warning("the earlier copy of a run of a sweep stays", exc_info=True)
        sweep.set_stored(trial.number, None)


_CREATING = threading.Lock()


def get_manager() -> SweepManager:
    """Return the manager of this process."""
    with _CREATING:
        return _create()


def close() -> None:
    """End the sweep that this process computes, if there is one; its checkpoints are kept."""
    if _create.cache_info().currsize:
        _create().close()


@cache
def _create() -> SweepManager:
    atexit.register(close)
    return SweepManager(get_registry())
