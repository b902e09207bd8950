"""The chart of one column of the history: bounded rows and a valid specification."""

from __future__ import annotations

import altair as alt
import pytest

from dashboard.charts.chart_options import X_AXES, ChartOptions
from dashboard.charts.history_column import column_rows, column_spec
from tests.support.charts import CHARS_PER_EPOCH, fields, history_of


@pytest.mark.parametrize("column", ["grad_norm", "lr"])
@pytest.mark.parametrize("length", [0, 1, 500])
def test_rows_are_few_and_keep_the_maximum(length, column):
    history = history_of(length)
    rows = column_rows(history, CHARS_PER_EPOCH, column, ChartOptions(x="Seconds"))
    assert len(rows) == min(length, len(rows)) <= 300
    if length:
        assert rows["y"].max() == history[column].max()
        assert rows["x"].isin(history["seconds"]).all()


@pytest.mark.parametrize("x", X_AXES)
@pytest.mark.parametrize("column", ["grad_norm", "lr"])
def test_specification_is_valid_and_reads_only_x_and_y(x, column):
    spec = column_spec(x, column)
    assert "data" not in spec
    assert fields(spec) == {"x", "y"}
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
