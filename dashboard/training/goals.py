"""Training goals: when a training ends, and the stop rules of goals without a fixed length."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.formatting import counted
from dashboard.settings import ITERATIONS, Goal
from dashboard.training.trainer import StopRule
from rnncore import Solver

_ENOUGH = 5  # iterations after which the speed is known well enough


@dataclass(frozen=True)
class TrainingStart:
    """Where training towards the current goal started: the goal counts from here."""

    iteration: int = 0
    seconds: float = 0.0  # of training


@dataclass(frozen=True)
class Plan:
    """A goal, and where training towards it started."""

    goal: Goal
    since: TrainingStart = TrainingStart()

    def total(self, solver: Solver, per_second: float) -> int:
        """Return the length of the whole run in iterations.

        per_second: iterations per second, or 0 if unknown.
        """
        # A goal without a fixed length has a stop rule, which ends training or sets the length
        # once the speed is known. Until then the length must not end training.
        length = solver.num_iters - self.since.iteration
        otherwise = ITERATIONS[-1] if self.open_ended else max(ITERATIONS[0], length)
        per_epoch = solver.batches.per_epoch
        return self.since.iteration + self.goal.iterations(per_epoch, per_second, otherwise)

    def rule(self) -> StopRule | None:
        """Return the stop rule; None if the goal is only a number of iterations or epochs."""
        if self.goal.kind == "minutes":
            return TimeLimit(self.goal.amount, self.since)
        if self.goal.kind == "plateau":
            return EarlyStopping(int(self.goal.amount), self.since)
        if self.goal.patience:
            return EarlyStopping(self.goal.patience, self.since, is_goal=False)
        return None

    @property
    def open_ended(self) -> bool:
        """Whether the length cannot be predicted."""
        return self.goal.kind == "plateau"


@dataclass(frozen=True)
class TimeLimit:
    """Stop after this many minutes of training since ``since``.

    Until then, set the run's length to what the time allows at the current speed, so that the
    progress bar and the learning rate schedule end with the time.
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
    """Stop after this many validations since ``since`` without a new best.

    is_goal: whether nothing else ends the training, so that it cannot do without validation.
    """

    patience: int
    since: TrainingStart
    is_goal: bool = True

    def __call__(self, solver: Solver) -> str | None:
        if not self.is_goal and (len(solver.val_ids) < 2 or not solver.eval_every):
            return None
        if len(solver.val_ids) < 2:
            return (
                "There is no validation text, so progress cannot be measured. Choose another goal."
            )
        if not solver.eval_every:
            return "Validation is turned off, so progress cannot be measured. Choose another goal."
        at, val = solver.history.validations()
        n = self.patience
        late = int((at > self.since.iteration).sum())
        if late < n or len(val) <= n or val[-n:].min() < val[:-n].min():
            return None
        early = "" if self.is_goal else "Training ended early. "
        return (
            f"{early}Validation has not improved in the last {counted(n, 'validation')}. "
            f"The best loss was {val.min():.3f}."
        )
