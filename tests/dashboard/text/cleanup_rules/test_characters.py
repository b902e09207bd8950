"""Rules that replace characters: each against plain Python, and when each is recommended."""

from __future__ import annotations

import pytest
from hypothesis import given

from dashboard.text.cleanup import apply
from tests.support.texts import PAGES, suggestions_by_key

PLAIN_PYTHON = {
    "case": str.lower,
    "quotes": lambda text: text.replace("—", "--"),
    "invisible": lambda text: text.replace("\u00a0", " "),
}


@pytest.mark.parametrize("key", PLAIN_PYTHON)
@given(text=PAGES)
def test_rule_equals_plain_python(key: str, text: str) -> None:
    assert apply(text, [key]) == PLAIN_PYTHON[key](text)


def test_rare_characters_are_replaced_by_frequent_ones_or_removed() -> None:
    text = "the cat sat over there, Encore " * 100 + "tête æther Œuvre Ε £5 9"
    cleaned = apply(text, ["rare"])
    assert cleaned.endswith("tete aether uvre  5 9")  # O is not in the text, so Œ is removed
    assert "Ε" not in cleaned


def test_replacing_many_rare_characters_is_not_recommended() -> None:
    chinese = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    assert not suggestions_by_key(chinese)["rare"].recommended


def test_lower_case_is_offered_but_not_recommended() -> None:
    assert not suggestions_by_key("Abc")["case"].recommended


def test_sentence_has_the_count_some_replacements_and_the_vocabulary() -> None:
    assert suggestions_by_key("“Yes”\n" * 1000)["quotes"].sentence == (
        'Replaces 2,000 characters with plain ASCII: “ → ", ” → ". '
        "The vocabulary changes from 6 to 5 characters."
    )


@pytest.mark.parametrize(
    ("text", "key", "ending"),
    [
        ("a\u00ad" * 5, "invisible", "The text gets 5 characters shorter (50 %)."),
        ("——— -", "quotes", "The text gets 3 characters longer (60 %)."),
    ],
)
def test_sentence_has_the_change_of_length(text: str, key: str, ending: str) -> None:
    assert ending in suggestions_by_key(text)[key].sentence


def test_sentence_lists_at_most_eight_replacements() -> None:
    sentence = suggestions_by_key("".join(map(chr, range(0x2000, 0x200B))))["invisible"].sentence
    assert sentence.count("→") == 8
    assert ", …." in sentence
