"""Where the y axis ends if a few values lie far above all others."""

from __future__ import annotations

import math

import numpy as np

from dashboard.charts.downsampling import Floats, pick_evenly

_SAMPLE = 2_000  # values that the quantile is estimated from, however long the run
_HIGH = 0.9  # quantile below which ordinary values lie
_SPIKE = 3.0  # times the height of the ordinary values by which a spike exceeds them
_MARGIN = 0.3  # times that height, above the ordinary values


def top_without_spikes(values: Floats, highest: float, begin: float = 0.0) -> float | None:
    """Return where an axis should end that shows ``values`` (n,), or None if they have no spike.

    highest: the largest value, or that of another line on the same axis.
    begin: a height that the axis always shows, such as the loss before any training.
    """
    if not len(values):
        return None
    some = values[pick_evenly(len(values), _SAMPLE)]
    low, high = float(np.min(some)), float(np.quantile(some, _HIGH))
    height = max(high - low, 1e-9)
    if highest <= max(high + _SPIKE * height, begin):
        return None
    return round_up(max(high + _MARGIN * height, begin))


def round_up(value: float) -> float:
    """Return the next number with two significant digits, so that the axis seldom changes."""
    if value <= 0 or not math.isfinite(value):
        return value
    power = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / power - 1e-9) * power:.3g}")
