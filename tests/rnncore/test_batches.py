"""Batches: contiguous streams, epochs, the validation split, texts that are too short."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore import RnnCoreError
from rnncore.batches import Batches, check_ids, split, split_into_streams


def test_streams_are_contiguous_and_targets_are_the_next_ids():
    batches = Batches(np.arange(25), batch_size=3, seq_length=4)
    first, second = batches.next(), batches.next()
    assert first.inputs.tolist() == [[0, 1, 2, 3], [8, 9, 10, 11], [16, 17, 18, 19]]
    assert second.inputs.tolist() == [[4, 5, 6, 7], [12, 13, 14, 15], [20, 21, 22, 23]]
    for batch in (first, second):
        np.testing.assert_array_equal(batch.targets, batch.inputs + 1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 200))
def test_an_epoch_reads_each_stream_once_in_order(N, T, more):
    ids = np.arange(N * T + 1 + more)
    batches = Batches(ids, N, T)
    epoch = [batches.next() for _ in range(batches.per_epoch)]
    assert [b.wrapped for b in epoch] == [True] + [False] * (batches.per_epoch - 1)
    read = np.concatenate([b.inputs for b in epoch], axis=1)
    assert (np.diff(read, axis=1) == 1).all()
    assert len(np.unique(read)) == read.size
    for b in epoch:
        assert b.inputs.shape == b.targets.shape == (N, T)
        np.testing.assert_array_equal(b.targets, b.inputs + 1)
    # Fewer ids are left over than one more batch and the remainder of the streams need.
    assert len(ids) - 1 - read.size < N * T + N


def test_an_epoch_after_the_first_starts_at_the_beginning():
    batches = Batches(np.arange(25), 3, 4)
    seen = [batches.next() for _ in range(5)]
    assert [b.wrapped for b in seen] == [True, False, True, False, True]
    np.testing.assert_array_equal(seen[2].inputs, seen[0].inputs)


def test_batches_continue_from_the_cursor():
    first = Batches(np.arange(1000), 3, 7)
    for _ in range(60):
        first.next()
    second = Batches(np.arange(1000), 3, 7)
    second.cursor = first.cursor
    for _ in range(60):
        a, b = first.next(), second.next()
        np.testing.assert_array_equal(a.inputs, b.inputs)
        assert a.wrapped == b.wrapped


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.9])
def test_the_validation_part_is_the_end_of_the_text(fraction):
    train, val = split(np.arange(1000), fraction)
    assert len(val) == 1000 * fraction
    np.testing.assert_array_equal(np.concatenate([train, val]), np.arange(1000))


@pytest.mark.parametrize("fraction", [-0.1, 0.95, float("nan"), "0.1"])
def test_bad_fractions_are_refused(fraction):
    with pytest.raises(RnnCoreError, match="val_fraction is"):
        split(np.arange(10), fraction)


@pytest.mark.parametrize(
    ("length", "N", "T"), [(800, 16, 50), (100, 16, 50), (40, 16, 50), (3, 1, 9)]
)
def test_a_text_that_is_too_short_is_refused_with_settings_that_fit(length, N, T):
    with pytest.raises(RnnCoreError) as error:
        Batches(np.zeros(length, int), N, T)
    message = str(error.value)
    assert f"has {length:,} characters" in message
    assert f"at least {N * T + 1:,}" in message
    fitting = re.search(r"sequence length of (\d+) with a batch size of (\d+)", message)
    T, N = map(int, fitting.groups())
    assert Batches(np.zeros(length, int), N, T).per_epoch >= 1


def test_the_shortest_text_that_fits_has_one_batch():
    assert Batches(np.zeros(801, int), 16, 50).per_epoch == 1


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_text_too_short_for_any_settings_is_refused(length):
    with pytest.raises(RnnCoreError, match=r"Use a longer text\.$"):
        Batches(np.zeros(length, int), 2, 2)


@pytest.mark.parametrize(
    ("N", "T", "message"),
    [(0, 5, "batch_size is 0"), (5, 0, "seq_length is 0"), (5, 2.0, "is 2.0")],
)
def test_bad_sizes_are_refused(N, T, message):
    with pytest.raises(RnnCoreError, match=message):
        Batches(np.zeros(100, int), N, T)


def test_batches_are_views():
    ids = np.arange(100)
    assert np.shares_memory(Batches(ids, 3, 4).next().inputs, ids)
    assert all(np.shares_memory(part, ids) for part in split_into_streams(ids, 7))


@pytest.mark.parametrize("ids", [[0, 8], range(9), np.array([3], "u1"), np.array([], int)])
def test_any_integers_within_the_vocabulary_are_valid_ids(ids):
    np.testing.assert_array_equal(check_ids(ids, 9), list(ids))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 9], "from 0 to 9; with vocab_dim=9 each id must lie in 0 to 8"),
        ([-1, 3], "from -1 to 3"),
        ([0.0, 1.0], "float64"),
        ([True, False], "bool"),
        (["a"], "<U1"),
        ([[1, 2]], r"shape \(1, 2\)"),
        (5, r"shape \(\)"),
    ],
)
def test_other_values_are_refused_as_ids(ids, message):
    with pytest.raises(RnnCoreError, match=message):
        check_ids(ids, 9)
