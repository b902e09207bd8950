"""Samples at several temperatures: the same random numbers, so only the temperature differs."""

from __future__ import annotations

import pytest

from dashboard.sampling import temperatures
from rnncore import RNN, Vocab
from rnncore.errors import RnnCoreError

VOCAB = Vocab.from_text("abcde")


def compare(seed_text: str, iteration: int = 0) -> temperatures.Comparison:
    model = RNN(len(VOCAB), VOCAB.idx_to_char, input_dim=4, hidden_dim=8)
    return temperatures.compare(model, VOCAB, seed_text, iteration)


def test_each_temperature_has_a_sample_and_each_call_gives_the_same():
    first = compare("ab", 7)
    assert list(first.samples) == list(temperatures.TEMPERATURES)
    assert len(set(first.samples.values())) == len(temperatures.TEMPERATURES)
    assert first == compare("ab", 7)


def test_unknown_characters_of_the_seed_text_are_left_out_and_named():
    found = compare("aéb", 0)
    assert found.seed_text == "ab"
    assert "é" in found.note


def test_a_seed_text_without_a_known_character_is_refused():
    with pytest.raises(RnnCoreError, match="éü"):
        compare("éü", 0)
