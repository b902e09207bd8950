"""The rows of a history as a line: thinned rows as the range of the values that they stand for."""

from __future__ import annotations

import numpy as np

from dashboard.charts.downsampling import Floats, Positions, pick_extremes, pick_rows
from rnncore.history import History

_REPORT_BUCKETS = 2_000  # of a thinned history, for the report: more than its drawing has


def pick_range(history: History, column: str, buckets: int) -> tuple[Positions, Floats]:
    """Return at most 2 ``buckets`` rows and values: the lowest and highest of each equal stretch.

    A thinned row counts with its minimum and maximum, if the column has them.
    """
    values, n, m = history[column], len(history), history.thinned
    if not m:
        rows = pick_extremes(values, buckets)
        return rows, values[rows]
    rows = np.concatenate([np.repeat(np.arange(m), 2), np.arange(m, n)])
    line = values[rows]
    if f"{column}_min" in ("loss_min", "grad_norm_min"):
        line[: 2 * m : 2] = history[f"{column}_min"][:m]
        line[1 : 2 * m : 2] = history[f"{column}_max"][:m]
    at = pick_extremes(line, buckets, history.ends[rows])
    return rows[at], line[at]


def report_lines(history: History) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    """Return iterations and losses of two lines: with all extremes, and of means."""
    iteration, loss = history["iteration"], history["loss"]
    if not history.thinned:
        return (iteration, loss), (iteration, loss)
    rows, values = pick_range(history, "loss", _REPORT_BUCKETS)
    even = pick_rows(history.ends, _REPORT_BUCKETS)
    return (iteration[rows], values), (iteration[even], loss[even])


def describe_thinning(history: History) -> str:
    """Return a sentence about the iterations that have no row of their own, or ""."""
    if not history.thinned:
        return ""
    return (
        f"Iterations up to {history.thinned_until:,} are kept as the means, minima and maxima of "
        f"stretches of up to {int(history['iterations'][0]):,} iterations."
    )
