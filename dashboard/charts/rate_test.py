"""The chart of a learning rate range test: loss over rate, with the suggested rate."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.chart_parts import FAINT, TRAINING, VALIDATION, without_data
from rnncore.range_test import RangeTest

_RATE, _LOSS, _SUGGESTED = "Learning rate", "Loss", "Suggested"
_HEIGHT = 170


def rate_rows(found: RangeTest) -> pd.DataFrame:
    """Return rows (Learning rate, Loss, Suggested), the last with the suggested rate.

    A row has a loss in nats per character and no suggestion, or the reverse.
    """
    suggested = [] if found.suggested is None else [found.suggested]
    labels = [None] * len(found.rates) + [f"{rate:g}" for rate in suggested]
    return pd.DataFrame(
        {
            _RATE: [*found.rates, *suggested],
            _LOSS: [*found.losses, *(math.nan for _ in suggested)],
            _SUGGESTED: pd.Series(labels, dtype="string"),
        }
    )


@cache
def rate_spec() -> dict[str, Any]:
    """Return the specification of a chart of ``rate_rows``, with a logarithmic axis of rates."""
    base = alt.Chart(alt.NamedData("rows"))
    x = alt.X(
        f"{_RATE}:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(grid=False, format="~g", values=[10.0**k for k in range(-6, 3)]),
    )
    y = alt.Y(
        f"{_LOSS}:Q", title="Loss (nats)", scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=4)
    )
    tips = [
        alt.Tooltip(f"{_RATE}:Q", format=".2~g"),
        alt.Tooltip(f"{_LOSS}:Q", format=".2f"),
    ]
    suggestion = base.transform_filter(f"isValid(datum['{_SUGGESTED}'])").encode(x)
    chart = alt.layer(
        base.transform_filter(f"isValid(datum['{_LOSS}'])")
        .mark_line(color=TRAINING, strokeWidth=2)
        .encode(x, y, tooltip=tips),
        suggestion.mark_rule(color=VALIDATION, strokeDash=[4, 3], strokeWidth=1.5),
        suggestion.mark_text(align="left", dx=4, dy=4, baseline="top", color=FAINT, fontSize=12)
        .encode(y=alt.value(0), text=f"{_SUGGESTED}:N"),
    )  # fmt: skip
    return without_data(chart.properties(height=_HEIGHT))
