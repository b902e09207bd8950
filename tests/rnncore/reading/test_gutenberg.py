"""The book is found in Project Gutenberg's files of several decades."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.reading import gutenberg

STORY = '  Chapter 1\n\nIt was dark. It was a "book" -- by *nobody*.\n\nThe end\n'
TITLE = "The Project Gutenberg EBook of Dark Days, by Nobody\n"
SMALL_PRINT = "***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***\nWhy?\n"

HEADERS = (
    TITLE + "\nTitle: Dark Days\n\n*** START OF THE PROJECT GUTENBERG EBOOK DARK DAYS ***\n\n\n",
    "***START OF THIS PROJECT GUTENBERG EBOOK DARK DAYS***\n\n",
    "*** START OF THE PROJECT GUTENBERG EBOOK DARK\nDAYS: A TALE ***\n\n",
    "*** START OF THIS PROJECT GUTENBERG EBOOK DARK ***\n\n\nProduced by A. Reader\nand B.\n\n",
    SMALL_PRINT + "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*\n\n\n",
    TITLE + "\n",
    "\nProject Gutenberg's Dark Days, by Nobody\n\n",
    "",
)
LICENCES = (
    "\n\n*** END OF THE PROJECT GUTENBERG EBOOK DARK DAYS ***\nSection 1.\n",
    "\n\nEnd of the Project Gutenberg EBook of Dark\n\n*** END OF THIS PROJECT GUTENBERG EBOOK",
    "\nEnd of Project Gutenberg's Dark Days, by Nobody\n",
    "\nEnd of The Project Gutenberg Etext of Dark Days\n",
    "",
)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("licence", LICENCES)
def test_the_book_lies_between_header_and_licence(header: str, licence: str) -> None:
    text = header + STORY + licence
    book = gutenberg.find_book(text)
    if not header + licence:
        assert book is None
    else:
        assert book is not None
        assert text[book.start : book.stop] == STORY


@pytest.mark.parametrize("marker", [HEADERS[0], LICENCES[0]])
def test_a_marker_in_the_middle_of_a_book_is_kept(marker: str) -> None:
    half = "word\n" * gutenberg.WINDOW
    assert gutenberg.find_book(half + marker + half) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        STORY,
        "I read it at Project Gutenberg.\nThe Project Gutenberg EBook of Days is long.\n",
        HEADERS[0],  # nothing would be left
        HEADERS[0] + LICENCES[0],
    ],
)
def test_other_texts_are_kept_whole(text: str) -> None:
    assert gutenberg.find_book(text) is None


@given(st.lists(st.sampled_from([*HEADERS, *LICENCES, STORY, "\n", " ", "*"])).map("".join))
def test_a_book_that_is_found_is_not_empty(text: str) -> None:
    book = gutenberg.find_book(text)
    if book is not None:
        assert 0 <= book.start < book.stop <= len(text)
        assert text[book.start : book.stop].strip()


def test_many_empty_lines_after_the_header_take_no_memory() -> None:
    lines = "\n" * 200_000
    text = f"*** START OF THE PROJECT GUTENBERG EBOOK X ***\n{lines}  The book.\nThe end.\n"
    tracemalloc.start()
    try:
        book = gutenberg.find_book(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert book is not None
    assert text[book.start : book.stop].startswith("  The book.")
    assert peak < 2 * len(text)
