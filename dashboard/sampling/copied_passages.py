"""Find passages of a generated text that are copied word for word from the training text.

A network that repeats 25 or more characters of the book has memorised them. To find such
passages in 25 MB within milliseconds, the index hashes a fragment of W characters at every S-th
place of the book and sorts the hashes. A copied passage of at least W + S - 1 characters contains
one such fragment completely. Each hit is compared character by character and extended in
both directions as far as the texts are equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import batches, checks

Ids = NDArray[np.integer]
Hashes = NDArray[np.uint64]

SHORTEST = 25  # characters in the shortest passage that is reported
_STRIDE = 8  # S: every S-th place of the source is in the index
_WIDTH = 16  # W: characters in a hashed fragment; W + S - 1 must not exceed SHORTEST
_BASE = np.uint64(0x9E3779B97F4A7C15)  # base of the polynomial hash modulo 2^64: odd and large
_HITS = 32  # places tried for one fragment: a line such as ----- can occur thousands of times
_BLOCK = 1 << 20  # characters hashed at once: limits memory


@dataclass(frozen=True)
class Passage:
    """A copy: ``generated[start:end]`` equals the source from ``source_start`` on."""

    start: int
    end: int
    source_start: int

    def __len__(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Summary:
    """How much of a generated text was copied.

    share: of the generated characters, 0 to 1. longest: the longest passage, or None.
    percent: place of the longest passage in the source, from 0 (beginning) to 100 (end), or NaN.
    """

    share: float
    longest: Passage | None
    percent: float


class CopyIndex:
    """An index of one source text. ``ids`` is (n,); the index keeps a reference, not a copy."""

    def __init__(self, ids: Ids):
        self.ids = np.asarray(ids)
        batches.check_ids(self.ids, 1 << 32)
        places = np.arange(0, max(0, len(self.ids) - _WIDTH + 1), _STRIDE)
        hashes = np.empty(len(places), np.uint64)
        for start in range(0, len(places), _BLOCK // _STRIDE):
            block = places[start : start + _BLOCK // _STRIDE]
            window = self.ids[block[0] : block[-1] + _WIDTH]
            hashes[start : start + len(block)] = _hash_fragments(window, _STRIDE)
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._places = places[order].astype(np.min_scalar_type(max(1, len(self.ids))))

    @property
    def nbytes(self) -> int:
        """Bytes that the index takes, without the source."""
        return self._hashes.nbytes + self._places.nbytes

    def find(self, generated: Ids, shortest: int = SHORTEST) -> list[Passage]:
        """Return the copied passages, in order and without overlap.

        generated: ids (m,). shortest: characters of a passage, at least 23. Where two passages
        overlap, the longer one stays whole; the rest of the other stays if it is long enough.
        """
        checks.check_whole("shortest", shortest, _WIDTH + _STRIDE - 1)
        generated = batches.check_ids(generated, 1 << 32)
        found = self._find_maximal(generated, shortest)
        found.sort(key=lambda p: (-len(p), p.start))
        taken = np.zeros(len(generated), bool)
        chosen = []
        for passage in found:
            # Overlapping passages that were taken earlier are longer: they cover one end or both.
            free = np.flatnonzero(~taken[passage.start : passage.end])
            for run in np.split(free, np.flatnonzero(np.diff(free) > 1) + 1):
                if len(run) >= shortest:
                    shift = int(run[0])
                    start = passage.start + shift
                    part = Passage(start, start + len(run), passage.source_start + shift)
                    chosen.append(part)
                    taken[part.start : part.end] = True
        return sorted(chosen, key=lambda p: p.start)

    def summarize(self, passages: list[Passage], length: int) -> Summary:
        """Return a summary of the passages found in a generated text of ``length`` characters."""
        if not passages:
            return Summary(0.0, None, float("nan"))
        longest = max(passages, key=len)
        share = sum(map(len, passages)) / length
        return Summary(share, longest, 100 * longest.source_start / len(self.ids))

    def _find_maximal(self, generated: Ids, shortest: int) -> list[Passage]:
        """Return the passages that cannot be extended at either end; some may overlap."""
        if len(generated) < shortest or not len(self._hashes):
            return []
        hashes = _hash_fragments(generated, 1)
        low = np.searchsorted(self._hashes, hashes, side="left")
        high = np.searchsorted(self._hashes, hashes, side="right")
        # All hits in one passage have the same distance, source place - generated place. A hit
        # inside a passage that was already extended at that distance is skipped.
        extended_to: dict[int, int] = {}
        found = []
        for at in np.flatnonzero(high > low).tolist():
            for place in self._places[low[at] : min(high[at], low[at] + _HITS)].tolist():
                if extended_to.get(place - at, -1) > at:
                    continue
                passage = self._extend(generated, at, place)
                extended_to[place - at] = passage.end
                if len(passage) >= shortest:
                    found.append(passage)
        return found

    def _extend(self, generated: Ids, at: int, place: int) -> Passage:
        """Return the longest equal stretch around a hit, or one character if only hashes agree."""
        forward = _count_equal(generated[at:], self.ids[place:])
        backward = _count_equal(generated[:at][::-1], self.ids[:place][::-1])
        if forward < _WIDTH:
            return Passage(at, at + 1, place)
        return Passage(at - backward, at + forward, place - backward)


def _count_equal(a: Ids, b: Ids) -> int:
    """Return how many elements are equal from the beginning, comparing ever longer pieces."""
    n, done, piece = min(len(a), len(b)), 0, 64
    while done < n:
        stop = min(n, done + piece)
        different = np.flatnonzero(a[done:stop] != b[done:stop])
        if len(different):
            return done + int(different[0])
        done, piece = stop, 2 * piece
    return n


def _hash_fragments(ids: Ids, stride: int) -> Hashes:
    """Return a polynomial hash of the _WIDTH ids from every ``stride``-th place on."""
    count = (len(ids) - _WIDTH) // stride + 1
    hashes = np.zeros(count, np.uint64)
    for offset in range(_WIDTH):
        hashes *= _BASE
        hashes += ids[offset : offset + (count - 1) * stride + 1 : stride].astype(np.uint64)
    # Only the high bits depend on all ids, so mix them into the low bits.
    hashes ^= hashes >> np.uint64(32)
    return hashes
