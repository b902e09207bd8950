"""Bars of characters: how often a text has them, how likely each is to come next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.charts.chart_parts import FAINT, TRAINING, VALIDATION, without_data
from dashboard.text.codepoints import display_char


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


def probability_rows(
    chars: Sequence[str], odds: Mapping[str, NDArray[np.floating]]
) -> pd.DataFrame:
    """The odds of these characters (K,) at each of several temperatures, by what that is called."""
    return pd.DataFrame(
        {
            "char": [display_char(char) for char in chars] * len(odds),
            "odds": np.concatenate(list(odds.values())),
            "at": [at for at in odds for _ in chars],
        }
    )


@cache
def probability_spec() -> dict[str, Any]:
    """Bars of ``odds_rows``, side by side for each ``at``."""
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
        .properties(height=260)
    )
    return without_data(chart)
