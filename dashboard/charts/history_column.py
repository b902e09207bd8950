"""A small chart of one column of the history: gradient norm or learning rate, below the loss."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.chart_options import ChartOptions
from dashboard.charts.chart_parts import (
    FAINT,
    nearest_point_layers,
    without_data,
    x_title,
    x_tooltip,
    x_values,
)
from dashboard.charts.downsampling import pick_extremes
from rnncore.history import History

COLUMN_TITLES = {"grad_norm": "Gradient norm", "lr": "Learning rate"}


def column_rows(
    history: History, chars_per_epoch: float, column: str, options: ChartOptions
) -> pd.DataFrame:
    """Return at most 300 rows (x, y) of a column of the history."""
    at = pick_extremes(history[column], 150)
    x = x_values(history, at, options.x, chars_per_epoch)
    return pd.DataFrame({"x": x, "y": history[column][at]})


@cache
def column_spec(x_axis: str, column: str) -> dict[str, Any]:
    """Return the specification of a line chart of ``column_rows``, over the loss chart's x axis."""
    title = COLUMN_TITLES[column]
    x = alt.X("x:Q", title=x_title(x_axis), axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y("y:Q", title=title, axis=alt.Axis(tickCount=4))
    rows = alt.Chart(alt.NamedData("rows"))
    line = rows.mark_line(strokeWidth=1.5, color=FAINT).encode(x, y)
    tips = [x_tooltip(x_axis), alt.Tooltip("y:Q", title=title, format=".3g")]
    layers = nearest_point_layers(rows, x, y, tips)
    return without_data(alt.layer(line, *layers).properties(height=110))
