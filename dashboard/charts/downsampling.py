"""Of a long line the few points that are drawn: its extremes, places at even distances, means."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]  # positions in the line


def pick_extremes(values: Floats, buckets: int) -> Places:
    """At most 2 ``buckets`` places that keep every peak: the extremes of equal stretches."""
    if len(values) <= 2 * buckets:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), buckets + 1).astype(int)
    stretches = [slice(a, b) for a, b in pairwise(edges)]
    return np.unique([s.start + f(values[s]) for s in stretches for f in (np.argmin, np.argmax)])


def pick_evenly(length: int, points: int) -> Places:
    """At most ``points`` equally spaced places, the last one among them."""
    if length <= points:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, points).astype(int))


def trailing_means(values: Floats, places: Places, window: int) -> Floats:
    """Mean of the last ``window`` values at each of these places; what comes later changes none.

    Fewer at the beginning, a fifth of what there is: the steep fall there is not lagged behind.
    """
    widths = np.clip(places // 5 + 1, 1, max(1, window))
    return _means(values, places + 1 - widths, places + 1)


def centred_means(values: Floats, places: Places, reach: int) -> Floats:
    """Mean of the values up to ``reach`` before and after each of these places: without a lag.

    At the beginning it reaches less far on both sides alike, or the steep fall there would be
    drawn too low; at the end, where little happens, it only loses its right half.
    """
    reaches = np.minimum(reach, places)
    return _means(values, places - reaches, np.minimum(places + reaches + 1, len(values)))


def _means(values: Floats, starts: Places, ends: Places) -> Floats:
    means = [values[a:b].sum() / (b - a) for a, b in zip(starts, ends, strict=True)]
    return np.array(means, dtype=np.float64)
