"""When a training is to end: its plan, and the rules of those ends that are no fixed number."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.settings import ITERATIONS, Goal
from dashboard.training.trainer import StopRule
from rnncore import Solver

_ENOUGH = 5  # iterations from which on a speed can be told


@dataclass(frozen=True)
class TrainingStart:
    """Where the present piece of training began: goals count from here."""

    iteration: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Plan:
    """A goal, and where the piece of training began that is to reach it."""

    goal: Goal
    since: TrainingStart = TrainingStart()

    def total(self, solver: Solver, per_second: float) -> int:
        """Iterations of the whole run by this plan, at this speed (0 if it is not known)."""
        # Without a number of its own a goal has its rule, which ends it or sets the number
        # once a speed is known: until then the length must not end it.
        length = solver.num_iters - self.since.iteration
        otherwise = ITERATIONS[-1] if self.open_ended else max(ITERATIONS[0], length)
        per_epoch = solver.batches.per_epoch
        return self.since.iteration + self.goal.iterations(per_epoch, per_second, otherwise)

    def rule(self) -> StopRule | None:
        """What ends it; None for a number of iterations."""
        if self.goal.kind == "minutes":
            return TimeLimit(self.goal.amount, self.since)
        if self.goal.kind == "plateau":
            return EarlyStopping(int(self.goal.amount), self.since)
        return None

    @property
    def open_ended(self) -> bool:
        """Whether nobody can say beforehand how long it takes."""
        return self.goal.kind == "plateau"


@dataclass(frozen=True)
class TimeLimit:
    """Ends after so many minutes of training since ``since``.

    Until then it keeps the run's length at what the time will allow at the speed so far: the
    progress and the learning rate's schedule end with the time, and not before it.
    """

    minutes: float
    since: TrainingStart

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
class EarlyStopping:
    """Ends after so many validations since ``since`` without a new best."""

    patience: int
    since: TrainingStart

    def __call__(self, solver: Solver) -> str | None:
        if len(solver.val_ids) < 2:
            return "Nothing is held out for validation, so no progress shows: choose another end."
        if not solver.eval_every:
            return "It never validates, so no progress shows: choose another end."
        at, val = solver.history.validations()
        n = self.patience
        late = int((at > self.since.iteration).sum())
        if late < n or len(val) <= n or val[-n:].min() < val[:-n].min():
            return None
        return f"Validation has not improved in the last {n} looks; its best was {val.min():.3f}."
