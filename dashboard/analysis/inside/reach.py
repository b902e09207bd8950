"""Reach: how far back a network looks, from one character and on average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.analysis.inside.painting import Painted, paint
from dashboard.analysis.inside.reading import Reading, Values
from dashboard.text.codepoints import display_char
from rnncore import RNN, inspect

WINDOW, COUNT = 200, 32  # of the mean reach
NEGLIGIBLE = 0.01  # share of the largest reach below which a character counts as without influence


@dataclass(frozen=True, eq=False)
class MeanReach:
    """The mean reach at each distance as a share of the largest, (window,), entry 0 the nearest."""

    share: Values
    seq_length: int | None = None

    @property
    def extent(self) -> int:
        """The distance beyond which the share stays below ``NEGLIGIBLE``."""
        above = np.flatnonzero(self.share >= NEGLIGIBLE)
        return int(above[-1]) + 1 if len(above) else 0


def reach_at(network: RNN, reading: Reading, at: int) -> tuple[Painted | None, str]:
    """Return the text shaded by how much each character moved the prediction of ``text[at]``.

    Without an earlier character, the picture is None and the sentence says so.
    """
    place = reading.place_of(at)
    if place < 1:
        return None, "Click a later character: the first one has nothing before it."
    norms = inspect.reach(network, reading.ids, place)
    largest = float(norms.max())
    values = np.full(len(reading.ids), np.nan)
    values[:place] = norms / largest if largest > 0 else 0
    # The influence falls fast: the square root keeps its tail visible.
    shown = paint(reading.text, reading.on_text(np.sqrt(values)), 1.0)
    numbers = [None if v != v else round(100 * v) for v in reading.on_text(values).tolist()]
    above = np.flatnonzero(values[:place] >= NEGLIGIBLE)
    back = place - int(above[0]) if len(above) else 0
    return (
        Painted(shown.text, shown.levels, numbers, "of the largest influence"),
        f"The prediction of “{display_char(reading.text[at])}”, the marked character, depends on "
        f"characters up to {back:,} back (1 % of the largest influence or more). Click another "
        "character to see what its prediction depends on.",
    )


def mean_reach(
    network: RNN,
    ids: NDArray[np.integer],
    seq_length: int | None = None,
    progress: inspect.Progress | None = None,
) -> MeanReach | None:
    """Return the mean reach over a text, or None if the text is too short for it."""
    window = min(WINDOW, (len(ids) - 1) // 2)
    if window < 2:
        return None
    found = inspect.reach_by_distance(network, ids, window, COUNT, progress=progress)
    largest = float(found.max())
    return MeanReach(found / largest if largest > 0 else found, seq_length)


def describe(reaches: Mapping[str, MeanReach]) -> str:
    """Return a sentence with how far each network looks back on average."""
    parts = [f"{name} {reach.extent:,} characters" for name, reach in reaches.items()]
    return "On average the influence falls below 1 % after: " + ", ".join(parts) + "."


def shares_above_rounding(reach: MeanReach) -> Values:
    """Return the shares, NaN where float32 has only rounding errors left."""
    return np.where(reach.share < 1e-6, np.nan, reach.share)
