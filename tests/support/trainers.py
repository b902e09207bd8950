"""Small trainers for tests, and functions that wait for their threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from dashboard.settings import TrainSettings
from dashboard.training import trainer as trainer_module
from dashboard.training.scheduler import Scheduler
from dashboard.training.status import Phase
from dashboard.training.trainer import Trainer
from rnncore import RNN, Solver

IDS = np.tile(np.arange(7, dtype=np.uint8), 60)
LONG = 1_000_000  # iterations: more than any test trains
# The settings of ``new_solver``.
SETTINGS = TrainSettings(lr=4e-3, schedule="constant", num_iters=LONG, eval_every=math.inf)
PATIENCE = 20.0  # seconds before a wait fails; it usually takes a few hundredths


def new_solver(num_iters: int = LONG, **settings: object) -> Solver:
    model = RNN(7, input_dim=3, hidden_dim=4)
    arguments = {
        "seq_length": 5,
        "batch_size": 2,
        "lr": 4e-3,
        "schedule": "constant",
        "eval_every": 0,
    }
    return Solver(IDS, model, num_iters=num_iters, **{**arguments, **settings})


@contextmanager
def short_lived(patch: pytest.MonkeyPatch) -> Iterator[Callable[..., Trainer]]:
    """Yield a function that makes trainers with short chunks; pause them after the test."""
    patch.setattr(trainer_module, "CHUNK_SECONDS", 0.01)
    made: list[Trainer] = []

    def make(solver: Solver | None = None, scheduler: Scheduler | None = None) -> Trainer:
        made.append(
            Trainer(solver or new_solver(), Scheduler(1) if scheduler is None else scheduler)
        )
        return made[-1]

    yield make
    for trainer in made:
        stopped(trainer)


def until(condition: Callable[[], object]) -> None:
    """Wait until another thread has made the condition true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(0.002)


def until_phase(trainer: Trainer, phase: Phase) -> None:
    until(lambda: trainer.status().phase is phase)


def stopped(trainer: Trainer) -> int:
    """Pause, wait for the thread to end, and return the iteration."""
    trainer.pause()
    trainer.join()
    return trainer.solver.iteration


def trainer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "trainer"]
