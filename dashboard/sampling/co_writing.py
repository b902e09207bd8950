"""Pen: a text that a person and a network write in turns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.network_internals import apply_temperature
from rnncore import Sampler, Vocab

MOST = 2_000  # characters that are read again at each turn
_LONGEST_STRETCH = 200  # characters, if no end of a word or line comes


@dataclass(frozen=True)
class Choices:
    """The likeliest next characters: their odds as the network has them and at a temperature,
    by which they are in order; (K,) each."""

    chars: tuple[str, ...]
    probabilities: NDArray[np.floating]
    tempered: NDArray[np.floating]


@dataclass(frozen=True)
class CoWriting:
    """The text so far, and the network (as it was when the pen was taken up).

    seed_text: what it began with, as far as that is not taken back. written: what came after.
    iteration: of the training that the network was copied from.
    """

    sampler: Sampler
    seed_text: str
    written: str = ""
    iteration: int = 0

    @property
    def text(self) -> str:
        """All of it."""
        return self.seed_text + self.written

    @property
    def vocab(self) -> Vocab:
        """The characters that may be written."""
        assert self.sampler.vocab is not None
        return self.sampler.vocab

    def next_probabilities(self) -> NDArray[np.floating]:
        """The network's probabilities for the next character, (V,)."""
        return self.sampler.next_probabilities(self.text[-MOST:])

    def choices(self, count: int, temperature: float) -> Choices:
        """So many characters that may come next, the likeliest first."""
        odds = self.next_probabilities()
        bent = apply_temperature(odds, temperature)
        best = np.argsort(-bent, kind="stable")[:count]
        chars = tuple(self.vocab.idx_to_char[i] for i in best)
        return Choices(chars, odds[best], bent[best])

    def write(self, char: str) -> CoWriting:
        """The text with one character more."""
        return replace(self, written=self.written + char)

    def write_until(self, ends: str, temperature: float) -> CoWriting:
        """The text as the network goes on, to the first of these characters."""
        written = ""
        for char in self.sampler.stream(self.text[-MOST:], _LONGEST_STRETCH, temperature):
            written += char
            if char in ends and written.strip():
                break
        return replace(self, written=self.written + written)

    def undo(self) -> CoWriting:
        """The text without its last character; the first one stays."""
        if self.written:
            return replace(self, written=self.written[:-1])
        return replace(self, seed_text=self.seed_text[:-1] or self.seed_text)
