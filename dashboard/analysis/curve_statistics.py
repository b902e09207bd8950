"""Robust statistics of a noisy curve: trends and scatter that single outliers cannot change.

Losses of single batches are noisy and differ between chapters of a book. A stretch of the curve
is therefore cut into blocks, and each block counts by its median.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

# Share of its value that a loss loses over a stretch: above FAST it falls fast, below SLOW
# it is flat.
FAST, SLOW = 0.03, 0.007
_CLEAR = 2.5  # standard errors by which a slope must differ from 0


@dataclass(frozen=True)
class Trend:
    """A straight line through the block medians of a stretch.

    begin, end: its values at both ends. length: rows in the stretch. clear: whether the slope
    stands out against the scatter of the medians. doubt: share of the value by which the fall may
    be larger, because of that scatter.
    """

    begin: float
    end: float
    length: int
    clear: bool
    doubt: float = 0.0
    smoothed: bool = True

    @property
    def fall(self) -> float:
        """Share of the value lost over the stretch; negative if it rose."""
        return (self.begin - self.end) / max(abs(self.begin), 1e-12)

    @property
    def falls(self) -> bool:
        """Whether it falls clearly and by more than the share SLOW."""
        return self.clear and self.fall >= SLOW

    @property
    def rises(self) -> bool:
        """Whether it rises clearly and by more than the share SLOW."""
        return self.clear and self.fall <= -SLOW

    @property
    def unclear(self) -> bool:
        """Whether the scatter could hide a fast fall."""
        return not self.clear and self.fall + self.doubt > FAST


def fit_trend(stretch: Values) -> Trend:
    """Return the least-squares line through the medians of ten blocks of ``stretch`` (n,)."""
    medians = block_medians(stretch, 10)
    x = np.arange(len(medians)) - (len(medians) - 1) / 2
    middle = float(medians.mean())
    if len(medians) < 4:
        return Trend(middle, middle, len(stretch), clear=False)
    slope = float(x @ medians / (x @ x))
    residual = medians - middle - slope * x
    error = math.sqrt(float(residual @ residual) / (len(x) - 2) / float(x @ x))
    change = slope * len(x)
    clear = abs(slope) > _CLEAR * error
    doubt = _CLEAR * error * len(x) / max(abs(middle), 1e-12)
    return Trend(middle - change / 2, middle + change / 2, len(stretch), clear, doubt)


def fit_validations(val: Values) -> Trend:
    """Return the trend of validation losses (m,), 2 or more: from the first to the last.

    Of six or more, the medians of the first and last three count. The trend is clear if the
    least-squares line is, or if there are too few for one.
    """
    line, ends = fit_trend(val), 3 if len(val) >= 6 else 1
    begin, end = float(np.median(val[:ends])), float(np.median(val[-ends:]))
    clear = len(val) < 4 or (line.clear and (line.fall > 0) == (begin > end))
    return Trend(begin, end, len(val), clear, line.doubt, smoothed=ends > 1)


def recent_trend(losses: Values) -> Trend:
    """Return the trend of the last quarter, unless a shorter or longer stretch shows a fall.

    The last tenth shows a fall that has just begun after a long plateau. The last half shows a
    fall that is too slow to be clear in a quarter; it counts only if the quarter falls as well.
    """
    n = len(losses)
    quarter = fit_trend(last_quarter(losses))
    tenth = fit_trend(losses[-max(min(n, 50), n // 10) :])
    if tenth.clear and tenth.fall > max(FAST, quarter.fall):
        return tenth
    half = fit_trend(losses[-max(min(n, 100), n // 2) :])
    if not quarter.clear and half.clear and min(quarter.fall, half.fall / 2) > SLOW:
        return half
    return quarter


def last_quarter(values: Values) -> Values:
    """Return the last quarter of ``values`` (n,), but at least 50 of them if there are as many."""
    n = len(values)
    return values[n - max(min(n, 50), n // 4) :]


def block_medians(values: Values, blocks: int) -> Values:
    """Return the medians of ``values`` (n,) in ``blocks`` parts of about equal size."""
    parts = np.array_split(values, min(blocks, len(values)))
    return np.array([np.median(part) for part in parts])


def robust_deviation(values: Values) -> float:
    """Return the standard deviation, estimated from the median absolute deviation.

    The factor 1.4826 makes the two equal for a normal distribution. Outliers do not count.
    """
    if not len(values):
        return 0.0
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))
