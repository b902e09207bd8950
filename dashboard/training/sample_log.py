"""The sample log: texts that the network wrote at different stages of its training.

All samples use the same seed text and the same random numbers, so that differences between
them come from training alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rnncore import Sampler, Solver

SAMPLE_CHARS = 600
MAX_ENTRIES = 60  # with more, every second one is dropped
# Iterations between samples: few at first, when samples change most, then a share of all so far.
_FIRST_GAP, _GROWTH, _LARGEST_GAP = 20, 1.25, 400


@dataclass(frozen=True)
class Entry:
    """A sample taken after this many iterations, and the mean loss at that time."""

    iteration: int
    loss: float  # nats per character, ``History.recent_loss``
    text: str


@dataclass
class SampleLog:
    """Takes samples during training; a callback of the trainer."""

    seed_text: str
    temperature: float = 0.8
    random_seed: int = 0
    entries: list[Entry] = field(default_factory=list)
    _next: int = 0  # the iteration of the next sample

    def __call__(self, solver: Solver) -> None:
        if solver.model.vocab is None or (solver.iteration < self._next and not solver.finished):
            return
        self._take(solver)

    def before_pause(self, solver: Solver) -> None:
        """Take a sample of a network that will train no further for now, even if none is due."""
        if solver.model.vocab is not None and solver.iteration:
            self._take(solver)

    def _take(self, solver: Solver) -> None:
        if self.entries and self.entries[-1].iteration == solver.iteration:
            return
        text = Sampler(solver.model).sample(
            self.seed_text, SAMPLE_CHARS, self.temperature, seed=self.random_seed
        )
        self.entries.append(Entry(solver.iteration, solver.history.recent_loss(), text))
        if len(self.entries) > MAX_ENTRIES:
            self.entries = self.entries[::2]
        self._schedule_next()

    def restore(self, entries: Iterable[Entry]) -> None:
        """Replace the entries, and continue as if they had been taken here."""
        self.entries = list(entries)
        self._next = 0
        if self.entries:
            self._schedule_next()

    def _schedule_next(self) -> None:
        last = self.entries[-1].iteration
        self._next = min(max(int(last * _GROWTH), last + _FIRST_GAP), last + _LARGEST_GAP)
