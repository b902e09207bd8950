"""Samples over time: what the network wrote at each stage, from babble to prose.

Every sample begins with the same seed text and the same random numbers, so that what
differs between two of them is what was learnt in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rnncore import Sampler, Solver

SAMPLE_CHARS = 300
_MOST = 60  # when there are more, every second one goes
_FIRST, _GROWTH = 20, 1.25  # iterations: close together at first, when most changes
_AT_LEAST = 400  # but never farther apart than this


@dataclass(frozen=True)
class Entry:
    """What the network wrote after some iterations, at this smoothed loss."""

    iteration: int
    loss: float
    text: str


@dataclass
class SampleLog:
    """Keeps samples of a training; an observer of a Trainer."""

    seed_text: str
    temperature: float = 0.8
    random_seed: int = 0
    entries: list[Entry] = field(default_factory=list)
    _next: int = 0

    def __call__(self, solver: Solver) -> None:
        if solver.model.vocab is None or (solver.iteration < self._next and not solver.finished):
            return
        if self.entries and self.entries[-1].iteration == solver.iteration:
            return
        text = Sampler(solver.model).sample(
            self.seed_text, SAMPLE_CHARS, self.temperature, seed=self.random_seed
        )
        loss = solver.history["loss"][-50:]
        self.entries.append(
            Entry(solver.iteration, float(loss.mean()) if len(loss) else float("nan"), text)
        )
        if len(self.entries) > _MOST:
            self.entries = self.entries[::2]
        self._plan()

    def restore(self, entries: Iterable[Entry]) -> None:
        """Go on from these entries, as if they had been written here."""
        self.entries = list(entries)
        self._next = 0
        if self.entries:
            self._plan()

    def _plan(self) -> None:
        last = self.entries[-1].iteration
        self._next = min(max(int(last * _GROWTH), last + _FIRST), last + _AT_LEAST)
