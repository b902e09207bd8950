"""History: growing columns, and the values read from them."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

from rnncore.history import COLUMNS, History, estimate_bytes


def filled(rows):
    history = History()
    for i in range(1, rows + 1):
        history.append(iteration=i, loss=1 / i)
    return history


def test_the_columns_have_the_documented_names():
    assert COLUMNS == ("iteration", "chars", "seconds", "loss", "val_loss", "grad_norm", "lr")


def test_an_empty_history_has_no_values():
    history = History()
    assert len(history) == 0
    assert np.isnan(history.last("loss"))
    assert history["loss"].shape == (0,)
    assert [len(a) for a in history.validations()] == [0, 0]
    assert len(History.from_array(history.to_array())) == 0


def test_rows_stay_the_same_while_the_history_grows():
    history = filled(5000)
    assert len(history) == 5000
    np.testing.assert_array_equal(history["iteration"], np.arange(1, 5001))
    np.testing.assert_array_equal(history["loss"], 1 / np.arange(1, 5001))
    assert history.last("loss") == 1 / 5000
    assert np.isnan(history["lr"]).all()


def test_a_validation_loss_is_set_after_its_row_was_appended():
    history = History()
    for i in range(1, 7):
        history.append(iteration=i, loss=1.0)
        if i % 3 == 0:
            history.set_last("val_loss", i / 10)
    at, losses = history.validations()
    assert at.tolist() == [3, 6]
    assert losses.tolist() == [0.3, 0.6]


def test_columns_are_read_only():
    history = filled(3)
    with pytest.raises(ValueError, match="read-only"):
        history["loss"][0] = 7


@pytest.mark.parametrize("rows", [0, 1, 1024, 1025, 3000])
def test_a_history_from_an_array_is_an_independent_copy_that_grows(rows):
    history = filled(rows)
    array = history.to_array()
    again = History.from_array(array)
    array[...] = -1  # neither history uses this array
    np.testing.assert_array_equal(again.to_array(), history.to_array())
    for i in range(rows + 1, rows + 2000):
        again.append(iteration=i, loss=1 / i)
    np.testing.assert_array_equal(again["iteration"], np.arange(1, rows + 2000))
    assert len(history) == rows


def test_validations_can_be_read_while_another_thread_appends():
    history, done = filled(50_000), threading.Event()

    def append():
        while not done.is_set():
            history.append(iteration=len(history) + 1, val_loss=float("nan"))
            sum(range(1000))  # gives the other thread time to read

    writer = threading.Thread(target=append)
    writer.start()
    try:
        for _ in range(500):
            at, losses = history.validations()
            assert len(at) == len(losses) == 0
    finally:
        done.set()
        writer.join()


def test_seconds_below_is_the_time_of_the_first_lower_validation_loss():
    history = History()
    for i, val in enumerate((float("nan"), 3.0, float("nan"), 2.0, 2.5), start=1):
        history.append(iteration=i, seconds=10.0 * i, val_loss=val)
    assert history.seconds_below(2.9) == 40
    assert history.seconds_below(3.5) == 20
    assert history.seconds_below(1.9) is None
    assert History().seconds_below(5.0) is None


# -- long runs ---------------------------------------------------------------------------------


def columns_of(n, val_every=7):
    """Return made-up columns of ``n`` iterations, (columns, n)."""
    at, rng = np.arange(1.0, n + 1), np.random.default_rng(0)
    val = np.where(at % val_every, np.nan, rng.normal(2, 0.1, n))
    return np.stack(
        [at, at * 10, at / 4, rng.normal(2, 0.3, n), val, rng.lognormal(0, 1, n), 1 / at]
    )


def grown(columns):
    """Return a history to which the columns were appended row by row."""
    history = History()
    for row in columns.T:
        values = dict(zip(COLUMNS, row, strict=True))
        val_loss = values.pop("val_loss")
        history.append(**values)
        if not np.isnan(val_loss):
            history.set_last("val_loss", val_loss)
    return history


@pytest.fixture
def small_levels(monkeypatch):
    """Thin from the 65th row on, so that a short history has many levels."""
    for name, value in (("MAX_RECENT", 64), ("KEPT_RECENT", 32), ("MAX_LEVEL", 8),
                        ("KEPT_LEVEL", 4)):  # fmt: skip
        monkeypatch.setattr(f"rnncore.history.{name}", value)


@pytest.mark.parametrize("n", [64, 65, 97, 1000, 5003])
def test_each_row_sums_up_its_stretch(small_levels, n):
    columns = columns_of(n)
    history = grown(columns)
    assert history.iterations == n
    assert len(history) <= 64 + 8 * np.log2(n)
    counts, ends = history["iterations"].astype(int), history.ends
    assert ends[-1] == n
    assert (np.diff(counts) <= 0).all(), "the older, the longer"
    assert (counts[-min(n, 32) :] == 1).all(), "the newest iterations have rows of their own"
    loss, norm = columns[COLUMNS.index("loss")], columns[COLUMNS.index("grad_norm")]
    for row, (count, end) in enumerate(zip(counts, ends, strict=True)):
        stretch = slice(end - count, end)
        assert history["loss"][row] == pytest.approx(loss[stretch].mean())
        assert history["loss_min"][row] == loss[stretch].min()
        assert history["loss_max"][row] == loss[stretch].max()
        assert history["grad_norm_max"][row] == norm[stretch].max()
        for name in ("iteration", "chars", "seconds"):
            assert history[name][row] == columns[COLUMNS.index(name), end - 1]
    assert history.thinned_until == (ends[history.thinned - 1] if history.thinned else 0)


@pytest.mark.parametrize("n", [65, 5003])
def test_validations_of_a_long_run_are_exact(small_levels, n):
    columns = columns_of(n)
    history = grown(columns)
    val_loss = columns[COLUMNS.index("val_loss")]
    measured = ~np.isnan(val_loss)
    at, losses = history.validations()
    np.testing.assert_array_equal(at, columns[0, measured])
    np.testing.assert_array_equal(losses, val_loss[measured])
    np.testing.assert_array_equal(history.validation_table()[2], columns[2, measured])
    first = np.flatnonzero(val_loss < 1.95)[0]
    assert history.seconds_below(1.95) == columns[2, first]


def test_of_very_many_validations_the_lowest_is_kept(small_levels, monkeypatch):
    monkeypatch.setattr("rnncore.history.MAX_VALIDATIONS", 100)
    columns = columns_of(5000, val_every=1)
    columns[COLUMNS.index("val_loss"), 2] = 0.5
    _, losses = grown(columns).validations()
    assert losses.min() == 0.5
    assert len(losses) <= 100 + 64


def test_a_view_does_not_change_when_its_history_is_thinned(small_levels):
    history = grown(columns_of(64))
    view, before = history.view(), history.to_array()
    for i in range(200):
        history.append(iteration=65 + i, loss=1.0)
    np.testing.assert_array_equal(view.to_array(), before)
    assert (view.thinned, view.iterations) == (0, 64)
    view.append(iteration=65)
    assert history.iterations == 264


def test_a_copy_goes_on_like_the_original(small_levels):
    columns = columns_of(3000)
    history = grown(columns[:, :1500])
    copy = history.copy()
    for other in (history, copy):
        for row in columns[:, 1500:].T:
            other.append(**dict(zip(COLUMNS, row, strict=True)))
    whole = grown(columns)
    for other in (history, copy):
        np.testing.assert_array_equal(other.to_array(), whole.to_array())
        for mine, expected in zip(other.thinned_arrays(), whole.thinned_arrays(), strict=True):
            np.testing.assert_array_equal(mine, expected)


def test_a_long_history_of_an_old_file_is_thinned_when_it_is_opened(small_levels):
    columns = columns_of(5000)
    history = History.from_array(columns)
    assert history.iterations == 5000
    assert len(history) < 150
    at, _ = history.validations()
    assert len(at) == 5000 // 7
    assert history["loss_min"].min() == columns[COLUMNS.index("loss")].min()


def test_rows_and_bytes_of_millions_of_iterations_are_bounded():
    history = History.from_array(columns_of(4_000_000, val_every=800))
    assert history.iterations == 4_000_000
    assert len(history) < 100_000
    stored = history.to_array().nbytes + sum(a.nbytes for a in history.thinned_arrays())
    assert stored < 6e6
    assert 2 * stored < estimate_bytes(4_000_000) < 3e7
    assert estimate_bytes(10**9) < 1.5 * estimate_bytes(4_000_000)
    assert estimate_bytes(1000) < 2.5e5


def test_the_recent_loss_is_the_mean_of_the_last_tenth_of_at_most_fifty_iterations():
    history = History()
    assert np.isnan(history.recent_loss())
    for loss in range(1, 1_001):
        history.append(loss=loss)
        n = min(50, math.ceil(loss / 10))
        assert history.recent_loss() == np.mean(range(loss - n + 1, loss + 1))
