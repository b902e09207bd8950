"""Learning rate schedules: the factor by which the base rate is multiplied at each iteration.

A schedule depends on the iteration only, so a resumed run continues with the same rates.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rnncore import checks


def _constant(progress: float) -> float:
    return 1.0


def _step(progress: float) -> float:
    # Halved at 50, 60, 70, 80 and 90 % of the run; char-rnn decays its rate in steps as well.
    return 0.5 ** max(0, math.floor(progress * 10 + 1e-9) - 4)


def _cosine(progress: float) -> float:
    # Loshchilov and Hutter (2017), "SGDR", without restarts. It ends at 1 %, not at 0, so that
    # the last iterations still change the model.
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
}


@dataclass(frozen=True)
class Schedule:
    """A schedule over ``num_iters`` iterations, of which the first ``warmup`` rise linearly.

    name: a name in ``SCHEDULES``.
    """

    name: str
    num_iters: int
    warmup: int = 0

    def __post_init__(self) -> None:
        checks.check_choice("schedule", self.name, SCHEDULES)
        checks.check_whole("num_iters", self.num_iters, 1)
        checks.check_whole("warmup", self.warmup, 0)

    def factor(self, iteration: int) -> float:
        """Return the factor for an iteration (0 for the first); after the end it stays the same."""
        if iteration < self.warmup:
            return (iteration + 1) / (self.warmup + 1)
        span = max(1, self.num_iters - self.warmup)
        return SCHEDULES[self.name](min(1.0, (iteration - self.warmup) / span))


class ScheduledLearningRate:
    """A base learning rate with a schedule. All its settings can change during training."""

    def __init__(self, lr: float, schedule: str, num_iters: int, warmup: int):
        self.lr = lr
        self._schedule = Schedule(schedule, num_iters, warmup)

    def lr_at(self, iteration: int) -> float:
        """Return the learning rate of an iteration (0 for the first)."""
        return self._lr * self._schedule.factor(iteration)

    @property
    def lr(self) -> float:
        """Base learning rate; a new value takes effect at the next iteration."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr = checks.check_number("lr", value, 0.0, 100.0, open_low=True)

    @property
    def num_iters(self) -> int:
        """Iterations of the whole run, over which the schedule is spread."""
        return self._schedule.num_iters

    @num_iters.setter
    def num_iters(self, value: int) -> None:
        self._schedule = Schedule(self._schedule.name, value, self._schedule.warmup)

    @property
    def schedule(self) -> str:
        """Name of the learning rate schedule."""
        return self._schedule.name

    @schedule.setter
    def schedule(self, name: str) -> None:
        checks.check_choice("schedule", name, SCHEDULES)
        self._schedule = Schedule(name, self._schedule.num_iters, self._schedule.warmup)

    @property
    def warmup(self) -> int:
        """Iterations in which the learning rate rises to its base value."""
        return self._schedule.warmup

    @warmup.setter
    def warmup(self, value: int) -> None:
        self._schedule = Schedule(self._schedule.name, self._schedule.num_iters, value)
