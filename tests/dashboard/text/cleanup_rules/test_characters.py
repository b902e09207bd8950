"""Rules that replace characters: each against plain Python, and when each is recommended."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given

from dashboard.text.cleanup import apply
from tests.support.paths import DATA
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
    text = "the cat sat over there, Encore " * 100 + "tête æther Œuvre Ε £5 9 no; but?"
    cleaned = apply(text, ["rare"])
    # Œ becomes small, since there is no O; a Greek letter stays; "?" has no substitute here.
    assert cleaned.endswith("tete aether oeuvre Ε 5 9 no, but")


def test_no_letter_of_any_script_is_removed() -> None:
    russian = (DATA / "ru_rare_capital.txt").read_text(encoding="utf-8")
    assert "Щенок" in russian
    assert "щенок спал у печки" in apply(russian, ["rare"]).lower()
    rare = "がщйЙ한हिन्दी٣ß"  # with marks and digits, which stand for parts of words
    common = "かиＡ하한 " * 50
    assert apply(common + rare, ["rare"]).endswith(rare)
    assert apply("щ" * 9 + "Щ", ["rare"]) == "щ" * 10


def test_a_sign_that_occurs_twenty_times_stays_in_a_text_of_any_length() -> None:
    latex = gzip.decompress((DATA / "latex_percent.txt.gz").read_bytes()).decode()
    assert latex.count("%") == 20
    assert "rare" not in suggestions_by_key(latex)


def test_removing_rare_signs_is_not_recommended_for_source_code() -> None:
    program = "int f(int x) {\n  return g(x);\n}\n" * 100 + "x %= 2;\n"
    assert not suggestions_by_key(program)["rare"].recommended


def test_quotes_are_not_recommended_for_chinese_japanese_and_korean() -> None:
    for text in ("他说：“你好。”——然后走了……", "「本」を“読む”。", "그는 “안녕” 하고 말했다."):
        assert not suggestions_by_key(text * 50)["quotes"].recommended
    assert suggestions_by_key("“Yes,” she said. " * 50)["quotes"].recommended


def test_suggestion_shows_two_lines_before_and_after() -> None:
    text = "No quotes here.\n“Yes,” she said,\nand left.\nThe end.\n"
    found = suggestions_by_key(text)["quotes"]
    assert found.before == "“Yes,” she said,\nand left."
    assert found.after == '"Yes," she said,\nand left.'
    invisible = suggestions_by_key("a\u00a0b\u200b c\n")["invisible"]
    assert (invisible.before, invisible.after) == ("a⟨nbsp⟩b⟨U+200B⟩ c\n", "a b c\n")


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
