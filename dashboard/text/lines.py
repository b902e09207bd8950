"""The lines of a text: where each begins and ends, and where its words are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.text.codepoints import INK, LINE_FEED, Kinds

Places = NDArray[np.intp]


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
    feeds = np.flatnonzero(kinds == LINE_FEED)
    start = np.concatenate([[0], feeds + 1])
    stop = np.concatenate([feeds, [len(kinds)]])
    ink = np.zeros(len(kinds) + 2, bool)
    ink[1:-1] = kinds == INK
    begins = np.flatnonzero(ink[1:] & ~ink[:-1])  # of each word
    ends = np.flatnonzero(ink[:-1] & ~ink[1:])
    earliest, latest = np.searchsorted(begins, start), np.searchsorted(begins, stop)
    if not len(begins):
        begins = ends = np.zeros(1, np.intp)
    head = np.minimum(earliest, len(begins) - 1)
    first, word = begins[head], ends[head] - begins[head]
    return Lines(start, first, ends[np.maximum(latest, 1) - 1], word, earliest == latest)
