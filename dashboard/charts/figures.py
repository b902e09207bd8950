"""The small charts: a text's characters, odds of the next one, gates, what is left of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts.drawing import FAINT, TRAINING, VALIDATION, without_data


def frequency_rows(names: Sequence[str], counts: NDArray[np.integer], total: int) -> pd.DataFrame:
    """Characters, how often they occur and which share of the text they are."""
    return pd.DataFrame({"char": list(names), "count": counts, "share": counts / max(1, total)})


@cache
def frequency_spec() -> dict[str, Any]:
    """Bars of ``frequency_rows``."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(color=TRAINING)
        .encode(
            alt.X("char:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("share:Q", title="share", axis=alt.Axis(format="%", tickCount=4)),
            tooltip=[
                alt.Tooltip("char:N", title="character"),
                alt.Tooltip("count:Q", format=",", title="count"),
                alt.Tooltip("share:Q", format=".2%"),
            ],
        )
        .properties(height=150)
    )
    return without_data(chart)


@cache
def odds_spec() -> dict[str, Any]:
    """Bars of the next character's odds (char, odds, at), side by side for each ``at``."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar()
        .encode(
            alt.X("char:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("odds:Q", title="probability", axis=alt.Axis(format="%", tickCount=4)),
            xOffset=alt.XOffset("at:N", sort=None),
            color=alt.Color(
                "at:N",
                sort=None,
                scale=alt.Scale(range=[FAINT, TRAINING, VALIDATION, "#7b5ea7"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["char:N", "at:N", alt.Tooltip("odds:Q", format=".1%")],
        )
        .properties(height=180)
    )
    return without_data(chart)


@cache
def gates_spec(low: float) -> dict[str, Any]:
    """A heat map of activations (place, char, unit, value) between ``low`` and 1."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_rect()
        .encode(
            alt.X(
                "place:O",
                title=None,
                # A place is "012|e": distinct and in order, though the same letter comes often.
                axis=alt.Axis(labelExpr="split(datum.label, '|')[1]", labelAngle=0, ticks=False),
            ),
            alt.Y("unit:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
            alt.Color(
                "value:Q",
                scale=alt.Scale(domain=[low, 1], scheme="blues" if low == 0 else "blueorange"),
                legend=alt.Legend(title=None, gradientLength=150),
            ),
            tooltip=["char:N", "unit:N", alt.Tooltip("value:Q", format=".2f")],
        )
        .properties(height=280)
    )
    return without_data(chart)


@cache
def reach_spec() -> dict[str, Any]:
    """Lines of what is left of a gradient (steps, norm, cell), on a log scale."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(strokeWidth=2.5)
        .encode(
            alt.X("steps:Q", title="characters back"),
            alt.Y(
                "norm:Q",
                title="share of the gradient left",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format=".0e", tickCount=6),
            ),
            alt.Color(
                "cell:N",
                scale=alt.Scale(domain=["LSTM", "Vanilla RNN"], range=[TRAINING, VALIDATION]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["cell:N", "steps:Q", alt.Tooltip("norm:Q", format=".2e")],
        )
        .properties(height=260)
    )
    return without_data(chart)
