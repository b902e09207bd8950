"""What goes on in a cell: its gates over a text, and what is left of a gradient on the way back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.analysis.network_internals import MIN_GRADIENT, Gates, Reach
from dashboard.charts.chart_parts import TRAINING, VALIDATION, without_data
from dashboard.text.codepoints import display_char

UNITS = 12  # of a layer, those that are shown


def gates_rows(gates: Gates, name: str) -> pd.DataFrame:
    """What one gate does at each character, in the units where it changes most."""
    values = gates.gates[name]
    units = np.sort(np.argsort(-values.std(axis=0))[:UNITS])
    chars = [display_char(char) for char in gates.chars]
    # A place is "012|e": distinct and in order, though the same letter comes often.
    places = [f"{t:03}|{char}" for t, char in enumerate(chars)]
    return pd.DataFrame(
        {
            "place": np.repeat(places, len(units)),
            "char": np.repeat(chars, len(units)),
            "unit": np.tile([f"unit {unit}" for unit in units], len(chars)),
            "value": values[:, units].reshape(-1),
        }
    )


@cache
def gates_spec(low: float) -> dict[str, Any]:
    """A heat map of ``gates_rows``, whose values lie between ``low`` and 1."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_rect()
        .encode(
            alt.X(
                "place:O",
                title=None,
                # Where there is no room for all of them, some would spell nonsense.
                axis=alt.Axis(
                    labelExpr="width < 300 ? '' : split(datum.label, '|')[1]",
                    labelAngle=0,
                    ticks=False,
                ),
            ),
            alt.Y("unit:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
            alt.Color(
                "value:Q",
                scale=alt.Scale(domain=[low, 1], scheme="blues" if low == 0 else "blueorange"),
                legend=alt.Legend(title=None, gradientLength=150),
            ),
            tooltip=["char:N", "unit:N", alt.Tooltip("value:Q", format=".2f")],
        )
        .properties(height=340)
    )
    return without_data(chart)


def reach_rows(reaches: Mapping[str, Reach]) -> pd.DataFrame:
    """What is left of a gradient so many steps back, for each cell by its name."""
    return pd.DataFrame(
        {
            "steps": np.concatenate([reach.steps for reach in reaches.values()]),
            "norm": np.maximum(
                np.concatenate([reach.norm for reach in reaches.values()]), MIN_GRADIENT
            ),
            "cell": [name for name, reach in reaches.items() for _ in reach.steps],
        }
    )


@cache
def reach_spec() -> dict[str, Any]:
    """Lines of ``reach_rows`` on a log scale."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(strokeWidth=2.5)
        .encode(
            alt.X("steps:Q", title="characters back"),
            alt.Y(
                "norm:Q",
                title="share of the gradient left",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(
                    labelExpr="datum.value == 1 ? '1' : format(datum.value, '.0e')", tickCount=6
                ),
            ),
            alt.Color(
                "cell:N",
                scale=alt.Scale(domain=["LSTM", "Vanilla RNN"], range=[TRAINING, VALIDATION]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["cell:N", "steps:Q", alt.Tooltip("norm:Q", format=".2e")],
        )
        .properties(height=380)
    )
    return without_data(chart)
