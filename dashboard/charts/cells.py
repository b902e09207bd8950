"""Charts of what happens inside a cell: its gates over a text, and how far gradients reach back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.analysis.network_internals import MIN_GRADIENT, Gates, Reach
from dashboard.charts.axis import round_up
from dashboard.charts.chart_parts import TRAINING, VALIDATION, without_data
from dashboard.text.codepoints import display_char

UNITS = 12  # shown of a layer
SIGMOIDS = frozenset("ifozr")  # parts of a cell that lie from 0 to 1


def gates_rows(gates: Gates, name: str) -> pd.DataFrame:
    """Return rows (Place, Character, Number, Unit, Activation) of one part of the cell.

    name: a key of ``gates.values``. Of all units, those that vary most have rows.
    """
    values = gates.values[name]
    units = np.sort(np.argsort(-values.std(axis=0))[:UNITS])
    chars = [display_char(char) for char in gates.chars]
    # "012|e": the index keeps repeated characters apart and in order.
    places = [f"{t:03}|{char}" for t, char in enumerate(chars)]
    return pd.DataFrame(
        {
            "Place": np.repeat(places, len(units)),
            "Character": np.repeat(chars, len(units)),
            "Number": np.tile(units, len(chars)),
            "Unit": np.tile([f"unit {unit}" for unit in units], len(chars)),
            "Activation": values[:, units].reshape(-1),
        }
    )


def gates_range(gates: Gates, name: str) -> tuple[float, float]:
    """Return the ends of the colour scale: gates lie from 0 to 1, the other parts on both sides."""
    if name in SIGMOIDS:
        return 0.0, 1.0
    most = float(np.abs(gates.values[name]).max(initial=0.0))
    return -max(1.0, round_up(most)), max(1.0, round_up(most))


@cache
def gates_spec(low: float, high: float) -> dict[str, Any]:
    """Return the specification of a heat map of ``gates_rows``, with values from low to high."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_rect()
        .encode(
            alt.X(
                "Place:O",
                title=None,
                # On a narrow chart only some labels fit, and would spell nonsense.
                axis=alt.Axis(
                    labelExpr="width < 300 ? '' : split(datum.label, '|')[1]",
                    labelAngle=0,
                    ticks=False,
                ),
            ),
            alt.Y(
                "Unit:N",
                # Without a field to sort by, Vega keeps the order of the data shown before.
                sort=alt.EncodingSortField("Number", op="min"),
                title=None,
                axis=alt.Axis(labelOverlap=False),
            ),
            alt.Color(
                "Activation:Q",
                scale=alt.Scale(domain=[low, high], scheme="blues" if low == 0 else "blueorange"),
                legend=alt.Legend(title=None, gradientLength=150),
            ),
            tooltip=[
                alt.Tooltip("Character:N", title="Character"),
                alt.Tooltip("Unit:N", title="Unit"),
                alt.Tooltip("Activation:Q", title="Activation", format=".2f"),
            ],
        )
        .properties(height=340)
    )
    return without_data(chart)


def reach_rows(reaches: Mapping[str, Reach]) -> pd.DataFrame:
    """Return rows (Characters back, Share of the gradient left, Cell), for each cell in turn."""
    return pd.DataFrame(
        {
            "Characters back": np.concatenate([reach.steps for reach in reaches.values()]),
            "Share of the gradient left": np.maximum(
                np.concatenate([reach.norm for reach in reaches.values()]), MIN_GRADIENT
            ),
            "Cell": [name for name, reach in reaches.items() for _ in reach.steps],
        }
    )


@cache
def reach_spec() -> dict[str, Any]:
    """Return the specification of a line chart of ``reach_rows`` on a log scale."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(strokeWidth=2.5)
        .encode(
            alt.X("Characters back:Q", title="Characters back"),
            alt.Y(
                "Share of the gradient left:Q",
                title="Share of the gradient left",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(
                    labelExpr="datum.value == 1 ? '1' : format(datum.value, '.0e')", tickCount=6
                ),
            ),
            alt.Color(
                "Cell:N",
                scale=alt.Scale(domain=["LSTM", "Vanilla RNN"], range=[TRAINING, VALIDATION]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("Cell:N", title="Cell"),
                alt.Tooltip("Characters back:Q", title="Characters back"),
                alt.Tooltip("Share of the gradient left:Q", format=".2e"),
            ],
        )
        .properties(height=380)
    )
    return without_data(chart)
