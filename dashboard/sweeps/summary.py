"""What the page shows of a sweep, in words and numbers."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from dashboard.charts import sweep_charts
from dashboard.formatting import counted, duration
from dashboard.sweeps.form import SETTINGS
from dashboard.sweeps.sweep import Sweep
from rnncore.sweep.effects import Effect, main_effects
from rnncore.sweep.progress import measure
from rnncore.sweep.results import FAILED, FINISHED, RUNNING, STOPPED, WAITING, Trial, rank

TITLES = {name: setting.title for name, setting in SETTINGS.items()}
_PHASES = {
    "new": "Not started",
    "starting": "Being prepared: the workers are starting",
    "running": "Running",
    "finished": "Finished",
    "cancelled": "Cancelled",
    "out of time": "Ended, because its minutes are over",
    "failed": "Ended early",
}
_LEFT_FROM = 0.02  # share of the work from which the time left is estimated


@dataclass(frozen=True)
class Summary:
    """How far a sweep is.

    share: of the work that is done, 0 to 1. line: the same in words. message: why it ended, or
    remarks on workers; failed: whether it ended because of an error. ranked: all runs, the best
    first. best: the best run, or None before the first validation. effects: of its settings.
    """

    share: float
    line: str
    message: str
    failed: bool
    ranked: list[Trial]
    best: Trial | None
    effects: list[Effect]


def summarise(sweep: Sweep) -> Summary:
    """Return how far the sweep is now."""
    state, trials = sweep.state(), sweep.trials()
    progress = measure(sweep.folder.plan, [trial.result for trial in trials])
    order = (FINISHED, STOPPED, FAILED, RUNNING, WAITING)
    parts = [_PHASES.get(state.phase, state.phase)]
    parts.append(", ".join(f"{progress.counts[s]} {s}" for s in order if progress.counts.get(s)))
    spent = state.spent
    if state.phase == "running":
        spent += max(0.0, time.time() - state.updated)
    parts.append(f"{duration(spent)} so far" if state.active else f"in {duration(spent)}")
    if state.phase == "running" and progress.share > _LEFT_FROM:
        left = spent * (1 - progress.share) / progress.share
        parts.append(f"about {duration(left)} left")
    ranked = rank(trials)
    best = ranked[0] if math.isfinite(ranked[0].result.lowest) else None
    return Summary(
        progress.share, " · ".join(parts), state.message, state.phase == "failed", ranked, best,
        main_effects(trials),
    )  # fmt: skip


def describe_plan(sweep: Sweep) -> str:
    """Return what a sweep tries, such as "hidden size, cell · 12 runs"."""
    axes = ", ".join(TITLES.get(name, name).lower() for name in sweep.folder.plan.axes)
    return f"{axes} · {counted(len(sweep.folder.plan.runs), 'run')}"


def describe_run(trial: Trial) -> str:
    """Return what is special about a run, such as "hidden size 64, cell LSTM, seed 0"."""
    return sweep_charts.run_name(trial, TITLES)


def describe_effect(effect: Effect) -> str:
    """Return how much a setting mattered, as a sentence that begins with its title."""
    title = TITLES.get(effect.setting, effect.setting)
    size = f"{title}: {effect.size:.3f} between the best and the worst value"
    if effect.matters is None:
        return f"{size}; train more seeds to see whether it is chance."
    if effect.matters:
        return f"{size}, more than between seeds ({effect.noise:.3f})."
    return f"{size}, not more than between seeds ({effect.noise:.3f}): it may be chance."
