"""Co-writing: probabilities, adding a character or a stretch, and undoing one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from dashboard.analysis.network_internals import apply_temperature
from dashboard.sampling.co_writing import MAX_CONTEXT, CoWriting
from rnncore import RNN, Sampler

CHARS = "ab \n"


@pytest.fixture
def co_writing():
    return CoWriting(Sampler(RNN(4, CHARS, input_dim=3, hidden_dim=5, seed=1)), "ab")


def test_probabilities_are_the_networks_and_sum_to_one(co_writing):
    probabilities = co_writing.next_probabilities()
    assert probabilities.shape == (4,)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(probabilities, co_writing.sampler.next_probabilities("ab"))


def test_adding_and_undoing_a_character_leaves_the_original_unchanged(co_writing):
    longer = co_writing.write("a")
    assert (longer.text, co_writing.text) == ("aba", "ab")
    assert longer.undo().text == "ab"
    assert longer.sampler is co_writing.sampler
    assert not np.array_equal(longer.next_probabilities(), co_writing.next_probabilities())


def test_choices_are_the_likeliest_with_and_without_temperature(co_writing):
    probabilities = co_writing.next_probabilities()
    choices = co_writing.choices(3, 0.5)
    assert choices.chars == tuple(CHARS[i] for i in np.argsort(-probabilities)[:3])
    np.testing.assert_array_equal(choices.probabilities, np.sort(probabilities)[::-1][:3])
    np.testing.assert_allclose(
        choices.tempered, apply_temperature(probabilities, 0.5)[np.argsort(-probabilities)[:3]]
    )


def test_the_first_character_cannot_be_undone(co_writing):
    assert co_writing.undo().undo().undo().text == "a"


def test_seed_text_and_written_text_are_kept_apart(co_writing):
    longer = co_writing.write("b").write("a")
    assert (longer.seed_text, longer.written, longer.text) == ("ab", "ba", "abba")
    back = longer.undo().undo().undo().write("b")
    assert (back.seed_text, back.written) == (
        "a",
        "b",
    )  # an undone character is no longer part of the seed text


def test_a_stretch_ends_at_the_first_end_after_a_visible_character(co_writing):
    written = co_writing.write_until(" \n", 1.0).text[2:]
    assert 1 <= len(written) <= 200
    assert written[-1] in " \n" or len(written) == 200
    word = written.lstrip()
    assert not set(word[:-1]) & set(" \n")


def test_a_stretch_without_an_end_is_limited(co_writing):
    assert len(co_writing.write_until("", 1.0).text) == 202


def test_only_the_last_part_of_a_long_text_is_read(co_writing):
    long = CoWriting(co_writing.sampler, "ab" * MAX_CONTEXT)
    np.testing.assert_array_equal(
        long.next_probabilities(),
        CoWriting(co_writing.sampler, "ab" * (MAX_CONTEXT // 2)).next_probabilities(),
    )


def test_temperature_zero_always_writes_the_likeliest(co_writing):
    stretch = co_writing.write_until("", 0.0)
    text = stretch.text
    for end, _ in pairwise(range(2, 12)):
        probabilities = CoWriting(co_writing.sampler, text[:end]).next_probabilities()
        assert CHARS[int(np.argmax(probabilities))] == text[end]
