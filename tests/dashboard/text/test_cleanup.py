"""The text doctor: each remedy against a plain regular expression, and what it says of itself."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.text import cleanup
from dashboard.text.cleanup import apply, char_frequencies, examine
from dashboard.text.codepoints import display_char
from rnncore.errors import RnnCoreError

PAGES = st.text(alphabet="aB \t\n.é—\u00a0", max_size=60)
PLAIN = {
    "trailing": lambda text: re.sub(r"[ \t]+(?=\n|\Z)", "", text),
    "case": str.lower,
    "quotes": lambda text: text.replace("—", "--"),
    "invisible": lambda text: text.replace("\u00a0", " "),
}


def found(text: str) -> dict[str, cleanup.Suggestion]:
    return {finding.key: finding for finding in examine(text)}


@pytest.mark.parametrize("key", PLAIN)
@given(text=PAGES)
def test_remedy_equals_plain_python(key: str, text: str) -> None:
    assert apply(text, [key]) == PLAIN[key](text)


@given(text=PAGES)
def test_indentation_goes_and_runs_become_one_space(text: str) -> None:
    by_line = [re.sub(r"[ \t]+", " ", line).removeprefix(" ") for line in text.split("\n")]
    assert apply(text, ["indent"]) == "\n".join(by_line)


@given(lines=st.lists(st.sampled_from(["", " ", "\t", "a", " b "]), max_size=12))
def test_one_blank_line_in_a_row(lines: list[str]) -> None:
    text = "x\n" + "\n".join([*lines, "y"])
    mended = apply(text, ["blank"]).split("\n")
    blank = [not line.strip() for line in mended]
    assert not any(a and b for a, b in pairwise(blank))
    inked = [line for line in text.split("\n") if line.strip()]
    assert [line for line in mended if line.strip()] == inked


@given(text=PAGES)
def test_all_remedies_leave_nothing_to_mend(text: str) -> None:
    once = apply(text, cleanup.CLEANUP_RULES)
    assert apply(once, cleanup.CLEANUP_RULES) == once
    assert examine(once) == []


@given(text=PAGES, key=st.sampled_from(list(cleanup.CLEANUP_RULES)))
def test_a_finding_tells_its_effect(text: str, key: str) -> None:
    finding = found(text).get(key)
    places = key in ("trailing", "indent", "blank")
    if finding is None or not (places or key == "invisible"):
        return  # the others are measured on what earlier advice leaves
    mended = apply(text, [key])
    assert finding.removed == len(text) - len(mended)
    assert (finding.vocab_before, finding.vocab_after) == (len(set(text)), len(set(mended)))


def test_findings_about_characters_add_up() -> None:
    text = "‘It’s a — naïve café’ if " * 500 + "ﬁve Ω"
    suggestions = found(text)
    advised = [f.key for f in suggestions.values() if f.recommended]
    assert set(advised) == {"quotes", "rare"}
    mended = apply(text, advised)
    assert len(text) - len(mended) == sum(suggestions[key].removed for key in advised)
    assert suggestions["rare"].vocab_after == len(set(mended))
    assert "ï é" not in suggestions["rare"].sentence  # frequent here, so they stay
    assert mended.endswith("five ")


def test_rare_characters_fold_to_frequent_ones_or_go() -> None:
    text = "the cat sat over there, Encore " * 100 + "tête æther Œuvre Ε £5 9"
    mended = apply(text, ["rare"])
    assert mended.endswith("tete aether uvre  5 9")  # O is no frequent letter: Œ has no base
    assert "Ε" not in mended


def test_a_text_of_many_signs_is_not_robbed_unasked() -> None:
    signs = "".join(map(chr, range(0x4E00, 0x4E00 + 3000)))
    assert not found(signs)["rare"].recommended


def test_indentation_of_programs_is_left_unasked() -> None:
    program = "def f(x):\n    return [\n        g(x)\n    ]\n" * 50
    assert not found(program)["indent"].recommended
    assert found("  A line of verse,\n    and another one.\n" * 50)["indent"].recommended


def test_sentences_hold_numbers() -> None:
    finding = found("“Yes”\n" * 1000)["quotes"]
    assert "2,000 characters of 2 kinds" in finding.sentence
    assert "the vocabulary goes from 6 to 5" in finding.sentence


def test_upper_case_is_only_offered() -> None:
    assert not found("Abc")["case"].recommended


def test_unknown_key_is_refused_and_names_the_known() -> None:
    with pytest.raises(RnnCoreError, match=r"spelling.*quotes"):
        apply("a", ["spelling"])


def test_empty_and_clean_texts() -> None:
    assert examine("") == []
    assert examine("plain\n\ntext\n") == []
    assert apply("", cleanup.CLEANUP_RULES) == ""


@given(text=st.text(max_size=50))
def test_frequencies_equal_a_counter(text: str) -> None:
    names, counts = char_frequencies(text)
    expected = Counter(text)
    assert sorted(counts.tolist()) == sorted(expected.values())
    assert list(counts) == sorted(counts, reverse=True)
    assert len(names) == len(expected)


def test_invisible_characters_have_names() -> None:
    names, counts = char_frequencies("aaa  \n\t\u200b")
    assert names[:2] == ["a", "␣"]
    assert counts[:2].tolist() == [3, 2]
    assert set(names[2:]) == {"↵", "⇥", "U+200B"}
    assert unicodedata.combining(display_char("\u0301")[1])


def test_a_book(corpora: Path) -> None:
    text = (corpora / "pride.txt").read_text("utf-8-sig")
    suggestions = found(text)
    assert suggestions["indent"].recommended  # a novel is no program
    mended = apply(text, [key for key, finding in suggestions.items() if finding.recommended])
    assert len(set(mended)) < len(set(text))
    assert len(mended.split()) == pytest.approx(len(text.replace("—", "--").split()), rel=1e-3)
