"""The chart of several runs: bounded rows, on every axis."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest

from dashboard.charts.chart_options import UNITS, X_AXES
from dashboard.charts.chart_parts import x_title
from dashboard.charts.comparison import (
    COLOURS,
    LINE,
    POINTS,
    RUN,
    SHOWN,
    Line,
    Look,
    comparison_chart,
)
from dashboard.charts.loss import LABEL_AT, UNIT_TITLES
from rnncore.history import History
from tests.support.charts import CHARS_PER_EPOCH, fields, history_of

LINES = [Line("one", history_of(100_000, 100), CHARS_PER_EPOCH), Line("two", history_of(50), 500.0)]


def test_rows_are_few_and_end_where_each_run_ends():
    rows, _ = comparison_chart(LINES, Look())
    assert len(rows) <= 2 * 2 * POINTS
    assert rows.groupby(RUN)["Iterations"].max().to_dict() == {"one": 100_000, "two": 50}
    assert set(rows[LINE]) == set(SHOWN["both"])


@pytest.mark.parametrize(("x", "unit"), list(zip(X_AXES, (*UNITS, "nats"), strict=True)))
def test_specification_is_valid_and_reads_the_columns(x, unit):
    look = Look(x=x, unit=unit, log_x=True, log_y=True)
    rows, spec = comparison_chart(LINES, look, [("5-gram", 1.6)])
    assert fields(spec) == set(rows.columns) - {LABEL_AT} == {
        RUN, LINE, x_title(x), UNIT_TITLES[unit],
    }  # fmt: skip
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert (rows[x_title(x)].dropna() > 0).all()
    assert len(rows) > 0


def test_epochs_are_those_of_each_run():
    rows, _ = comparison_chart(LINES, Look(x="Epochs"))
    assert rows.groupby(RUN)["Epochs"].max().to_dict() == {"one": 10_000, "two": 10}


@pytest.mark.parametrize("shown", SHOWN)
def test_one_kind_of_loss_can_be_shown_alone(shown):
    rows, _ = comparison_chart(LINES, Look(shown=shown))
    assert set(rows[LINE]) == set(SHOWN[shown])


@pytest.mark.parametrize("look", [Look(), Look(unit="perplexity"), Look(log_x=True, log_y=True)])
def test_labels_of_levels_close_together_do_not_overlap(look):
    rows, spec = comparison_chart(LINES, look, [("Compressor", 1.82), ("5-gram", 1.8)])
    first, second = rows.loc[rows[LINE] == "level", LABEL_AT]
    # Apart along the chart, or one above its line and one below.
    assert abs(abs(first) - abs(second)) > 0.29 or (first < 0 < second)
    labels = [layer for layer in spec["layer"] if layer["mark"]["type"] == "text"]
    assert {layer["mark"]["baseline"] for layer in labels} == {"alphabetic", "top"}
    for layer in labels:
        assert LABEL_AT in layer["encoding"]["x"]["value"]["expr"]


def test_levels_far_from_all_lines_are_left_out():
    rows, _ = comparison_chart(LINES, Look(), [("near", 1.6), ("far", 30.0), ("low", 0.01)])
    assert list(rows[rows[LINE] == "level"][RUN]) == ["near 1.60"]


def test_runs_without_a_history_give_an_empty_chart():
    rows, _ = comparison_chart([Line("new", History(), 1.0)], Look(), [("near", 1.6)])
    assert len(rows) == 0


@pytest.mark.parametrize("background", ["#ffffff", "#0e1117"])
def test_each_colour_has_a_contrast_of_3_to_1(background):
    def luminance(colour: str) -> float:
        parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for colour in COLOURS:
        light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, colour
