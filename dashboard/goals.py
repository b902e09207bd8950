"""Ends of training that are not a number of iterations: rules that look at the solver."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.run import Stretch
from dashboard.settings import Goal
from dashboard.training import StopRule
from rnncore import Solver

_ENOUGH = 5  # iterations from which on a speed can be told


@dataclass(frozen=True)
class MinutesOver:
    """Ends after so many minutes of training since ``since``.

    Until then it keeps the run's length at what the time will allow at the speed so far: the
    progress and the learning rate's schedule end with the time, and not before it.
    """

    minutes: float
    since: Stretch

    def __call__(self, solver: Solver) -> str | None:
        spent = solver.seconds - self.since.seconds
        left = self.minutes * 60 - spent
        if left <= 0:
            return f"It has trained for {self.minutes:g} minute{'s' * (self.minutes != 1)}."
        done = solver.iteration - self.since.iteration
        if done >= _ENOUGH and spent > 0:
            solver.num_iters = solver.iteration + max(1, round(left * done / spent))
        return None


@dataclass(frozen=True)
class NoProgress:
    """Ends after so many validations since ``since`` without a new best."""

    patience: int
    since: Stretch

    def __call__(self, solver: Solver) -> str | None:
        at, val = solver.history.validations()
        n = self.patience
        late = int((at > self.since.iteration).sum())
        if late < n or len(val) <= n or val[-n:].min() < val[:-n].min():
            return None
        return f"Validation has not improved in the last {n} looks; its best was {val.min():.3f}."


def stop_rule(goal: Goal, since: Stretch) -> StopRule | None:
    """The rule of a goal; None for one that is a number of iterations."""
    if goal.kind == "minutes":
        return MinutesOver(goal.amount, since)
    if goal.kind == "plateau":
        return NoProgress(int(goal.amount), since)
    return None
