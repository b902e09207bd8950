"""The chart that compares runs: their losses over one axis, a colour for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.analysis.baselines import Baseline
from dashboard.charts.baseline_labels import place_labels
from dashboard.charts.chart_options import in_unit
from dashboard.charts.chart_parts import (
    FAINT,
    level_label_layers,
    nearest_point_layers,
    validation_x,
    without_data,
    x_title,
    x_values,
)
from dashboard.charts.downsampling import Floats, pick_evenly, pick_rows, trailing_means
from dashboard.charts.loss import LABEL_AT, TRAINING_NAME, UNIT_TITLES, VALIDATION_NAME
from rnncore.history import History

POINTS = 160  # of each line; eight runs have 16 of them
RUN, LINE = "Run", "Line"
LEVEL = "level"  # the value of LINE of a simpler model
# Distinct for most kinds of colour vision, with a contrast of 3 to 1 on white and on black.
COLOURS = (
    "#2f7fd1", "#d9661f", "#2a9d6a", "#a968d6", "#c2497c", "#8a7a1f", "#1898a8", "#7d7f86",
)  # fmt: skip
SHOWN = {"both": (TRAINING_NAME, VALIDATION_NAME), "training": (TRAINING_NAME,),
         "validation": (VALIDATION_NAME,)}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A run on the chart."""

    title: str
    history: History
    chars_per_epoch: float


@dataclass(frozen=True)
class Look:
    """How the chart is drawn. ``x`` is a key of X_AXES, ``shown`` one of SHOWN."""

    x: str = "Iterations"
    unit: str = "nats"
    smoothing: int = 100  # iterations
    shown: str = "both"
    log_x: bool = False
    log_y: bool = False

    @property
    def has_log_y(self) -> bool:
        """Whether the y axis is logarithmic."""
        return self.log_y or self.unit == "perplexity"


def comparison_chart(
    lines: Sequence[Line], look: Look, levels: Sequence[tuple[str, float]] = ()
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return rows and specification of the chart.

    levels: names and losses (nats per character) of simpler models, drawn as horizontal lines.
    """
    rows = comparison_rows(lines, look)
    losses = rows[UNIT_TITLES[look.unit]]
    near = [
        (name, float(in_unit(nats, look.unit)))
        for name, nats in levels
        # A level far from all lines would flatten them.
        if len(rows)
        and in_unit(nats - 1.0, look.unit) < losses.max()
        and in_unit(nats + 1.0, look.unit) > losses.min()
    ]
    near.sort(key=lambda level: level[1])
    of_levels = pd.DataFrame(
        {
            RUN: pd.Series([f"{name} {value:.2f}" for name, value in near], dtype="str"),
            LINE: pd.Series([LEVEL] * len(near), dtype="str"),
            UNIT_TITLES[look.unit]: np.array([value for _, value in near], dtype=np.float64),
            LABEL_AT: _place_labels(near, rows, look),
        }
    )
    if near:
        rows = pd.concat([rows, of_levels], ignore_index=True)
    titles = tuple(line.title for line in lines)
    return rows, comparison_spec(titles, look, bool(near))


def _place_labels(levels: list[tuple[str, float]], rows: pd.DataFrame, look: Look) -> Floats:
    """Return where the labels of the levels begin, as ``place_labels`` does."""
    x, y = (rows[name].to_numpy() for name in (x_title(look.x), UNIT_TITLES[look.unit]))
    heights = np.array([value for _, value in levels], dtype=np.float64)
    if look.log_x and len(x):
        x = np.log(x) - np.log(x.min())
    if look.has_log_y:
        y, heights = np.log(y), np.log(heights)
    some = np.isfinite(y)
    placed = [Baseline("", float(height), "") for height in heights]
    return place_labels(placed, x[some], y[some])


def comparison_rows(lines: Sequence[Line], look: Look) -> pd.DataFrame:
    """Return the rows: RUN, LINE, and the two columns named like the axes."""
    runs: list[str] = []
    names: list[str] = []
    xs: list[Floats] = []
    ys: list[Floats] = []

    def add(title: str, name: str, x: Floats, y: Floats) -> None:
        kept = (x > 0) if look.log_x else np.ones(len(x), bool)
        runs.extend([title] * int(kept.sum()))
        names.extend([name] * int(kept.sum()))
        xs.append(x[kept])
        ys.append(y[kept])

    for line in lines:
        history, per_epoch = line.history.view(), line.chars_per_epoch
        if TRAINING_NAME in SHOWN[look.shown]:
            ends = history.ends
            at = pick_rows(ends, POINTS)
            loss = trailing_means(history["loss"], at, look.smoothing, ends)
            add(line.title, TRAINING_NAME, x_values(history, at, look.x, per_epoch), loss)
        if VALIDATION_NAME in SHOWN[look.shown]:
            table = history.validation_table()
            at = pick_evenly(table.shape[1], POINTS)
            add(line.title, VALIDATION_NAME, validation_x(table, look.x, per_epoch)[at],
                table[-1][at])  # fmt: skip
    return pd.DataFrame(
        {
            RUN: pd.Series(runs, dtype="str"),
            LINE: pd.Series(names, dtype="str"),
            x_title(look.x): np.concatenate(xs) if xs else np.empty(0),
            UNIT_TITLES[look.unit]: in_unit(np.concatenate(ys) if ys else np.empty(0), look.unit),
        }
    )


@lru_cache(maxsize=32)
def comparison_spec(
    titles: tuple[str, ...], look: Look, with_levels: bool = False
) -> dict[str, Any]:
    """Return the Vega-Lite specification of the rows; ``titles`` in the order of the colours."""
    x = alt.X(
        field=x_title(look.x),
        type="quantitative",
        axis=alt.Axis(
            grid=False,
            tickCount=8,
            labelOverlap=True,
            format="~s" if look.log_x else alt.Undefined,
        ),
        scale=alt.Scale(type="log" if look.log_x else "linear", nice=False),
    )
    log_y = look.has_log_y
    y = alt.Y(
        field=UNIT_TITLES[look.unit],
        type="quantitative",
        scale=alt.Scale(type="log", nice=False) if log_y else alt.Scale(zero=False),
    )
    colour = alt.Color(
        f"{RUN}:N",
        scale=alt.Scale(domain=list(titles), range=list(COLOURS[: len(titles)])),
        legend=alt.Legend(title=None, orient="bottom", columns=2, labelLimit=320, symbolOpacity=1),
    )
    dash = alt.StrokeDash(
        f"{LINE}:N",
        scale=alt.Scale(domain=[VALIDATION_NAME, TRAINING_NAME], range=[[1, 0], [5, 3]]),
        legend=alt.Legend(title=None, orient="top") if look.shown == "both" else None,
    )
    tips = [
        alt.Tooltip(f"{RUN}:N"),
        alt.Tooltip(f"{LINE}:N"),
        alt.Tooltip(field=x_title(look.x), type="quantitative",
                    format=",.2f" if look.x == "Epochs" else ",.0f"),
        alt.Tooltip(field=UNIT_TITLES[look.unit], type="quantitative", format=".3f"),
    ]  # fmt: skip
    rows = alt.Chart(alt.NamedData("rows"))
    curves = rows.transform_filter(alt.datum[LINE] != LEVEL)
    line = curves.mark_line(strokeWidth=2, clip=True).encode(x, y, colour, strokeDash=dash)
    layers = [*nearest_point_layers(curves, x, y, tips), line]
    if with_levels:
        level = rows.transform_filter(alt.datum[LINE] == LEVEL).encode(y=y)
        rule = level.mark_rule(strokeDash=[2, 4], color=FAINT)
        layers += [rule, *level_label_layers(level, RUN, LABEL_AT)]
    return without_data(alt.layer(*layers).properties(height=360))
