"""Long texts, read in pieces side by side, compared with each piece read by itself."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from rnncore import CELLS, RNN, inspect
from rnncore.errors import SettingError
from rnncore.inspect import long_text
from rnncore.inspect.patterns import find_passages
from tests.rnncore.inspect.networks import H, network, random_ids

pytestmark = pytest.mark.alone

every_cell = pytest.mark.parametrize("cell_type", sorted(CELLS))
LENGTH, PIECES, PIECE, CONTEXT, STEPS = 290, 7, 42, 10, 8


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch):
    """Let a short text have seven pieces of 42 characters; the last lacks four."""
    for name, value in {"CONTEXT": CONTEXT, "STEPS": STEPS, "_MIN_PIECE": 40}.items():
        monkeypatch.setattr(long_text, name, value)


def one_piece_after_another(model, ids, part):
    """Return the values (T, layers * H) of each piece, read after its context."""
    found = []
    for start in range(0, len(ids), PIECE):
        before = min(start, CONTEXT)
        values = inspect.activations(model, ids[start - before : start + PIECE], (part,))
        found.append(values[before:].reshape(len(values) - before, -1))
    return np.concatenate(found)


@every_cell
def test_the_pieces_have_the_values_of_each_by_itself(cell_type):
    model, ids, done = network(cell_type), random_ids(LENGTH), []
    part = model.cells[0].parts[-1]
    values, read = np.full((LENGTH + STEPS, 2 * H), np.nan), 0
    for places, block in inspect.read_pieces(model, ids, part, done.append):
        assert block.shape[1:] == (PIECES, 2 * H)
        for place, piece in zip(places, block.swapaxes(0, 1), strict=True):
            inside = piece[: max(0, LENGTH - place)]
            values[place : place + len(inside)] = inside
            read += len(inside)
    assert read == LENGTH == done[-1]
    expected = one_piece_after_another(model, ids, part)
    np.testing.assert_allclose(values[:LENGTH], expected, rtol=2e-4, atol=2e-5)


def test_the_extremes_are_those_of_the_windows():
    model, ids = network("lstm"), random_ids(LENGTH)
    found = inspect.find_strongest(model, ids, "c", 5)
    values = one_piece_after_another(model, ids, "c")
    starts = [p + s for p in range(0, LENGTH, PIECE) for s in range(0, PIECE, STEPS)]
    windows = [values[a : min(a + STEPS, a - a % PIECE + PIECE)] for a in starts]
    high = -np.sort(-np.array([w.max(axis=0) for w in windows if len(w)]), axis=0)[:5]
    low = np.sort(np.array([w.min(axis=0) for w in windows if len(w)]), axis=0)[:5]
    np.testing.assert_allclose(found.high, high, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(found.low, low, rtol=2e-4, atol=2e-5)
    for extreme, at in ((found.high, found.high_at), (found.low, found.low_at)):
        np.testing.assert_allclose(
            np.take_along_axis(values, at, axis=0), extreme, rtol=2e-4, atol=2e-5
        )


def test_a_text_with_few_windows_has_few_extremes():
    found = inspect.find_strongest(network("gru"), random_ids(STEPS + 1), "h", 4)
    assert np.isfinite(found.high).sum(axis=0).tolist() == [2] * 2 * H
    assert np.isfinite(found.low).sum(axis=0).tolist() == [2] * 2 * H


def test_a_pattern_is_found_in_the_whole_text():
    model, ids, done = network("lstm"), random_ids(LENGTH), []
    values = one_piece_after_another(model, ids, "h")
    units, signs = inspect.switched_on(values, 66, 68, 0.1)
    on = (values[:, units] * signs > 0.1).mean(axis=1)
    expected = find_passages(on, (66, 68), 2, 0.8, 20)
    assert len(expected) > 3
    found = inspect.search_pattern(
        model, ids, units, signs, 2, 0.1, phrase=(66, 68), progress=done.append
    )
    assert [(p.start, p.stop) for p in found] == [(p.start, p.stop) for p in expected]
    assert done[-1] == LENGTH
    assert (66, 68) not in [(p.start, p.stop) for p in found]
    with_phrase = inspect.search_pattern(model, ids, units, signs, 2, 0.1, count=LENGTH)
    assert any(p.start <= 66 < p.stop for p in with_phrase)


@pytest.mark.parametrize("yes_no", [True, False])
def test_a_probe_is_the_ridge_regression_of_the_whole_text(yes_no):
    model, ids = network("lstm"), random_ids(LENGTH)
    mark, other = np.random.default_rng(0).standard_normal(LENGTH) + ids, random_ids(60, seed=2)
    values = inspect.activations(model, other, ("c",))
    known, done = np.arange(60) % 7, []
    if yes_no:
        mark, known = mark > 3, known > 3
    found = inspect.probe_text(
        model, ids, mark, values, known, "c", ridge=0.1, control=2, progress=done.append
    )
    x = one_piece_after_another(model, ids, "c").astype(np.float64)
    mean, spread = x.mean(axis=0), x.std(axis=0)
    x, y = (x - mean) / spread, mark - mark.mean()
    rows = np.vstack([x, np.sqrt(0.1 * LENGTH) * np.eye(2 * H)])  # the penalty as further rows
    expected, *_ = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(2 * H)]), rcond=None)
    np.testing.assert_allclose(found.weights, expected, rtol=1e-3, atol=1e-4)
    output = (values.reshape(60, -1) - mean) / spread @ expected
    np.testing.assert_allclose(found.output, output, rtol=1e-3, atol=1e-3)
    score = inspect.rank_units(output[:, None], known, control=0).scores[0]
    assert found.score == pytest.approx(score, abs=2e-3)
    assert 0 <= found.control < 1
    assert (found.cut, done[-1]) == (0, LENGTH)


def test_a_probe_of_a_mark_that_never_changes_is_refused():
    model, ids = network("gru"), random_ids()
    values = inspect.activations(model, ids)
    with pytest.raises(SettingError, match="true at each"):
        inspect.probe_text(model, ids, ids >= 0, values, ids > 2)
    with pytest.raises(SettingError, match="true at each"):
        inspect.probe_text(model, ids, ids > 2, values, ids >= 0)


def test_a_wrong_part_is_named():
    with pytest.raises(SettingError, match="choose one of h, r, z, n"):
        inspect.find_strongest(network("gru"), random_ids(), "c", 3)


def test_100_000_characters_of_200_units_take_less_than_ten_seconds():
    """Measured on 8,000 and in processor time: other work may run beside."""
    model, ids = RNN(80, hidden_dim=200), random_ids(8_000)
    seconds = []
    for _ in range(2):
        start = time.thread_time()
        inspect.find_strongest(model, ids, "c", 24)
        seconds.append(time.thread_time() - start)
    assert min(seconds) < 0.8


def test_memory_does_not_grow_with_the_text():
    """The values of 64 units would take 256 bytes a character."""
    model = RNN(80, hidden_dim=64)
    inspect.find_strongest(model, random_ids(1_000), "c", 4)
    peaks = []
    for length in (1_000, 4_000):
        ids = random_ids(length).astype(np.uint8)
        tracemalloc.start()
        inspect.find_strongest(model, ids, "c", 4)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 3_000 * 16
