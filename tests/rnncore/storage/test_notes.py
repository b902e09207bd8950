"""Notes that a program keeps with a run."""

from __future__ import annotations

import io

import numpy as np
import pytest

from rnncore import load, save
from rnncore.errors import FileFormatError, SaveError
from rnncore.storage import notes
from tests.support.trainers import new_solver


def saved(solver):
    buffer = io.BytesIO()
    save(solver, buffer)
    return buffer.getvalue()


def test_notes_come_back_with_the_run_and_are_saved_again():
    solver = new_solver()
    solver.notes = {"samples": [[1, 2.5, "Ünïcode 森"]], "none": None}
    again = load(saved(solver))
    assert again.notes == solver.notes
    assert saved(again) == saved(solver)


def test_a_run_without_notes_has_no_such_array():
    raw = saved(new_solver())
    assert b"notes.npy" not in raw
    assert load(raw).notes == {}


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": b"bytes"}, {"a": "x" * (1 << 20)}])
def test_notes_that_json_cannot_hold_are_refused(value):
    solver = new_solver()
    solver.notes = value
    with pytest.raises(SaveError, match="notes"):
        saved(solver)


@pytest.mark.parametrize(
    "raw",
    [b"", b"[1]", b"{", b"\xff\xfe", b'{"a":' + b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}"],
)
def test_damaged_notes_are_a_format_error(raw):
    with pytest.raises(FileFormatError, match="notes"):
        notes.from_array(np.frombuffer(raw, np.uint8))


def test_notes_of_another_type_or_size_are_a_format_error():
    for array in (np.zeros(3), np.zeros((2, 2), np.uint8), np.zeros(1 << 21, np.uint8)):
        with pytest.raises(FileFormatError, match="wrong type or shape"):
            notes.from_array(array)
