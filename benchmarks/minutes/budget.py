"""Train for a given time, with a schedule that ends when the time is used up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from benchmarks.worker import child_ids

# The first iterations allocate buffers, so they say little about the speed.
WARM_UP = 5
# The length is planned anew whenever this share of the time has passed.
REPLAN = 0.02


class Trainee(Protocol):
    """A network in training."""

    num_params: int

    def step(self) -> None:
        """Train on one batch."""

    def set_length(self, iterations: int) -> None:
        """Spread the schedule over so many iterations."""

    def finish(self) -> None:
        """Do what is left after the last iteration."""

    def evaluate(self) -> float:
        """Return the loss on all validation text, in nats per character."""


def processor_seconds() -> float:
    """Return the processor time of this process and of its child processes."""
    return time.process_time() + sum(map(_child_seconds, child_ids()))


def _child_seconds(pid: str) -> float:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def plan(done: int, per_iteration: float, left: float) -> int:
    """Return the length of a training: iterations so far, and those that the time allows."""
    return done + max(0, round(left / per_iteration))


def train_within(
    trainee: Trainee,
    seconds: float,
    now: Callable[[], float],
    after_tenth: Callable[[], None] | None = None,
) -> int:
    """Train for so many seconds of the clock ``now`` and return the iterations.

    The speed is measured from the first iterations and again throughout the training, because
    other programs change it. after_tenth: called after each tenth of the time, which does not
    count; not after the last.
    """
    started, done, length = now(), 0, 0
    warm, replan_at, tenth = 0.0, 0.0, 1
    while not length or done < length:
        trainee.step()
        done += 1
        used = now() - started
        if done == WARM_UP:
            warm = used
        if done > WARM_UP and used >= replan_at:
            length = plan(done, (used - warm) / (done - WARM_UP), seconds - used)
            trainee.set_length(length)
            replan_at = used + REPLAN * seconds
        if after_tenth is not None and tenth < 10 and used >= tenth * seconds / 10:
            tenth += 1
            paused = now()
            after_tenth()
            started += now() - paused
    trainee.finish()
    return done


def train_iterations(trainee: Trainee, iterations: int) -> int:
    """Train for so many iterations and return them."""
    trainee.set_length(iterations)
    for _ in range(iterations):
        trainee.step()
    trainee.finish()
    return iterations
