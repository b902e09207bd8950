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

BUCKETS = 300  # the least and the greatest of each: at most twice as many points
TRAINING_NAME, VALIDATION_NAME = "training", "validation"
TRAINING, VALIDATION, FAINT = "#4c8fd6", "#e07a1f", "#8a8f98"

X_AXES = {"Iterations": "iteration", "Epochs": "epoch", "Characters": "chars", "Seconds": "seconds"}
SMOOTHINGS = (1, 10, 50, 100, 200, 500)  # iterations
UNITS = ("nats", "bits", "perplexity")
_UNIT_TITLES = {
    "nats": "loss (nats per character)",
    "bits": "loss (bits per character)",
    "perplexity": "perplexity per character",
}


@dataclass(frozen=True)
class Level:
    """A loss to compare with, drawn as a dashed line: its name and nats per character."""

    name: str
    nats: float


@dataclass(frozen=True)
class View:
    """How a person wants to see the curve."""

    x: str = "Iterations"
    unit: str = "nats"
    smoothing: int = 100  # iterations
    levels: Sequence[Level] = field(default_factory=tuple)
    marks: Sequence[Change] = field(default_factory=tuple)


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
    """What the loss chart shows, as rows (part, x, y, text); at most about 1,300 of them."""
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

    def at_x(at: Places) -> Floats:
        return _x(history, at, view.x, chars_per_epoch)

    parts: list[tuple[str, Floats, Floats, Sequence[str]]] = [  # name, x, y, text
        ("raw", at_x(raw), loss[raw], [TRAINING_NAME] * len(raw)),
        ("mean", at_x(mean), smooth_at(loss, mean, view.smoothing), [TRAINING_NAME] * len(mean)),
        ("val", at_x(val), val_loss[val], [VALIDATION_NAME] * len(val)),
        ("best", at_x(best), val_loss[best], ["best validation"] * len(best)),
        *(
            (part, np.full(len(some), np.nan), np.array([lv.nats for lv in some]),
             [lv.name for lv in some])
            # Names alternate between two places, so that those of close levels stay apart.
            for part, some in (("level", levels[::2]), ("level_too", levels[1::2]))
        ),
        ("mark", at_x(np.array(marks, dtype=int)), np.full(len(marks), np.nan),
         [mark.text for mark in view.marks][: len(marks)]),
    ]  # fmt: skip
    # One table in one go: a table for each part and putting them together takes five times as long.
    return pd.DataFrame(
        {
            "x": np.concatenate([x for _, x, _, _ in parts]),
            "y": in_unit(np.concatenate([y for _, _, y, _ in parts]), view.unit),
            "text": pd.Series([word for _, _, _, words in parts for word in words], dtype="str"),
            "part": pd.Series([name for name, x, _, _ in parts for _ in x], dtype="str"),
        }
    )


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
        legend=alt.Legend(title=None, orient="top"),
    )
    tips = [
        alt.Tooltip("text:N", title="line"),
        alt.Tooltip("x:Q", title=x_name, format=".2f" if x_name == "Epochs" else ",.0f"),
        alt.Tooltip("y:Q", title=_UNIT_TITLES[unit], format=".3f"),
    ]

    def part(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData("rows")).transform_filter(alt.datum.part == name)

    def level(name: str, at: str) -> list[alt.Chart]:
        line = part(name).encode(y=y)
        words = line.mark_text(
            align="right", baseline="bottom", dy=-2, dx=-4, color=FAINT, fontSize=11
        )
        return [
            line.mark_rule(strokeDash=[5, 4], color=FAINT),
            words.encode(x=alt.value(alt.expr(at)), text="text:N"),
        ]

    dots = alt.OverlayMarkDef(size=24, filled=True)
    drawings = {
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
        "level": level("level", "width"),
        "level_too": level("level_too", "width * 0.8"),
        "mark": [
            part("mark")
            .mark_rule(strokeDash=[2, 3], color=FAINT, size=2)
            .encode(x=x, tooltip=[alt.Tooltip("text:N", title="changed")])
        ],
    }
    layers = [layer for name, some in drawings.items() if name in parts for layer in some]
    return _without_data(alt.layer(*layers).properties(height=330))


def side_rows(history: History, chars_per_epoch: float, column: str, view: View) -> pd.DataFrame:
    """A column of the history (x, y), at most 300 rows."""
    at = thin(history[column], 150)
    return pd.DataFrame({"x": _x(history, at, view.x, chars_per_epoch), "y": history[column][at]})


@cache
def side_spec(x_name: str, column: str) -> dict[str, Any]:
    """Gradient norm or learning rate, to stand below the loss over the same x."""
    titles = {"grad_norm": "gradient norm", "lr": "learning rate"}
    chart = (
        alt.Chart(alt.NamedData("rows"))
        .mark_line(strokeWidth=1.5, color=FAINT)
        .encode(
            alt.X("x:Q", title=_x_title(x_name), axis=alt.Axis(grid=False)),
            alt.Y("y:Q", title=titles[column], axis=alt.Axis(tickCount=4)),
        )
        .properties(height=110)
    )
    return _without_data(chart)


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
            alt.Y("unit:N", title=None, axis=alt.Axis(labelOverlap=False)),
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


def _without_data(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """The drawing alone: the page hands its rows over beside it."""
    spec = chart.to_dict()
    for part in (spec, *spec.get("layer", ())):
        part.pop("data", None)
    return spec
