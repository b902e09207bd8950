"""Rankings, probes and patterns over the values of units, compared with plain versions."""

from __future__ import annotations

import numpy as np
import pytest

from rnncore import inspect
from rnncore.errors import SettingError
from rnncore.inspect import ranking

RNG = np.random.default_rng(0)
T, U = 90, 7


def naive_auc(values, mark):
    """Return the share of pairs in which the marked value is the larger one; equal ones half."""
    pairs = [(a > b) + (a == b) / 2 for a in values[mark] for b in values[~mark]]
    return np.mean(pairs)


def units_with_ties():
    values = RNG.standard_normal((T, U)).astype(np.float32)
    values[:, 2] = np.sign(values[:, 2])
    values[:, 3] = 1
    return values


def test_auc_is_the_share_of_pairs_in_order(monkeypatch):
    monkeypatch.setattr(ranking, "_VALUES", 2 * T)  # blocks of two units
    values, mark = units_with_ties(), RNG.random(T) < 0.3
    found = inspect.rank_units(values, mark)
    expected = [naive_auc(values[:, u], mark) for u in range(U)]
    np.testing.assert_allclose(found.scores, expected)
    assert found.yes_no
    assert found.best == np.argmax(np.abs(np.array(expected) - 0.5))
    assert found.strength[found.best] == max(max(expected), 1 - min(expected))


def test_correlation_is_pearsons_and_0_for_a_constant_unit():
    values, amount = units_with_ties(), np.arange(T) % 11
    found = inspect.rank_units(values.reshape(T, 1, U), amount)
    with np.errstate(invalid="ignore"):
        expected = [np.corrcoef(values[:, u], amount)[0, 1] for u in range(U)]
    expected[3] = 0
    np.testing.assert_allclose(found.scores, expected, atol=1e-6)
    assert not found.yes_no


def test_the_control_is_the_strength_of_chance():
    """A unit that shows the mark is far above the control; random units are near it."""
    values, mark = RNG.standard_normal((4000, 20)), RNG.random(4000) < 0.4
    assert inspect.rank_units(values, mark).strength.max() < 0.56
    values[:, 5] += 3 * mark
    found = inspect.rank_units(values, mark)
    assert found.best == 5
    assert found.strength[5] > 0.95
    assert 0.5 < found.control < 0.56
    assert np.isnan(inspect.rank_units(values, mark, control=0).control)


def test_a_probe_finds_what_no_unit_shows_alone():
    noise = RNG.standard_normal((4000, 2))
    mark = RNG.random(4000) < 0.5
    values = np.stack([noise[:, 0] + mark, noise[:, 0], noise[:, 1]], axis=1)
    single, found = inspect.rank_units(values, mark), inspect.probe(values, mark)
    assert single.strength.max() < 0.8
    assert found.score > 0.999
    assert 0.5 <= found.control < 0.54
    amount = inspect.probe(values, mark.astype(float) * 3)
    assert amount.score > 0.999


def test_the_probe_is_the_ridge_regression_of_the_first_half():
    values, amount = units_with_ties(), RNG.standard_normal(T)
    found = inspect.probe(values, amount, ridge=0.1, control=0)
    x = values[: T // 2].astype(np.float64)
    spread = x.std(axis=0)
    x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    y = amount[: T // 2] - amount[: T // 2].mean()
    # The penalty as further rows of a least-squares problem.
    rows = np.vstack([x, np.sqrt(0.1 * len(x)) * np.eye(U)])
    expected, *_ = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(U)]), rcond=None)
    np.testing.assert_allclose(found.weights, expected, atol=1e-6)
    np.testing.assert_allclose(found.output[: T // 2], x @ expected, atol=1e-6)
    assert np.isnan(found.control)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (np.zeros(T, bool), "The mark is false at each of 90 characters"),
        (np.ones(T, bool), "The mark is true at each of 90 characters"),
        (np.zeros(T), "The mark is 0 at each of 90 characters"),
        (np.zeros(T - 1, bool), r"must be \(90,\)"),
        (np.full(T, np.nan), "not finite"),
    ],
)
def test_a_mark_that_tells_nothing_apart_is_explained(mark, words):
    for measure in (inspect.rank_units, inspect.probe):
        with pytest.raises(SettingError, match=words):
            measure(units_with_ties(), mark)


def test_one_character_and_a_mark_in_one_half_only_are_explained():
    with pytest.raises(SettingError, match="each of 1 characters"):
        inspect.rank_units(np.ones((1, 3)), np.array([True]))
    with pytest.raises(SettingError, match="In one half"):
        inspect.probe(units_with_ties(), np.arange(T) < 3)


def test_a_pattern_is_found_again_where_its_units_are_on():
    values = np.zeros((40, 5), np.float32)
    for start in (5, 20, 30):
        values[start : start + 4, 1] = 0.9
        values[start : start + 4, 3] = -0.9
    values[20:22, 3] = 0  # only half of the units
    values[:, 4] = 0.9  # on already before the phrase
    found = inspect.find_pattern(values, 5, 9)
    np.testing.assert_array_equal(found.units, [1, 3])
    np.testing.assert_array_equal(found.signs, [1, -1])
    assert [(p.start, p.stop, p.share) for p in found.passages] == [(30, 34, 1.0), (22, 24, 1.0)]
    half = inspect.find_pattern(values, 5, 9, share=0.5)
    assert [(p.start, p.stop, p.share) for p in half.passages] == [(30, 34, 1.0), (20, 24, 0.75)]
    with pytest.raises(SettingError, match="No unit switches on"):
        inspect.find_pattern(values, 10, 12)


def test_the_strongest_and_weakest_places_are_apart():
    values = np.array([0, 5, 9, 8, 0, 1, 7, -3, -2, 0])
    assert inspect.find_extremes(values, 2, 3) == ([2, 6], [7, 0])
