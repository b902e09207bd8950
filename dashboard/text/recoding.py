"""Write a text in the vocabulary of a network that was trained on another text."""

from __future__ import annotations

import numpy as np

from dashboard.text.loading import LoadedText, from_ids
from rnncore import Vocab
from rnncore.errors import TextError


def recode(text: LoadedText, vocab: Vocab) -> LoadedText:
    """Return the text in this vocabulary, without the characters that it lacks.

    A note says how many were left out. TextError: the vocabulary has none of the characters.
    """
    if text.vocab == vocab:
        return text
    known = vocab.char_to_idx
    lacking = len(vocab)  # marks characters that the vocabulary lacks
    table = np.array([known.get(char, lacking) for char in text.vocab])
    ids = table.astype(np.min_scalar_type(lacking))[text.ids]
    ids = ids[ids != lacking].astype(vocab.dtype)
    if not len(ids):
        raise TextError("The model knows none of this text's characters: choose another text.")
    notes = text.notes
    if left_out := int((table == lacking).sum()):
        notes += (
            f"The model does not know {left_out} of the text's characters; they were left out.",
        )
    return from_ids(ids, vocab, text.name, text.size, text.encoding, notes)
