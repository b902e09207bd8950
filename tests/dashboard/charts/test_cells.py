"""Charts of a cell: which units are shown, and gradients of zero on a log scale."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest

from dashboard.analysis.network_internals import MIN_GRADIENT, Gates, Reach
from dashboard.charts import cells
from tests.support.charts import fields


def test_gate_chart_shows_the_units_that_vary_most():
    T, H = 3, 20
    values = np.full((T, H), 0.5)
    values[1, 4:16] = 0.9  # only units 4 to 15 vary
    gates = Gates(("a", " ", "a"), {"f": values, "c": -5 * values})
    rows = cells.gates_rows(gates, "f")
    assert list(dict.fromkeys(rows["Unit"])) == [f"unit {n}" for n in range(4, 16)]
    assert list(dict.fromkeys(rows["Place"])) == ["000|a", "001|␣", "002|a"]
    assert rows.loc[rows["Character"] == "␣", "Activation"].tolist() == [0.9] * 12
    assert set(rows["Activation"]) == {0.5, 0.9}
    assert cells.gates_range(gates, "f") == (0, 1)
    assert cells.gates_range(gates, "c") == (-4.5, 4.5)
    spec = cells.gates_spec(0.0, 1.0)
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)


def test_a_vanished_gradient_gets_the_smallest_value_of_the_log_scale():
    steps = np.arange(2)
    lstm, vanilla = Reach(steps, np.array([1.0, 0.5])), Reach(steps, np.array([1.0, 0.0]))
    rows = cells.reach_rows({"LSTM": lstm, "Vanilla RNN": vanilla})
    assert rows["Cell"].tolist() == ["LSTM", "LSTM", "Vanilla RNN", "Vanilla RNN"]
    assert rows["Characters back"].tolist() == [0, 1, 0, 1]
    assert rows["Share of the gradient left"].tolist() == [1.0, 0.5, 1.0, MIN_GRADIENT]
    assert lstm.ratio_to(vanilla) == pytest.approx(0.5 / MIN_GRADIENT)
    spec = cells.reach_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)
