"""Keeper: saves a run every few seconds while it trains, and whenever it comes to rest.

Training is held only while the network is copied. A thread of its own writes the copy; of
copies that wait for the disk the newest wins. What goes wrong becomes a sentence for the
page, ``problem``, and training goes on.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass

from dashboard.runs import snapshot
from dashboard.runs.folder import Facts, RunFolder
from dashboard.runs.run import Run
from dashboard.runs.snapshot import Journal, Snapshot
from dashboard.server import limits
from dashboard.server.error_messages import for_saving
from rnncore import RnnCoreError, Solver

# After a divergence: nats per character above the best of the saves from which on a save is
# taken to be spoilt already. Half a nat undoes most of what is learnt after the first minute.
SPOILT = 0.5


@dataclass(frozen=True, eq=False)
class Job:
    """A copy on its way to the disk."""

    copy: Snapshot
    stamp: object  # equal for equal states of the run
    order: int  # of taking
    held: float  # seconds that training waited for it


class Autosaver:
    """Saves one run into one folder, for as long as the run lives."""

    def __init__(self, run: Run, folder: RunFolder) -> None:
        self.problem = ""  # why the last save failed, or ""
        self.saved_iteration: int | None = None  # of the newest save on disk
        self.saved_at: float | None = None  # when it was taken, in seconds since 1970
        self.interval = limits.AUTOSAVE_SECONDS  # between saves, from what the last one took
        self._run, self._folder = run, folder
        itemsize = run.solver.model.dtype.itemsize
        self._facts = Facts.about(run.id, run.created, run.model_settings, run.text, itemsize)
        self._last = time.monotonic()
        self._copied: object = None  # the stamp of what was copied last
        self._copies = 0  # taken so far
        self._written: object = None  # the stamp of what is on disk
        self._newest = 0  # and the order of it
        self._deleted = False
        self._disk = threading.Lock()  # one write at a time
        self._queue = threading.Lock()  # guards the three below
        self._waiting: Job | None = None
        self._writing = False
        self._writer: threading.Thread | None = None
        run.autosaver = self
        run.trainer.after_chunk.append(self._after_chunk)
        run.trainer.after_stop.append(self._after_stop)
        run.trainer.restore_last_good = self._restore_last_good

    # -- for the page and the registry --------------------------------------------------------

    def save_now(self) -> bool:
        """Save here and now, if anything changed since the last save; whether it is on disk."""
        self.flush()
        try:
            with self._run.trainer.lock:
                solver = self._run.solver
                if self._deleted or (self._stamp(solver) == self._written and not self.problem):
                    return True
                job = self._copy(solver)
        except Exception as error:
            self._fail(error)
            return False
        self._write(job)
        return not self.problem

    def suspend(self) -> bool:
        """Pause, save, and let others own the run; False if it could not be saved.

        Training that is taken up again takes the run back too, if nobody else has it.
        """
        self._run.trainer.pause()
        self._run.trainer.join()
        if not self.save_now():
            return False
        with self._disk:
            self._folder.lock.release()
        return True

    def discard(self) -> None:
        """Stop saving for good and let the folder go, to be deleted."""
        self._run.trainer.pause()
        with self._disk:
            self._deleted = True
            self.problem = "This run was deleted; what it learns from now on is not saved."
            self._folder.lock.release()

    def resume_saving(self) -> None:
        """Save again: the folder could not be deleted."""
        with self._disk:
            self._deleted, self.problem = False, ""

    def flush(self, timeout: float = 60.0) -> bool:
        """Wait for what was handed to the disk; whether it came to an end, good or bad."""
        with self._queue:
            writer = self._writer
        if writer is not None:
            writer.join(timeout)
        return not self._writing

    def start(self) -> None:
        """Save a new run for the first time, soon."""
        with self._run.trainer.lock:
            self._save_soon(self._run.solver)

    def mark_saved(self, saved_at: float) -> None:
        """The run was opened from this save, so nothing needs to be saved yet."""
        self._written = self._copied = self._stamp(self._run.solver)
        self.saved_iteration, self.saved_at = self._run.solver.iteration, saved_at

    def size(self) -> int:
        """Bytes of the run on disk."""
        return self._folder.size()

    # -- called by the trainer, under its lock ------------------------------------------------

    def _after_chunk(self, solver: Solver) -> None:
        if time.monotonic() - self._last >= self.interval and not self._writing:
            self._save_soon(solver)

    def _after_stop(self, solver: Solver) -> None:
        if self._stamp(solver) != self._copied:
            self._save_soon(solver)

    def _save_soon(self, solver: Solver) -> None:
        """Hand a copy to the disk; nothing that goes wrong here may stop training."""
        try:
            self._submit(self._copy(solver))
        except Exception as error:
            self._fail(error)

    def _copy(self, solver: Solver) -> Job:
        self._last, started = time.monotonic(), time.perf_counter()
        run = self._run
        copy = snapshot.take(solver, run.sample_log.entries, run.trainer.changes, run.plan)
        self._copied = self._stamp(solver)
        self._copies += 1
        return Job(copy, self._copied, self._copies, time.perf_counter() - started)

    def _stamp(self, solver: Solver) -> object:
        """Equal for equal states of the run."""
        run = self._run
        changes = len(run.trainer.changes)
        return solver.iteration, changes, run.plan, tuple(solver.settings().items())

    # -- the thread that writes ---------------------------------------------------------------

    def _submit(self, job: Job) -> None:
        with self._queue:
            self._waiting = job
            if self._writing:
                return
            self._writing = True
            # Not a daemon: the program ends after the write, not within it.
            writer = threading.Thread(target=self._work, name="autosave")
            try:
                writer.start()
                self._writer = writer
                return
            except RuntimeError:  # the program is ending, or has no thread left
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
            if self._deleted or job.order < self._newest:
                return
            started = time.thread_time()  # waiting for the disk takes nothing from training
            try:
                self._folder.save(job.copy, self._facts, self._run.text, self._run.initial_model)
            except Exception as error:
                self._fail(error)
            else:
                self._written, self._newest, self.problem = job.stamp, job.order, ""
                journal = job.copy.journal
                self.saved_iteration, self.saved_at = journal.iteration, journal.saved
            cost = job.held + time.thread_time() - started
            self.interval = max(limits.AUTOSAVE_SECONDS, cost / limits.AUTOSAVE_SHARE)

    def _fail(self, error: Exception) -> None:
        self.problem = for_saving(error)

    # -- after a divergence -------------------------------------------------------------------

    def _restore_last_good(self) -> Solver | None:
        """The last good state, which is the newest save from now on; None if there is none."""
        self.flush()
        with self._disk:
            folder, journals = self._folder, self._folder.journals()
            for number in _good_first(journals, folder.best()):
                try:
                    solver = folder.solver(number, self._run.text)
                except (RnnCoreError, MemoryError):
                    continue
                folder.unusable.update(n for n in journals if n > number)
                self._run.sample_log.restore(journals[number].entries)
                break
            else:
                return None
        self._save_soon(solver)
        return solver


def _good_first(journals: dict[int, Journal], best: int | None) -> list[int]:
    """Saves to go back to, in the order in which to try them; ``journals`` newest first."""
    lowest = min((j.loss for j in journals.values() if math.isfinite(j.loss)), default=0.0)
    good = [n for n, j in journals.items() if j.loss <= lowest + SPOILT]
    begun = [n for n, j in journals.items() if j.iteration == 0]
    return list(dict.fromkeys([*good, *([] if best is None else [best]), *begun]))
