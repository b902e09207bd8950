"""Bar charts of frequencies and probabilities: their rows and valid specifications."""

from __future__ import annotations

import altair as alt
import numpy as np
import pytest

from dashboard.charts import bars
from tests.support.charts import fields


def test_frequencies_are_shares_of_the_whole_text():
    rows = bars.frequency_rows(["e", "␣"], np.array([30, 10]), 80)
    assert rows["Share of the text"].tolist() == [0.375, 0.125]
    spec = bars.frequency_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) <= set(rows.columns)


def test_probabilities_have_a_row_for_each_character_and_temperature():
    probabilities = {"at 1": np.array([0.7, 0.2]), "at 0.5": np.array([0.9, 0.1])}
    rows = bars.probability_rows(("e", " "), probabilities)
    assert rows.to_numpy().tolist() == [
        [1, "e", 0.7, "at 1"], [2, "␣", 0.2, "at 1"],
        [1, "e", 0.9, "at 0.5"], [2, "␣", 0.1, "at 0.5"],
    ]  # fmt: skip
    spec = bars.probability_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)


@pytest.mark.parametrize("spec", [bars.frequency_spec, bars.probability_spec])
def test_bars_have_the_order_of_the_rows_whatever_the_chart_showed_before(spec):
    """Vega keeps the earlier order of an axis without a field to sort by."""
    assert spec()["encoding"]["x"]["sort"] == {"field": "Rank", "op": "min"}
