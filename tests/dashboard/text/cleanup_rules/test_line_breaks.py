"""Hard-wrapped lines: prose is joined as it was before wrapping, everything else stays."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

import pytest

from dashboard.text.cleanup import apply
from tests.support.paths import DATA, SAMPLES
from tests.support.texts import suggestions_by_key

WORDS = "a the boat lamp keeper said nothing evening stone, between quiet harbour; water light."


def paragraphs(count: int, seed: int = 0) -> list[str]:
    """Return paragraphs of random words, each of one long line."""
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS.split(), k=rng.randint(20, 90))) for _ in range(count)]


def wrapped(paragraph: str, width: int = 70, **more: str) -> str:
    return textwrap.fill(paragraph, width, break_on_hyphens=False, **more)


@pytest.mark.parametrize("width", [40, 70, 100])
def test_wrapped_paragraphs_become_whole_again(width: int) -> None:
    whole = paragraphs(30)
    text = "\n\n".join(wrapped(paragraph, width) for paragraph in whole)
    joined = apply(text, ["wrap"])
    assert joined == "\n\n".join(whole)
    assert apply(joined, ["wrap"]) == joined


def test_paragraphs_without_blank_lines_between_them_stay_apart() -> None:
    whole = [*paragraphs(30), "Short."]
    text = "\n".join(wrapped("    " + paragraph) for paragraph in whole)
    assert apply(text, ["wrap"]) == "\n".join("    " + paragraph for paragraph in whole)


def test_lines_of_an_indented_book_are_joined_by_one_space() -> None:
    whole = paragraphs(30)
    indent = {"initial_indent": "      ", "subsequent_indent": "      "}
    text = "\n\n".join(wrapped(paragraph, 70, **indent) + "  " for paragraph in whole)
    assert apply(text, ["wrap"]) == "\n\n".join(f"      {paragraph}  " for paragraph in whole)


def test_verse_and_headings_inside_prose_stay() -> None:
    verse = "There is one for the baker,\nand one for the bride,\nand one for the turn of the tide."
    whole = [*paragraphs(15), "CHAPTER 2\nThe keeper", verse, *paragraphs(15, seed=1)]
    text = "\n\n".join([*map(wrapped, whole[:15]), *whole[15:17], *map(wrapped, whole[17:])])
    assert apply(text, ["wrap"]) == "\n\n".join(whole)


def test_no_space_is_put_after_the_dash_of_a_compound_word_nor_between_chinese() -> None:
    prose = "\n\n".join(map(wrapped, paragraphs(20)))
    line = "the boat and the lamp and the quiet keeper between the stones and light-"
    assert "light-house" in apply(f"{prose}\n\n{line}\nhouse", ["wrap"])
    chinese = "\n".join(
        "道可道非常名可名無天地之始有萬物母故欲以觀其妙徼此兩者同出而異謂" for _ in range(20)
    )
    assert "\n" not in apply(chinese, ["wrap"])
    assert " " not in apply(chinese, ["wrap"])


@pytest.mark.parametrize(
    "text",
    [
        (SAMPLES / "verses.txt").read_text(encoding="utf-8"),
        (SAMPLES / "recipes.txt").read_text(encoding="utf-8"),
        (SAMPLES / "sums.txt").read_text(encoding="utf-8"),
        (SAMPLES / "brackets.txt").read_text(encoding="utf-8"),
        (DATA / "python_source.txt").read_text(encoding="utf-8"),
        (DATA / "names_first_space_late.txt").read_text(encoding="utf-8"),
        (DATA / "he_right_to_left.txt").read_text(encoding="utf-8"),
        "".join(f"2026-11-{day % 30:02} the server answered request {day:06} in time\n"
                for day in range(200)),
        "\n".join(paragraphs(30)),
    ],
    ids=["verse", "recipes", "sums", "brackets", "Python", "names", "Hebrew", "log", "unwrapped"],
)  # fmt: skip
def test_other_texts_are_not_wrapped_prose(text: str) -> None:
    assert "wrap" not in suggestions_by_key(text)
    assert apply(text, ["wrap"]) == text


def test_plays_in_verse_stay(corpora: Path) -> None:
    assert "wrap" not in suggestions_by_key((corpora / "tiny-shakespeare.txt").read_text("utf-8"))


def test_suggestion_counts_the_lines_and_shows_two() -> None:
    text = "one two three four five six seven eight nine ten eleven\n" * 12 + "twelve"
    found = suggestions_by_key(text)["wrap"]
    assert found.recommended
    assert found.sentence.startswith("Joins 12 lines that were broken at a width of about 55 ")
    line = "one·two·three·four·five·six·seven·eight·nine·ten·eleven"
    assert found.before == f"{line}↵\n{line}"
    assert found.after == f"{line}·{line}"
