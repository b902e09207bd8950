"""Compute a sweep: order intervals from the engine, save what comes back, stop the worse half."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import fmean

from rnncore.errors import RnnCoreError, SweepError
from rnncore.sweep.engine import Engine
from rnncore.sweep.folder import SweepFolder, SweepState
from rnncore.sweep.plan import SweepRun
from rnncore.sweep.results import FAILED, RUNNING, STOPPED, RunResult
from rnncore.sweep.task import Interval, Order

_POLL_SECONDS = 0.2
# The largest share of this process's time that saving takes: larger networks have longer intervals.
SAVE_SHARE = 0.1
_STATE_SECONDS = 5.0  # between two writes of state.json if nothing else happens


def run_sweep(
    folder: SweepFolder,
    *,
    address: str = "",
    workers: int | None = None,
    background: bool = False,
    stop: Callable[[], bool] = lambda: False,
    on_change: Callable[[SweepFolder, SweepState], None] = lambda folder, state: None,
) -> SweepFolder:
    """Compute the sweep in a locked folder, or what is left of it; return the folder.

    address, workers, background: see ``Engine``.
    stop: asked several times a second; True ends the sweep. All checkpoints so far are kept.
    on_change: called when runs have new results.
    SweepError: Dask is missing, the scheduler is gone, or a worker has another version.
    SaveError: a checkpoint cannot be saved. Both end the sweep; it can continue later.
    """
    driver = _Driver(folder, stop, on_change)
    if stop():
        driver.set_phase("cancelled")
        return folder
    try:
        with Engine(folder.text, address, workers, background) as engine:
            driver.run(engine)
    except RnnCoreError as error:
        driver.set_phase("failed", str(error))
        raise
    except KeyboardInterrupt:
        driver.set_phase("cancelled")
        raise
    return folder


class _Driver:
    """One session of a sweep."""

    def __init__(
        self,
        folder: SweepFolder,
        stop: Callable[[], bool],
        on_change: Callable[[SweepFolder, SweepState], None],
    ) -> None:
        self._folder, self._plan = folder, folder.plan
        self._stop, self._on_change = stop, on_change
        earlier = folder.read_state()
        self._began = time.monotonic() - (0 if earlier.phase == "out of time" else earlier.spent)
        self._state = SweepState()
        self._written = 0.0
        self._save_seconds = 0.0  # of the newest checkpoint
        self.set_phase("starting")

    def set_phase(self, phase: str, message: str = "", workers: int = 0) -> None:
        """Write what the sweep is doing; a full disk does not hide the message before it."""
        spent = time.monotonic() - self._began
        self._state = SweepState(phase, message, workers or self._state.workers, spent)
        self._written = time.monotonic()
        with contextlib.suppress(RnnCoreError):
            self._folder.save_state(self._state)
        self._on_change(self._folder, self._state)

    def run(self, engine: Engine) -> None:
        """Compute each rung: every run trains to the same share, then the worse half stops."""
        self.set_phase("running", " ".join(engine.notes), engine.slots)
        rungs = self._plan.rungs
        runs = list(self._plan.runs)
        for rung, share in enumerate(rungs):
            if not self._train(engine, runs, rung, share):
                late = self._is_late()
                self.set_phase("out of time" if late else "cancelled", " ".join(engine.notes))
                break
            if rung + 1 < len(rungs):
                runs = self._halve(runs, rung)
        else:
            with contextlib.suppress(SweepError):  # all runs are here; the scheduler may be gone
                engine.count_workers()
            self.set_phase("finished", " ".join(engine.notes))
        self._folder.save_table()

    def _train(self, engine: Engine, runs: list[SweepRun], rung: int, share: float) -> bool:
        """Train these runs to ``share``; return False if the sweep was ended before that."""
        left = 0
        for run in runs:
            result = self._folder.results[run.number]
            if not result.ended and len(result.scores) <= rung:
                self._order(engine, run, share, self._folder.read_checkpoint(run.number))
                left += 1
        by_number = {run.number: run for run in runs}
        while left:
            if self._stop() or self._is_late():
                return False
            for number, outcome in engine.completed(_POLL_SECONDS):
                result = self._take(number, outcome, share)
                if result.status == FAILED or len(result.scores) > rung:
                    left -= 1
                else:
                    assert isinstance(outcome, Interval)
                    self._order(engine, by_number[number], share, outcome.checkpoint)
            if time.monotonic() - self._written > _STATE_SECONDS:
                engine.count_workers()
                self.set_phase("running", " ".join(engine.notes), engine.slots)
        return True

    def _order(self, engine: Engine, run: SweepRun, share: float, checkpoint: bytes | None) -> None:
        plan = self._plan
        seconds = max(
            plan.checkpoint_seconds, self._state.workers * self._save_seconds / SAVE_SHARE
        )
        order = Order(run, checkpoint, share, seconds, plan.iterations, plan.minutes)
        # Runs that have begun come before those that wait.
        engine.submit(order, priority=-run.number)

    def _take(self, number: int, outcome: Interval | Exception, share: float) -> RunResult:
        """Save what came back; SaveError if that fails."""
        before = self._folder.results[number]
        if isinstance(outcome, Exception):
            result = replace(before, status=FAILED, message=_describe(outcome))
            self._folder.save_result(number, result)
        else:
            result = before.after(outcome, last=share == 1)
            started = time.perf_counter()
            self._folder.save_run(number, outcome.checkpoint, result)
            self._save_seconds = time.perf_counter() - started
        self._on_change(self._folder, replace(self._state, spent=time.monotonic() - self._began))
        return result

    def _halve(self, runs: list[SweepRun], rung: int) -> list[SweepRun]:
        """Stop the worse half of the combinations; return the runs of the others."""
        by_group: dict[int, list[float]] = {}
        for run in runs:
            result = self._folder.results[run.number]
            failed = result.status == FAILED or len(result.scores) <= rung
            score = math.inf if failed else result.scores[rung]
            by_group.setdefault(run.group, []).append(math.inf if math.isnan(score) else score)
        ranked = sorted(by_group, key=lambda group: fmean(by_group[group]))
        kept = set(ranked[: math.ceil(len(ranked) / 2)])
        for run in runs:
            result = self._folder.results[run.number]
            if run.group not in kept and result.status == RUNNING:
                self._folder.save_result(run.number, replace(result, status=STOPPED))
        return [run for run in runs if run.group in kept]

    def _is_late(self) -> bool:
        limit = self._plan.total_minutes
        return limit is not None and time.monotonic() - self._began > 60 * limit


def _describe(error: Exception) -> str:
    if isinstance(error, RnnCoreError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The worker has not enough memory for it."
    return f"The worker reported {type(error).__name__}: {error}"
