"""Surprise of one or two networks on the same text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.analysis.inside.painting import FULL_BITS, Painted, paint
from dashboard.analysis.inside.reading import Reading, Values
from dashboard.text.codepoints import display_char
from rnncore import RNN, inspect

ALTERNATIVES = 3
FULL_DIFFERENCE = 4.0  # bits of difference that are painted in the full colour
WINDOW = 100  # characters of the moving average


@dataclass(frozen=True, eq=False)
class Cost:
    """What a text cost a network: bits of each known character (T,), and what it expected."""

    reading: Reading
    predictions: inspect.Predictions
    chars: tuple[str, ...]

    @property
    def mean(self) -> float:
        """Bits per character, or NaN if fewer than two characters are known."""
        bits = self.predictions.bits
        return float(np.nanmean(bits)) if np.isfinite(bits).any() else float("nan")

    @property
    def smooth(self) -> Values:
        """The moving average of the bits at each character of the text, NaN for unknown ones."""
        return self.reading.on_text(inspect.moving_average(self.predictions.bits, WINDOW))

    @property
    def bits(self) -> Values:
        """The bits of each character of the text, NaN for unknown ones."""
        return self.reading.on_text(self.predictions.bits)


def measure_cost(network: RNN, reading: Reading, progress: inspect.Progress | None = None) -> Cost:
    """Return what the reading's text costs the network."""
    state = None
    ids, lead = reading.ids, reading.context[-1:]
    if len(lead):
        # The last character of the context is read with the text, so that the first character
        # of the text has a prediction.
        state = inspect.state_after(network, reading.context[:-1])
        ids = np.concatenate([lead, ids])
    found = inspect.predict(network, ids, ALTERNATIVES, state=state, progress=progress)
    n = len(lead)
    cut = inspect.Predictions(found.bits[n:], found.ids[n:], found.probabilities[n:])
    assert network.vocab is not None
    return Cost(reading, cut, network.vocab.idx_to_char)


def paint_cost(cost: Cost) -> Painted:
    """Return the text tinted by the bits of each character, with the alternatives."""
    found, reading = cost.predictions, cost.reading
    shown = [display_char(char) for char in cost.chars]
    likely = [""] * len(reading.text)
    percents: list[list[int]] = [[] for _ in reading.text]
    for place, ids, p in zip(
        reading.places.tolist(), found.ids.tolist(), found.probabilities, strict=True
    ):
        if p[0] == p[0]:
            likely[place] = "\t".join([shown[i] for i in ids])
            percents[place] = [round(100 * float(value)) for value in p]
    return paint(reading.text, cost.bits, FULL_BITS, "bits", likely, percents)


def paint_difference(first: Cost, second: Cost) -> Painted:
    """Return the text painted by the bits that the second network needs more than the first."""
    return paint(first.reading.text, second.bits - first.bits, FULL_DIFFERENCE, "bits more")


def describe(costs: dict[str, Cost]) -> str:
    """Return a sentence such as "1.90 bits by A, 2.60 by B"."""
    parts = [
        f"{cost.mean:.2f} {'bits ' * (i == 0)}by {n}" for i, (n, cost) in enumerate(costs.items())
    ]
    if any(cost.mean != cost.mean for cost in costs.values()):
        return "The first character has no context, so one character alone costs nothing known."
    return "Per character: " + ", ".join(parts) + "."
