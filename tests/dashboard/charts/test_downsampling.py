"""Downsampling: few points, no lost peak, and means over the documented windows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts.downsampling import centred_means, pick_evenly, pick_extremes, trailing_means
from dashboard.charts.loss import BUCKETS

finite = st.floats(-1e6, 1e6, allow_subnormal=False)


@given(st.lists(finite, max_size=400), st.integers(1, 30))
def test_few_points_remain_and_the_extremes_are_among_them(values, buckets):
    values = np.array(values)
    positions = pick_extremes(values, buckets)
    assert len(positions) <= 2 * buckets
    assert (np.diff(positions) > 0).all()
    if len(values):
        kept = values[positions]
        assert (kept.min(), kept.max()) == (values.min(), values.max())


def test_every_peak_of_a_long_run_is_kept():
    values = np.random.default_rng(0).random(100_000)
    peaks = np.random.default_rng(1).choice(100, 20, replace=False) * 1000 + 7
    values[peaks] = 50.0
    assert set(peaks) <= set(pick_extremes(values, BUCKETS))


@given(st.integers(0, 5000), st.integers(1, 400))
def test_evenly_picked_positions_have_equal_gaps_and_include_the_last(length, points):
    positions = pick_evenly(length, points)
    assert len(positions) == min(length, points)
    if length > 0 and points > 1:
        assert positions[-1] == length - 1
        gaps = np.diff(positions)
        assert gaps.size == 0 or gaps.max() - gaps.min() <= 1


@given(st.lists(finite, min_size=1, max_size=80), st.integers(0, 60))
def test_trailing_mean_is_the_mean_of_the_last_values(values, window):
    values = np.array(values)
    positions = np.arange(len(values))
    naive = [values[p + 1 - min(max(1, window), p // 5 + 1) : p + 1].mean() for p in positions]
    np.testing.assert_allclose(trailing_means(values, positions, window), naive, atol=1e-6)


@given(st.lists(finite, min_size=1, max_size=80), st.integers(0, 60))
def test_centred_mean_reaches_as_far_back_as_ahead(values, reach):
    values = np.array(values)
    positions = np.arange(len(values))
    reaches = [min(reach, p) for p in positions]
    naive = [values[p - r : p + r + 1].mean() for p, r in zip(positions, reaches, strict=True)]
    np.testing.assert_allclose(centred_means(values, positions, reach), naive, atol=1e-6)


@pytest.mark.parametrize("means", [trailing_means, centred_means])
def test_means_of_an_empty_line_are_empty(means):
    assert means(np.empty(0), pick_evenly(0, BUCKETS), 100).shape == (0,)
