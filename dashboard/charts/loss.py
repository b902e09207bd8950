"""History -> rows of the loss curve and its drawing; a few hundred points, however long the run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.charts.chart_options import ChartOptions, Level, in_unit
from dashboard.charts.chart_parts import (
    FAINT,
    TRAINING,
    VALIDATION,
    hover,
    without_data,
    x_at,
    x_tip,
    x_title,
)
from dashboard.charts.downsampling import Floats, Places, pick_evenly, pick_extremes, trailing_means
from dashboard.charts.level_labels import beside
from rnncore.history import History

# Of the raw loss the least and the greatest of each: at most twice as many points. 300 look the
# same and hold up every click by some 40 ms more.
BUCKETS = 120
TRAINING_NAME, VALIDATION_NAME = "training", "validation"
STAGE = "#9a6fc4"

_UNIT_TITLES = {
    "nats": "loss (nats per character)",
    "bits": "loss (bits per character)",
    "perplexity": "perplexity per character",
}


def loss_rows(history: History, chars_per_epoch: float, view: ChartOptions) -> pd.DataFrame:
    """What the loss chart shows: rows (part, x, y, text, note), at most about 500 of them.

    x of a level: where its name begins, as a share of the width; negative, if below its line.
    """
    loss, val_loss = history["loss"], history["val_loss"]
    raw, mean = pick_extremes(loss, BUCKETS), pick_evenly(len(loss), BUCKETS)
    measured = np.flatnonzero(~np.isnan(val_loss))
    val = measured[pick_evenly(len(measured), BUCKETS)]
    best = measured[[np.argmin(val_loss[measured])]] if len(measured) else measured
    marks = [min(mark.iteration, len(loss)) - 1 for mark in view.marks if len(loss)]
    lowest = min([math.inf, *loss[raw], *val_loss[val]])
    # A level far below the curve would only press it flat; it appears as the curve comes near.
    near = [level for level in view.levels if level.nats > lowest - 1.0]
    levels = sorted(near, key=lambda level: level.nats)
    stage = [] if view.stage is None else [min(view.stage, len(loss)) - 1]

    def at_x(at: Places) -> Floats:
        return x_at(history, at, view.x, chars_per_epoch)

    smooth = trailing_means(loss, mean, view.smoothing)
    begins = beside(
        levels, *map(np.concatenate, ([at_x(mean), at_x(val)], [smooth, val_loss[val]]))
    )

    def shown(level: Level) -> str:
        return f"{level.name} {in_unit(level.nats, view.unit):.2f}"

    parts: list[tuple[str, Floats, Floats, Sequence[str]]] = [  # name, x, y, text
        ("raw", at_x(raw), loss[raw], [TRAINING_NAME] * len(raw)),
        ("mean", at_x(mean), smooth, [TRAINING_NAME] * len(mean)),
        ("val", at_x(val), val_loss[val], [VALIDATION_NAME] * len(val)),
        ("best", at_x(best), val_loss[best], ["best validation"] * len(best)),
        ("level", begins, np.array([level.nats for level in levels]),
         [shown(level) for level in levels]),
        ("mark", at_x(np.array(marks, dtype=int)), np.full(len(marks), np.nan),
         [mark.text for mark in view.marks][: len(marks)]),
        ("stage", at_x(np.array(stage, dtype=int)), np.full(len(stage), np.nan),
         [f"after {view.stage:,} iterations" for _ in stage]),
    ]  # fmt: skip
    notes = {shown(level): level.note for level in levels}
    words = [word for _, _, _, some in parts for word in some]
    # One table in one go: a table for each part and putting them together takes five times as long.
    return pd.DataFrame(
        {
            "x": np.concatenate([x for _, x, _, _ in parts]),
            "y": in_unit(np.concatenate([y for _, _, y, _ in parts]), view.unit),
            "text": pd.Series(words, dtype="str"),
            "note": pd.Series([notes.get(word, "") for word in words], dtype="str"),
            "part": pd.Series([name for name, x, _, _ in parts for _ in x], dtype="str"),
        }
    )


@cache
def loss_spec(x_name: str, unit: str, parts: frozenset[str]) -> dict[str, Any]:
    """The Vega-Lite drawing of ``loss_rows``: raw loss pale, smoothed on top, the best marked.

    ``parts``: those that have rows. Made by Altair once for each choice: making and checking a
    chart anew at every redraw would cost more than the training steps that it shows.
    """
    x = alt.X("x:Q", title=x_title(x_name), axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y("y:Q", title=_UNIT_TITLES[unit], scale=alt.Scale(zero=False))
    colour = alt.Color(
        "text:N",
        scale=alt.Scale(domain=[TRAINING_NAME, VALIDATION_NAME], range=[TRAINING, VALIDATION]),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
    )
    tips = [
        alt.Tooltip("text:N", title="line"),
        x_tip(x_name),
        alt.Tooltip("y:Q", title=unit, format=".3f"),
    ]

    def part(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData("rows")).transform_filter(alt.datum.part == name)

    def level() -> list[alt.Chart]:
        note = [alt.Tooltip("text:N", title="level"), alt.Tooltip("note:N", title="what it is")]
        line = part("level").encode(y=y, tooltip=note)
        at, text = alt.value(alt.expr("width * abs(datum.x)")), alt.Text("text:N")
        over = line.transform_filter(alt.datum.x >= 0).encode(x=at, text=text)
        under = line.transform_filter(alt.datum.x < 0).encode(x=at, text=text)
        return [
            line.mark_rule(strokeDash=[5, 4], color=FAINT),
            over.mark_text(align="left", baseline="alphabetic", dy=-4, color=FAINT, fontSize=11),
            under.mark_text(align="left", baseline="top", dy=4, color=FAINT, fontSize=11),
        ]

    dots = alt.OverlayMarkDef(size=24, filled=True)
    drawings = {
        "stage": [
            part("stage")
            .mark_rule(color=STAGE, size=1.5)
            .encode(x=x, tooltip=[alt.Tooltip("text:N", title="sample below")])
        ],
        "raw": [part("raw").mark_line(opacity=0.3, strokeWidth=1).encode(x, y, colour)],
        "mean": [part("mean").mark_line(strokeWidth=2.5).encode(x, y, colour, tooltip=tips)],
        "val": [
            part("val").mark_line(strokeWidth=2, point=dots).encode(x, y, colour, tooltip=tips)
        ],
        "best": [
            part("best")
            .mark_point(shape="diamond", size=120, strokeWidth=2, color=VALIDATION)
            .encode(x, y, tooltip=tips)
        ],
        "level": level(),
        "mark": [
            part("mark")
            .mark_rule(strokeDash=[2, 3], color=FAINT, size=2)
            .encode(x=x, tooltip=[alt.Tooltip("text:N", title="changed")])
        ],
    }
    layers = [layer for name, some in drawings.items() if name in parts for layer in some]
    lines = [name for name in ("mean", "val") if name in parts]
    points = alt.Chart(alt.NamedData("rows")).transform_filter(
        alt.FieldOneOfPredicate("part", lines)
    )
    # First, so that what lies above keeps tips of its own.
    return without_data(alt.layer(*hover(points, x, y, tips), *layers).properties(height=330))
