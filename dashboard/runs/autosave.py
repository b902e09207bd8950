"""Autosave: save a run every few seconds while it trains, and when training stops.

Training waits only while the network is copied. A background thread writes the copy to disk.
If several snapshots are waiting to be written, only the newest is written. A failed save sets
``problem``, a sentence for the page, and training continues.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from dashboard.runs import labels, snapshot
from dashboard.runs.facts import Facts
from dashboard.runs.folder import RunFolder
from dashboard.runs.run import Run, new_solver
from dashboard.runs.snapshot import Journal, Snapshot
from dashboard.server import limits
from dashboard.server.error_messages import for_saving
from rnncore import RnnCoreError, Solver

# After a divergence, saves whose loss is this much above the best save's are taken to be
# affected already. Half a nat per character undoes most of what is learnt after the first minute.
DIVERGED_MARGIN = 0.5


@dataclass(frozen=True, eq=False)
class Job:
    """A snapshot that is waiting to be written."""

    snapshot: Snapshot
    state: object  # equal for equal states of the run
    number: int  # counts the snapshots of this autosaver
    held: float  # seconds that training waited for the copy


class Autosaver:
    """Saves one run into one folder, for as long as the run is in memory."""

    def __init__(self, run: Run, folder: RunFolder) -> None:
        self.problem = ""  # why the last save failed, or ""
        self.saved_iteration: int | None = None  # of the newest save on disk
        self.saved_at: float | None = None  # when that was copied, in seconds since 1970
        self.interval = limits.AUTOSAVE_SECONDS  # longer if saving takes long
        self._run, self._folder = run, folder
        itemsize = run.solver.model.dtype.itemsize
        self._facts = Facts.about(
            run.id, run.created, run.model_settings, run.text, itemsize, run.began_as, run.made_by
        )
        self._last = time.monotonic()  # when the last snapshot was taken
        self._copied_state: object = None
        self._copies = 0  # number of snapshots taken
        self._written_state: object = None
        self._newest_written = 0  # number of the newest snapshot on disk
        self._deleted = False
        self._disk = threading.Lock()  # held while a save is written
        self._queue = threading.Lock()  # guards the three attributes below
        self._waiting: Job | None = None
        self._writing = False
        self._writer: threading.Thread | None = None
        run.autosaver = self
        run.trainer.after_chunk.append(self._after_chunk)
        run.trainer.after_stop.append(self._after_stop)
        run.trainer.restore_last_good = self._restore_last_good

    # -- for the page and the registry --------------------------------------------------------

    def save_now(self) -> bool:
        """Save in this thread, if anything changed; return whether the state is on disk."""
        self.flush()
        try:
            with self._run.trainer.lock:
                solver = self._run.solver
                unchanged = self._state(solver) == self._written_state and not self.problem
                if self._deleted or unchanged:
                    return True
                job = self._copy(solver)
        except Exception as error:
            self._fail(error)
            return False
        self._write(job)
        return not self.problem

    def suspend(self) -> bool:
        """Pause training, save and unlock the folder; return whether the save succeeded.

        If training starts again, the next save locks the folder again, unless another process
        has continued the run.
        """
        self._run.trainer.pause()
        self._run.trainer.join()
        if self._worth_saving() and not self.save_now():
            return False
        with self._disk:
            self._folder.lock.release()
        return True

    def discard(self) -> None:
        """Stop saving and unlock the folder, which is about to be deleted."""
        self._run.trainer.pause()
        with self._disk:
            self._deleted = True
            self.problem = "This run was deleted. Further training is not saved."
            self._folder.lock.release()

    def resume_saving(self) -> None:
        """Undo ``discard``, because the folder could not be deleted."""
        with self._disk:
            self._deleted, self.problem = False, ""

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait for saves under way, whether they succeed or not; return whether none is left."""
        with self._queue:
            writer = self._writer
        if writer is not None:
            writer.join(timeout)
        return not self._writing

    def start(self) -> None:
        """Save a new run for the first time, in the background, if it has learnt anything."""
        with self._run.trainer.lock:
            if self._worth_saving():
                self._save_soon(self._run.solver)

    def _worth_saving(self) -> bool:
        """Return False for a run that has learnt nothing and is not on disk."""
        return self._run.solver.iteration > 0 or self.saved_iteration is not None

    def mark_saved(self, saved_at: float) -> None:
        """Record that the run was opened from a save of this time, so its state is on disk."""
        self._written_state = self._copied_state = self._state(self._run.solver)
        self.saved_iteration, self.saved_at = self._run.solver.iteration, saved_at

    def size(self) -> int:
        """Return how many bytes the run takes on disk."""
        return self._folder.size()

    # -- called by the trainer, which holds its lock ------------------------------------------

    def _after_chunk(self, solver: Solver) -> None:
        # The first chunk is saved at once: from then on the run is on disk.
        due = time.monotonic() - self._last >= self.interval or self._copied_state is None
        if due and not self._writing and self._worth_saving():
            self._save_soon(solver)

    def _after_stop(self, solver: Solver) -> None:
        if self._state(solver) != self._copied_state and self._worth_saving():
            self._save_soon(solver)

    def _save_soon(self, solver: Solver) -> None:
        """Copy the run and hand the copy to the writer; a failure must not stop training."""
        try:
            self._submit(self._copy(solver))
        except Exception as error:
            self._fail(error)

    def _copy(self, solver: Solver) -> Job:
        self._last, started = time.monotonic(), time.perf_counter()
        run = self._run
        copy = snapshot.take(solver, run.sample_log.entries, run.trainer.changes, run.plan)
        self._copied_state = self._state(solver)
        self._copies += 1
        return Job(copy, self._copied_state, self._copies, time.perf_counter() - started)

    def _state(self, solver: Solver) -> object:
        """Return a value that is equal for equal states of the run."""
        run = self._run
        changes = len(run.trainer.changes)
        return solver.iteration, changes, run.plan, tuple(solver.settings().items())

    # -- the writer thread --------------------------------------------------------------------

    def _submit(self, job: Job) -> None:
        with self._queue:
            self._waiting = job
            if self._writing:
                return
            self._writing = True
            # Not a daemon thread: Python waits for it at exit, so the write is completed.
            writer = threading.Thread(target=self._work, name="autosave")
            try:
                writer.start()
                self._writer = writer
                return
            except RuntimeError:  # Python is shutting down, or the system has no thread left
                pass
        self._work()

    def _work(self) -> None:
        while True:
            with self._queue:
                job, self._waiting = self._waiting, None
                if job is None:
                    self._writing = False
                    return
            self._write(job)

    def _write(self, job: Job) -> None:
        with self._disk:
            if self._deleted or job.number < self._newest_written:
                return
            started = time.thread_time()  # not the clock: waiting for the disk costs no training
            try:
                run = self._run
                self._folder.save(
                    job.snapshot, self._facts, run.text, run.initial_model, before := run.labels
                )
                if self.saved_iteration is None and run.labels != before:
                    labels.write(self._folder.path, run.labels)  # changed meanwhile
            except Exception as error:
                self._fail(error)
            else:
                self._written_state, self._newest_written = job.state, job.number
                self.problem = ""
                journal = job.snapshot.journal
                self.saved_iteration, self.saved_at = journal.iteration, journal.saved
            cost = job.held + time.thread_time() - started
            self.interval = max(limits.AUTOSAVE_SECONDS, cost / limits.AUTOSAVE_SHARE)

    def _fail(self, error: Exception) -> None:
        self.problem = for_saving(error)

    # -- after a divergence -------------------------------------------------------------------

    def _restore_last_good(self) -> Solver | None:
        """Return the last good state and make it the newest save; None if there is none."""
        self.flush()
        with self._disk:
            folder, journals = self._folder, self._folder.read_journals()
            for number in _rollback_order(journals, folder.find_best()):
                try:
                    solver = folder.load_solver(number, self._run.text)
                except (RnnCoreError, MemoryError):
                    continue
                folder.unusable.update(n for n in journals if n > number)
                self._run.sample_log.restore(journals[number].entries)
                break
            else:
                if self.saved_iteration is not None:
                    return None
                # The run was never saved. Its first state can be made again from the settings.
                first = self._run.initial_model
                solver = new_solver(
                    self._run.text,
                    self._run.model_settings,
                    self._run.train_settings,
                    None if first is None else first.copy(),
                )
                self._run.sample_log.restore(())
                return solver
        self._save_soon(solver)
        return solver


def _rollback_order(journals: dict[int, Journal], best: int | None) -> list[int]:
    """Return the saves to try after a divergence, the first choice first.

    journals: by number, newest first. best: the save with the lowest validation loss.
    """
    lowest = min((j.loss for j in journals.values() if math.isfinite(j.loss)), default=0.0)
    good = [n for n, j in journals.items() if j.loss <= lowest + DIVERGED_MARGIN]
    untrained = [n for n, j in journals.items() if j.iteration == 0]
    return list(dict.fromkeys([*good, *([] if best is None else [best]), *untrained]))
