"""The kind of a text, as far as clean-up advice depends on it: source code, a table, CJK."""

from __future__ import annotations

import numpy as np

from dashboard.text.codepoints import Codes, Counts
from dashboard.text.lines import Lines

# Share of lines ending in a bracket or semicolon above which a text looks like source code.
CODE_SHARE = 0.25
# The same for the share of these signs. Novels, plays and verse have 0.004 or less, Python with
# long comments 0.06 and LaTeX 0.095.
SIGN_SHARE = 0.03
_SIGNS = frozenset("()[]{}=<>_;*#\\|&+/")
# A text indented to at least so many depths, each by this share of the lines, has a structure that
# indentation shows: source code, YAML, lists inside lists.
DEPTHS, DEPTH_SHARE = 3, 0.02
# Share of Chinese, Japanese and Korean characters above which their punctuation is the text's own.
CJK_SHARE = 0.1
_CJK = ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


def looks_like_code(codes: Codes, counts: Counts) -> bool:
    """Return whether a text looks like a program or markup: by its signs or its lines' ends."""
    ink = sum(n for char, n in counts.items() if not char.isspace())
    if ink and sum(counts.get(sign, 0) for sign in _SIGNS) > SIGN_SHARE * ink:
        return True
    feeds = np.flatnonzero(codes == ord("\n"))
    last = codes[feeds[feeds > 0] - 1]
    last = last[(last != ord("\n")) & (last != ord(" "))]
    # No colon: in a play, the lines with the speakers' names end in one.
    hits = np.isin(last, np.frombuffer(b"{}()[];<>", np.uint8))
    return bool(len(last) > 0 and hits.mean() > CODE_SHARE)


def has_depths(lines: Lines) -> bool:
    """Return whether many lines are indented, to several depths."""
    inked = ~lines.blank
    depths = np.bincount(np.minimum(lines.indents[inked], 80))[1:]
    return int((depths > DEPTH_SHARE * max(1, inked.sum())).sum()) >= DEPTHS


def has_columns(codes: Codes, lines: Lines) -> bool:
    """Return whether tabs seem to separate columns: inside lines, one in every second line."""
    tabs = np.flatnonzero(codes == ord("\t"))
    inside = tabs > lines.first[np.searchsorted(lines.start, tabs, side="right") - 1]
    return 2 * int(inside.sum()) >= max(1, int((~lines.blank).sum()))


def is_cjk(char: str) -> bool:
    """Return whether a character is Chinese, Japanese or Korean, punctuation included."""
    return any(low <= ord(char) <= high for low, high in _CJK)


def is_mostly_cjk(counts: Counts) -> bool:
    """Return whether a good part of a text is Chinese, Japanese or Korean."""
    return sum(n for char, n in counts.items() if is_cjk(char)) > CJK_SHARE * sum(counts.values())
