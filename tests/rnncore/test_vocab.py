"""Vocab: characters, their ids, and the conversion between both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore import RnnCoreError, Vocab

any_text = st.text(st.characters(), min_size=1, max_size=60)  # surrogates included


def test_characters_are_in_the_order_of_their_code_points():
    vocab = Vocab.from_text("hello, wörld\n😀")
    assert vocab.idx_to_char == tuple(sorted(set("hello, wörld\n😀")))
    assert vocab.char_to_idx == {char: i for i, char in enumerate(vocab.idx_to_char)}
    assert len(vocab) == 12


@settings(max_examples=50, deadline=None)
@given(any_text)
def test_decode_is_the_inverse_of_encode(text):
    vocab = Vocab.from_text(text)
    ids = vocab.encode(text)
    assert ids.shape == (len(text),)
    assert ids.max() == len(vocab) - 1
    assert vocab.decode(ids) == text
    assert [vocab.idx_to_char[i] for i in ids] == list(text)


@pytest.mark.parametrize(("size", "dtype"), [(2, "u1"), (256, "u1"), (257, "u2"), (5000, "u2")])
def test_ids_have_the_smallest_type(size, dtype):
    chars = [chr(0x4E00 + i) for i in range(size)]
    vocab = Vocab(chars)
    ids = vocab.encode(chars[0] + chars[-1])
    assert ids.dtype == vocab.dtype == dtype
    assert ids.tolist() == [0, size - 1]
    with pytest.raises(RnnCoreError, match="lacks '!'"):
        vocab.encode(chars[0] + "!")


def test_a_text_longer_than_a_block_is_encoded():
    text = "ab" * 600_000 + "c"
    vocab = Vocab.from_text(text)
    ids = vocab.encode(text)
    assert vocab.idx_to_char == ("a", "b", "c")
    assert ids[-1] == 2
    assert (ids[:-1].reshape(-1, 2) == [0, 1]).all()
    assert vocab.decode(ids) == text


def test_missing_characters_are_named():
    vocab = Vocab("abc")
    assert vocab.missing("axbyxa") == ["x", "y"]
    assert vocab.keep_known("axbyxc") == "abc"
    assert "a" in vocab
    assert "x" not in vocab
    with pytest.raises(RnnCoreError, match=r"lacks 'x', '\\n', 'é'; leave them out"):
        vocab.encode("ax\nbé")
    with pytest.raises(RnnCoreError, match="'m' and 2 more"):
        vocab.encode("defghijklmno")


def test_a_vocabulary_is_immutable():
    vocab = Vocab("abc")
    vocab.char_to_idx["z"] = 9
    assert "z" not in vocab
    assert vocab == Vocab("abc") != Vocab("acb")
    assert len({vocab, Vocab("abc"), Vocab("acb")}) == 2


def test_an_empty_text_has_no_ids():
    vocab = Vocab("abc")
    assert len(vocab.encode("")) == 0
    assert vocab.decode([]) == ""


@pytest.mark.parametrize(
    ("chars", "message"),
    [
        ("", "empty"),
        ("aba", "twice"),
        (["a", "bc"], "'bc'; each must be one character"),
        (["a", ""], "''"),
        (["a", 7], "holds 7"),
    ],
)
def test_bad_characters_are_refused(chars, message):
    with pytest.raises(RnnCoreError, match=message):
        Vocab(chars)


def test_an_empty_text_has_no_vocabulary():
    with pytest.raises(RnnCoreError, match="empty"):
        Vocab.from_text("")


@pytest.mark.parametrize("ids", [[3], [-1], [0.5], np.array([1.0])])
def test_invalid_ids_are_refused(ids):
    with pytest.raises(RnnCoreError, match="whole numbers from 0 to 2"):
        Vocab("abc").decode(ids)
