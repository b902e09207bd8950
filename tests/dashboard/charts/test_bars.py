"""Bar charts of frequencies and probabilities: their rows and valid specifications."""

from __future__ import annotations

import altair as alt
import numpy as np

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
        ["e", 0.7, "at 1"], ["␣", 0.2, "at 1"], ["e", 0.9, "at 0.5"], ["␣", 0.1, "at 0.5"]
    ]  # fmt: skip
    spec = bars.probability_spec()
    alt.Chart.from_dict({"data": {"values": []}, **spec}, validate=True)
    assert fields(spec) == set(rows.columns)
