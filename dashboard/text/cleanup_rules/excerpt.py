"""Two lines of a text, before and after a clean-up rule, as the page shows them."""

from __future__ import annotations

import numpy as np

from dashboard.text.codepoints import Codes, codes_to_text, display_char

_LINES = 2  # that are not blank
_BEFORE, _LENGTH = 120, 280  # characters: before the change, and altogether


def find_excerpt(codes: Codes, at: int) -> slice:
    """Return where the line with position ``at`` and the next one are, blank ones between them
    included. Long lines are cut."""
    earliest = max(0, at - _BEFORE)
    feeds = np.flatnonzero(codes[earliest:at] == ord("\n"))
    start = stop = earliest + int(feeds[-1]) + 1 if len(feeds) else earliest
    lines = codes_to_text(codes[start : start + _LENGTH]).split("\n")
    inked = 0
    for number, line in enumerate(lines):
        stop += len(line) + (number > 0)
        inked += bool(line.strip())
        if inked == _LINES:
            break
    return slice(start, stop)


def show_excerpt(codes: Codes, marks_spaces: bool) -> str:
    """Return these code points as text, with names for invisible characters.

    marks_spaces: draw a sign for each space, tab and line end, for rules that change those.
    """
    return "".join(_show(char, marks_spaces) for char in codes_to_text(codes))


def _show(char: str, marks_spaces: bool) -> str:
    if char in " \n\t":
        return {" ": "·", "\n": "↵\n", "\t": "⇥"}[char] if marks_spaces else char
    return char if char.isprintable() else f"⟨{display_char(char)}⟩"
