"""How far a sweep is, how long it takes, and both as one line."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TextIO

from rnncore.batch_pass import choose_shard_count
from rnncore.compute import blas
from rnncore.progress import LINE_SECONDS, describe_duration
from rnncore.sweep.folder import SweepFolder
from rnncore.sweep.plan import SweepPlan, SweepRun
from rnncore.sweep.results import FAILED, FINISHED, RUNNING, STOPPED, WAITING, RunResult
from rnncore.sweep.task import measure_speed
from rnncore.sweep.text import SweepText

_BAR = 20  # characters
_TRIALS, _TRIAL_SECONDS = 6, 0.3


def estimate_seconds(plan: SweepPlan, text: SweepText, workers: int) -> float:
    """Return about how long the sweep takes with so many workers on cores like those here.

    A run's length in iterations becomes seconds by short trials of some of the combinations.
    """
    if plan.minutes is not None:
        run_seconds = 60 * plan.minutes
    else:
        assert plan.iterations is not None
        run_seconds = plan.iterations * fmean(
            _seconds_per_iteration(run, text) for run in _pick(plan.runs)
        )
    seconds = plan.work() * run_seconds / min(workers, len(plan.runs))
    return min(seconds, 60 * plan.total_minutes) if plan.total_minutes else seconds


def _seconds_per_iteration(run: SweepRun, text: SweepText) -> float:
    """Return them for one core; the trial may have divided each batch over several."""
    solver = run.build(text, 1)
    shards = choose_shard_count(
        solver.model.num_params, solver.batch_size, solver.seq_length, blas.info().workers
    )
    return shards / measure_speed(run, text, _TRIAL_SECONDS)


def _pick(runs: Sequence[SweepRun]) -> list[SweepRun]:
    """Return some runs of different combinations."""
    first_seed = [run for run in runs if run.seed == runs[0].seed]
    step = max(1, math.ceil(len(first_seed) / _TRIALS))
    return list(first_seed[::step])


@dataclass(frozen=True)
class Progress:
    """counts: runs by status. share: of all work that is done, 0 to 1."""

    counts: dict[str, int]
    share: float


def measure(plan: SweepPlan, results: Sequence[RunResult]) -> Progress:
    """Return how far the sweep is."""
    counts = Counter(result.status for result in results)
    done = sum(r.iteration / r.num_iters for r in results if r.num_iters)
    # A failed run's rest is not trained.
    lost = sum(1 - r.iteration / (r.num_iters or 1) for r in results if r.status == FAILED)
    return Progress(dict(counts), min(1.0, (done + lost) / plan.work()))


class SweepLine:
    """Show a sweep's progress as one line, which is rewritten in a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rewrites = stream.isatty()
        self._width = 0
        self._due = 0.0
        self._began: tuple[float, float] | None = None  # time and share at the first call

    def show(self, folder: SweepFolder) -> None:
        """Show the line; where lines are added, every ten seconds and at the end."""
        now = time.monotonic()
        progress = measure(folder.plan, list(folder.results.values()))
        if self._began is None:
            self._began = now, progress.share
        if not self._rewrites and now < self._due and progress.share < 1:
            return
        self._due = now + LINE_SECONDS
        began, before = self._began
        done = progress.share - before
        left = (now - began) * (1 - progress.share) / done if done > 0 else math.nan
        text = describe(progress, folder, left)
        self._stream.write(f"\r{text.ljust(self._width)}" if self._rewrites else f"{text}\n")
        self._stream.flush()
        self._width = len(text)

    def close(self) -> None:
        """End the line."""
        if self._rewrites and self._width:
            self._stream.write("\n")
            self._stream.flush()


def describe(progress: Progress, folder: SweepFolder, left: float) -> str:
    """Return the line, such as "[####      ] 40 %  3 finished, 2 running, 7 waiting  best 1.532".

    left: seconds; NaN if it is not known yet.
    """
    filled = int(progress.share * _BAR)
    parts = [f"[{'#' * filled}{' ' * (_BAR - filled)}] {progress.share:.0%}"]
    order = (FINISHED, STOPPED, FAILED, RUNNING, WAITING)
    parts.append(", ".join(f"{progress.counts[s]} {s}" for s in order if progress.counts.get(s, 0)))
    best = folder.best()
    if best is not None:
        parts.append(f"best {best.result.lowest:.4f} ({best.name})")
    if math.isfinite(left) and progress.share < 1:
        parts.append(f"{describe_duration(left)} left")
    return "  ".join(parts)
