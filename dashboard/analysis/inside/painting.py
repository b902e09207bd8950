"""Levels: values as one of seventeen colours, from -8 (orange) over 0 (none) to 8 (blue)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = 8
FULL_BITS = 8.0  # surprise that is painted in the full colour
_ZERO = ord("i")  # "a" stands for -8, "i" for 0, "q" for 8
UNKNOWN = "."

Values = NDArray[np.floating]


@dataclass(frozen=True)
class Painted:
    """A text and, for each character, a level's letter and a number for the tooltip.

    numbers: in hundredths, None where there is no value. unit: follows the number, such as "bits".
    likely, percents: for each character its likeliest alternatives and their probabilities.
    """

    text: str
    levels: str
    numbers: list[int | None]
    unit: str = ""
    likely: list[str] | None = None
    percents: list[list[int]] | None = None


def paint(
    text: str,
    values: Values,
    scale: float,
    unit: str = "",
    likely: list[str] | None = None,
    percents: list[list[int]] | None = None,
) -> Painted:
    """Return a text painted by values (len(text),), NaN for none; ``scale`` has the full colour."""
    return Painted(text, to_levels(values, scale), to_numbers(values), unit, likely, percents)


def to_levels(values: Values, scale: float) -> str:
    """Return a letter for each value: "a" for -scale or less, "i" for 0, "q" for scale or more."""
    known = np.isfinite(values)
    share = np.where(known, values, 0) / (scale or 1)
    steps = np.rint(np.clip(share, -1, 1) * LEVELS).astype(np.int8)
    return np.where(known, steps + _ZERO, ord(UNKNOWN)).astype(np.uint8).tobytes().decode("ascii")


def to_numbers(values: Values) -> list[int | None]:
    """Return each value in hundredths, None for NaN."""
    return [None if v != v else round(100 * v) for v in values.astype(float).tolist()]


def scale_of(values: Values, part: str) -> float:
    """Return the value of the full colour: 1, or for a cell state one that few values exceed."""
    if part != "c":
        return 1.0
    known = np.abs(values[np.isfinite(values)])
    return max(1.0, float(np.quantile(known, 0.98))) if len(known) else 1.0
