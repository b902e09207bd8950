"""History -> gradient norm or learning rate, to stand below the loss."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.chart_options import ChartOptions
from dashboard.charts.chart_parts import FAINT, hover, without_data, x_at, x_tip, x_title
from dashboard.charts.downsampling import pick_extremes
from rnncore.history import History

COLUMN_TITLES = {"grad_norm": "gradient norm", "lr": "learning rate"}


def column_rows(
    history: History, chars_per_epoch: float, column: str, view: ChartOptions
) -> pd.DataFrame:
    """A column of the history (x, y), at most 300 rows."""
    at = pick_extremes(history[column], 150)
    return pd.DataFrame({"x": x_at(history, at, view.x, chars_per_epoch), "y": history[column][at]})


@cache
def column_spec(x_name: str, column: str) -> dict[str, Any]:
    """Gradient norm or learning rate, to stand below the loss over the same x."""
    title = COLUMN_TITLES[column]
    x = alt.X("x:Q", title=x_title(x_name), axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y("y:Q", title=title, axis=alt.Axis(tickCount=4))
    rows = alt.Chart(alt.NamedData("rows"))
    line = rows.mark_line(strokeWidth=1.5, color=FAINT).encode(x, y)
    tips = [x_tip(x_name), alt.Tooltip("y:Q", title=title, format=".3g")]
    return without_data(alt.layer(line, *hover(rows, x, y, tips)).properties(height=110))
