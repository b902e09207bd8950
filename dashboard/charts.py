"""History -> rows and a Vega-Lite drawing; a few hundred points, however long the run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboard.training import Change
from rnncore.history import History

Floats = NDArray[np.float64]
Places = NDArray[np.intp]  # positions in the history

# Of a level's name, in hundredths of the chart: where it may begin, how long and how high it is.
_NAME_PLACES, _NAME_WIDTH, _NAME_HEIGHT = (10, 25, 40, 55, 70), 30, 7
# Of the raw loss the least and the greatest of each: at most twice as many points. 300 look the
# same and hold up every click by some 40 ms more.
BUCKETS = 120
TRAINING_NAME, VALIDATION_NAME = "training", "validation"
TRAINING, VALIDATION, FAINT = "#4c8fd6", "#e07a1f", "#8a8f98"
STAGE = "#9a6fc4"

X_AXES = {"Iterations": "iteration", "Epochs": "epoch", "Characters": "chars", "Seconds": "seconds"}
SMOOTHINGS = (1, 10, 50, 100, 200, 500)  # iterations
UNITS = ("nats", "bits", "perplexity")
SIDE_TITLES = {"grad_norm": "gradient norm", "lr": "learning rate"}
_UNIT_TITLES = {
    "nats": "loss (nats per character)",
    "bits": "loss (bits per character)",
    "perplexity": "perplexity per character",
}


@dataclass(frozen=True)
class Level:
    """A loss to compare with, drawn as a dashed line: its name and nats per character.

    note: what it is, for whoever points at it.
    """

    name: str
    nats: float
    note: str = ""


@dataclass(frozen=True)
class View:
    """How a person wants to see the curve."""

    x: str = "Iterations"
    unit: str = "nats"
    smoothing: int = 100  # iterations
    levels: Sequence[Level] = field(default_factory=tuple)
    marks: Sequence[Change] = field(default_factory=tuple)
    stage: int | None = None  # the iteration whose sample is shown beside the curve


def in_unit(nats: Floats | float, unit: str) -> Floats | float:
    """Nats per character in another unit."""
    if unit == "bits":
        return nats / math.log(2)
    # Of a run that shot up: beyond e^100 a perplexity is nothing that a chart could show.
    return np.exp(np.minimum(nats, 100.0)) if unit == "perplexity" else nats


def thin(values: Floats, buckets: int = BUCKETS) -> Places:
    """At most 2 ``buckets`` places that keep every peak: the extremes of equal stretches."""
    if len(values) <= 2 * buckets:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), buckets + 1).astype(int)
    stretches = [slice(a, b) for a, b in pairwise(edges)]
    return np.unique([s.start + f(values[s]) for s in stretches for f in (np.argmin, np.argmax)])


def evenly(length: int, points: int = BUCKETS) -> Places:
    """At most ``points`` equally spaced places, the last one among them."""
    if length <= points:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, points).astype(int))


def smooth_at(values: Floats, places: Places, window: int) -> Floats:
    """Mean of the last ``window`` values at each of these places.

    Fewer at the beginning, a fifth of what there is: the steep fall there is not lagged behind.
    """
    widths = np.clip(places // 5 + 1, 1, max(1, window))[:, None]
    back = np.arange(max(1, window))
    reach = places[:, None] - back
    return np.where(back < widths, values[np.maximum(reach, 0)], 0.0).sum(axis=1) / widths[:, 0]


def loss_rows(history: History, chars_per_epoch: float, view: View) -> pd.DataFrame:
    """What the loss chart shows: rows (part, x, y, text, note), at most about 500 of them.

    x of a level: where its name begins, as a share of the width; negative, if below its line.
    """
    loss, val_loss = history["loss"], history["val_loss"]
    raw, mean = thin(loss), evenly(len(loss))
    measured = np.flatnonzero(~np.isnan(val_loss))
    val = measured[evenly(len(measured))]
    best = measured[[np.argmin(val_loss[measured])]] if len(measured) else measured
    marks = [min(mark.iteration, len(loss)) - 1 for mark in view.marks if len(loss)]
    lowest = min([math.inf, *loss[raw], *val_loss[val]])
    # A level far below the curve would only press it flat; it appears as the curve comes near.
    near = [level for level in view.levels if level.nats > lowest - 1.0]
    levels = sorted(near, key=lambda level: level.nats)
    stage = [] if view.stage is None else [min(view.stage, len(loss)) - 1]

    def at_x(at: Places) -> Floats:
        return _x(history, at, view.x, chars_per_epoch)

    smooth = smooth_at(loss, mean, view.smoothing)
    begins = _beside(
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


def _beside(levels: Sequence[Level], x: Floats, y: Floats) -> Floats:
    """Where each level's name begins, below its line if negative: where neither the curves (x, y)
    nor another name or level is near."""
    along = 100 * x / max(1e-9, x.max(initial=0.0))
    height = _NAME_HEIGHT / 100 * np.ptp(np.append(y, [level.nats for level in levels] or 0.0))
    begins: list[int] = []

    def middle(level: Level, begin: int) -> float:
        return level.nats + math.copysign(height / 2, begin)  # a name stands on its line

    for level in levels:

        def clearance(begin: int, level: Level = level) -> float:
            at = abs(begin)
            curve = y[(along >= at) & (along <= at + _NAME_WIDTH)]
            lines = [other.nats for other in levels if other is not level]
            names = [
                middle(other, place)
                for other, place in zip(levels, begins, strict=False)
                if abs(abs(place) - at) < _NAME_WIDTH
            ]
            near = np.abs(np.append(curve, [*lines, *names, math.inf]) - middle(level, begin))
            return min(1.5 * height, float(near.min()))

        begins.append(max((*_NAME_PLACES, *(-p for p in _NAME_PLACES)), key=clearance))
    return np.array(begins) / 100


@cache
def loss_spec(x_name: str, unit: str, parts: frozenset[str]) -> dict[str, Any]:
    """The Vega-Lite drawing of ``loss_rows``: raw loss pale, smoothed on top, the best marked.

    ``parts``: those that have rows. Made by Altair once for each choice: making and checking a
    chart anew at every redraw would cost more than the training steps that it shows.
    """
    x = alt.X("x:Q", title=_x_title(x_name), axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y("y:Q", title=_UNIT_TITLES[unit], scale=alt.Scale(zero=False))
    colour = alt.Color(
        "text:N",
        scale=alt.Scale(domain=[TRAINING_NAME, VALIDATION_NAME], range=[TRAINING, VALIDATION]),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
    )
    tips = [
        alt.Tooltip("text:N", title="line"),
        _x_tip(x_name),
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
    return _without_data(alt.layer(*_hover(points, x, y, tips), *layers).properties(height=330))


def _hover(points: alt.Chart, x: alt.X, y: alt.Y, tips: list[alt.Tooltip]) -> list[alt.Chart]:
    """Wherever the pointer is, the nearest of these points is told, and a line drawn through it."""
    near = alt.selection_point(
        name="near", nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    return [
        points.mark_point(opacity=0, aria=False).encode(x, y, tooltip=tips).add_params(near),
        points.transform_filter(near).mark_rule(color=FAINT, aria=False).encode(x),
    ]


def side_rows(history: History, chars_per_epoch: float, column: str, view: View) -> pd.DataFrame:
    """A column of the history (x, y), at most 300 rows."""
    at = thin(history[column], 150)
    return pd.DataFrame({"x": _x(history, at, view.x, chars_per_epoch), "y": history[column][at]})


@cache
def side_spec(x_name: str, column: str) -> dict[str, Any]:
    """Gradient norm or learning rate, to stand below the loss over the same x."""
    title = SIDE_TITLES[column]
    x = alt.X("x:Q", title=_x_title(x_name), axis=alt.Axis(grid=False), scale=alt.Scale(nice=False))
    y = alt.Y("y:Q", title=title, axis=alt.Axis(tickCount=4))
    rows = alt.Chart(alt.NamedData("rows"))
    line = rows.mark_line(strokeWidth=1.5, color=FAINT).encode(x, y)
    tips = [_x_tip(x_name), alt.Tooltip("y:Q", title=title, format=".3g")]
    return _without_data(alt.layer(line, *_hover(rows, x, y, tips)).properties(height=110))


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
    return _without_data(chart)


@cache
def odds_spec() -> dict[str, Any]:
    """Bars of the next character's odds (char, odds, at), side by side for each ``at``."""
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
        .properties(height=180)
    )
    return _without_data(chart)


@cache
def gates_spec(low: float) -> dict[str, Any]:
    """A heat map of activations (place, char, unit, value) between ``low`` and 1."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_rect()
        .encode(
            alt.X(
                "place:O",
                title=None,
                # A place is "012|e": distinct and in order, though the same letter comes often.
                axis=alt.Axis(labelExpr="split(datum.label, '|')[1]", labelAngle=0, ticks=False),
            ),
            alt.Y("unit:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
            alt.Color(
                "value:Q",
                scale=alt.Scale(domain=[low, 1], scheme="blues" if low == 0 else "blueorange"),
                legend=alt.Legend(title=None, gradientLength=150),
            ),
            tooltip=["char:N", "unit:N", alt.Tooltip("value:Q", format=".2f")],
        )
        .properties(height=280)
    )
    return _without_data(chart)


@cache
def reach_spec() -> dict[str, Any]:
    """Lines of what is left of a gradient (steps, norm, cell), on a log scale."""
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(strokeWidth=2.5)
        .encode(
            alt.X("steps:Q", title="characters back"),
            alt.Y(
                "norm:Q",
                title="share of the gradient left",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format=".0e", tickCount=6),
            ),
            alt.Color(
                "cell:N",
                scale=alt.Scale(domain=["LSTM", "Vanilla RNN"], range=[TRAINING, VALIDATION]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=["cell:N", "steps:Q", alt.Tooltip("norm:Q", format=".2e")],
        )
        .properties(height=260)
    )
    return _without_data(chart)


def _x(history: History, at: Places, name: str, chars_per_epoch: float) -> Floats:
    if name == "Epochs":
        return history["chars"][at] / max(1.0, chars_per_epoch)
    return history[X_AXES[name]][at]


def _x_title(name: str) -> str:
    return "Characters of text read" if name == "Characters" else name


def _x_tip(name: str) -> alt.Tooltip:
    return alt.Tooltip("x:Q", title=name, format=".2f" if name == "Epochs" else ",.0f")


def _without_data(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The drawing alone: the page hands its rows over beside it."""
    spec = chart.to_dict()
    for part in (spec, *spec.get("layer", ())):
        part.pop("data", None)
    return spec
