"""History: growing columns, and the values read from them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from rnncore.history import COLUMNS, History


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
