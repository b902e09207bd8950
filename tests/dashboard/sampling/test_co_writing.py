"""Writing in turns: odds, a character more, a stretch more, one back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dashboard.analysis.network_internals import apply_temperature
from dashboard.sampling.co_writing import MOST, CoWriting
from rnncore import RNN, Sampler

CHARS = "ab \n"


@pytest.fixture
def co_writing():
    return CoWriting(Sampler(RNN(4, CHARS, input_dim=3, hidden_dim=5, seed=1)), "ab")


def test_the_odds_are_the_networks_and_sum_to_one(co_writing):
    odds = co_writing.next_probabilities()
    assert odds.shape == (4,)
    assert odds.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(odds, co_writing.sampler.next_probabilities("ab"))


def test_a_character_is_added_and_taken_back_and_the_pen_before_stays(co_writing):
    longer = co_writing.write("a")
    assert (longer.text, co_writing.text) == ("aba", "ab")
    assert longer.undo().text == "ab"
    assert longer.sampler is co_writing.sampler
    assert not np.array_equal(longer.next_probabilities(), co_writing.next_probabilities())


def test_the_choices_are_the_likeliest_with_their_odds_before_and_after_the_temperature(co_writing):
    odds = co_writing.next_probabilities()
    choices = co_writing.choices(3, 0.5)
    assert choices.chars == tuple(CHARS[i] for i in np.argsort(-odds)[:3])
    np.testing.assert_array_equal(choices.probabilities, np.sort(odds)[::-1][:3])
    np.testing.assert_allclose(
        choices.tempered, apply_temperature(odds, 0.5)[np.argsort(-odds)[:3]]
    )


def test_the_first_character_stays(co_writing):
    assert co_writing.undo().undo().undo().text == "a"


def test_the_seed_text_is_told_apart_from_what_was_written(co_writing):
    longer = co_writing.write("b").write("a")
    assert (longer.seed_text, longer.written, longer.text) == ("ab", "ba", "abba")
    back = longer.undo().undo().undo().write("b")
    assert (back.seed_text, back.written) == ("a", "b")  # what was taken back is no seed any more


def test_a_stretch_ends_at_the_first_end_after_something_was_written(co_writing):
    written = co_writing.write_until(" \n", 1.0).text[2:]
    assert 1 <= len(written) <= 200
    assert written[-1] in " \n" or len(written) == 200
    word = written.lstrip()
    assert not set(word[:-1]) & set(" \n")


def test_a_stretch_without_an_end_is_bounded(co_writing):
    assert len(co_writing.write_until("", 1.0).text) == 202


def test_a_long_text_costs_no_more_than_its_last_part(co_writing):
    long = CoWriting(co_writing.sampler, "ab" * MOST)
    np.testing.assert_array_equal(
        long.next_probabilities(),
        CoWriting(co_writing.sampler, "ab" * (MOST // 2)).next_probabilities(),
    )


def test_temperature_nought_always_writes_the_likeliest(co_writing):
    stretch = co_writing.write_until("", 0.0)
    text = stretch.text
    for end, _ in pairwise(range(2, 12)):
        odds = CoWriting(co_writing.sampler, text[:end]).next_probabilities()
        assert CHARS[int(np.argmax(odds))] == text[end]
