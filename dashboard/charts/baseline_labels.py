"""Where to write each baseline's name, so that no curve and no other name crosses it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dashboard.analysis.baselines import Baseline
from dashboard.charts.downsampling import Floats

# In hundredths of the chart: where a label may begin, how wide and how high it is. The right end
# comes first, because the curve arrives there last.
_STARTS, _WIDTH, _HEIGHT = (70, 55, 40, 25, 10), 30, 7


def place_labels(
    baselines: Sequence[Baseline], x: Floats, y: Floats, end: float | None = None
) -> Floats:
    """Return where each baseline's label begins, as a share of the chart's width.

    A negative share puts the label below its line, a positive one above. Each label takes the
    place farthest from the curves' points (x, y), the other lines and the labels before it.
    end: x at the right end of the chart, by default that of the last point.
    """
    along = 100 * x / max(1e-9, x.max(initial=0.0) if end is None else end)
    height = _HEIGHT / 100 * np.ptp(np.append(y, [base.nats for base in baselines] or 0.0))
    starts: list[int] = []

    def middle(baseline: Baseline, start: int) -> float:
        return baseline.nats + math.copysign(height / 2, start)

    for baseline in baselines:

        def clearance(start: int, baseline: Baseline = baseline) -> float:
            at = abs(start)
            curve = y[(along >= at) & (along <= at + _WIDTH)]
            lines = [other.nats for other in baselines if other is not baseline]
            labels = [
                middle(other, taken)
                for other, taken in zip(baselines, starts, strict=False)
                if abs(abs(taken) - at) < _WIDTH
            ]
            near = np.abs(np.append(curve, [*lines, *labels, math.inf]) - middle(baseline, start))
            return min(1.5 * height, float(near.min()))

        starts.append(max((*_STARTS, *(-start for start in _STARTS)), key=clearance))
    return np.array(starts) / 100
