"""Downsampling: choose the few points of a long line that are drawn, and average around them.

``ends`` is, for lines whose rows may stand for several iterations, the number of iterations up to
and including each row (``History.ends``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]  # indices into the line
Ends = NDArray[np.int64]


def pick_extremes(values: Floats, buckets: int, ends: Ends | None = None) -> Positions:
    """Return at most 2 ``buckets`` positions: the minimum and maximum of each equal stretch.

    No peak is lost, however short.
    """
    if len(values) <= 2 * buckets:
        return np.arange(len(values))
    edges = np.linspace(0, len(values) if ends is None else ends[-1], buckets + 1).astype(int)
    if ends is not None:
        edges = np.searchsorted(ends, edges, side="right")
    stretches = [slice(a, b) for a, b in pairwise(edges) if a < b]
    return np.unique([s.start + f(values[s]) for s in stretches for f in (np.argmin, np.argmax)])


def pick_evenly(length: int, points: int) -> Positions:
    """Return at most ``points`` evenly spaced positions below ``length``, the last one included."""
    if length <= points:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, points).astype(int))


def pick_rows(ends: Ends, points: int) -> Positions:
    """Return at most ``points`` rows, evenly spaced in iterations, the last one included."""
    iterations = int(ends[-1]) if len(ends) else 0
    return np.unique(np.searchsorted(ends, pick_evenly(iterations, points) + 1))


def nearest(at: Floats, offered: Sequence[int]) -> Floats:
    """Return for each value the nearest of those offered, the smaller of two; NaN without any."""
    if not len(offered):
        return np.full(len(at), np.nan)
    choices = np.sort(np.asarray(offered, dtype=np.float64))
    return choices[np.searchsorted((choices[:-1] + choices[1:]) / 2, at)]


def trailing_means(
    values: Floats, positions: Positions, window: int, ends: Ends | None = None
) -> Floats:
    """Return the mean of the last ``window`` iterations at each position; later ones change none.

    Near the beginning the window is a fifth of the iterations so far: a full window would lag
    behind the steep fall of the loss there.
    """
    if ends is None:
        ends = np.arange(1, len(values) + 1)
    at = ends[positions]
    widths = np.clip((at - 1) // 5 + 1, 1, max(1, window))
    starts = np.minimum(np.searchsorted(ends, at - widths, side="right"), positions)
    counts = np.diff(ends, prepend=0)
    means = [
        np.average(values[a : b + 1], weights=counts[a : b + 1])
        for a, b in zip(starts, positions, strict=True)
    ]
    return np.array(means, dtype=np.float64)


def centred_means(values: Floats, positions: Positions, reach: int) -> Floats:
    """Return the mean of the values up to ``reach`` before and after each position, without lag.

    At the beginning the window shrinks on both sides alike: otherwise the steep fall there would
    be drawn too low. At the end, where the loss changes little, only its right half is cut off.
    """
    reaches = np.minimum(reach, positions)
    return _means(values, positions - reaches, np.minimum(positions + reaches + 1, len(values)))


def _means(values: Floats, starts: Positions, ends: Positions) -> Floats:
    means = [values[a:b].sum() / (b - a) for a, b in zip(starts, ends, strict=True)]
    return np.array(means, dtype=np.float64)
