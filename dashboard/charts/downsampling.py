"""Downsampling: choose the few points of a long line that are drawn, and average around them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]  # indices into the line


def pick_extremes(values: Floats, buckets: int) -> Positions:
    """Return at most 2 ``buckets`` positions: the minimum and maximum of each equal stretch.

    No peak is lost, however short.
    """
    if len(values) <= 2 * buckets:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), buckets + 1).astype(int)
    stretches = [slice(a, b) for a, b in pairwise(edges)]
    return np.unique([s.start + f(values[s]) for s in stretches for f in (np.argmin, np.argmax)])


def pick_evenly(length: int, points: int) -> Positions:
    """Return at most ``points`` evenly spaced positions below ``length``, the last one included."""
    if length <= points:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, points).astype(int))


def trailing_means(values: Floats, positions: Positions, window: int) -> Floats:
    """Return the mean of the last ``window`` values at each position; later values change none.

    Near the beginning the window is a fifth of the values so far: a full window would lag behind
    the steep fall of the loss there.
    """
    widths = np.clip(positions // 5 + 1, 1, max(1, window))
    return _means(values, positions + 1 - widths, positions + 1)


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
