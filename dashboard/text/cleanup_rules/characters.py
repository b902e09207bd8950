"""Rules that replace characters wherever they stand.

Such a rule needs only the number of times each character occurs, so its effect is known
without changing the text. Several rules are combined into one pass over the text.
"""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Iterable

import numpy as np

from dashboard.text.cleanup_rules.excerpt import find_excerpt
from dashboard.text.cleanup_rules.rule import ExaminedText, Rule, Suggestion, characters_and_share
from dashboard.text.codepoints import (
    Codes,
    Counts,
    count_after,
    count_chars,
    display_char,
    substitute,
)

# A character that occurs less often than this is rare: a network sees it too seldom to learn it.
# The number does not grow with the text: 20 percent signs can be learnt in a text of any length.
RARE_COUNT = 5
# Share of the text up to which replacing rare characters is recommended.
MAX_RARE_SHARE = 1e-3
_EXAMPLES = 8  # replacements that a sentence lists

_PLAIN_PUNCTUATION = {
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
# Signs that a frequent one can stand in for where they are rare: without any, sentences and words
# would run into each other.
_SIMILAR_SIGNS = {"?": ".", "!": ".", ";": ",", ":": ",", "-": " ", "/": " "}
# Letters that Unicode does not decompose.
_LIGATURES = {"æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "ø": "o", "Ø": "O"} | {
    "đ": "d", "ð": "d", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i",
}  # fmt: skip


class SubstitutionRule(Rule):
    """A rule that replaces some characters with others or removes them.

    action: how its sentence begins, with the number of characters in place of {}.
    """

    action: str

    @abstractmethod
    def replacements(self, counts: Counts) -> dict[str, str]:
        """Return what replaces each character of a text with these counts ("": nothing)."""

    def is_recommended(self, touched: int, text: ExaminedText) -> bool:
        """Return whether to advise the rule, which touches so many characters of ``text``."""
        return True

    def examine(self, text: ExaminedText) -> Suggestion | None:
        """Return the effect on the text that the recommended rules before this one leave."""
        before = text.remaining
        new = self.replacements(before)
        if not new:
            return None
        touched = sum(before[char] for char in new)
        after = count_after(before, new)
        recommended = self.is_recommended(touched, text)
        if recommended:
            text.remaining = after
        sentence = self.describe(new, touched) + _describe_length(before, after)
        return self.suggest(sentence, before, after, recommended, _find_lines(text.codes, new))

    def describe(self, new: dict[str, str], touched: int) -> str:
        """Return how many characters are replaced, with some of the replacements."""
        examples = ", ".join(
            f"{display_char(char)} → {''.join(map(display_char, string)) or 'removed'}"
            for char, string in list(new.items())[:_EXAMPLES]
        )
        more = ", …" if len(new) > _EXAMPLES else ""
        characters = f"{touched:,} character{'s' * (touched != 1)}"
        return f"{self.action.format(characters)}: {examples}{more}."

    def apply(self, codes: Codes) -> Codes:
        """Return the code points with the replacements made."""
        return apply_substitutions(codes, [self])


def apply_substitutions(codes: Codes, rules: Iterable[SubstitutionRule]) -> Codes:
    """Return ``codes`` after all ``rules`` in their order, made in one pass over the text."""
    counts = count_chars(codes)
    combined = {char: char for char in counts}
    for rule in rules:
        new = rule.replacements(counts)
        counts = count_after(counts, new)
        combined = {
            char: "".join(new.get(c, c) for c in string) for char, string in combined.items()
        }
    return substitute(codes, {char: new for char, new in combined.items() if new != char})


def _find_lines(codes: Codes, new: dict[str, str]) -> tuple[Codes, Codes] | None:
    """Return the first two lines that replacements change, before and after, or None."""
    changed = np.isin(codes, [ord(char) for char in new])
    if not changed.any():
        return None
    lines = codes[find_excerpt(codes, int(changed.argmax()))]
    present = count_chars(lines)
    return lines, substitute(lines, {char: n for char, n in new.items() if char in present})


def _describe_length(before: Counts, after: Counts) -> str:
    """Return a sentence on how the text's length changes, or "" if it does not."""
    removed = sum(before.values()) - sum(after.values())
    if not removed:
        return ""
    change = "shorter" if removed > 0 else "longer"
    count, _, share = characters_and_share(abs(removed), before).partition(" (")
    return f" The text gets {count} {change} ({share}."


class InvisibleCharacters(SubstitutionRule):
    """Replace special spaces and line separators; remove control and zero-width characters."""

    key, title, order = "invisible", "Invisible characters", 10
    action = "Replaces or removes {} that cannot be seen"

    def replacements(self, counts: Counts) -> dict[str, str]:
        """Return the plain space, line feed or nothing that replaces each."""
        return {char: _INVISIBLE[char] for char in counts if char in _INVISIBLE}


class PlainPunctuation(SubstitutionRule):
    """Replace typographic quotes, dashes and ellipses with the ASCII ones."""

    key, title, order = "quotes", "Curly quotes and long dashes", 20
    action = "Replaces {} with plain ASCII"

    def replacements(self, counts: Counts) -> dict[str, str]:
        """Return the ASCII form of each."""
        return {char: _PLAIN_PUNCTUATION[char] for char in counts if char in _PLAIN_PUNCTUATION}

    def is_recommended(self, touched: int, text: ExaminedText) -> bool:
        """Return whether the text is not Chinese, Japanese or Korean, where these are usual."""
        return not text.is_cjk


class LowerCase(SubstitutionRule):
    """Replace capital letters with small ones; never recommended, since it loses information."""

    key, title, order = "case", "Upper case", 30

    def replacements(self, counts: Counts) -> dict[str, str]:
        """Return the small letter of each capital."""
        return {char: char.lower() for char in counts if char.lower() != char}

    def is_recommended(self, touched: int, text: ExaminedText) -> bool:
        """Return False: names and beginnings of sentences would be lost."""
        return False

    def describe(self, new: dict[str, str], touched: int) -> str:
        """Return how many capitals there are; examples would tell nothing new."""
        return f"Replaces {touched:,} capital letter{'s' * (touched != 1)} with small ones."


class RareCharacters(SubstitutionRule):
    """Replace rare characters with similar frequent ones, or remove them; letters always stay."""

    key, title, order = "rare", "Rare characters", 40
    action = "Replaces or removes {} too rare to learn from"

    def replacements(self, counts: Counts) -> dict[str, str]:
        """Return what replaces each rare character.

        A letter becomes the plain or small letter, if that is frequent, and else stays: a word
        that lacks a letter is worse than a rare letter. Digits and vowel signs stay for the same
        reason. Any other character is removed if there is nothing similar.
        """
        kept = {
            char
            for char, n in counts.items()
            if n >= RARE_COUNT or char in " \n\t" or (char.isascii() and char.isalnum())
        }
        new = {char: _similar(char, kept) for char in counts if char not in kept}
        return {char: string for char, string in new.items() if string or not _is_of_word(char)}

    def is_recommended(self, touched: int, text: ExaminedText) -> bool:
        """Return whether few characters change; in source code, each sign has a meaning."""
        return touched <= MAX_RARE_SHARE * len(text.codes) and not text.is_code


def _is_of_word(char: str) -> bool:
    """Return whether a character is a letter, a mark on one, or a digit, in any script."""
    return unicodedata.category(char)[0] in "LMN"


def _similar(char: str, kept: set[str]) -> str:
    """Return ``char`` without its accents, or its small letter, if ``kept`` has it; else ""."""
    return next((s for c in (char, char.lower()) if (s := _without_accents(c, kept))), "")


def _without_accents(char: str, kept: set[str]) -> str:
    """Return ``char`` without its accents, or "" if that has characters outside ``kept``.

    Only letters of the Latin alphabet lose their accents: и is no form of й, nor か one of が.
    """
    if char in kept:
        return char
    if _SIMILAR_SIGNS.get(char) in kept:
        return _SIMILAR_SIGNS[char]
    plain = unicodedata.normalize("NFKD", char)
    plain = "".join(_LIGATURES.get(c, c) for c in plain if not unicodedata.combining(c))
    plain = "".join(_PLAIN_PUNCTUATION.get(c, c) for c in plain)
    if _is_of_word(char) and not plain.isascii():
        return ""
    return plain if plain and set(plain) <= kept else ""


RULES = (InvisibleCharacters(), PlainPunctuation(), LowerCase(), RareCharacters())
