"""Rules that remove spaces and line feeds, by where they stand."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.text.cleanup_rules.excerpt import find_excerpt
from dashboard.text.cleanup_rules.rule import ExaminedText, Rule, Suggestion, characters_and_share
from dashboard.text.cleanup_rules.text_kind import has_columns, has_depths
from dashboard.text.codepoints import (
    INK,
    LINE_FEED,
    SPACE,
    Codes,
    Counts,
    Kinds,
    classify,
    count_chars,
)

Mask = NDArray[np.bool_]


class WhitespaceRule(Rule):
    """A rule that removes some of the spaces and line feeds."""

    marks_spaces = True

    @abstractmethod
    def removed(self, kinds: Kinds) -> Mask:
        """Return which characters to remove, (n,), from the kind of each, (n,)."""

    def examine(self, text: ExaminedText) -> Suggestion | None:
        """Return the effect on ``text`` as it is, before any other rule."""
        removed = self.removed(text.kinds)
        after = self.counts_after(text, removed)
        if after == text.counts:
            return None
        why_not = self.objection(text)
        sentence = self.describe(text.counts, after) + (f" {why_not}" if why_not else "")
        lines = text.codes[self.find_lines(text, removed)]
        return self.suggest(sentence, text.counts, after, not why_not, (lines, self.apply(lines)))

    def objection(self, text: ExaminedText) -> str:
        """Return a sentence on why the rule is not recommended for ``text``, or ""."""
        return ""

    def counts_after(self, text: ExaminedText, removed: Mask) -> Counts:
        """Return how often each character occurs without those that are removed."""
        # Counting the few removed characters is faster than counting the text again.
        dropped = count_chars(text.codes[removed])
        after = {char: n - dropped.get(char, 0) for char, n in text.counts.items()}
        return {char: n for char, n in after.items() if n}

    def find_lines(self, text: ExaminedText, removed: Mask) -> slice:
        """Return where two lines are of which the first is changed."""
        return find_excerpt(text.codes, int(removed.argmax()))

    def describe(self, before: Counts, after: Counts) -> str:
        """Return how many characters are removed."""
        count = sum(before.values()) - sum(after.values())
        return f"Removes {characters_and_share(count, before)}."

    def apply(self, codes: Codes) -> Codes:
        """Return the code points without the removed characters."""
        return codes[~self.removed(classify(codes))]


class TrailingSpaces(WhitespaceRule):
    """Remove spaces and tabs at the ends of lines."""

    key, title, order = "trailing", "Spaces at line ends", 50

    def removed(self, kinds: Kinds) -> Mask:
        """Return True for each space between a line's last other character and its end."""
        space = kinds == SPACE
        at_line_end = np.ones(len(kinds), bool)  # the text's end is a line end too
        at_line_end[:-1] = kinds[1:] == LINE_FEED
        last = np.flatnonzero(space & at_line_end)
        first = np.flatnonzero(space & ~_previous(space, False))
        changes = np.zeros(len(kinds) + 1, np.int8)  # +1 where a run begins, -1 after it
        changes[first[np.searchsorted(first, last, side="right") - 1]] = 1
        changes[last + 1] -= 1
        return np.cumsum(changes[:-1], dtype=np.int8) > 0


class Indentation(WhitespaceRule):
    """Remove indentation, and replace tabs and runs of spaces inside a line with one space."""

    key, title, order = "indent", "Indentation and runs of spaces", 60

    def removed(self, kinds: Kinds) -> Mask:
        """Return True for each space that begins a line or follows another space."""
        return (kinds == SPACE) & (_previous(kinds, LINE_FEED) != INK)

    def counts_after(self, text: ExaminedText, removed: Mask) -> Counts:
        """Return how often each character occurs, with the tabs left counted as spaces."""
        after = super().counts_after(text, removed)
        tabs = after.pop("\t", 0)
        return {**after, " ": after.get(" ", 0) + tabs} if tabs else after

    def objection(self, text: ExaminedText) -> str:
        """Return why indentation or tabs matter, if they seem to."""
        if text.is_code or has_depths(text.lines):
            return "Indentation seems to matter here, as in source code."
        return "The tabs seem to separate columns." if has_columns(text.codes, text.lines) else ""

    def find_lines(self, text: ExaminedText, removed: Mask) -> slice:
        """Return where two lines are of which the first is changed; a tab may only be replaced."""
        changed = removed if removed.any() else text.codes == ord("\t")
        return find_excerpt(text.codes, int(changed.argmax()))

    def describe(self, before: Counts, after: Counts) -> str:
        """Return how many characters are removed, or how many tabs are replaced."""
        if sum(before.values()) > sum(after.values()):
            return super().describe(before, after)
        tabs = before["\t"]
        return f"Replaces {tabs:,} {'tab with a space' if tabs == 1 else 'tabs with spaces'}."

    def apply(self, codes: Codes) -> Codes:
        """Return the code points without indentation, the tabs inside lines as spaces."""
        kept = super().apply(codes)
        kept[kept == ord("\t")] = ord(" ")
        return kept


class BlankLines(WhitespaceRule):
    """Keep one of several blank lines in a row; a line of spaces alone is blank."""

    key, title, order = "blank", "Runs of blank lines", 70

    def objection(self, text: ExaminedText) -> str:
        """Return why blank lines matter, if they seem to."""
        return "Blank lines may matter here, as in source code." if text.is_code else ""

    def find_lines(self, text: ExaminedText, removed: Mask) -> slice:
        """Return where the lines around the first surplus blank lines are."""
        lines = text.lines
        at = int(removed.argmax())
        inked = np.flatnonzero(~lines.blank & (lines.start < at))
        return find_excerpt(text.codes, int(lines.last[inked[-1]]) if len(inked) else at)

    def removed(self, kinds: Kinds) -> Mask:
        """Return True for each character of the blank lines that follow a blank line."""
        feeds = np.flatnonzero(kinds == LINE_FEED)
        changes = np.zeros(len(kinds) + 1, np.int8)  # +1 where a removed line begins, -1 after it
        if len(feeds) > 2:
            # blank[k]: there is only space between line feeds k and k + 1.
            blank = ~np.logical_or.reduceat(kinds == INK, feeds)[:-1]
            surplus = np.flatnonzero(blank[:-1] & blank[1:]) + 1
            changes[feeds[surplus] + 1] += 1
            changes[feeds[surplus + 1] + 1] -= 1
        return np.cumsum(changes[:-1], dtype=np.int8) > 0


RULES = (TrailingSpaces(), Indentation(), BlankLines())


def _previous(values: NDArray[Any], first: Any) -> NDArray[Any]:
    """Return the value before each place, (n,); ``first`` before the first."""
    shifted = np.empty_like(values)
    shifted[:1], shifted[1:] = first, values[:-1]
    return shifted
