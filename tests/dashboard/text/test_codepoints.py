"""Code points: counted, replaced and shown, against plain Python."""

from __future__ import annotations

import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.text import codepoints
from dashboard.text.codepoints import (
    classify,
    codes_to_text,
    count_after,
    count_chars,
    display_char,
    histogram,
    substitute,
    text_to_codes,
)

TEXTS = st.text(max_size=50)
REPLACEMENTS = st.dictionaries(st.sampled_from("abé\n🙂"), st.text("xyz—", max_size=3))


@given(text=TEXTS)
def test_text_survives_conversion_to_codes(text: str) -> None:
    codes = text_to_codes(text)
    assert codes.tolist() == list(map(ord, text))
    assert codes_to_text(codes) == text


@given(text=TEXTS)
def test_counts_equal_a_counter(text: str) -> None:
    assert count_chars(text_to_codes(text)) == Counter(text)
    present, _ = histogram(text_to_codes(text))
    assert present.tolist() == sorted(map(ord, set(text)))


@pytest.mark.parametrize("block", [3, 1 << 18])
@given(text=st.text("abé\n🙂c", max_size=40), replacements=REPLACEMENTS)
def test_substitution_equals_plain_python(
    block: int, text: str, replacements: dict[str, str]
) -> None:
    expected = "".join(replacements.get(char, char) for char in text)
    present = {char: new for char, new in replacements.items() if char in text}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codepoints, "_BLOCK", block)
        assert codes_to_text(substitute(text_to_codes(text), present)) == expected
        assert count_after(count_chars(text_to_codes(text)), present) == Counter(expected)


def test_kinds_of_characters() -> None:
    kinds = classify(text_to_codes("a \t\n—"))
    names = (codepoints.INK, codepoints.SPACE, codepoints.SPACE, codepoints.LINE_FEED)
    np.testing.assert_array_equal(kinds, [*names, codepoints.INK])


def test_invisible_characters_are_shown_by_a_sign_or_a_number() -> None:
    assert [display_char(char) for char in "a \n\t\u200b"] == ["a", "␣", "↵", "⇥", "U+200B"]
    assert unicodedata.combining(display_char("\u0301")[1])
