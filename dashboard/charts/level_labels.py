"""Where a level's name stands beside its line."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from dashboard.charts.chart_options import Level
from dashboard.charts.downsampling import Floats

# In hundredths of the chart: where a name may begin, how long and how high it is.
_PLACES, _WIDTH, _HEIGHT = (10, 25, 40, 55, 70), 30, 7


def beside(levels: Sequence[Level], x: Floats, y: Floats) -> Floats:
    """Where each level's name begins, below its line if negative: where neither the curves (x, y)
    nor another name or level is near."""
    along = 100 * x / max(1e-9, x.max(initial=0.0))
    height = _HEIGHT / 100 * np.ptp(np.append(y, [level.nats for level in levels] or 0.0))
    begins: list[int] = []

    def middle(level: Level, begin: int) -> float:
        return level.nats + math.copysign(height / 2, begin)  # a name stands on its line

    for level in levels:

        def clearance(begin: int, level: Level = level) -> float:
            at = abs(begin)
            curve = y[(along >= at) & (along <= at + _WIDTH)]
            lines = [other.nats for other in levels if other is not level]
            names = [
                middle(other, place)
                for other, place in zip(levels, begins, strict=False)
                if abs(abs(place) - at) < _WIDTH
            ]
            near = np.abs(np.append(curve, [*lines, *names, math.inf]) - middle(level, begin))
            return min(1.5 * height, float(near.min()))

        begins.append(max((*_PLACES, *(-p for p in _PLACES)), key=clearance))
    return np.array(begins) / 100
