"""Charts of the tab Inside: lines along a text or a distance, and characters on a plane."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.analysis.inside.characters import KINDS, Plane
from dashboard.charts.chart_parts import TRAINING, VALIDATION, without_data

POINTS = 400  # of each line
_COLOURS = [TRAINING, VALIDATION, "#7b5ea7", "#3b8f6b", "#8a8a8a", "#cc79a7", "#56b4e9"]
_COLOURS += ["#8c6d31", "#c0392b", "#17a2a2"]  # eight layers, embedding and output
# Okabe and Ito's colours, which colour-blind people can tell apart; the shape shows the kind, too.
_KIND_COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a8a8a"]


def line_rows(
    lines: Mapping[str, NDArray[np.floating]],
    x: str,
    y: str,
    at: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """Return rows (x, y, Network) of lines (n,), at most ``POINTS`` of each, without NaN.

    at: their places on the x axis, (n,); None means 1 to n.
    """
    parts = []
    for name, line in lines.items():
        rows = np.unique(np.linspace(0, len(line) - 1, min(POINTS, len(line))).astype(int))
        places = rows + 1 if at is None else at[rows]
        parts.append(pd.DataFrame({x: places, y: line[rows], "Network": name}))
    table = pd.concat(parts, ignore_index=True)
    return table[np.isfinite(table[y])].reset_index(drop=True)


@cache
def line_spec(x: str, y: str, log: bool, columns: int = 1) -> dict[str, Any]:
    """Return the specification of a line chart of ``line_rows``.

    columns: of the legend; names of networks take the whole width.
    """
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line()
        .encode(
            alt.X(f"{x}:Q", title=x, axis=alt.Axis(tickCount=6)),
            alt.Y(f"{y}:Q", title=y, scale=scale, axis=alt.Axis(tickCount=5)),
            alt.Color(
                "Network:N",
                sort=None,
                scale=alt.Scale(range=_COLOURS),
                legend=alt.Legend(title=None, orient="top", columns=columns, labelLimit=700),
            ),
            tooltip=[
                alt.Tooltip("Network:N"),
                alt.Tooltip(f"{x}:Q", format=","),
                alt.Tooltip(f"{y}:Q", format=".3g"),
            ],
        )
        .properties(height=260)
    )
    return without_data(chart)


def plane_rows(plane: Plane) -> pd.DataFrame:
    """Return rows (Character, Kind, First component, Second component)."""
    return pd.DataFrame(
        {
            "Character": list(plane.chars),
            "Kind": list(plane.kinds),
            "First component": list(plane.x),
            "Second component": list(plane.y),
        }
    )


@cache
def plane_spec() -> dict[str, Any]:
    """Return the specification of a chart of ``plane_rows``, each character as itself."""
    base = alt.Chart(alt.NamedData("rows")).encode(
        alt.X("First component:Q", axis=alt.Axis(tickCount=5)),
        alt.Y("Second component:Q", axis=alt.Axis(tickCount=5)),
        alt.Color(
            "Kind:N",
            scale=alt.Scale(domain=list(KINDS), range=_KIND_COLOURS),
            legend=alt.Legend(title=None, orient="top", columns=4),
        ),
        text="Character:N",
        tooltip=[alt.Tooltip("Character:N"), alt.Tooltip("Kind:N")],
    )
    return without_data(base.mark_text(fontSize=15, fontWeight="bold").properties(height=420))
