"""The loss chart: a few hundred rows from a history of any length, and their specification."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.analysis.baselines import Baseline
from dashboard.charts.axis import top_of_axis, x_end, y_domain
from dashboard.charts.baseline_labels import place_labels
from dashboard.charts.chart_options import ChartOptions, in_unit
from dashboard.charts.chart_parts import (
    FAINT,
    TRAINING,
    VALIDATION,
    level_label_layers,
    nearest_point_layers,
    validation_x,
    without_data,
    x_encoding,
    x_title,
    x_tooltip,
    x_values,
)
from dashboard.charts.downsampling import (
    Floats,
    Positions,
    nearest,
    pick_evenly,
    pick_rows,
    trailing_means,
)
from dashboard.charts.history_line import pick_range
from dashboard.formatting import counted, three_decimals
from rnncore.history import History

# Each bucket of the raw loss gives two points. 300 buckets look the same as 120, but each click
# would take about 40 ms longer.
BUCKETS = 120
TRAINING_NAME, VALIDATION_NAME = "training", "validation"
STAGE = "#9a6fc4"  # colour of the line at the iteration whose sample is shown

# Insets of the plot in pixels, the same for every run: the stage slider below it relies on them.
_AXIS_WIDTH, _PADDING = 22, {"left": 8, "right": 22, "top": 10, "bottom": 6}

# Of the y axis, and of its column of the rows.
UNIT_TITLES = {
    "nats": "Loss (nats per character)",
    "bits": "Loss (bits per character)",
    "perplexity": "Perplexity per character",
}


# What a row belongs to, and its name in the table that "Show data" opens.
LINES = {
    "raw": "every batch",
    "mean": "training, smoothed",
    "val": "validation",
    "best": "best validation",
    "baseline": "baseline",
    "mark": "changed setting",
    "stage": "sample shown",
}
LINE, LABEL, NOTE, LABEL_AT = "Line", "Label", "Explanation", "Label position"
BOTH = ("Training", "Validation")  # columns with both losses, for the tooltip
SAMPLE = "Sample at iteration"  # column with the sample that a click on the row's point shows


def loss_chart(
    history: History, chars_per_epoch: float, options: ChartOptions
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return rows and specification of the loss chart."""
    history = history.view()  # the trainer may append meanwhile
    top = top_of_axis(history)
    rows = loss_rows(history, chars_per_epoch, options, top)
    low, high = y_domain(history, options, top) or (None, None)
    end = x_end(history, options, chars_per_epoch)
    lines, choose = frozenset(rows[LINE]), len(options.samples) > 0
    return rows, loss_spec(options.x, options.unit, lines, high, low, end, choose)


def loss_rows(
    history: History, chars_per_epoch: float, options: ChartOptions, top: float | None = None
) -> pd.DataFrame:
    """Return the rows of the loss chart, at most about 500, with columns that a person can read.

    LINE is one of ``LINES``. The next two columns are named like the axes. ``BOTH`` have both
    losses as text. SAMPLE has the iteration of the nearest sample. LABEL_AT of a baseline is where
    its label begins, as a share of the chart's width, negative if the label goes below the line.
    top: where the axis ends, in nats per character; baselines above it are left out.
    """
    history = history.view()  # the trainer may append meanwhile
    loss, ends, n = history["loss"], history.ends, history.iterations
    (raw, raw_loss), mean = pick_range(history, "loss", BUCKETS), pick_rows(ends, BUCKETS)
    validations = history.validation_table()
    measured, val_loss = validations[0], validations[-1]
    val = pick_evenly(len(val_loss), BUCKETS)
    best = np.array([np.argmin(val_loss)] if len(val_loss) else [], dtype=int)
    # After a checkpoint was restored, a mark or stage can lie beyond the end of the history.
    marks = [min(mark.iteration, n) for mark in options.marks if n]
    stage = [min(options.stage, n)] if options.stage is not None and n else []
    ceiling = math.inf if top is None else top
    shown = [base for base in options.baselines if base.nats < ceiling]
    baselines = sorted(shown, key=lambda base: base.nats)
    # Before training, the chart names the level to beat: that of the best counting model.
    goal = next((b.nats for b in baselines if b.name.endswith("-gram") and not len(loss)), None)

    def at_x(at: Positions) -> Floats:
        return x_values(history, at, options.x, chars_per_epoch)

    def at_iteration(iterations: list[int]) -> Floats:
        if not iterations:
            return np.empty(0)
        return np.interp(iterations, ends, at_x(np.arange(len(loss))))

    val_x = validation_x(validations, options.x, chars_per_epoch)
    smooth = trailing_means(loss, mean, options.smoothing, ends)
    curves_x = np.concatenate([at_x(mean), val_x[val]])
    curves_y = np.minimum(np.concatenate([smooth, val_loss[val]]), ceiling)
    end = x_end(history, options, chars_per_epoch)
    label_starts = place_labels(baselines, curves_x, curves_y, end)

    def both(iterations: NDArray[Any]) -> list[tuple[str, str]]:
        """Return training loss and last validation loss at each iteration, as text."""
        last = np.searchsorted(measured, iterations, side="right") - 1
        values = np.full(len(iterations), np.nan)
        values[last >= 0] = val_loss[last[last >= 0]]
        rows = np.minimum(np.searchsorted(ends, iterations), max(0, len(ends) - 1))
        training = trailing_means(loss, rows, options.smoothing, ends)
        return [
            (three_decimals(float(t)), three_decimals(float(v)))
            for t, v in zip(
                np.atleast_1d(in_unit(training, options.unit)),
                np.atleast_1d(in_unit(values, options.unit)),
                strict=True,
            )
        ]

    def label(baseline: Baseline) -> str:
        name = f"{baseline.name} {in_unit(baseline.nats, options.unit):.2f}"
        return f"{name}: beat this" if baseline.nats == goal else name

    def nothing(count: int) -> Floats:
        return np.full(count, np.nan)

    parts: list[tuple[str, Floats, Floats, Sequence[str]]] = [  # part, x, y, label
        ("raw", at_x(raw), raw_loss, [TRAINING_NAME] * len(raw)),
        ("mean", at_x(mean), smooth, [TRAINING_NAME] * len(mean)),
        ("val", val_x[val], val_loss[val], [VALIDATION_NAME] * len(val)),
        ("best", val_x[best], val_loss[best], ["best validation"] * len(best)),
        ("baseline", nothing(len(baselines)), np.array([base.nats for base in baselines]),
         [label(base) for base in baselines]),
        ("mark", at_iteration(marks), nothing(len(marks)),
         [mark.text for mark in options.marks][: len(marks)]),
        ("stage", at_iteration(stage), nothing(len(stage)),
         [f"after {counted(options.stage or 0, 'iteration')}" for _ in stage]),
    ]  # fmt: skip
    notes = {label(base): base.note for base in baselines}
    labels = [text for _, _, _, some in parts for text in some]
    losses = [("", "")] * len(raw) + both(ends[mean])
    losses += both(measured[val]) + both(measured[best])
    losses += [("", "")] * (len(labels) - len(losses))
    sample, label_at = nothing(len(labels)), nothing(len(labels))
    clicked = np.concatenate([ends[mean], measured[val], measured[best]])
    sample[len(raw) : len(raw) + len(clicked)] = nearest(clicked, options.samples)
    begin = len(raw) + len(mean) + len(val) + len(best)
    label_at[begin : begin + len(baselines)] = label_starts
    # Concatenating a table for each part takes five times as long.
    return pd.DataFrame(
        {
            LINE: pd.Series([LINES[name] for name, x, _, _ in parts for _ in x], dtype="str"),
            x_title(options.x): np.concatenate([x for _, x, _, _ in parts]),
            UNIT_TITLES[options.unit]: in_unit(
                np.concatenate([y for _, _, y, _ in parts]), options.unit
            ),
            BOTH[0]: pd.Series([training for training, _ in losses], dtype="str"),
            BOTH[1]: pd.Series([validation for _, validation in losses], dtype="str"),
            SAMPLE: sample,
            LABEL: pd.Series(labels, dtype="str"),
            NOTE: pd.Series([notes.get(text, "") for text in labels], dtype="str"),
            LABEL_AT: label_at,
        }
    )


@lru_cache(maxsize=64)
def loss_spec(
    x_axis: str,
    unit: str,
    lines: frozenset[str],
    top: float | None = None,
    low: float | None = None,
    end: float | None = None,
    choose: bool = False,
) -> dict[str, Any]:
    """Return the Vega-Lite specification of ``loss_rows``, with layers for each of ``lines``.

    lines: the values of the column LINE. top, low: ends of the y axis; end: right end of the x
    axis. None: as far as the data. choose: whether a click on the chart chooses a sample.
    Cached: Altair takes longer to build and check a chart than the training steps between two
    redraws take.
    """
    # The head of the chart's panel shows the titles: here they would take the plot's room.
    x = x_encoding(x_axis, end).title(None)
    perplexity = unit == "perplexity"
    scale = alt.Scale(type="log", nice=False) if perplexity else alt.Scale(zero=False, nice=False)
    if top is not None:
        scale.domainMax = top
    if low is not None:
        scale.domainMin = low
    extent: dict[str, Any] = {"minExtent": _AXIS_WIDTH, "maxExtent": _AXIS_WIDTH}
    y = alt.Y(
        field=UNIT_TITLES[unit],
        type="quantitative",
        scale=scale,
        title=None,
        axis=alt.Axis(format="~s", tickCount=6, **extent)
        if perplexity
        else alt.Axis(tickCount=4, **extent),
    )
    colour = alt.Color(
        f"{LABEL}:N",
        scale=alt.Scale(domain=[TRAINING_NAME, VALIDATION_NAME], range=[TRAINING, VALIDATION]),
        legend=None,
    )
    tips = [x_tooltip(x_axis), *(alt.Tooltip(f"{name}:N") for name in BOTH)]
    if choose:
        tips.append(alt.Tooltip(field=SAMPLE, type="quantitative", format=",.0f"))

    def part(name: str) -> alt.Chart:
        rows = alt.Chart(alt.NamedData("rows"))
        return rows.transform_filter(alt.datum[LINE] == LINES[name])

    def baseline() -> list[alt.Chart]:
        tips = [
            alt.Tooltip(f"{LABEL}:N", title="Baseline"),
            alt.Tooltip(f"{NOTE}:N", title="How it works"),
        ]
        line = part("baseline").encode(y=y, tooltip=tips)
        rule = line.mark_rule(strokeDash=[5, 4], color=FAINT)
        return [rule, *level_label_layers(line, LABEL, LABEL_AT)]

    dots = alt.OverlayMarkDef(size=24, filled=True, clip=True)
    # Lines leave the chart at its top where a spike exceeds it.
    layers_of = {
        "stage": [
            part("stage")
            .mark_rule(color=STAGE, size=1.5)
            .encode(x=x, tooltip=[alt.Tooltip(f"{LABEL}:N", title="Sample shown")])
        ],
        "raw": [part("raw").mark_line(opacity=0.3, strokeWidth=1, clip=True).encode(x, y, colour)],
        "mean": [part("mean").mark_line(strokeWidth=2.5, clip=True).encode(x, y, colour)],
        "val": [part("val").mark_line(strokeWidth=2, point=dots, clip=True).encode(x, y, colour)],
        "best": [
            part("best")
            .mark_point(
                shape="diamond", size=120, strokeWidth=2, color=VALIDATION, clip=True, aria=False
            )
            .encode(x, y, tooltip=[alt.Tooltip(f"{LABEL}:N", title="Line"), *tips])
        ],
        "baseline": baseline(),
        "mark": [
            part("mark")
            .mark_rule(strokeDash=[2, 3], color=FAINT, size=2)
            .encode(x=x, tooltip=[alt.Tooltip(f"{LABEL}:N", title="Changed")])
        ],
    }
    layers = [layer for name, some in layers_of.items() if LINES[name] in lines for layer in some]
    curves = [LINES[name] for name in ("mean", "val") if LINES[name] in lines]
    points = alt.Chart(alt.NamedData("rows")).transform_filter(
        alt.FieldOneOfPredicate(LINE, curves)
    )
    # The nearest-point layers come first, so that the layers above keep their own tooltips. The
    # curves have none: Vega would show the first point of a line wherever the pointer is on it.
    near = nearest_point_layers(points, x, y, tips, along_x=True)
    spec = without_data(alt.layer(*near, *layers).properties(padding=_PADDING))
    for layer in spec["layer"]:
        layer["mark"]["aria"] = False  # the chart has a description; its parts are not images
    return spec
