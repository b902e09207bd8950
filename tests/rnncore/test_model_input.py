"""RNN: settings, ids, states and buffers that it refuses."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from rnncore import RNN, RnnCoreError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"vocab_dim": 0}, "vocab_dim is 0"),
        ({"vocab_dim": 70_000}, "vocab_dim is 70000; .* to 65,536"),
        ({"vocab_dim": 9.0}, "vocab_dim is 9.0"),
        ({"input_dim": 0}, "input_dim is 0"),
        ({"hidden_dim": 10**9}, "hidden_dim is 1000000000; .* to 4,096"),
        ({"hidden_dim": True}, "hidden_dim is True"),
        ({"hidden_dim": "128"}, "hidden_dim is '128'"),
        ({"num_layers": 0}, "num_layers is 0"),
        ({"num_layers": 9}, "num_layers is 9; .* 1 to 8"),
        ({"cell_type": "LSTM"}, "cell_type is 'LSTM'; choose one of .*lstm"),
        ({"cell_type": None}, "cell_type is None; choose one of"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"dropout": float("nan")}, "dropout is nan"),
        ({"dtype": "float16"}, "dtype is 'float16'; choose one of float32, float64"),
        ({"seed": -1}, "seed is -1"),
        ({"idx_to_char": "ab"}, "idx_to_char names 2 symbols; vocab_dim is 9"),
        ({"idx_to_char": "aabcdefgh"}, "twice"),
        ({"idx_to_char": [*"abcdefgh", "ij"]}, "'ij'"),
    ],
)
def test_bad_settings_are_refused_with_name_and_value(settings, message):
    with pytest.raises(RnnCoreError, match=message) as error:
        RNN(**({"vocab_dim": 9} | settings))
    assert isinstance(error.value, ValueError)


def test_idx_to_char_can_be_a_dict():
    assert RNN(3, {1: "b", 0: "a", 2: "c"}).vocab.idx_to_char == ("a", "b", "c")


def test_bad_sizes_are_refused_before_memory_is_allocated():
    tracemalloc.start()
    try:
        with pytest.raises(RnnCoreError):
            RNN(65_536, None, 4096, 10**6, num_layers=8)
        with pytest.raises(RnnCoreError):
            RNN(9, None, 4, 8, seed="x", num_layers=8)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (np.zeros(5, int), np.zeros(5, int), r"inputs has shape \(5,\); it must be \(N, T\)"),
        (np.zeros((0, 5), int), np.zeros((0, 5), int), "inputs has shape"),
        (np.zeros((2, 5), int), np.zeros((2, 4), int), r"targets has shape \(2, 4\)"),
        (np.zeros((2, 5)), np.zeros((2, 5), int), "float64"),
        (np.full((2, 5), 9), np.zeros((2, 5), int), "from 9 to 9; with vocab_dim=9"),
        (np.zeros((2, 5), int), np.full((2, 5), -1), "from -1 to -1"),
    ],
)
def test_bad_ids_are_refused(inputs, targets, message):
    with pytest.raises(RnnCoreError, match=message):
        RNN(9).loss(inputs, targets)


def test_state_and_buffers_of_another_size_are_refused():
    model = RNN(9, None, 4, 6, num_layers=2)
    inputs = targets = np.zeros((3, 5), int)
    with pytest.raises(RnnCoreError, match="state"):
        model.loss(inputs, targets, model.initial_state(1))
    with pytest.raises(RnnCoreError, match="state"):
        model.loss(inputs, targets, model.initial_state(3)[:1])
    with pytest.raises(RnnCoreError, match="buffers"):
        model.loss(inputs, targets, buffers=model.new_pass(3, 6))
