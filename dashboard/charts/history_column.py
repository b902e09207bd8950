"""A small chart of one column of the history: gradient norm or learning rate, below the loss."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.axis import top_without_spikes
from dashboard.charts.chart_options import ChartOptions
from dashboard.charts.chart_parts import (
    FAINT,
    nearest_point_layers,
    without_data,
    x_encoding,
    x_title,
    x_tooltip,
    x_values,
)
from dashboard.charts.history_line import pick_range
from rnncore.history import History

COLUMN_TITLES = {"grad_norm": "Gradient norm", "lr": "Learning rate"}
HEIGHT = 180  # with the labels and the title of the x axis, which take about 50


def column_chart(
    history: History, chars_per_epoch: float, column: str, options: ChartOptions
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return rows and specification of the chart of a column of the history."""
    rows = column_rows(history, chars_per_epoch, column, options)
    values = rows[COLUMN_TITLES[column]].to_numpy()
    # The learning rate rises and falls as it was set; only the norm has peaks by chance.
    spikes = column == "grad_norm" and len(rows) > 0
    top = top_without_spikes(history[column], float(values.max())) if spikes else None
    return rows, column_spec(options.x, column, top)


def column_rows(
    history: History, chars_per_epoch: float, column: str, options: ChartOptions
) -> pd.DataFrame:
    """Return at most 300 rows of a column of the history, named as the axes are."""
    history = history.view()  # the trainer may append meanwhile
    at, values = pick_range(history, column, 150)
    x = x_values(history, at, options.x, chars_per_epoch)
    return pd.DataFrame({x_title(options.x): x, COLUMN_TITLES[column]: values})


@lru_cache(maxsize=64)
def column_spec(x_axis: str, column: str, top: float | None = None) -> dict[str, Any]:
    """Return the specification of a line chart of ``column_rows``, over the loss chart's x axis.

    top: where the y axis ends; None for the largest value.
    """
    x, title = x_encoding(x_axis), COLUMN_TITLES[column]
    scale = alt.Scale() if top is None else alt.Scale(domainMax=top)
    y = alt.Y(
        field=title,
        type="quantitative",
        axis=alt.Axis(tickCount=3, format="~g", labelOverlap=True),
        scale=scale,
    )
    rows = alt.Chart(alt.NamedData("rows"))
    line = rows.mark_line(strokeWidth=1.5, color=FAINT, clip=True).encode(x, y)
    tips = [x_tooltip(x_axis), alt.Tooltip(field=title, type="quantitative", format=".3g")]
    layers = nearest_point_layers(rows, x, y, tips, along_x=True)
    return without_data(alt.layer(line, *layers).properties(height=HEIGHT))
