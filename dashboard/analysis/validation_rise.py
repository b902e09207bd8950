"""Whether the validation loss has risen for good, so that earlier weights are the better ones."""

from __future__ import annotations

import math

import numpy as np

from dashboard.analysis.curve_statistics import Values, robust_deviation

CLEAR_RISE = 0.01  # share above the lowest loss
_SINCE = 3  # validations after the lowest: fewer can be chance


def has_risen_clearly(val_losses: Values) -> bool:
    """Return whether the last validations (n,) lie clearly above the lowest one."""
    if len(val_losses) <= _SINCE or np.argmin(val_losses) >= len(val_losses) - _SINCE:
        return False
    noise = robust_deviation(np.diff(val_losses, 2)) / math.sqrt(6)  # a steady rise counts as none
    lowest, now = float(val_losses.min()), float(np.median(val_losses[-_SINCE:]))
    return now > lowest * (1 + CLEAR_RISE) + 2 * noise
