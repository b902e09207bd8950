"""The lines of a text: where each begins and ends, and where its words are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.text.codepoints import INK, LINE_FEED, Kinds

Places = NDArray[np.signedinteger]

_PIECE = 1 << 20  # characters


@dataclass(frozen=True)
class Lines:
    """The lines of a text, as positions in it: (n lines,) each.

    start: of the line. first: of its first character that is not a space. last: behind its last
    such character. word: length of its first word. For a blank line first, last and word are
    meaningless. blank: whether there are only spaces.
    """

    start: Places
    first: Places
    last: Places
    word: Places
    blank: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)

    @property
    def indents(self) -> Places:
        """The number of spaces and tabs before each line's first character, (n,)."""
        return self.first - self.start


def find_lines(kinds: Kinds) -> Lines:
    """Return the lines of a text from the kind of each character, (n,)."""
    # 32 bits for a position: a text of short lines has as many lines as other texts have words.
    feeds = _find(kinds == LINE_FEED)
    start = np.concatenate([_ZERO, feeds + np.int32(1)])
    stop = np.concatenate([feeds, np.full(1, len(kinds), np.int32)])
    ink = np.zeros(len(kinds) + 2, bool)
    ink[1:-1] = kinds == INK
    begins = _find(ink[1:] & ~ink[:-1])  # of each word
    ends = _find(ink[:-1] & ~ink[1:])
    earliest = np.searchsorted(begins, start).astype(np.int32)
    latest = np.searchsorted(begins, stop).astype(np.int32)
    blank = earliest == latest
    if not len(begins):
        begins = ends = _ZERO
    np.minimum(earliest, len(begins) - 1, out=earliest)
    np.maximum(latest - np.int32(1), 0, out=latest)
    first = begins[earliest]
    return Lines(start, first, ends[latest], ends[earliest] - first, blank)


_ZERO = np.zeros(1, np.int32)


def _find(mask: NDArray[np.bool_]) -> Places:
    """Return where ``mask`` is True, in pieces because numpy finds positions of 64 bits."""
    pieces = [
        (np.flatnonzero(mask[at : at + _PIECE]) + at).astype(np.int32)
        for at in range(0, len(mask), _PIECE)
    ]
    return np.concatenate([*pieces, _ZERO[:0]])
