"""The chart of one column of the history: bounded rows and a valid specification."""

from __future__ import annotations

import altair as alt
import pytest

from dashboard.charts.chart_options import X_AXES, ChartOptions
from dashboard.charts.history_column import (
    COLUMN_TITLES,
    column_chart,
    column_rows,
    column_spec,
)
from tests.support.charts import CHARS_PER_EPOCH, fields, history_of


@pytest.mark.parametrize("column", ["grad_norm", "lr"])
@pytest.mark.parametrize("length", [0, 1, 500])
def test_rows_are_few_and_keep_the_maximum(length, column):
    history = history_of(length)
    rows = column_rows(history, CHARS_PER_EPOCH, column, ChartOptions(x="Seconds"))
    assert len(rows) == min(length, len(rows)) <= 300
    if length:
        assert rows[COLUMN_TITLES[column]].max() == history[column].max()
        assert rows["Seconds"].isin(history["seconds"]).all()


@pytest.mark.parametrize("x", X_AXES)
@pytest.mark.parametrize("column", ["grad_norm", "lr"])
def test_specification_is_valid_and_reads_only_x_and_y(x, column):
    spec = column_spec(x, column)
    assert "data" not in spec
    rows = column_rows(history_of(9), CHARS_PER_EPOCH, column, ChartOptions(x=x))
    assert fields(spec) == set(rows.columns)
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)


@pytest.mark.parametrize("column", ["grad_norm", "lr"])
def test_the_plot_is_high_enough_for_its_labels(column):
    """Streamlit fits labels and title of the x axis, about 50 pixels, into the height."""
    assert column_spec("Iterations", column)["height"] >= 170


def test_a_peak_of_the_gradient_norm_leaves_the_chart_at_its_top():
    history = history_of(2000)
    options = ChartOptions()
    _, spec = column_chart(history, CHARS_PER_EPOCH, "grad_norm", options)
    assert "domainMax" not in str(spec)
    history.append(iteration=2001, grad_norm=900.0, lr=0.5)
    rows, spec = column_chart(history, CHARS_PER_EPOCH, "grad_norm", options)
    usual = history_of(2000)["grad_norm"].max()
    line = spec["layer"][0]
    assert line["mark"]["clip"]
    assert line["encoding"]["y"]["scale"]["domainMax"] < 2 * usual
    assert rows["Gradient norm"].max() == 900.0
    _, spec = column_chart(history, CHARS_PER_EPOCH, "lr", options)
    assert "domainMax" not in str(spec)  # the rate is where it was set
