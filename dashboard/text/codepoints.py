"""Text as an array of code points: converted, counted and substituted without Python loops."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.unsignedinteger]
Counts = dict[str, int]
Kinds = NDArray[np.uint8]

INK, SPACE, LINE_FEED = range(3)  # the kinds of character; a tab is a SPACE

_BLOCK = 1 << 18  # characters processed at once: limits memory, and fits into the CPU cache

_NAMES = {" ": "␣", "\n": "↵", "\t": "⇥", "\u00a0": "nbsp", "\u00ad": "shy", "\ufeff": "bom"}


def display_char(char: str) -> str:
    """Return ``char``, or a visible sign or name for it if it is invisible."""
    if char in _NAMES:
        return _NAMES[char]
    if unicodedata.combining(char):
        return "◌" + char
    return char if char.isprintable() else f"U+{ord(char):04X}"


def text_to_codes(text: str) -> Codes:
    """Return the code points (len(text),): uint8 if all are below 256, else uint32."""
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def codes_to_text(codes: Codes) -> str:
    """Return the text with these code points, which ``text_to_codes`` made."""
    if codes.dtype == np.uint8:
        return codes.tobytes().decode("latin-1")
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def histogram(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the code points that occur, ascending, and how often each does: (V,) both."""
    if not len(codes):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    total = np.zeros(int(codes.max()) + 1, np.int64)
    for start in range(0, len(codes), _BLOCK):  # bincount copies its argument as int64
        found = np.bincount(codes[start : start + _BLOCK])
        total[: len(found)] += found
    present = np.flatnonzero(total)
    return present, total[present]


def count_chars(codes: Codes) -> Counts:
    """Return how often each character occurs."""
    present, counts = histogram(codes)
    return dict(zip(map(chr, present.tolist()), counts.tolist(), strict=True))


def count_after(counts: Counts, replacements: dict[str, str]) -> Counts:
    """Return the counts of a text with these counts after the replacements."""
    after: Counts = {}
    for char, n in counts.items():
        for new in replacements.get(char, char):
            after[new] = after.get(new, 0) + n
    return after


def substitute(codes: Codes, replacements: dict[str, str]) -> Codes:
    """Return ``codes`` with characters replaced by strings of any length, "" included."""
    if not replacements or not len(codes):
        return codes
    size = int(codes.max()) + 1
    table, lengths = np.arange(size, dtype=np.uint32), np.ones(size, np.int8)
    for char, new in replacements.items():
        lengths[ord(char)] = len(new)
        table[ord(char)] = ord(new[0]) if new else 0
    result = _look_up(table, codes)
    if (lengths != 1).any():
        new_lengths = _look_up(lengths, codes)
        kept = new_lengths > 0
        # A longer replacement's first character is in place; insert the others after it.
        # Such places are few.
        places = np.flatnonzero(new_lengths > 1)
        if len(places):
            tails = [replacements[chr(code)][1:] for code in codes[places].tolist()]
            behind = np.repeat(places, [len(tail) for tail in tails]) + 1
            result = np.insert(result, behind, [ord(c) for tail in tails for c in tail])
            kept = np.insert(kept, behind, True)
        result = result if kept.all() else result[kept]
    return result.astype(np.uint8) if result.size and result.max() < 256 else result


def classify(codes: Codes) -> Kinds:
    """Return the kind of each character, (n,): INK, SPACE or LINE_FEED."""
    kinds = ((codes == ord(" ")) | (codes == ord("\t"))).view(np.uint8)
    kinds += (codes == ord("\n")).view(np.uint8) * np.uint8(LINE_FEED)
    return kinds


def _look_up(table: NDArray[Any], codes: Codes) -> NDArray[Any]:
    """Return ``table[codes]``, computed in blocks because indexing copies its index as int64."""
    found = np.empty(len(codes), table.dtype)
    for start in range(0, len(codes), _BLOCK):
        found[start : start + _BLOCK] = table[codes[start : start + _BLOCK]]
    return found
