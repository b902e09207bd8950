"""What a careful eye would notice about a text before training on it, and the mending of it.

Each remedy is one of two kinds. A *substitution* sees only how often each character occurs,
so its effect is known from the counts alone; a *layout* remedy sees where spaces and line
feeds stand. Both work on code points as one NumPy array: linear, however long the text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.text.codepoints import (
    Codes,
    Counts,
    codes_to_text,
    count,
    display_char,
    histogram,
    substitute,
    substituted,
    text_to_codes,
)
from rnncore.errors import SettingError

Kinds = NDArray[np.uint8]
Mask = NDArray[np.bool_]

RARE_SHARE, RARE_COUNT = 1e-5, 5  # below the larger: too few to learn from
MOSTLY_HARMLESS = 1e-3  # share of the text that mending rare characters may touch unasked
CODE_SHARE = 0.25  # of lines that end as only a program's lines do

_STRAIGHT = {
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–−", "-"),
    **dict.fromkeys("—―", "--"),
    "…": "...",
}
_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f"
)
_INVISIBLE = {
    **dict.fromkeys(_SPACES, " "),
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u2060\ufeff", ""),  # soft hyphen, zero widths, byte order mark
    **{chr(c): "" for c in (*range(9), *range(11, 32), *range(127, 133), *range(134, 160))},
}
# Letters that Unicode does not decompose.
_LIGATURES = {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "ø": "o", "Ø": "O"} | {
    "đ": "d", "ð": "d", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i",
}  # fmt: skip


@dataclass(frozen=True)
class Suggestion:
    """One thing noticed; ``sentence`` says what its remedy would do, in numbers.

    on: whether the remedy is advised. removed: characters fewer (negative: more).
    vocab_before, vocab_after: distinct characters.
    """

    key: str
    title: str
    sentence: str
    recommended: bool
    removed: int
    vocab_before: int
    vocab_after: int


def examine(text: str) -> list[Suggestion]:
    """What could be mended.

    A finding about characters is measured on what the advised ones before it leave; one
    about places on ``text`` as it is.
    """
    codes = text_to_codes(text)
    counts = original = count(codes)
    suggestions = []
    for key, substitution in _SUBSTITUTIONS.items():
        changes = substitution(counts)
        if changes:
            touched = sum(counts[char] for char in changes)
            on = key != "case" and (key != "rare" or touched <= MOSTLY_HARMLESS * len(text))
            after = substituted(counts, changes)
            what = _what_changes(key, changes, touched)
            suggestions.append(_finding(key, what, on, counts, after))
            counts = after if on else counts
    kinds = _kinds(codes)
    for key, layout in _LAYOUTS.items():
        dropped = count(codes[layout(kinds)])
        after = {char: n - dropped.get(char, 0) for char, n in original.items()}
        if key == "indent" and "\t" in after:
            after[" "], after["\t"] = after.get(" ", 0) + after["\t"], 0
        after = {char: n for char, n in after.items() if n}
        if after != original:
            code = key == "indent" and _looks_like_code(codes)
            what = f"{CLEANUP_RULES[key]} can go"
            what += " (but this looks like a program, where they matter)" if code else ""
            suggestions.append(_finding(key, what, not code, original, after))
    return suggestions


def apply(text: str, keys: Iterable[str]) -> str:
    """``text`` with the remedies of these findings; keys in any order, unknown ones refused."""
    chosen = set(keys)
    unknown = chosen - set(CLEANUP_RULES)
    if unknown:
        raise SettingError(
            f"No remedy is called {sorted(unknown)}; there are {', '.join(CLEANUP_RULES)}."
        )
    if not chosen:
        return text
    codes = text_to_codes(text)
    counts = count(codes)
    whole: dict[str, str] = {char: char for char in counts}  # all substitutions in one
    for key, substitution in _SUBSTITUTIONS.items():
        if key in chosen:
            changes = substitution(counts)
            counts = substituted(counts, changes)
            whole = {c: "".join(changes.get(n, n) for n in new) for c, new in whole.items()}
    codes = substitute(codes, {char: new for char, new in whole.items() if new != char})
    for key, layout in _LAYOUTS.items():
        if key in chosen:
            codes = _drop(codes, layout(_kinds(codes)), key)
    return codes_to_text(codes)


def char_frequencies(text: str) -> tuple[list[str], NDArray[np.int64]]:
    """Readable names of the distinct characters and how often each occurs, the commonest first."""
    present, counts = histogram(text_to_codes(text))
    order = np.argsort(-counts, kind="stable")
    return [display_char(chr(code)) for code in present[order]], counts[order]


# -- remedies by character ------------------------------------------------------------------


def _invisible(counts: Counts) -> dict[str, str]:
    return {char: _INVISIBLE[char] for char in counts if char in _INVISIBLE}


def _straight(counts: Counts) -> dict[str, str]:
    return {char: _STRAIGHT[char] for char in counts if char in _STRAIGHT}


def _lower(counts: Counts) -> dict[str, str]:
    return {char: char.lower() for char in counts if char.lower() != char}


def _rare(counts: Counts) -> dict[str, str]:
    """Rare characters folded to characters that are not rare, or to nothing."""
    limit = max(RARE_COUNT, RARE_SHARE * sum(counts.values()))
    # Plain letters and digits stay: a word without one of its letters is a worse oddity.
    kept = {
        char
        for char, n in counts.items()
        if n >= limit or char in " \n\t" or (char.isascii() and char.isalnum())
    }
    return {char: _folded(char, kept) for char in counts if char not in kept}


def _folded(char: str, kept: set[str]) -> str:
    """``char`` without its accents, in characters of ``kept``; empty if that cannot be."""
    plain = unicodedata.normalize("NFKD", char)
    plain = "".join(_LIGATURES.get(c, c) for c in plain if not unicodedata.combining(c))
    plain = "".join(_STRAIGHT.get(c, c) for c in plain)
    return plain if plain and set(plain) <= kept else ""


_SUBSTITUTIONS: dict[str, Callable[[Counts], dict[str, str]]] = {
    "invisible": _invisible,
    "quotes": _straight,
    "case": _lower,
    "rare": _rare,
}


# -- remedies by place: a mask of the characters to drop, from what kind each one is ---------

INK, SPACE, FEED = range(3)  # tabs are spaces here


def _trailing(kinds: Kinds) -> Mask:
    space = kinds == SPACE
    last = np.flatnonzero(space & _next_is_feed(kinds))
    begins = np.flatnonzero(space & ~_shifted(space, False))
    marks = np.zeros(len(kinds) + 1, np.int8)
    marks[begins[np.searchsorted(begins, last, side="right") - 1]] = 1
    marks[last + 1] -= 1
    return np.cumsum(marks[:-1], dtype=np.int8) > 0


def _indent(kinds: Kinds) -> Mask:
    """Every space that follows a space or begins a line."""
    return (kinds == SPACE) & (_shifted(kinds, FEED) != INK)


def _blank_lines(kinds: Kinds) -> Mask:
    """All but the first of each run of blank lines; a line of spaces alone is blank."""
    feeds = np.flatnonzero(kinds == FEED)
    marks = np.zeros(len(kinds) + 1, np.int8)
    if len(feeds) > 2:
        # blank[k]: nothing stands between line feeds k and k + 1.
        blank = ~np.logical_or.reduceat(kinds == INK, feeds)[:-1]
        surplus = np.flatnonzero(blank[:-1] & blank[1:]) + 1
        marks[feeds[surplus] + 1] += 1
        marks[feeds[surplus + 1] + 1] -= 1
    return np.cumsum(marks[:-1], dtype=np.int8) > 0


_LAYOUTS: dict[str, Callable[[Kinds], Mask]] = {
    "trailing": _trailing,
    "indent": _indent,
    "blank": _blank_lines,
}
CLEANUP_RULES = {
    "invisible": "Invisible characters",
    "quotes": "Curly quotes and long dashes",
    "case": "Upper case",
    "rare": "Rare characters",
    "trailing": "Spaces at line ends",
    "indent": "Indentation and runs of spaces",
    "blank": "Runs of blank lines",
}


def _kinds(codes: Codes) -> Kinds:
    kinds = ((codes == 32) | (codes == 9)).view(np.uint8)
    kinds += (codes == 10).view(np.uint8) * np.uint8(FEED)
    return kinds


def _shifted(values: NDArray[Any], first: Any) -> NDArray[Any]:
    """What stands before each place, ``first`` before the first."""
    shifted = np.empty_like(values)
    shifted[:1], shifted[1:] = first, values[:-1]
    return shifted


def _next_is_feed(kinds: Kinds) -> Mask:
    feed = np.ones(len(kinds), bool)  # the text's end ends a line
    feed[:-1] = kinds[1:] == FEED
    return feed


def _drop(codes: Codes, mask: Mask, key: str) -> Codes:
    kept = codes[~mask]
    if key == "indent":  # tabs that are left inside a line
        kept[kept == 9] = 32
    return kept


def _looks_like_code(codes: Codes) -> bool:
    """Whether many lines end in brackets or semicolons (a play's end in colons)."""
    feeds = np.flatnonzero(codes == 10)
    before = codes[feeds[feeds > 0] - 1]
    before = before[(before != 10) & (before != 32)]
    hits = np.isin(before, np.frombuffer(b"{}()[];<>", np.uint8))
    return bool(len(before) > 0 and hits.mean() > CODE_SHARE)


# -- words ----------------------------------------------------------------------------------


def _what_changes(key: str, changes: dict[str, str], touched: int) -> str:
    shown = " ".join(display_char(char) for char in list(changes)[:12])
    shown += " …" if len(changes) > 12 else ""
    kinds = f"{len(changes)} kinds" if len(changes) > 1 else "one kind"
    if key == "case":
        return f"{touched:,} capitals would become small letters"
    these = f"{touched:,} characters of {kinds} ({shown})"
    if key == "rare":
        folded = sum(new != "" for new in changes.values())
        return (
            f"{these} are too rare to learn from: {folded} of the kinds would become "
            f"plain characters, {len(changes) - folded} would be dropped"
        )
    if key == "invisible":
        return f"{these} cannot be seen and would become plain spaces or go"
    return f"{these} have a plain form that every keyboard has"


def _finding(key: str, what: str, on: bool, before: Counts, after: Counts) -> Suggestion:
    removed = sum(before.values()) - sum(after.values())
    share = 100 * abs(removed) / max(1, sum(before.values()))
    if removed:
        size = f"the text gets {abs(removed):,} character{'s' * (abs(removed) != 1)} "
        size += f"{'shorter' if removed > 0 else 'longer'} ({share:.2g} %)"
    else:
        size = "the text keeps its length"
    vocab = (
        f"the vocabulary stays at {len(before)}"
        if len(before) == len(after)
        else f"the vocabulary goes from {len(before)} to {len(after)}"
    )
    sentence = f"{what}; {size} and {vocab}."
    return Suggestion(key, CLEANUP_RULES[key], sentence, on, removed, len(before), len(after))
