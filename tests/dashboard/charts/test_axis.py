"""Where an axis ends if there are spikes."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.axis import round_up, top_without_spikes
from tests.support.curves import recorded_curve


@pytest.mark.parametrize("name", ["undertrained", "converged", "overfitting", "restarted"])
def test_the_fall_at_the_beginning_of_a_real_run_is_no_spike(name):
    loss = recorded_curve(name).loss
    assert top_without_spikes(loss, loss.max(), begin=1.1 * loss[0]) is None


@pytest.mark.parametrize("name", ["diverged", "recovering", "noisy"])
def test_the_axis_of_a_real_run_that_exploded_shows_what_came_after(name):
    loss = recorded_curve(name).loss
    top = top_without_spikes(loss, loss.max(), begin=1.1 * loss[0])
    assert top is not None
    assert 1.1 * loss[0] <= top <= 1.5 * loss[0] < loss.max()


def test_a_line_without_values_or_without_height_has_no_spike():
    assert top_without_spikes(np.array([]), 0.0) is None
    assert top_without_spikes(np.full(50, 2.0), 2.0) is None


@pytest.mark.parametrize(
    ("value", "up"), [(4.673, 4.7), (4.7, 4.7), (0.0123, 0.013), (871.0, 880.0), (0.0, 0.0)]
)
def test_the_end_of_the_axis_has_two_digits(value, up):
    assert round_up(value) == up
