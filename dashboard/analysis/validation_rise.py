"""Whether the validation loss has risen for good, so that earlier weights are the better ones."""

from __future__ import annotations

import math

import numpy as np

from dashboard.analysis.curve_statistics import Values, robust_deviation

CLEAR_RISE = 0.01  # share above the lowest loss
FAR_RISE = 0.02  # share that a single validation makes clear
ACCIDENT = 0.15  # share that no scatter explains
_MANY = 8  # validations of which the scatter is known
_SINCE = 3  # validations after the lowest: fewer can be chance


def has_risen_clearly(val_losses: Values) -> bool:
    """Return whether the last validations (n,) lie clearly above the lowest one."""
    if len(val_losses) <= _SINCE or np.argmin(val_losses) >= len(val_losses) - _SINCE:
        return False
    lowest, now = float(val_losses.min()), float(np.median(val_losses[-_SINCE:]))
    return now > lowest * (1 + CLEAR_RISE) + 2 * _noise(val_losses)


def best_is_better(val_losses: Values) -> bool:
    """Return whether the best network should be used instead of the latest.

    That is so if the validation losses (n,) have risen clearly, or the last one lies far
    above the lowest. The page preselects the best network then, and only then is the text said to
    be memorised.
    """
    if not len(val_losses) or not np.isfinite(val_losses).all():
        return False
    lowest, last = float(val_losses.min()), float(val_losses[-1])
    # Of few validations the scatter is that of the steep first fall.
    noise = _noise(val_losses[len(val_losses) // 2 :]) if len(val_losses) >= _MANY else 0.0
    far = lowest * (1 + FAR_RISE) + 2 * noise
    return last > min(far, lowest * (1 + ACCIDENT)) or has_risen_clearly(val_losses)


def _noise(val_losses: Values) -> float:
    """Return the deviation of a validation from a smooth curve; a steady rise counts as none."""
    return robust_deviation(np.diff(val_losses, 2)) / math.sqrt(6)
