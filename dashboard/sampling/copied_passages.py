"""Passages of a generated text that stand word for word in the text it learnt from.

A network that writes 25 characters in a row exactly as the book has them is reciting. To
find such passages in 25 MB within milliseconds, the book's fragments of W characters are
hashed at every S-th place and the hashes sorted. A copied passage of W + S - 1 characters or
more holds at least one such fragment whole, whatever its place; each hit is verified
character by character and grown as far as it goes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks

Ids = NDArray[np.integer]
Hashes = NDArray[np.uint64]

SHORTEST = 25  # characters of the shortest passage worth a word
_STRIDE = 8  # S: every S-th place of the source is in the index
_WIDTH = 16  # W: characters of a hashed fragment; W + S - 1 must not exceed SHORTEST
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd and large: the digits of a polynomial mod 2^64
_HITS = 32  # places of the source tried for one fragment: a table's rule may stand thousands
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Passage:
    """``generated[start:end]`` equals the source from ``source_start`` on."""

    start: int
    end: int
    source_start: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Summary:
    """How much was copied.

    share: of the generated characters, 0 to 1. longest: the longest passage, or None.
    percent: where that one stands in the source, 0 its beginning and 100 its end; else NaN.
    """

    share: float
    longest: Passage | None
    percent: float


class CopyIndex:
    """The index of one source text; ``ids`` is 1-D and is kept, not copied."""

    def __init__(self, ids: Ids):
        self.ids = np.asarray(ids)
        batches.check_ids(self.ids, 1 << 32)
        places = np.arange(0, max(0, len(self.ids) - _WIDTH + 1), _STRIDE)
        hashes = np.empty(len(places), np.uint64)
        for start in range(0, len(places), _BLOCK // _STRIDE):
            block = places[start : start + _BLOCK // _STRIDE]
            window = self.ids[block[0] : block[-1] + _WIDTH]
            hashes[start : start + len(block)] = _hashes(window, _STRIDE)
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._places = places[order].astype(np.min_scalar_type(max(1, len(self.ids))))

    @property
    def nbytes(self) -> int:
        """Memory of the index, the source not counted."""
        return self._hashes.nbytes + self._places.nbytes

    def find(self, generated: Ids, shortest: int = SHORTEST) -> list[Passage]:
        """Copied passages, the longest possible first of those that overlap, in their order.

        generated: 1-D ids. shortest: characters, at least 23. Passages do not overlap: where
        two do, the longer keeps all and the other what is left of it, if that is long enough.
        """
        checks.check_whole("shortest", shortest, _WIDTH + _STRIDE - 1)
        generated = batches.check_ids(generated, 1 << 32)
        found = self._maximal(generated, shortest)
        found.sort(key=lambda p: (-len(p), p.start))
        taken = np.zeros(len(generated), bool)
        chosen = []
        for passage in found:
            # Whatever overlaps and was taken earlier is longer, so it covers one end or both.
            free = np.flatnonzero(~taken[passage.start : passage.end])
            for run in np.split(free, np.flatnonzero(np.diff(free) > 1) + 1):
                if len(run) >= shortest:
                    shift = int(run[0])
                    start = passage.start + shift
                    part = Passage(start, start + len(run), passage.source_start + shift)
                    chosen.append(part)
                    taken[part.start : part.end] = True
        return sorted(chosen, key=lambda p: p.start)

    def summary(self, passages: list[Passage], length: int) -> Summary:
        """Of the passages found in a generated text of ``length`` characters."""
        if not passages:
            return Summary(0.0, None, float("nan"))
        longest = max(passages, key=len)
        share = sum(map(len, passages)) / length
        return Summary(share, longest, 100 * longest.source_start / len(self.ids))

    def _maximal(self, generated: Ids, shortest: int) -> list[Passage]:
        """Passages that cannot be grown at either end; some may overlap."""
        if len(generated) < shortest or not len(self._hashes):
            return []
        hashes = _hashes(generated, 1)
        low = np.searchsorted(self._hashes, hashes, side="left")
        high = np.searchsorted(self._hashes, hashes, side="right")
        # A passage lies on one diagonal, source place - generated place; what was grown on a
        # diagonal up to some place need not be grown from a later hit before that place.
        grown: dict[int, int] = {}
        found = []
        for at in np.flatnonzero(high > low).tolist():
            for place in self._places[low[at] : min(high[at], low[at] + _HITS)].tolist():
                if grown.get(place - at, -1) > at:
                    continue
                passage = self._grow(generated, at, place)
                grown[place - at] = passage.end
                if len(passage) >= shortest:
                    found.append(passage)
        return found

    def _grow(self, generated: Ids, at: int, place: int) -> Passage:
        """The longest equal stretch around a place in each text; empty if the hash deceived."""
        forth = _equal(generated[at:], self.ids[place:])
        back = _equal(generated[:at][::-1], self.ids[:place][::-1])
        if forth < _WIDTH:
            return Passage(at, at + 1, place)
        return Passage(at - back, at + forth, place - back)


def _equal(a: Ids, b: Ids) -> int:
    """Number of equal elements at the beginning, looked at in growing pieces."""
    n, done, piece = min(len(a), len(b)), 0, 64
    while done < n:
        stop = min(n, done + piece)
        different = np.flatnonzero(a[done:stop] != b[done:stop])
        if len(different):
            return done + int(different[0])
        done, piece = stop, 2 * piece
    return n


def _hashes(ids: Ids, stride: int) -> Hashes:
    """Hash of the _WIDTH ids from each ``stride``-th place on, a polynomial modulo 2^64."""
    count = (len(ids) - _WIDTH) // stride + 1
    hashes = np.zeros(count, np.uint64)
    for offset in range(_WIDTH):
        hashes *= _BASE
        hashes += ids[offset : offset + (count - 1) * stride + 1 : stride].astype(np.uint64)
    # The sum's high bits depend on all ids, its low ones do not: fold them together.
    hashes ^= hashes >> np.uint64(32)
    return hashes
