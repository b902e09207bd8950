"""Statistics of a curve against the values that its noise was drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis.curve_statistics import (
    block_medians,
    fit_trend,
    last_quarter,
    robust_deviation,
)

NOISE = np.random.default_rng(0).standard_normal(2000)


def test_trend_of_a_line_has_its_ends() -> None:
    trend = fit_trend(np.linspace(3.0, 2.0, 1000))
    assert (trend.begin, trend.end) == pytest.approx((3.0, 2.0), abs=0.01)
    assert trend.fall == pytest.approx(1 / 3, abs=0.01)
    assert trend.falls


def test_noise_alone_has_no_clear_trend() -> None:
    assert not fit_trend(2 + 0.1 * NOISE).falls


def test_a_rise_is_not_a_fall() -> None:
    trend = fit_trend(np.linspace(2.0, 3.0, 1000))
    assert trend.clear
    assert trend.fall < 0
    assert not trend.falls


def test_outliers_change_neither_medians_nor_deviation() -> None:
    spoilt = NOISE.copy()
    spoilt[::100] = 1e6
    assert robust_deviation(spoilt) == pytest.approx(1, abs=0.1)
    np.testing.assert_allclose(block_medians(spoilt, 10), 0, atol=0.2)
    assert robust_deviation(NOISE[:0]) == 0


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (30, 30), (120, 50), (1000, 250)])
def test_last_quarter_has_at_least_fifty_values(n: int, expected: int) -> None:
    values = np.arange(float(n))
    assert last_quarter(values).tolist() == values[n - expected :].tolist()
