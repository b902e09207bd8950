"""A text in the vocabulary of a network that was trained on another text."""

from __future__ import annotations

import pytest

from dashboard.text.loading import load
from dashboard.text.recoding import recode
from rnncore import Vocab
from rnncore.errors import TextError

TEXT = load("Ein Ei, zwei Eier; ä ö.".encode(), "eggs.txt")


def test_a_text_keeps_its_characters_in_a_larger_vocabulary():
    vocab = Vocab("xyz").extended(TEXT.vocab)
    recoded = recode(TEXT, vocab)
    assert vocab.decode(recoded.ids) == "Ein Ei, zwei Eier; ä ö."
    assert (recoded.name, recoded.size, recoded.notes) == ("eggs.txt", TEXT.size, TEXT.notes)


def test_characters_that_the_vocabulary_lacks_are_left_out_with_a_note():
    recoded = recode(TEXT, Vocab("Eierwnz "))
    assert recoded.preview() == "Ein Ei zwei Eier  "
    assert recoded.notes[-1].startswith("The model does not know 5 of the text's characters")


def test_a_vocabulary_of_256_characters_leaves_a_mark_for_unknown_ones():
    vocab = Vocab(map(chr, range(0x100, 0x200))).extended("")
    assert recode(TEXT, Vocab([*vocab.idx_to_char[:255], "E"])).preview() == "EEE"


def test_a_text_without_known_characters_is_refused():
    with pytest.raises(TextError, match="knows none"):
        recode(TEXT, Vocab("xy"))


def test_the_same_vocabulary_gives_the_same_text():
    assert recode(TEXT, TEXT.vocab) is TEXT
