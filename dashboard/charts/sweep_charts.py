"""The charts of a sweep: curves of all runs, parallel coordinates, and the effect of each setting.

The best run has a colour of its own. All other runs are coloured by their validation loss, from the
lowest (blue) to the highest (grey).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import altair as alt
import pandas as pd

from dashboard.charts.chart_parts import FAINT, TRAINING, VALIDATION, without_data
from dashboard.settings import CELL_NAMES
from rnncore.sweep.effects import Effect
from rnncore.sweep.results import Trial, show

LOSS = "Validation loss"
_RUN, _NUMBER, _BEST, _LOWEST = "Run", "Number", "Best run", "Lowest loss"
_HEIGHT = 260
# Beyond this many times the lowest loss a curve is cut off: it would flatten all others.
_TOP = 1.5


def curve_rows(
    trials: Sequence[Trial], best: int | None, titles: Mapping[str, str]
) -> pd.DataFrame:
    """Return a row for each validation of each run; ``best`` is the number of the best run."""
    rows = [
        {
            "Iterations": iteration,
            LOSS: loss,
            _RUN: run_name(trial, titles),
            _NUMBER: trial.number,
            _BEST: trial.number == best,
            _LOWEST: trial.result.lowest,
        }
        for trial in trials
        for iteration, loss in zip(
            trial.result.curve.get("val_iteration", ()),
            trial.result.curve.get("val_loss", ()),
            strict=False,
        )
    ]
    columns = ["Iterations", LOSS, _RUN, _NUMBER, _BEST, _LOWEST]
    return pd.DataFrame(rows, columns=columns)


def curve_spec(rows: pd.DataFrame) -> dict[str, Any]:
    """Return the specification of the curves of all runs."""
    low, high = (float(rows[LOSS].min()), float(rows[LOSS].max())) if len(rows) else (0.0, 1.0)
    return _curve_spec(round(low * 0.98, 2), round(min(high, _TOP * low), 2))


@cache
def _curve_spec(low: float, high: float) -> dict[str, Any]:
    base = alt.Chart(alt.NamedData("rows")).encode(
        alt.X(
            "Iterations:Q",
            axis=alt.Axis(grid=False, format=",.0f", tickMinStep=1),
            scale=alt.Scale(nice=False),
        ),
        alt.Y(
            f"{LOSS}:Q",
            title="Validation loss (nats per character)",
            scale=alt.Scale(domain=[low, high], nice=True),
        ),
        detail=f"{_NUMBER}:N",
        tooltip=_tips(("Iterations", ",.0f"), (LOSS, ".3f")),
    )
    dots = alt.OverlayMarkDef(size=12)
    others = base.transform_filter(f"!datum['{_BEST}']")
    best = base.transform_filter(f"datum['{_BEST}']")
    chart = alt.layer(
        others.mark_line(strokeWidth=1.2, opacity=0.7, clip=True, point=dots, aria=False).encode(
            color=_by_loss(_LOWEST)
        ),
        best.mark_line(strokeWidth=3, color=VALIDATION, clip=True, point=dots, aria=False),
    )
    return without_data(chart.properties(height=_HEIGHT))


def parallel_rows(
    trials: Sequence[Trial], best: int | None, titles: Mapping[str, str]
) -> pd.DataFrame:
    """Return a row for each run and each axis: its place on the axis, 0 to 1, and its value.

    The axes are the swept settings, by their titles, then the validation loss. Runs without a
    validation loss are left out.
    """
    measured = [trial for trial in trials if math.isfinite(trial.result.lowest)]
    settings = list(measured[0].run.changed) if measured else []
    lowest = {trial.number: trial.result.lowest for trial in measured}
    axes: dict[str, list[Any]] = {
        titles.get(name, name): [trial.run.changed[name] for trial in measured] for name in settings
    }
    rows = []
    for title, values in [*axes.items(), (LOSS, list(lowest.values()))]:
        places = _places(values)
        for trial, value in zip(measured, values, strict=True):
            rows.append(
                {
                    "Axis": title,
                    "Place": places[value],
                    "Value": f"{value:.3f}" if title == LOSS else show_value(value),
                    _RUN: run_name(trial, titles),
                    _NUMBER: trial.number,
                    _BEST: trial.number == best,
                    _LOWEST: lowest[trial.number],
                }
            )
    columns = ["Axis", "Place", "Value", _RUN, _NUMBER, _BEST, _LOWEST]
    return pd.DataFrame(rows, columns=columns)


def _places(values: Sequence[Any]) -> dict[Any, float]:
    """Return the place of each value on its axis: numbers by size, names evenly."""
    if values and all(isinstance(value, (int, float)) for value in values):
        low, high = min(values), max(values)
        # Sizes and rates are tried by factors, so equal factors are equal distances.
        logs = low > 0 and high / low > 4
        scaled = {value: math.log(value) if logs else float(value) for value in values}
        start, span = min(scaled.values()), max(scaled.values()) - min(scaled.values())
        return {value: (at - start) / span if span else 0.5 for value, at in scaled.items()}
    names = list(dict.fromkeys(values))
    return {name: i / (len(names) - 1) if len(names) > 1 else 0.5 for i, name in enumerate(names)}


@cache
def parallel_spec() -> dict[str, Any]:
    """Return the specification of parallel coordinates: a line for each run."""
    x = alt.X("Axis:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, grid=True))
    y = alt.Y("Place:Q", axis=None, scale=alt.Scale(domain=[-0.12, 1.12]))
    base = alt.Chart(alt.NamedData("rows")).encode(x, y)
    lines = base.encode(detail=f"{_NUMBER}:N", tooltip=_tips((_LOWEST, ".3f")))
    chart = alt.layer(
        lines.transform_filter(f"!datum['{_BEST}']")
        .mark_line(strokeWidth=1.5, opacity=0.7, aria=False)
        .encode(color=_by_loss(_LOWEST)),
        lines.transform_filter(f"datum['{_BEST}']").mark_line(
            strokeWidth=3, color=VALIDATION, aria=False
        ),
        *_outlined(
            base.transform_filter(f"datum.Axis != '{LOSS}'").transform_aggregate(
                Place="mean(Place)", groupby=["Axis", "Value"]
            ),
            align="center",
            dy={"expr": "datum.Place < 0.5 ? 11 : -10"},  # away from the lines
            fontSize=12,
            fontWeight="bold",
            color=FAINT,
        ),
        *_outlined(
            base.transform_filter(f"datum.Axis == '{LOSS}' && datum['{_BEST}']"),
            align="left",
            dx=6,
            fontSize=11,
            color=VALIDATION,
        ),
        *_outlined(
            base.transform_filter(
                f"datum.Axis == '{LOSS}' && datum.Place == 1 && !datum['{_BEST}']"
            ),
            align="left",
            dx=6,
            fontSize=11,
            color=FAINT,
        ),
    )
    return without_data(chart.properties(height=_HEIGHT))


def _outlined(rows: alt.Chart, **look: Any) -> list[alt.Chart]:
    """Return layers with the values as text, and behind it its outline in the page's colour.

    Lines that cross the text would strike it through.
    """
    ground = {"expr": "background"}
    look = {"fontSize": 11, "aria": False} | look
    return [
        rows.mark_text(
            **look | {"color": ground}, stroke=ground, strokeWidth=4, strokeJoin="round"
        ).encode(text="Value:N"),
        rows.mark_text(**look).encode(text="Value:N"),
    ]


def effect_rows(effect: Effect) -> pd.DataFrame:
    """Return a row for each value of the setting."""
    return pd.DataFrame(
        {
            "Value": [CELL_NAMES.get(level.label, level.label) for level in effect.levels],
            "Mean loss": [level.mean for level in effect.levels],
            "Lowest seed": [level.low for level in effect.levels],
            "Highest seed": [level.high for level in effect.levels],
            "Runs": [level.runs for level in effect.levels],
        }
    )


@cache
def effect_spec(low: float, high: float) -> dict[str, Any]:
    """Return the specification of a setting's effect: the mean loss at each value, and the spread
    over the seeds.

    low, high: the ends of the axis, the same for all settings, so that their effects compare.
    """
    base = alt.Chart(alt.NamedData("rows")).encode(
        alt.X("Value:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
        tooltip=[
            alt.Tooltip("Value:N"),
            *(
                alt.Tooltip(f"{name}:Q", format=".3f")
                for name in ("Mean loss", "Lowest seed", "Highest seed")
            ),
            alt.Tooltip("Runs:Q"),
        ],
    )
    scale = alt.Scale(domain=[low, high], zero=False, nice=False)
    axis = alt.Axis(tickCount=4)
    y = alt.Y("Mean loss:Q", title=None, scale=scale, axis=axis)
    chart = alt.layer(
        base.mark_rule(strokeWidth=4, opacity=0.35, color=TRAINING, aria=False).encode(
            alt.Y("Lowest seed:Q", title=None, scale=scale, axis=axis), alt.Y2("Highest seed:Q")
        ),
        base.mark_line(color=TRAINING, strokeWidth=1, aria=False).encode(y),
        base.mark_point(color=TRAINING, filled=True, size=60, opacity=1).encode(y),
    )
    return without_data(chart.properties(height=180))


def effect_range(effects: Sequence[Effect]) -> tuple[float, float]:
    """Return the ends of the axis for the charts of these effects."""
    levels = [level for effect in effects for level in effect.levels]
    low, high = min(level.low for level in levels), max(level.high for level in levels)
    margin = max(0.01, 0.08 * (high - low))
    return round(low - margin, 2), round(high + margin, 2)


def run_name(trial: Trial, titles: Mapping[str, str]) -> str:
    """Return what is special about a run, such as "hidden size 64, cell LSTM, seed 0"."""
    parts = [
        f"{titles.get(name, name).lower()} {show_value(value)}"
        for name, value in trial.run.changed.items()
    ]
    return ", ".join([*parts, f"seed {trial.run.seed}"])


def show_value(value: Any) -> str:
    """Return a setting's value for the page: "LSTM" for "lstm"."""
    return CELL_NAMES.get(value, show(value)) if isinstance(value, str) else show(value)


def _by_loss(field: str) -> alt.Color:
    return alt.Color(f"{field}:Q", scale=alt.Scale(range=[TRAINING, FAINT]), legend=None)


def _tips(*numbers: tuple[str, str]) -> list[alt.Tooltip]:
    return [
        alt.Tooltip(f"{_RUN}:N"),
        *(alt.Tooltip(f"{name}:Q", format=form) for name, form in numbers),
    ]


def table_rows(ranked: Sequence[Trial], titles: Mapping[str, str]) -> pd.DataFrame:
    """Return a row for each run, in the order of ``ranked``."""
    return pd.DataFrame(
        [
            {
                _RUN: trial.number,
                **{titles.get(k, k): show_value(v) for k, v in trial.run.changed.items()},
                "Seed": trial.run.seed,
                LOSS: round(trial.result.lowest, 4),  # NaN, not None: a column of numbers
                "Iterations": trial.result.iteration,
                "Seconds": round(trial.result.seconds, 1),
                "Status": trial.result.status,
            }
            for trial in ranked
        ]
    )
