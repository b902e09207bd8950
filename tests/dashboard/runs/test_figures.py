"""The figures that a save records for the list of runs."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dashboard.runs import figures
from dashboard.runs.figures import CURVE_POINTS, Figures
from rnncore.errors import FileFormatError
from rnncore.history import History
from tests.support.charts import history_of


@pytest.mark.parametrize("length", [1, 39, 41, 5_000, 200_000])
def test_the_curve_has_the_means_of_equal_stretches(length):
    history = history_of(length)  # thinned, if it is very long
    found = figures.of_history(history, 7)
    assert len(found.curve) == min(length, CURVE_POINTS)
    if length != 41:  # there the stretches are not equal
        mean = np.average(history["loss"], weights=history["iterations"])
        assert np.mean(found.curve) == pytest.approx(mean, rel=0.001)
    assert found.curve[0] >= found.curve[-1]
    assert (found.params, found.chars) == (7, 100 * length)
    assert Figures.from_values(found.to_values()) == found


def test_a_history_without_rows_has_no_curve():
    assert figures.of_history(History(), 7) == Figures(7, 0.0, 0, ())


@pytest.mark.parametrize(
    "wrong",
    [{"curve": [math.nan]}, {"curve": [1.0] * 41}, {"curve": "x"}, {"seconds": math.inf},
     {"params": None}, {"chars": math.inf}],
)  # fmt: skip
def test_damaged_figures_are_refused(wrong):
    values = {"params": 1, "seconds": 2.0, "chars": 3, "curve": [1.5]}
    assert Figures.from_values(values).curve == (1.5,)
    with pytest.raises(FileFormatError):
        Figures.from_values(values | wrong)
