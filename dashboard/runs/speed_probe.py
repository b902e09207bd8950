"""The speed of given settings on this machine, measured in a two-second trial training."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from dashboard.runs.run import SCHEDULER, check_settings, new_solver
from dashboard.server import background_job
from dashboard.settings import PRESETS, ModelSettings, TrainSettings
from dashboard.text.loading import LoadedText
from rnncore import RnnCoreError

SECONDS = 2.0
# Seconds before the trial: the browser draws the page on the same cores, and the user may still
# be moving a slider.
_DELAY = 0.5
_PRESET_SECONDS = 0.4
_WARM_UP = 3  # iterations that are not timed: they allocate buffers and fill caches
# All pages share a measured speed, because a class opens the page at the same time. After ten
# minutes it counts no longer: other programs may use the cores by then.
_KEPT_SECONDS, _MOST_KEPT = 600.0, 200
# Iterations per second and when they were measured, by vocabulary size, settings and trial.
_measured: dict[tuple[int, ModelSettings, float], tuple[float, float]] = {}


@dataclass(frozen=True)
class Speed:
    """The speed of a training; ``per_epoch`` is the number of iterations in an epoch."""

    iterations_per_second: float
    per_epoch: int

    def seconds(self, iterations: float) -> float:
        """Return how many seconds this number of iterations takes."""
        return iterations / self.iterations_per_second


def measure(text: LoadedText, settings: ModelSettings, seconds: float = SECONDS) -> Speed | None:
    """Return the speed, from training a temporary network for this long, or as it was measured
    for any page within ten minutes.

    None if a real training starts meanwhile, or if the result is no longer wanted.
    """
    key = len(text.vocab), settings, seconds
    per_epoch = settings.iterations_per_epoch(len(text))
    rate, at = _measured.get(key, (0.0, -math.inf))
    if time.monotonic() - at < _KEPT_SECONDS:
        return Speed(rate, per_epoch)
    background_job.let_others_run()  # another page may wait for its own job
    time.sleep(_DELAY)
    if not _may_continue():
        return None
    solver = new_solver(text, settings, TrainSettings())
    for _ in range(_WARM_UP):
        if not _may_continue():
            return None
        solver.step()
    started, first = time.perf_counter(), solver.iteration
    while time.perf_counter() - started < seconds:
        if not _may_continue():
            return None
        solver.train_for(seconds / 10)
    rate = (solver.iteration - first) / (time.perf_counter() - started)
    while len(_measured) >= _MOST_KEPT:
        del _measured[next(iter(_measured))]
    _measured[key] = rate, time.monotonic()
    return Speed(rate, per_epoch)


def measure_presets(text: LoadedText) -> dict[str, Speed] | None:
    """Return the speed of each preset that can train on the text, by the preset's key.

    None if a real training starts meanwhile, or if the result is no longer wanted. The trials are
    shorter than that of ``measure``: the result need only tell minutes from hours.
    """
    found = {}
    for key, preset in PRESETS.items():
        try:
            check_settings(text, preset.model)
        except RnnCoreError:
            continue
        if (speed := measure(text, preset.model, _PRESET_SECONDS)) is None:
            return None
        found[key] = speed
    return found


def _may_continue() -> bool:
    return len(SCHEDULER) == 0 and background_job.is_wanted()
