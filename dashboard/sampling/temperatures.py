"""Short samples of one network at several temperatures, to see what the temperature does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.sampling.writer import filter_seed_text
from rnncore import RNN, Sampler, Vocab

TEMPERATURES = (0.3, 0.8, 1.3)  # low, middle, high
_LENGTH = 200


@dataclass(frozen=True)
class Comparison:
    """What one network, trained for so many iterations, wrote at each temperature.

    note: what was left out of the seed text, "" if nothing.
    """

    seed_text: str
    note: str
    iteration: int
    samples: Mapping[float, str]


def compare(model: RNN, vocab: Vocab, seed_text: str, iteration: int) -> Comparison:
    """Return a sample at each of TEMPERATURES, with the same random numbers for all.

    Raises RnnCoreError if the network knows no character of the seed text.
    """
    seed_text, note = filter_seed_text(seed_text, vocab)
    sampler = Sampler(model)
    samples = {t: sampler.sample(seed_text, _LENGTH, t, seed=0) for t in TEMPERATURES}
    return Comparison(seed_text, note, iteration, samples)
