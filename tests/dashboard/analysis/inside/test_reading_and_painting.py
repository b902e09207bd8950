"""Texts as a network reads them, and values as colours."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.analysis.inside import reading as readings
from dashboard.analysis.inside.painting import paint, scale_of, to_levels
from dashboard.analysis.inside.reading import read_ids, read_text, unit_values
from rnncore import RNN, Vocab, inspect

VOCAB = Vocab("abc d")


def test_unknown_characters_are_shown_named_and_skipped():
    read = read_text(VOCAB, "aéb\nc", 10)
    assert read.text == "aéb\nc"
    np.testing.assert_array_equal(read.places, [0, 2, 4])
    np.testing.assert_array_equal(read.ids, [0, 1, 2])
    assert "does not know 2 characters of this text (é, " in read.notes[0]
    np.testing.assert_array_equal(read.on_text(np.array([1.0, 2, 3])), [1, np.nan, 2, np.nan, 3])
    assert [read.place_of(at) for at in range(5)] == [0, 0, 1, 1, 2]
    assert read.known_text() == "abc"


def test_quotation_marks_are_read_as_those_that_the_network_knows():
    read = read_text(Vocab("ab “”"), 'a "b"', 10)
    assert read.text == "a “b”"
    assert len(read.ids) == 5
    assert read.notes == ('The network reads the quotation marks " as “ ”, which it knows.',)


def test_a_long_text_is_cut_with_a_sentence_and_an_unknown_one_has_no_ids():
    read = read_text(VOCAB, "ab" * 50, 30)
    assert len(read.ids) == 30
    assert read.notes == ("The text has 100 characters; the first 30 are read.",)
    assert not len(read_text(VOCAB, "éé", 30).ids)
    assert not read_text(VOCAB, "", 30).notes


def test_a_part_of_the_book_is_read_with_what_comes_before_it():
    """The values are those of reading the whole book, if no more came before."""
    network = RNN(5, VOCAB.idx_to_char, hidden_dim=6)
    ids = np.random.default_rng(0).integers(0, 5, 60)
    read = read_ids(VOCAB, ids, 20, 25)
    whole = inspect.activations(network, ids)
    values = unit_values(network, read, 0, "h")
    np.testing.assert_allclose(values, whole[20:45, 0, 0], rtol=1e-4, atol=1e-6)


def test_a_large_network_reads_less(monkeypatch):
    network = RNN(5, VOCAB.idx_to_char, hidden_dim=6)
    monkeypatch.setattr(readings, "MAX_PAINTED_BYTES", 10 * 6 * 4)
    read = read_text(VOCAB, "abcd " * 10, 50)
    values = unit_values(network, read, 0, "h")
    assert values.shape == (10, 6)
    spread = read.on_text(values[:, 0])
    assert np.isfinite(spread).tolist() == [True] * 10 + [False] * 40


def test_colours_run_from_orange_over_none_to_blue():
    values = np.array([-5, -1, -0.5, 0, 0.06, 0.07, 1, np.nan])
    assert to_levels(values, 1.0) == "aaeiijq."
    painted = paint("abcdefgh", values, 1.0, "bits")
    assert painted.numbers == [-500, -100, -50, 0, 6, 7, 100, None]
    assert len(painted.levels) == len(painted.text)
    assert to_levels(np.zeros(2), 0.0) == "ii"


@pytest.mark.parametrize(("part", "scale"), [("h", 1.0), ("c", 4.0), ("f", 1.0)])
def test_only_a_cell_state_is_scaled_by_its_large_values(part, scale):
    assert scale_of(np.array([-4.0, -4, np.nan]), part) == scale
    assert scale_of(np.array([0.5]), part) == 1.0
    assert scale_of(np.array([]), part) == 1.0
