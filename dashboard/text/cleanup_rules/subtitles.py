"""A rule that leaves only the words of subtitles (.srt, .vtt)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dashboard.text.cleanup_rules.excerpt import find_excerpt
from dashboard.text.cleanup_rules.rule import ExaminedText, Rule, Suggestion, characters_and_share
from dashboard.text.codepoints import Codes, classify, count_chars
from dashboard.text.lines import Lines, Places, find_lines

MIN_SUBTITLES = 3  # with fewer, the times are probably quoted in a text of another kind
# How a line with times begins. "0" stands for a digit, "," for a comma or point.
_TIMES = ("00:00:00,000 --> 00:00:00,000", "00:00,000 --> 00:00,000")
_MAX_DIGITS = 6  # of a subtitle's number


class SubtitleTimes(Rule):
    """Remove the lines with the number and the times of each subtitle; its words stay."""

    key, title, order = "subtitles", "Subtitle numbers and times", 45

    def examine(self, text: ExaminedText) -> Suggestion | None:
        """Return the effect on ``text`` as it is, before any other rule."""
        subtitles = find_times(text.codes, text.lines)
        if not len(subtitles):
            return None
        removed = _removed(text.codes, text.lines, subtitles)
        dropped = count_chars(text.codes[removed])
        after = {char: n - dropped.get(char, 0) for char, n in text.counts.items()}
        after = {char: n for char, n in after.items() if n}
        count = characters_and_share(int(removed.sum()), text.counts)
        sentence = f"Removes the numbers and times of {len(subtitles):,} subtitles: {count}."
        at = _excerpt(text.codes, int(removed.argmax()))
        shown = text.codes[at], text.codes[at][~removed[at]]
        return self.suggest(sentence, text.counts, after, lines=shown)

    def apply(self, codes: Codes) -> Codes:
        """Return the code points without the lines that have numbers and times."""
        lines = find_lines(classify(codes))
        subtitles = find_times(codes, lines)
        return codes[~_removed(codes, lines, subtitles)] if len(subtitles) else codes


def find_times(codes: Codes, lines: Lines) -> Places:
    """Return which lines have the times of a subtitle, ascending; (0,) if they are too few."""
    inked = np.flatnonzero(~lines.blank)
    length = lines.last - lines.first
    found = [_begin_with(codes, lines.first, inked[length[inked] >= len(t)], t) for t in _TIMES]
    at = np.sort(np.concatenate(found))
    return at if len(at) >= MIN_SUBTITLES else at[:0]


def _begin_with(codes: Codes, first: Places, at: Places, template: str) -> Places:
    """Return those of the lines ``at`` that begin like ``template``."""
    for place, sign in enumerate(template):
        there = codes[first[at] + place]
        if sign == "0":
            at = at[_is_digit(there)]
        elif sign == ",":
            at = at[(there == ord(",")) | (there == ord("."))]
        else:
            at = at[there == ord(sign)]
    return at


def _is_digit(codes: Codes) -> NDArray[np.bool_]:
    return (codes >= ord("0")) & (codes <= ord("9"))


def _removed(codes: Codes, lines: Lines, subtitles: Places) -> NDArray[np.bool_]:
    """Return which characters are removed, (n,): whole lines with their line feeds."""
    before = subtitles[subtitles > 0] - 1
    length = lines.last[before] - lines.first[before]
    before = before[~lines.blank[before] & (length <= _MAX_DIGITS)]
    for place in range(_MAX_DIGITS):
        at = np.minimum(lines.first[before] + place, lines.last[before] - 1)
        before = before[_is_digit(codes[at])]
    changes = np.zeros(len(codes) + 1, np.int8)  # +1 where a removed line begins, -1 after it
    ends = np.append(lines.start, len(codes))
    for removed in (before, subtitles):
        changes[lines.start[removed]] += 1
        changes[ends[removed + 1]] -= 1
    return np.cumsum(changes[:-1], dtype=np.int8) > 0


def _excerpt(codes: Codes, at: int) -> slice:
    """Return where the first number and times are, with the line of words after them."""
    begin = find_excerpt(codes, at)
    words = find_excerpt(codes, min(begin.stop + 1, len(codes)))
    return slice(begin.start, max(begin.stop, words.stop))


RULES = (SubtitleTimes(),)
