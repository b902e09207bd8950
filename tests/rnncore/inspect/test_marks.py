"""Marks of texts, compared with versions that read one character after another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore import inspect
from rnncore.errors import SettingError
from rnncore.inspect.marks import passages


def flags(mark):
    return "".join(".x"[int(bool(value))] for value in mark)


def naive_quotes(text):
    """“ opens, ” and an empty line close; straight marks take turns."""
    curly = straight = False
    found, line = [], ""
    seen_break = False
    for char in text:
        if char == "\n":
            if seen_break and not line.strip(" \t\r"):
                curly = straight = False
            line, seen_break = "", True
        else:
            line += char
        curly = char == "“" or (curly and char != "”")
        straight = straight != (char == '"')
        found.append(curly or straight)
    return found


def naive_line(text):
    found, place = [], 0
    for char in text:
        place = 0 if char == "\n" else place + 1
        found.append(place)
    return found


def naive_word(text):
    found, place = [], 0
    for char in text:
        place = place + 1 if char.isalpha() else 0
        found.append(place)
    return found


def naive_depth(text):
    found, depth = [], 0
    for char in text:
        depth = max(0, depth + (char in "([{") - (char in ")]}"))
        found.append(depth)
    return found


@settings(deadline=None, max_examples=40)
@given(st.text(alphabet='aB1 \n"“”()[]{}', max_size=30))
def test_marks_are_those_of_reading_one_character_after_another(text):
    assert inspect.inside_quotes(text).tolist() == naive_quotes(text)
    assert inspect.position_in_line(text).tolist() == naive_line(text)
    assert inspect.position_in_word(text).tolist() == naive_word(text)
    assert inspect.bracket_depth(text).tolist() == naive_depth(text)
    assert inspect.capital_ahead(text).tolist() == [c.isupper() for c in text[1:]] + [False] * (
        len(text) > 0
    )
    assert inspect.numbers(text).tolist() == [c == "1" for c in text]
    for mark in inspect.MARKS.values():
        found = mark.find(text)
        assert found.shape == (len(text),)
        assert (found.dtype == bool) == mark.yes_no


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("„Ja“, „so“", "xxx..." "xxx."),
        ("«a» b «c»", "xx...." "xx."),
        ("»a« b »c«", "xx...." "xx."),
        ("「あ」い", "xx.."),
        ("don’t “x”", "......xx."),
        ("“a\n\n“b” c", "xxx.xx..."),
        ("", ""),
    ],
)  # fmt: skip
def test_quotation_marks_of_several_languages(text, expected):
    assert flags(inspect.inside_quotes(text)) == expected


def test_vowels_comments_and_matches():
    assert flags(inspect.vowels("Été, яма, ος!")) == "x.x..x.x..x.."
    assert flags(inspect.comments("a # b\nc")) == "..xxx.."
    assert flags(inspect.comments("a//b\n/*\n*/c http://d")) == ".xxx." + "x" * 5 + "." * 10
    assert flags(inspect.matches("one two", r"o\w")) == "xx....."
    with pytest.raises(SettingError, match="not a regular expression"):
        inspect.matches("one", "(")
    with pytest.raises(SettingError, match="matches no character"):
        inspect.matches("one", "x")
    np.testing.assert_array_equal(passages(4, [(1, 2), (3, 9)]), [False, True, False, True])
