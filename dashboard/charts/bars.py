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

# The order of the rows. Without it, Vega keeps the order of the data that a chart showed before.
_BY_RANK = alt.EncodingSortField("Rank", op="min")


def frequency_rows(names: Sequence[str], counts: NDArray[np.integer], total: int) -> pd.DataFrame:
    """Return rows (Rank, Character, Count, Share of the text) for counts of ``total`` characters.

    Here and in the other charts, columns are named for the person who opens "Show data".
    """
    return pd.DataFrame(
        {
            "Rank": range(1, len(names) + 1),
            "Character": list(names),
            "Count": counts,
            "Share of the text": counts / max(1, total),
        }
    )


@cache
def frequency_spec() -> dict[str, Any]:
    """Return the specification of a bar chart of ``frequency_rows``."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar(color=TRAINING)
        .encode(
            alt.X("Character:N", sort=_BY_RANK, title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y(
                "Share of the text:Q",
                axis=alt.Axis(format="%", tickCount=4),
            ),
            tooltip=[
                alt.Tooltip("Character:N", title="Character"),
                alt.Tooltip("Count:Q", format=",", title="Count"),
                alt.Tooltip("Share of the text:Q", format=".2%"),
            ],
        )
        .properties(height=150)
    )
    return without_data(chart)


def probability_rows(
    chars: Sequence[str], probabilities: Mapping[str, NDArray[np.floating]]
) -> pd.DataFrame:
    """Return rows (Rank, Character, Probability, Temperature), one for each character and series.

    probabilities: for each series, by its name in the legend, those of ``chars``, (K,).
    """
    return pd.DataFrame(
        {
            "Rank": [*range(1, len(chars) + 1)] * len(probabilities),
            "Character": [display_char(char) for char in chars] * len(probabilities),
            "Probability": np.concatenate(list(probabilities.values())),
            "Temperature": [series for series in probabilities for _ in chars],
        }
    )


@cache
def probability_spec() -> dict[str, Any]:
    """Return the specification of a chart of ``probability_rows``, the series side by side."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_bar()
        .encode(
            alt.X("Character:N", sort=_BY_RANK, title=None, axis=alt.Axis(labelAngle=0)),
            alt.Y("Probability:Q", title="Probability", axis=alt.Axis(format="%", tickCount=4)),
            xOffset=alt.XOffset("Temperature:N", sort=None),
            color=alt.Color(
                "Temperature:N",
                sort=None,
                scale=alt.Scale(range=[FAINT, TRAINING, VALIDATION, "#7b5ea7"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("Character:N", title="Next character"),
                alt.Tooltip("Temperature:N", title="Temperature"),
                alt.Tooltip("Probability:Q", title="Probability", format=".1%"),
            ],
        )
        .properties(height=260)
    )
    return without_data(chart)
