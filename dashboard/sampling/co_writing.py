"""CoWriting: a text that a person and a network write together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.network_internals import apply_temperature
from rnncore import Sampler, Vocab

MAX_CONTEXT = 2_000  # characters that the network reads again before each new one
_MAX_STRETCH = 200  # characters that the network adds at most, if no word or line ends


@dataclass(frozen=True)
class Choices:
    """The K likeliest next characters, in order of their probability at a temperature.

    probabilities: the network's own, (K,). tempered: the same at the temperature, (K,).
    """

    chars: tuple[str, ...]
    probabilities: NDArray[np.floating]
    tempered: NDArray[np.floating]


@dataclass(frozen=True)
class CoWriting:
    """The text so far, with a sampler on a copy of the network.

    seed_text: the text that writing began with, without characters undone since. written: the
    characters after it. iteration: of the training, when the network was copied.
    """

    sampler: Sampler
    seed_text: str
    written: str = ""
    iteration: int = 0

    @property
    def text(self) -> str:
        """The seed text and the characters written after it."""
        return self.seed_text + self.written

    @property
    def vocab(self) -> Vocab:
        """The characters that can be written."""
        assert self.sampler.vocab is not None
        return self.sampler.vocab

    def next_probabilities(self) -> NDArray[np.floating]:
        """Return the network's probabilities for the next character, (V,)."""
        return self.sampler.next_probabilities(self.text[-MAX_CONTEXT:])

    def choices(self, count: int, temperature: float) -> Choices:
        """Return the ``count`` likeliest next characters at a temperature."""
        probabilities = self.next_probabilities()
        tempered = apply_temperature(probabilities, temperature)
        best = np.argsort(-tempered, kind="stable")[:count]
        chars = tuple(self.vocab.idx_to_char[i] for i in best)
        return Choices(chars, probabilities[best], tempered[best])

    def write(self, char: str) -> CoWriting:
        """Return the text with ``char`` added."""
        return replace(self, written=self.written + char)

    def write_until(self, ends: str, temperature: float) -> CoWriting:
        """Return the text continued by the network up to and including one of the ``ends``.

        An end before anything but white space was written does not count.
        """
        written = ""
        for char in self.sampler.stream(self.text[-MAX_CONTEXT:], _MAX_STRETCH, temperature):
            written += char
            if char in ends and written.strip():
                break
        return replace(self, written=self.written + written)

    def undo(self) -> CoWriting:
        """Return the text without its last character; the first character stays."""
        if self.written:
            return replace(self, written=self.written[:-1])
        return replace(self, seed_text=self.seed_text[:-1] or self.seed_text)
