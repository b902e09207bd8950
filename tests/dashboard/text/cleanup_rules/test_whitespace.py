"""Rules that remove spaces and line feeds: each against plain Python, and their sentences."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.text.cleanup import apply
from tests.support.paths import DATA
from tests.support.texts import PAGES, suggestions_by_key


@given(text=PAGES)
def test_trailing_spaces_equal_a_regular_expression(text: str) -> None:
    assert apply(text, ["trailing"]) == re.sub(r"[ \t]+(?=\n|\Z)", "", text)


@given(text=PAGES)
def test_indentation_is_removed_and_runs_of_spaces_become_one(text: str) -> None:
    by_line = [re.sub(r"[ \t]+", " ", line).removeprefix(" ") for line in text.split("\n")]
    assert apply(text, ["indent"]) == "\n".join(by_line)


@given(lines=st.lists(st.sampled_from(["", " ", "\t", "a", " b "]), max_size=12))
def test_one_blank_line_of_a_run_stays(lines: list[str]) -> None:
    text = "x\n" + "\n".join([*lines, "y"])
    cleaned = apply(text, ["blank"]).split("\n")
    blank = [not line.strip() for line in cleaned]
    assert not any(a and b for a, b in pairwise(blank))
    inked = [line for line in text.split("\n") if line.strip()]
    assert [line for line in cleaned if line.strip()] == inked


def test_indentation_is_not_recommended_for_source_code() -> None:
    program = "def f(x):\n    return [\n        g(x)\n    ]\n" * 50
    suggestion = suggestions_by_key(program)["indent"]
    assert not suggestion.recommended
    assert "source code" in suggestion.sentence
    verse = "  A line of verse,\n    and another one.\n" * 50
    assert suggestions_by_key(verse)["indent"].recommended


@pytest.mark.parametrize(
    "text",
    [
        (DATA / "python_source.txt").read_text(encoding="utf-8"),
        "shelves:\n  kitchen:\n    books:\n      - title: Soup\n" * 20,
    ],
    ids=["Python", "YAML"],
)
def test_indentation_is_not_recommended_where_it_has_several_depths(text: str) -> None:
    assert not suggestions_by_key(text)["indent"].recommended


def test_tabs_between_columns_are_not_replaced_on_advice() -> None:
    table = suggestions_by_key("1\tone\n2\ttwo\n" * 20)["indent"]
    assert not table.recommended
    assert "columns" in table.sentence
    assert suggestions_by_key("\tA paragraph begins\nwith a tab.\n" * 20)["indent"].recommended


@pytest.mark.parametrize(
    ("key", "text", "before", "after"),
    [
        ("trailing", "one\ntwo  \nthree\nfour", "two··↵\nthree", "two↵\nthree"),
        ("indent", "one\n\ttwo\n three", "⇥two↵\n·three", "two↵\nthree"),
        ("indent", "one\ntwo\tor three", "two⇥or·three", "two·or·three"),
        ("blank", "one\ntwo\n\n \n\nthree", "two↵\n↵\n·↵\n↵\nthree", "two↵\n↵\nthree"),
    ],
)
def test_suggestion_shows_two_lines_before_and_after(
    key: str, text: str, before: str, after: str
) -> None:
    found = suggestions_by_key(text)[key]
    assert (found.before, found.after) == (before, after)


def test_sentence_has_the_number_of_characters_and_its_share() -> None:
    assert (
        suggestions_by_key("a b\n" + "ab  \n" * 9 + "c")["trailing"].sentence
        == "Removes 18 characters (36 %)."
    )
    assert suggestions_by_key("a b\tc")["indent"].sentence.startswith("Replaces 1 tab")
