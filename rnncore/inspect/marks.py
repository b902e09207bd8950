"""Marks: what is known of each character of a text, to look for in the units of a network.

A mark is an array with one entry for each character. The network has read that character when a
unit is looked at, so the entry describes the text up to and including it; ``capital_ahead`` alone
describes the next one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import SettingError

Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]

# Pairs of quotation marks. The first of them that a text uses decides what “ and » mean in it.
QUOTES = (("„", "“”"), ("“", "”"), ("«", "»"), ("»", "«"), ("「", "」"))
# Latin, Greek and Cyrillic vowels, without accents.
_VOWELS = set("aeiouyæœøıαεηιουωаеиоуыэюяєі")
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|(?<!:)//[^\n]*|(?<!\w)#[^\n]*", re.DOTALL)


@dataclass(frozen=True)
class Mark:
    """A known mark: its name, its title on a page, and the function that computes it."""

    name: str
    title: str
    yes_no: bool
    find: Callable[[str], NDArray[Any]]


def inside_quotes(text: str) -> Bools:
    """Return whether a quotation is open, (T,).

    An empty line ends a quotation: novels leave out the closing mark before a new paragraph of
    the same speech. Straight marks (") open and close in turns. Single marks are apostrophes too
    often to count.
    """
    codes = _codes(text)
    straight = codes == ord('"')
    ends = _empty_lines(codes)
    turns = np.cumsum(straight)
    # The number of straight marks since the last empty line: odd means open.
    since = turns - np.maximum.accumulate(np.where(ends, turns, 0)) if len(text) else turns
    inside: Bools = since % 2 == 1
    pair = _find_pair(text)
    if pair is not None:
        opens = codes == ord(pair[0])
        closes = np.isin(codes, [ord(char) for char in pair[1]]) | ends
        inside |= _last_of(opens, closes)
    return inside


def position_in_line(text: str) -> Numbers:
    """Return the number of characters since the beginning of the line, (T,); a line break: 0."""
    codes = _codes(text)
    places = np.arange(1, len(codes) + 1)
    return places - np.maximum.accumulate(np.where(codes == 10, places, 0))


def position_in_word(text: str) -> Numbers:
    """Return the number of letters of the word so far, (T,); other characters: 0."""
    letters = _each(text, str.isalpha)
    places = np.arange(1, len(letters) + 1)
    return places - np.maximum.accumulate(np.where(letters, 0, places))


def capital_ahead(text: str) -> Bools:
    """Return whether the next character is a capital letter, (T,)."""
    return np.append(_each(text, str.isupper)[1:], np.zeros(min(1, len(text)), bool))


def bracket_depth(text: str) -> Numbers:
    """Return how many brackets (), [] and {} are open, (T,); a closing one too many counts 0."""
    codes = _codes(text)
    steps = np.isin(codes, [ord(c) for c in "([{"]).astype(np.int64)
    steps -= np.isin(codes, [ord(c) for c in ")]}"])
    depth = np.cumsum(steps)
    return depth - np.minimum(np.minimum.accumulate(depth), 0)


def vowels(text: str) -> Bools:
    """Return whether the character is a Latin, Greek or Cyrillic vowel, (T,)."""
    return _each(text, lambda c: unicodedata.normalize("NFD", c.lower())[:1] in _VOWELS)


def numbers(text: str) -> Bools:
    """Return whether the character is a digit, (T,)."""
    return _each(text, str.isdigit)


def comments(text: str) -> Bools:
    """Return whether the character is in a comment, (T,): after # or //, or in /* */."""
    return passages(len(text), (found.span() for found in _COMMENT.finditer(text)))


def matches(text: str, pattern: str) -> Bools:
    """Return whether the character is in a match of a regular expression, (T,).

    Some patterns take minutes on a short text. Run those of strangers in another process.
    SettingError: the pattern is not a regular expression, or it matches nothing.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise SettingError(f"{pattern!r} is not a regular expression: {error}.") from error
    mark = passages(len(text), (found.span() for found in compiled.finditer(text)))
    if not mark.any():
        raise SettingError(f"{pattern!r} matches no character of this text.")
    return mark


def passages(length: int, spans: Iterable[tuple[int, int]]) -> Bools:
    """Return whether the character is in one of the passages (start, stop), (length,)."""
    mark = np.zeros(length, bool)
    for start, stop in spans:
        mark[start:stop] = True
    return mark


# By name, in the order of a list of choices.
MARKS = {
    mark.name: mark
    for mark in (
        Mark("quotes", "Inside quotation marks", True, inside_quotes),
        Mark("line", "Position in the line", False, position_in_line),
        Mark("word", "Position in the word", False, position_in_word),
        Mark("capital", "Capital letter ahead", True, capital_ahead),
        Mark("brackets", "Bracket depth", False, bracket_depth),
        Mark("vowels", "Vowels", True, vowels),
        Mark("numbers", "Digits", True, numbers),
        Mark("comments", "Comments in code", True, comments),
    )
}


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _each(text: str, test: Callable[[str], bool]) -> Bools:
    """Return the test's result for each character, computed once for each distinct one."""
    if not text:
        return np.zeros(0, bool)
    known, where = np.unique(_codes(text), return_inverse=True)
    return np.array([test(chr(code)) for code in known], bool)[where]


def _empty_lines(codes: NDArray[np.uint32]) -> Bools:
    """Return whether the character is a line break that ends a line without visible characters."""
    found = np.zeros(len(codes), bool)
    breaks = np.flatnonzero(codes == 10)
    blank = np.isin(codes, [9, 13, 32])
    visible = np.cumsum(~blank & (codes != 10))
    found[breaks[1:]] = visible[breaks[1:]] == visible[breaks[:-1]]
    return found


def _last_of(opens: Bools, closes: Bools) -> Bools:
    """Return whether the last event up to each place was an opening one; closing ones win."""
    places = np.arange(1, len(opens) + 1)
    opened = np.maximum.accumulate(np.where(opens, places, 0))
    closed = np.maximum.accumulate(np.where(closes, places, 0))
    return opened > closed


def _find_pair(text: str) -> tuple[str, str] | None:
    """Return the pair of quotation marks whose opening mark comes first in the text."""
    if "„" in text:
        return QUOTES[0]
    found = [(text.find(pair[0]), pair) for pair in QUOTES[1:] if pair[0] in text]
    return min(found)[1] if found else None
