"""Text as one array of code points: turned, counted and substituted without a Python loop."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.unsignedinteger]
Counts = dict[str, int]

_BLOCK = 1 << 18  # characters turned at once: bounds memory, and stays in the cache

_NAMES = {" ": "␣", "\n": "↵", "\t": "⇥", "\u00a0": "nbsp", "\u00ad": "shy", "\ufeff": "bom"}


def display_char(char: str) -> str:
    """A character as it can be shown: a sign for what is invisible, itself otherwise."""
    if char in _NAMES:
        return _NAMES[char]
    if unicodedata.combining(char):
        return "◌" + char
    return char if char.isprintable() else f"U+{ord(char):04X}"


def text_to_codes(text: str) -> Codes:
    """Code points (len(text),): uint8 where all are below 256, else uint32."""
    try:
        return np.frombuffer(text.encode("latin-1"), np.uint8)
    except UnicodeEncodeError:
        return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def codes_to_text(codes: Codes) -> str:
    """The text of ``as_codes``."""
    if codes.dtype == np.uint8:
        return codes.tobytes().decode("latin-1")
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def histogram(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Code points that occur, ascending, and how often."""
    if not len(codes):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    total = np.zeros(int(codes.max()) + 1, np.int64)
    for start in range(0, len(codes), _BLOCK):  # bincount makes a wide copy of its argument
        found = np.bincount(codes[start : start + _BLOCK])
        total[: len(found)] += found
    present = np.flatnonzero(total)
    return present, total[present]


def count(codes: Codes) -> Counts:
    """How often each character occurs."""
    present, counts = histogram(codes)
    return dict(zip(map(chr, present.tolist()), counts.tolist(), strict=True))


def substituted(counts: Counts, changes: dict[str, str]) -> Counts:
    """The counts after the changes."""
    after: Counts = {}
    for char, n in counts.items():
        for new in changes.get(char, char):
            after[new] = after.get(new, 0) + n
    return after


def substitute(codes: Codes, changes: dict[str, str]) -> Codes:
    """``codes`` with characters replaced by strings of any length, the empty one included."""
    if not changes or not len(codes):
        return codes
    size = int(codes.max()) + 1
    table, lengths = np.arange(size, dtype=np.uint32), np.ones(size, np.int8)
    for char, new in changes.items():
        lengths[ord(char)] = len(new)
        table[ord(char)] = ord(new[0]) if new else 0
    result = _looked_up(table, codes)
    if (lengths != 1).any():
        new_lengths = _looked_up(lengths, codes)
        kept = new_lengths > 0
        # The further characters of the longer ones: few places, inserted behind the first.
        places = np.flatnonzero(new_lengths > 1)
        if len(places):
            tails = [changes[chr(code)][1:] for code in codes[places].tolist()]
            behind = np.repeat(places, [len(tail) for tail in tails]) + 1
            result = np.insert(result, behind, [ord(c) for tail in tails for c in tail])
            kept = np.insert(kept, behind, True)
        result = result if kept.all() else result[kept]
    return result.astype(np.uint8) if result.size and result.max() < 256 else result


def _looked_up(table: NDArray[Any], codes: Codes) -> NDArray[Any]:
    """``table[codes]``, in blocks: indexing makes a wide copy of its index."""
    found = np.empty(len(codes), table.dtype)
    for start in range(0, len(codes), _BLOCK):
        found[start : start + _BLOCK] = table[codes[start : start + _BLOCK]]
    return found
