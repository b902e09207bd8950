"""Speed of some settings on this machine, tried out for two seconds before training."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dashboard.runs.run import SCHEDULER, new_solver
from dashboard.server import background_job
from dashboard.settings import ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText

SECONDS = 2.0
# Seconds before it begins: the browser draws the page on the same cores, and a slider may move on.
_PATIENCE = 0.5
_WARM_UP = 3  # iterations: buffers are made, caches filled


@dataclass(frozen=True)
class Speed:
    """What training would be like; ``per_epoch`` in iterations."""

    iterations_per_second: float
    per_epoch: int

    def seconds(self, iterations: float) -> float:
        """How long so many iterations take."""
        return iterations / self.iterations_per_second


def measure(text: LoadedText, settings: ModelSettings, seconds: float = SECONDS) -> Speed | None:
    """Train a throw-away network for some seconds.

    None if a real training came up meanwhile, or if nobody wants to know any more.
    """
    time.sleep(_PATIENCE)
    if not _may_go_on():
        return None
    solver = new_solver(text, settings, TrainSettings())
    for _ in range(_WARM_UP):
        if not _may_go_on():
            return None
        solver.step()
    started, first = time.perf_counter(), solver.iteration
    while time.perf_counter() - started < seconds:
        if not _may_go_on():
            return None
        solver.train_for(seconds / 10)
    rate = (solver.iteration - first) / (time.perf_counter() - started)
    return Speed(rate, solver.batches.per_epoch)


def _may_go_on() -> bool:
    return len(SCHEDULER) == 0 and background_job.is_wanted()
