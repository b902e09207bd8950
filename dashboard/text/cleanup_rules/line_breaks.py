"""A rule that joins lines which were only broken to fit the width of a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.text.cleanup_rules.excerpt import find_excerpt
from dashboard.text.cleanup_rules.rule import ExaminedText, Rule, Suggestion
from dashboard.text.cleanup_rules.text_kind import is_cjk
from dashboard.text.codepoints import (
    INK,
    Codes,
    Kinds,
    classify,
    codes_to_text,
    count_chars,
)
from dashboard.text.lines import Lines, Places, find_lines

# A break is forced if the next line's first word would not have fitted into the line. In prose
# that was broken at a width nearly all breaks are: 99.6 % in a novel of Project Gutenberg, against
# 4 % in rhymes and 21 % in Shakespeare's plays.
FORCED_SHARE = 0.7
MIN_WIDTH, MAX_WIDTH = 30, 120  # characters of a line; longer lines are whole paragraphs
MIN_BREAKS = 10  # with fewer, their shares are chance
SLACK = 2  # characters that the width may be estimated too high
# A longer word than this is text without spaces, which can be broken anywhere.
MAX_WORD = 20
# Lines of verse begin with a capital letter or end in a punctuation mark (in prose, a quarter do),
# and lines of a table or log begin with a digit.
MAX_CAPITALS, MAX_MARKS, MAX_DIGITS = 0.5, 0.5, 0.2
_DASHES = frozenset(map(ord, "-‐–—"))


@dataclass(frozen=True)
class Joins:
    """The breaks to join: each replaces the characters from ``start`` to ``stop`` by one space,
    or by nothing where ``spaced`` is False. (n,) each. width: of the page, in characters."""

    start: Places
    stop: Places
    spaced: NDArray[np.bool_]
    width: int


class HardWraps(Rule):
    """Join the lines of each paragraph of prose; verse, lists and headings stay."""

    key, title, order = "wrap", "Hard-wrapped lines", 80
    marks_spaces = True

    def examine(self, text: ExaminedText) -> Suggestion | None:
        """Return the effect on ``text`` as it is, before any other rule."""
        joins = find_joins(text.codes, text.kinds, text.lines)
        if joins is None:
            return None
        dropped = count_chars(text.codes[_removed(joins, len(text.codes))])
        replaced = count_chars(text.codes[joins.start[joins.spaced]])
        after = {
            char: n - dropped.get(char, 0) - replaced.get(char, 0)
            for char, n in text.counts.items()
        }
        after[" "] = after.get(" ", 0) + int(joins.spaced.sum())
        sentence = (
            f"Joins {len(joins.start):,} lines that were broken at a width of about "
            f"{joins.width} characters. Verse and headings stay."
        )
        at = find_excerpt(text.codes, int(joins.start[0]) - 1)
        inside = (joins.start >= (at.start or 0)) & (joins.stop <= at.stop)
        moved = Joins(
            joins.start[inside] - at.start,
            joins.stop[inside] - at.start,
            joins.spaced[inside],
            joins.width,
        )
        lines = text.codes[at], join(text.codes[at], moved)
        after = {char: n for char, n in after.items() if n}
        return self.suggest(sentence, text.counts, after, not text.is_code, lines)

    def apply(self, codes: Codes) -> Codes:
        """Return the code points with each such break replaced by a space."""
        kinds = classify(codes)
        joins = find_joins(codes, kinds, find_lines(kinds))
        return codes if joins is None else join(codes, joins)


def find_joins(codes: Codes, kinds: Kinds, lines: Lines) -> Joins | None:
    """Return the breaks to join, or None if the text is not prose that was broken at a width."""
    # Breaks inside a paragraph: between two lines that are not blank. A line that is indented
    # further than the one before begins a paragraph.
    at = np.flatnonzero(~lines.blank[:-1] & ~lines.blank[1:])
    at = at[lines.indents[at + 1] <= lines.indents[at]]
    if len(at) < MIN_BREAKS:
        return None
    lengths = lines.last - lines.start
    width = int(np.quantile(lengths[at], 0.98))
    whole = lengths[~lines.blank]
    if not MIN_WIDTH <= width <= MAX_WIDTH or 2 * whole[whole > MAX_WIDTH].sum() > whole.sum():
        return None
    words = np.where(lines.word[at + 1] > MAX_WORD, 1, lines.word[at + 1])
    forced = lengths[at] + 1 + words > width - SLACK
    begins = codes_to_text(codes[lines.first[at + 1]])
    ends = codes_to_text(codes[lines.last[at] - 1])
    if (
        forced.mean() < FORCED_SHARE
        or sum(char.isupper() for char in begins) > MAX_CAPITALS * len(at)
        or sum(char.isdigit() for char in begins) > MAX_DIGITS * len(at)
        or sum(not char.isalnum() for char in ends) > MAX_MARKS * len(at)
    ):
        return None
    # Verse inside prose: a paragraph of which most breaks are not forced stays as it is.
    paragraph = np.cumsum(np.diff(at, prepend=at[0]) > 1)
    share = np.bincount(paragraph, forced) / np.bincount(paragraph)
    at = at[forced & (share[paragraph] > 0.5)]
    start, stop = lines.last[at], lines.first[at + 1]
    return Joins(start, stop, _needs_space(codes, kinds, start, stop), width)


def join(codes: Codes, joins: Joins) -> Codes:
    """Return the code points with the breaks joined."""
    joined = codes.copy()
    joined[joins.start[joins.spaced]] = ord(" ")
    return joined[~_removed(joins, len(codes))]


def _needs_space(codes: Codes, kinds: Kinds, start: Places, stop: Places) -> NDArray[np.bool_]:
    """Return for each break whether a space belongs there: not after the dash of a compound word,
    nor between two characters of a script without spaces."""
    left, right = codes[start - 1], codes[stop]
    dash = np.isin(left, list(_DASHES)) & (kinds[np.maximum(start - 2, 0)] == INK)
    dense = [code for code in np.union1d(left, right).tolist() if is_cjk(chr(code))]
    return ~dash & ~(np.isin(left, dense) & np.isin(right, dense))


def _removed(joins: Joins, length: int) -> NDArray[np.bool_]:
    """Return which characters are removed, (length,)."""
    changes = np.zeros(length + 1, np.int8)  # +1 where a removed part begins, -1 after it
    changes[joins.start + joins.spaced] += 1
    changes[joins.stop] -= 1
    return np.cumsum(changes[:-1], dtype=np.int8) > 0


RULES = (HardWraps(),)
