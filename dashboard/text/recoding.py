"""Write a text in the vocabulary of a network that was trained on another text."""

from __future__ import annotations

import numpy as np

from dashboard.text import quotation_marks
from dashboard.text.loading import LoadedText, from_ids
from rnncore import Vocab
from rnncore.errors import TextError


def recode(text: LoadedText, vocab: Vocab) -> LoadedText:
    """Return the text in this vocabulary, without the characters that it lacks.

    Quotation marks that it lacks are read as similar ones that it has. A note says which, and
    another how many characters were left out. TextError: the vocabulary has none of them.
    """
    if text.vocab == vocab:
        return text
    known = vocab.char_to_idx
    lacking = len(vocab)  # marks characters that the vocabulary lacks
    stand_ins = quotation_marks.find_stand_ins(text.vocab, vocab)
    opening, table = (
        np.array(
            [known.get(stand_ins.get(char, (char, char))[end], lacking) for char in text.vocab],
            np.min_scalar_type(lacking),
        )
        for end in (0, 1)
    )
    ids = table[text.ids]
    if (opening != table).any():
        places = quotation_marks.find_opening(quotation_marks.kinds_of(text.vocab)[text.ids])
        ids[places] = opening[text.ids[places]]
    ids = ids[ids != lacking].astype(vocab.dtype)
    if not len(ids):
        raise TextError("The model knows none of this text's characters: choose another text.")
    notes = text.notes
    if stand_ins:
        notes += (quotation_marks.describe(stand_ins, "The model"),)
    if left_out := int((table == lacking).sum()):
        notes += (
            f"The model does not know {left_out} of the text's characters; they were left out.",
        )
    return from_ids(ids, vocab, text.name, text.size, text.encoding, notes)
