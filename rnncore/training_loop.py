"""The loops that train for some seconds or to the end of a run, and how they stop.

Ctrl-C, a signal handler or another thread can stop training at any moment. It then ends
after the current iteration, never within one (``compute.uninterrupted``).
"""

from __future__ import annotations

import contextlib
import sys
import time
from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from rnncore import checks
from rnncore.compute import uninterrupted
from rnncore.history import History
from rnncore.progress import ProgressLine
from rnncore.schedules import ScheduledLearningRate

R = TypeVar("R")


class Stopped(Exception):
    """A validation was ended by ``stop``; the next iteration begins with it."""


class TrainingLoop(ScheduledLearningRate):
    """The loops of ``Solver``, which defines what an iteration is."""

    iteration: int
    seconds: float
    batch_size: int
    seq_length: int
    history: History
    validation_due = False  # whether the last iteration still lacks its validation
    stopping = False  # whether ``stop`` was called

    @abstractmethod
    def step(self) -> float:
        """Train one iteration."""

    @abstractmethod
    def validate_if_due(self) -> None:
        """Measure the validation loss of the last iteration, if that is due."""

    @property
    def finished(self) -> bool:
        """Whether all ``num_iters`` iterations are done."""
        return self.iteration >= self.num_iters

    @property
    def chars_seen(self) -> int:
        """Characters of training text read so far."""
        return self.iteration * self.batch_size * self.seq_length

    def train_for(self, seconds: float) -> int:
        """Train until the time is up or the run is finished; return the iterations done.

        Ctrl-C and ``stop`` end it after the current iteration.
        """
        checks.check_number("seconds", seconds, 0.0)
        self.stopping = False
        return self.run_uninterrupted(partial(self._train_for, seconds))

    def _train_for(self, seconds: float) -> int:
        start, deadline = self.iteration, time.perf_counter() + seconds
        if self.finished:
            self.validate_if_due()
        with contextlib.suppress(Stopped):
            while not self.finished and not self.stopping and time.perf_counter() < deadline:
                self.step()
        return self.iteration - start

    def train(
        self, progress: bool | None = None, after_chunk: Callable[[Any], None] | None = None
    ) -> History:
        """Train to the end of the run and return the history.

        progress: whether to show losses, speed and time left on standard error; None means only
            in a terminal.
        after_chunk: called with the solver after every half second of training, for example
            to save it.

        Ctrl-C and ``stop`` end training after the current iteration; call ``train`` again to
        continue.
        """
        shows = sys.stderr.isatty() if progress is None else progress
        line = ProgressLine(self) if shows else None
        self.stopping = False
        try:
            self.run_uninterrupted(partial(self._train, line, after_chunk))
        except KeyboardInterrupt:
            pass
        finally:
            if line is not None:
                line.close()
        return self.history

    def _train(self, line: ProgressLine | None, after_chunk: Callable[[Any], None] | None) -> None:
        while not self.stopping and (self.validation_due or not self.finished):
            self._train_for(0.5)
            if line is not None:
                line.show(self)
            if after_chunk is not None:
                after_chunk(self)

    def stop(self) -> None:
        """End a ``train`` or ``train_for`` that runs now, after its current iteration.

        A signal handler or another thread may call this. A validation is ended at once; the
        next call of ``step``, ``train`` or ``train_for`` repeats it.
        """
        self.stopping = True

    def run_uninterrupted(self, task: Callable[[], R]) -> R:
        """Run a task; if Ctrl-C interrupts it, stop it and raise that when it has ended."""
        if uninterrupted.in_main_thread():
            self.stopping = False
        return uninterrupted.run(task, self.stop)
