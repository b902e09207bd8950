"""The loss chart: a few hundred rows from a history of any length, and their specification."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboard.analysis.baselines import Baseline
from dashboard.charts.baseline_labels import place_labels
from dashboard.charts.chart_options import ChartOptions, in_unit
from dashboard.charts.chart_parts import (
    FAINT,
    TRAINING,
    VALIDATION,
    nearest_point_layers,
    without_data,
    x_title,
    x_tooltip,
    x_values,
)
from dashboard.charts.downsampling import (
    Floats,
    Positions,
    pick_evenly,
    pick_extremes,
    trailing_means,
)
from dashboard.formatting import counted
from rnncore.history import History

# Each bucket of the raw loss gives two points. 300 buckets look the same as 120, but each click
# would take about 40 ms longer.
BUCKETS = 120
TRAINING_NAME, VALIDATION_NAME = "training", "validation"
STAGE = "#9a6fc4"  # colour of the line at the iteration whose sample is shown

_UNIT_TITLES = {
    "nats": "Loss (nats per character)",
    "bits": "Loss (bits per character)",
    "perplexity": "Perplexity per character",
}


def loss_rows(history: History, chars_per_epoch: float, options: ChartOptions) -> pd.DataFrame:
    """Return rows (part, x, y, text, note) of the loss chart, at most about 500 of them.

    part: raw, mean, val, best, baseline, mark or stage. x of a baseline is where its label
    begins, as a share of the chart's width, negative if the label goes below the line.
    """
    loss, val_loss = history["loss"], history["val_loss"]
    raw, mean = pick_extremes(loss, BUCKETS), pick_evenly(len(loss), BUCKETS)
    measured = np.flatnonzero(~np.isnan(val_loss))
    val = measured[pick_evenly(len(measured), BUCKETS)]
    best = measured[[np.argmin(val_loss[measured])]] if len(measured) else measured
    # After a checkpoint was restored, a mark or stage can lie beyond the end of the history.
    marks = [min(mark.iteration, len(loss)) - 1 for mark in options.marks if len(loss)]
    stage = [] if options.stage is None else [min(options.stage, len(loss)) - 1]
    lowest = min([math.inf, *loss[raw], *val_loss[val]])
    # A baseline far below the curve would flatten it; it appears once the curve comes near.
    near = [base for base in options.baselines if base.nats > lowest - 1.0]
    baselines = sorted(near, key=lambda base: base.nats)

    def at_x(at: Positions) -> Floats:
        return x_values(history, at, options.x, chars_per_epoch)

    smooth = trailing_means(loss, mean, options.smoothing)
    curves_x = np.concatenate([at_x(mean), at_x(val)])
    label_starts = place_labels(baselines, curves_x, np.concatenate([smooth, val_loss[val]]))

    def label(baseline: Baseline) -> str:
        return f"{baseline.name} {in_unit(baseline.nats, options.unit):.2f}"

    parts: list[tuple[str, Floats, Floats, Sequence[str]]] = [  # part, x, y, text
        ("raw", at_x(raw), loss[raw], [TRAINING_NAME] * len(raw)),
        ("mean", at_x(mean), smooth, [TRAINING_NAME] * len(mean)),
        ("val", at_x(val), val_loss[val], [VALIDATION_NAME] * len(val)),
        ("best", at_x(best), val_loss[best], ["best validation"] * len(best)),
        ("baseline", label_starts, np.array([base.nats for base in baselines]),
         [label(base) for base in baselines]),
        ("mark", at_x(np.array(marks, dtype=int)), np.full(len(marks), np.nan),
         [mark.text for mark in options.marks][: len(marks)]),
        ("stage", at_x(np.array(stage, dtype=int)), np.full(len(stage), np.nan),
         [f"after {counted(options.stage or 0, 'iteration')}" for _ in stage]),
    ]  # fmt: skip
    notes = {label(base): base.note for base in baselines}
    texts = [text for _, _, _, some in parts for text in some]
    # Concatenating a table for each part takes five times as long.
    return pd.DataFrame(
        {
            "x": np.concatenate([x for _, x, _, _ in parts]),
            "y": in_unit(np.concatenate([y for _, _, y, _ in parts]), options.unit),
            "text": pd.Series(texts, dtype="str"),
            "note": pd.Series([notes.get(text, "") for text in texts], dtype="str"),
            "part": pd.Series([name for name, x, _, _ in parts for _ in x], dtype="str"),
        }
    )


@cache
def loss_spec(x_axis: str, unit: str, parts: frozenset[str]) -> dict[str, Any]:
    """Return the Vega-Lite specification of ``loss_rows``, with a layer for each of ``parts``.

    Cached: Altair takes longer to build and check a chart than the training steps between two
    redraws take.
    """
    x = alt.X("x:Q", title=x_title(x_axis), axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y("y:Q", title=_UNIT_TITLES[unit], scale=alt.Scale(zero=False))
    colour = alt.Color(
        "text:N",
        scale=alt.Scale(domain=[TRAINING_NAME, VALIDATION_NAME], range=[TRAINING, VALIDATION]),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
    )
    tips = [
        alt.Tooltip("text:N", title="Line"),
        x_tooltip(x_axis),
        alt.Tooltip("y:Q", title=unit, format=".3f"),
    ]

    def part(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData("rows")).transform_filter(alt.datum.part == name)

    def baseline() -> list[alt.Chart]:
        tips = [
            alt.Tooltip("text:N", title="Baseline"),
            alt.Tooltip("note:N", title="How it works"),
        ]
        line = part("baseline").encode(y=y, tooltip=tips)
        at, text = alt.value(alt.expr("width * abs(datum.x)")), alt.Text("text:N")
        above = line.transform_filter(alt.datum.x >= 0).encode(x=at, text=text)
        below = line.transform_filter(alt.datum.x < 0).encode(x=at, text=text)
        return [
            line.mark_rule(strokeDash=[5, 4], color=FAINT),
            above.mark_text(align="left", baseline="alphabetic", dy=-4, color=FAINT, fontSize=11),
            below.mark_text(align="left", baseline="top", dy=4, color=FAINT, fontSize=11),
        ]

    dots = alt.OverlayMarkDef(size=24, filled=True)
    layers_of = {
        "stage": [
            part("stage")
            .mark_rule(color=STAGE, size=1.5)
            .encode(x=x, tooltip=[alt.Tooltip("text:N", title="Sample shown")])
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
        "baseline": baseline(),
        "mark": [
            part("mark")
            .mark_rule(strokeDash=[2, 3], color=FAINT, size=2)
            .encode(x=x, tooltip=[alt.Tooltip("text:N", title="Changed")])
        ],
    }
    layers = [layer for name, some in layers_of.items() if name in parts for layer in some]
    lines = [name for name in ("mean", "val") if name in parts]
    points = alt.Chart(alt.NamedData("rows")).transform_filter(
        alt.FieldOneOfPredicate("part", lines)
    )
    # The nearest-point layers come first, so that the layers above keep their own tooltips.
    nearest = nearest_point_layers(points, x, y, tips)
    return without_data(alt.layer(*nearest, *layers).properties(height=330))
