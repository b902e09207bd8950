"""The chart of a learning rate range test."""

from __future__ import annotations

import json

import numpy as np

from dashboard.charts.rate_test import rate_rows, rate_spec
from rnncore.range_test import RangeTest

RATES, LOSSES = np.array([0.001, 0.01, 0.1]), np.array([4.0, 2.0, 3.0])


def test_the_rows_have_the_losses_and_the_suggestion():
    rows = rate_rows(RangeTest(RATES, LOSSES, 0.1, 0.0103))
    assert rows["Learning rate"].tolist() == [0.001, 0.01, 0.1, 0.0103]
    assert rows["Loss"].tolist()[:3] == [4.0, 2.0, 3.0]
    assert rows["Loss"].isna().tolist() == [False, False, False, True]
    assert rows["Suggested"].isna().tolist() == [True, True, True, False]
    assert rows["Suggested"].tolist()[3] == "0.0103"


def test_without_a_suggestion_there_are_only_losses():
    rows = rate_rows(RangeTest(RATES, LOSSES))
    assert rows["Loss"].tolist() == [4.0, 2.0, 3.0]
    assert rows["Suggested"].isna().all()


def test_the_specification_names_the_columns_and_has_a_logarithmic_axis():
    spec = json.dumps(rate_spec())
    assert all(column in spec for column in rate_rows(RangeTest(RATES, LOSSES)).columns)
    assert '"type": "log"' in spec
