"""Bar charts over characters: their frequency in a text, their probability of coming next."""

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
    """Return rows (char, count, share): how often each character occurs in ``total`` characters."""
    return pd.DataFrame({"char": list(names), "count": counts, "share": counts / max(1, total)})


@cache
def frequency_spec() -> dict[str, Any]:
    """Return the specification of a bar chart of ``frequency_rows``."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(color=TRAINING)
        .encode(
            alt.X("char:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("share:Q", title="Share of the text", axis=alt.Axis(format="%", tickCount=4)),
            tooltip=[
                alt.Tooltip("char:N", title="Character"),
                alt.Tooltip("count:Q", format=",", title="Count"),
                alt.Tooltip("share:Q", format=".2%", title="Share of the text"),
            ],
        )
        .properties(height=150)
    )
    return without_data(chart)


def probability_rows(
    chars: Sequence[str], probabilities: Mapping[str, NDArray[np.floating]]
) -> pd.DataFrame:
    """Return rows (char, probability, series), one for each character and each series.

    probabilities: for each series, by its name in the legend, those of ``chars``, (K,).
    """
    return pd.DataFrame(
        {
            "char": [display_char(char) for char in chars] * len(probabilities),
            "probability": np.concatenate(list(probabilities.values())),
            "series": [series for series in probabilities for _ in chars],
        }
    )


@cache
def probability_spec() -> dict[str, Any]:
    """Return the specification of a chart of ``probability_rows``, the series side by side."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar()
        .encode(
            alt.X("char:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("probability:Q", title="Probability", axis=alt.Axis(format="%", tickCount=4)),
            xOffset=alt.XOffset("series:N", sort=None),
            color=alt.Color(
                "series:N",
                sort=None,
                scale=alt.Scale(range=[FAINT, TRAINING, VALIDATION, "#7b5ea7"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("char:N", title="Next character"),
                alt.Tooltip("series:N", title="Temperature"),
                alt.Tooltip("probability:Q", title="Probability", format=".1%"),
            ],
        )
        .properties(height=260)
    )
    return without_data(chart)
