"""Subtitles: numbers and times are left out, the words and all other texts stay."""

from __future__ import annotations

import pytest

from dashboard.text.cleanup import apply
from tests.support.texts import suggestions_by_key


def srt(count: int = 3, time: str = "00:00:{n:02},000 --> 00:00:{n:02},900") -> str:
    """Subtitles of one or two lines."""
    return "\n".join(
        f"{n}\n{time.format(n=n)}\nWords of {n}.\n" + "And 12\n" * (n % 2)
        for n in range(1, count + 1)
    )


WORDS = "Words of 1.\nAnd 12\n\nWords of 2.\n\nWords of 3.\nAnd 12\n"


@pytest.mark.parametrize(
    "time",
    [
        "00:00:{n:02},000 --> 00:00:{n:02},900",
        "00:00:{n:02}.000 --> 00:00:{n:02}.900 line:0 position:20%",
        "00:{n:02}.000 --> 00:{n:02}.900",
        " 00:00:{n:02},000 --> 00:00:{n:02},900  X1:40 X2:600 Y1:20 Y2:50",
    ],
)
def test_only_the_words_of_subtitles_stay(time: str) -> None:
    text = srt(time=time)
    assert apply(text, ["subtitles"]) == WORDS
    suggestion = suggestions_by_key(text)["subtitles"]
    assert suggestion.recommended
    assert suggestion.removed == len(text) - len(WORDS)
    assert suggestion.sentence.startswith("Removes the numbers and times of 3 subtitles: ")
    assert (suggestion.before.split("\n")[0], suggestion.after.split("\n")[0]) == (
        "1",
        "Words of 1.",
    )


def test_times_without_numbers_are_removed_too() -> None:
    text = "".join(f"00:0{n}.000 --> 00:0{n}.900\nWords {n}\n\n" for n in range(3))
    assert (
        apply(f"WEBVTT\n\n{text}", ["subtitles"]) == "WEBVTT\n\nWords 0\n\nWords 1\n\nWords 2\n\n"
    )


def test_a_file_may_end_with_times() -> None:
    assert apply(srt() + "\n4\n00:00:04,000 --> 00:00:04,900", ["subtitles"]) == WORDS + "\n"


@pytest.mark.parametrize(
    "text",
    [
        srt(2),
        "12\n13\n14\n15\n" * 9,
        "The line 00:00:01,000 --> 00:00:02,000 has times.\n" * 5,
        "00:00:01 --> 00:00:02\n" * 5,
        "a --> b\n" * 9,
    ],
    ids=["two subtitles", "numbers", "times in a sentence", "no milliseconds", "arrows"],
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert "subtitles" not in suggestions_by_key(text)
    assert apply(text, ["subtitles"]) == text
