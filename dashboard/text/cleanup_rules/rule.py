"""Rule, the base class of every clean-up rule, and Suggestion, what a rule answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from dashboard.text.cleanup_rules import text_kind
from dashboard.text.cleanup_rules.excerpt import show_excerpt
from dashboard.text.codepoints import Codes, Counts, Kinds, classify, count_chars, text_to_codes
from dashboard.text.lines import Lines, find_lines


@dataclass(frozen=True)
class Suggestion:
    """A rule that would change a text; ``sentence`` describes the change with figures.

    recommended: whether the page should advise it. removed: by how many characters the text
    would get shorter (negative: longer). vocab_before, vocab_after: number of distinct characters.
    before, after: two lines that the rule changes, as they are and as they would be, for people
    to read; "" if no line of the text itself shows the change.
    """

    key: str
    title: str
    sentence: str
    recommended: bool
    removed: int
    vocab_before: int
    vocab_after: int
    before: str = ""
    after: str = ""


class ExaminedText:
    """A text that the rules examine one after the other.

    codes: code points (n,). counts: how often each character occurs. remaining: the same after
    the substitutions that were recommended so far; each substitution rule updates it.
    """

    def __init__(self, text: str) -> None:
        self.codes = text_to_codes(text)
        self.counts = self.remaining = count_chars(self.codes)

    @cached_property
    def kinds(self) -> Kinds:
        """The kind of each character, (n,): INK, SPACE or LINE_FEED."""
        return classify(self.codes)

    @cached_property
    def lines(self) -> Lines:
        """The lines of the text."""
        return find_lines(self.kinds)

    @cached_property
    def is_code(self) -> bool:
        """Whether the text looks like source code or markup."""
        return text_kind.looks_like_code(self.codes, self.counts)

    @cached_property
    def is_cjk(self) -> bool:
        """Whether a good part of the text is Chinese, Japanese or Korean."""
        return text_kind.is_mostly_cjk(self.counts)


class Rule(ABC):
    """One thing that can be cleaned up in a text.

    key: names the rule in settings links and widget keys, so it must never change.
    title: label of its switch on the page. order: rules run from the lowest to the highest.
    marks_spaces: whether the lines that show its effect need signs for spaces and line ends.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    order: ClassVar[int]
    marks_spaces: ClassVar[bool] = False

    @abstractmethod
    def examine(self, text: ExaminedText) -> Suggestion | None:
        """Return what the rule would do to ``text``, or None if it would change nothing."""

    @abstractmethod
    def apply(self, codes: Codes) -> Codes:
        """Return the code points (n,) after clean-up."""

    def suggest(
        self,
        sentence: str,
        before: Counts,
        after: Counts,
        recommended: bool = True,
        lines: tuple[Codes, Codes] | None = None,
    ) -> Suggestion:
        """Return a suggestion that changes ``before`` to ``after``.

        A change of the vocabulary's size is appended to ``sentence``.
        lines: two lines before and after the change.
        """
        if len(before) != len(after):
            sentence += f" The vocabulary changes from {len(before)} to {len(after)} characters."
        removed = sum(before.values()) - sum(after.values())
        shown = [show_excerpt(codes, self.marks_spaces) for codes in lines or ()]
        return Suggestion(
            self.key, self.title, sentence, recommended, removed, len(before), len(after), *shown
        )


def characters_and_share(count: int, before: Counts) -> str:
    """Return a number of characters and its share of the text: "1,200 characters (9.4 %)"."""
    share = 100 * count / max(1, sum(before.values()))
    return f"{count:,} character{'s' * (count != 1)} ({share:.2g} %)"
