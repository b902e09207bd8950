"""Quotation marks that a network does not know, read as similar ones that it knows.

A network that was trained on a printed book knows “ ” and ’, and most files have " and ' instead.
Whether a straight mark opens or closes follows from the character before it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from rnncore import Vocab

StandIns = dict[str, tuple[str, str]]  # by unknown mark: what is read where it opens and closes
Kinds = NDArray[np.uint8]

_CURLED = {'"': ["“”"], "'": ["‘’", "’’"]}  # as opening and closing marks, in order of preference
_STRAIGHT = {**dict.fromkeys("“”„‟", '"'), **dict.fromkeys("‘’‚‛", "'")}
_MARKS = {*_CURLED, *_STRAIGHT}
_OTHER, _GAP, _DASH, _MARK, _LETTER = range(5)  # the kinds of character


def find_stand_ins(chars: Iterable[str], vocab: Vocab) -> StandIns:
    """Return the quotation marks of a text that the vocabulary lacks, and what is read instead.

    chars: the text's characters. Marks without a similar one in the vocabulary are not in it.
    """
    found: StandIns = {}
    for char in set(chars) & _MARKS - set(vocab):
        pairs = _CURLED.get(char) or [2 * _STRAIGHT[char]]
        known = next((pair for pair in pairs if all(mark in vocab for mark in pair)), None)
        if known is not None:
            found[char] = (known[0], known[1])
    return dict(sorted(found.items()))


def kinds_of(chars: Iterable[str]) -> Kinds:
    """Return the kind of each character, (len(chars),), for ``find_opening``."""
    return np.array([_kind(char) for char in chars], np.uint8)


def find_opening(kinds: Kinds) -> NDArray[np.intp]:
    """Return where in a text the quotation marks are that open, ascending.

    kinds: (T,), of the text's characters. A mark opens at the text's beginning, after a space, a
    line break or an opening bracket, and between a dash and a letter. Of marks side by side all do
    as the first.
    """
    places = np.flatnonzero(kinds == _MARK)
    if not len(places):
        return places
    breaks = np.flatnonzero(np.diff(places) != 1)
    firsts = places[np.append(0, breaks + 1)]
    after = places[np.append(breaks, len(places) - 1)] + 1
    before = np.where(firsts > 0, kinds[firsts - 1], _GAP)
    letter_follows = kinds[np.minimum(after, len(kinds) - 1)] == _LETTER
    opens = (before == _GAP) | ((before == _DASH) & letter_follows)
    found: NDArray[np.intp] = places[np.repeat(opens, after - firsts)]
    return found


def read_as_known(text: str, vocab: Vocab) -> str:
    """Return the text with the quotation marks that the vocabulary knows, as long as before."""
    stand_ins = find_stand_ins(text, vocab)
    if not stand_ins:
        return text
    opening = set(find_opening(kinds_of(text)).tolist())
    return "".join(
        stand_ins[char][i not in opening] if char in stand_ins else char
        for i, char in enumerate(text)
    )


def describe(stand_ins: StandIns, reader: str = "It") -> str:
    """Return a sentence on the marks that are read as others, or "" if there are none.

    reader: who reads them, at the beginning of the sentence.
    """
    if not stand_ins:
        return ""
    read = " ".join(dict.fromkeys(mark for pair in stand_ins.values() for mark in pair))
    return f"{reader} reads the quotation marks {' '.join(stand_ins)} as {read}, which it knows."


def _kind(char: str) -> int:
    if char in _MARKS:
        return _MARK
    if char.isspace() or char in "([{":
        return _GAP
    if char in "-–—―":
        return _DASH
    return _LETTER if char.isalnum() else _OTHER
