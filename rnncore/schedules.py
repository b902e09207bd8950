"""Learning-rate schedules: the factor on the base rate at each iteration.

A schedule is a pure function of the iteration, so a resumed run needs nothing
but the iteration to go on exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from rnncore import checks


def _constant(progress: float) -> float:
    return 1.0


def _step(progress: float) -> float:
    # Halved at 50, 60, 70, 80 and 90 % of the run, as char-rnn does after its first epochs.
    return 0.5 ** max(0, math.floor(progress * 10 + 1e-9) - 4)


def _cosine(progress: float) -> float:
    # Loshchilov and Hutter (2017), "SGDR", without restarts; to 1 % so that the end still moves.
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
}


@dataclass(frozen=True)
class Schedule:
    """A shape over ``num_iters`` iterations, after a linear warm-up of ``warmup`` ones."""

    name: str
    num_iters: int
    warmup: int = 0

    def __post_init__(self) -> None:
        checks.check_choice("schedule", self.name, SCHEDULES)
        checks.check_whole("num_iters", self.num_iters, 1)
        checks.check_whole("warmup", self.warmup, 0)

    def factor(self, iteration: int) -> float:
        """The factor for update number ``iteration`` (0 for the first); past the end, the last."""
        if iteration < self.warmup:
            return (iteration + 1) / (self.warmup + 1)
        span = max(1, self.num_iters - self.warmup)
        return SCHEDULES[self.name](min(1.0, (iteration - self.warmup) / span))
