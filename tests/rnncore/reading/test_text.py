"""Whole files in, a Text or one plain sentence out."""

from __future__ import annotations

import gzip
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore import Text, read_text
from rnncore.errors import TextError

BOOK = "Alle Ähren sind schön.\nUnd der Wind weht.\n"


def zipped(**members: bytes | str) -> bytes:
    """A zip whose members are named by keyword, ``_`` for the dot."""
    return zip_of({name.replace("_", "."): data for name, data in members.items()})


def zip_of(members: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


# --- plain files -----------------------------------------------------------------------------


def test_a_plain_file_comes_through_unchanged() -> None:
    assert read_text(BOOK.encode(), "book.txt") == Text(BOOK, "utf-8", (), "book.txt")


def test_a_text_is_frozen() -> None:
    with pytest.raises(AttributeError):
        read_text(b"ab").text = "no"  # type: ignore[misc]


def test_a_name_is_shown_without_its_folders() -> None:
    assert read_text(b"ab", "../../etc/book.txt").name == "book.txt"
    assert read_text(b"ab").name == "untitled"


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends_become_lf_and_the_change_is_said(ends: str) -> None:
    read = read_text(BOOK.replace("\n", ends).encode())
    assert read.text == BOOK
    assert bool(read.notes) == (ends != "\n")


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "book.txt is empty; a text needs at least 2 distinct characters."),
        (b"\xef\xbb\xbf", "book.txt is empty; a text needs at least 2 distinct characters."),
        (
            b"a",
            "book.txt holds only the character 'a'; a text needs at least 2 distinct characters.",
        ),
        (
            b"\r\n" * 3000,
            "book.txt holds only the character '\\n' 3,000 times; "
            "a text needs at least 2 distinct characters.",
        ),
        (
            b"ab\0" * 50,
            "book.txt is not a text, as 33% of its characters are control characters; "
            "upload a plain text file, or choose its encoding if it is one.",
        ),
        (
            b"\x89PNG\r\n\x1a\n and then some",
            "book.txt is a PNG image, not a text; upload a .txt, .gz, .zip or .epub file.",
        ),
    ],
)
def test_what_is_no_text_is_refused_in_a_sentence(raw: bytes, sentence: str) -> None:
    with pytest.raises(TextError) as refused:
        read_text(raw, "book.txt")
    assert str(refused.value) == sentence


def test_two_distinct_characters_are_enough() -> None:
    assert read_text(b"ab").text == "ab"


def test_a_vocabulary_of_thousands_is_said_not_refused() -> None:
    (note,) = read_text("".join(map(chr, range(0x4E00, 0x4E00 + 3000))).encode()).notes
    assert "3,000 distinct characters" in note


def test_a_plain_file_has_the_cap_of_the_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncore.reading.text.MAX_TEXT_BYTES", 2**20)
    assert len(read_text(b"ab" * 2**19).text) == 2**20
    with pytest.raises(TextError, match="at most 1 MiB are read"):
        read_text(b"ab" * 2**19 + b"a")


# --- Project Gutenberg -------------------------------------------------------------------------

HEADER = "*** START OF THE PROJECT GUTENBERG EBOOK ALL EARS ***\n\n"
LICENCE = "*** END OF THE PROJECT GUTENBERG EBOOK ALL EARS ***\nLicence\n"


def test_boilerplate_is_left_out_and_counted() -> None:
    read = read_text((HEADER + BOOK + LICENCE).encode())
    count = len(HEADER + LICENCE)
    assert read.text == BOOK
    assert read.notes == (
        f"The Project Gutenberg header and licence ({count} characters) were left out.",
    )


def test_boilerplate_can_be_kept() -> None:
    whole = HEADER + BOOK + LICENCE
    assert read_text(whole.encode(), strip_gutenberg=False).text == whole


def test_each_book_of_a_zip_loses_its_own_boilerplate() -> None:
    read = read_text(zipped(a_txt=HEADER + BOOK + LICENCE, b_txt=HEADER + BOOK))
    assert read.text == BOOK + "\n" + BOOK
    assert f"({len(HEADER * 2 + LICENCE)} characters)" in read.notes[-1]


def test_a_whole_book_is_cut_to_the_novel(corpora: Path) -> None:
    raw = (corpora / "pride.txt").read_bytes()
    read = read_text(raw, "pride.txt")
    assert read.text.startswith("      Chapter 1\n")
    assert read.text.endswith("      uniting them.\n")
    assert len(read.text) == 754_875
    assert "Gutenberg" not in read.text
    assert len(read.notes) == 2  # line ends and boilerplate


# --- archives ----------------------------------------------------------------------------------


def test_a_gz_is_unpacked_whatever_its_name() -> None:
    assert read_text(gzip.compress(BOOK.encode()), "book.txt").text == BOOK


@pytest.mark.parametrize("inside", [gzip.compress(BOOK.encode()), zipped(a_txt=BOOK), b"%PDF-1.4"])
def test_a_gz_of_anything_but_a_text_is_refused(inside: bytes) -> None:
    with pytest.raises(TextError, match=r"^book.gz holds a .*, not a text"):
        read_text(gzip.compress(inside), "book.gz")


def test_texts_of_a_zip_are_joined_in_natural_order() -> None:
    read = read_text(zip_of({"part 10.txt": "ten\n", "part 9.txt": "nine"}), "parts.zip")
    assert read.text == "nine\n\nten\n"
    assert read.notes == ("2 files were joined: part 9.txt, part 10.txt.",)


def test_what_is_no_text_in_a_zip_is_passed_over_with_a_note() -> None:
    raw = zip_of(
        {
            "book.txt": BOOK,
            "cover.png": b"\x89PNG\r\n\x1a\n",
            "data": bytes(range(256)) * 9,
            "none": b"",
            "__MACOSX/._book.txt": b"\0\5\x16\7",
        }
    )
    read = read_text(raw)
    assert read.text == BOOK
    assert read.notes == (
        "Passed over, as no text: cover.png (a PNG image), data (not a text), none (empty).",
    )


def test_a_zip_without_a_text_is_refused() -> None:
    with pytest.raises(TextError, match=r"holds no text, only a.png \(a PNG image\);"):
        read_text(zipped(a_png=b"\x89PNG\r\n\x1a\n"))
    with pytest.raises(TextError, match=r"holds no text; upload"):
        read_text(zip_of({}))


def test_an_archive_in_a_zip_is_refused() -> None:
    with pytest.raises(TextError, match=r"holds b.zip, a zip archive of its own"):
        read_text(zipped(a_txt=BOOK, b_zip=zipped(a_txt=BOOK)))


@pytest.mark.parametrize(
    ("members", "what"),
    [
        ({"[Content_Types].xml": "", "word/document.xml": ""}, "a Word document"),
        ({"[Content_Types].xml": "", "xl/workbook.xml": ""}, "an Excel workbook"),
        ({"[Content_Types].xml": ""}, "an Office file"),
        ({"content.xml": "", "META-INF/manifest.xml": ""}, "an OpenDocument file"),
        ({"META-INF/MANIFEST.MF": ""}, "a Java program"),
        ({"model/data.pkl": ""}, "a PyTorch model"),
    ],
)
def test_a_zip_of_another_program_is_refused_by_what_it_is(members: dict, what: str) -> None:
    with pytest.raises(TextError, match=f"notes.zip is {what}, not a text"):
        read_text(zip_of(members), "notes.zip")


def test_files_of_a_zip_are_guessed_once_and_together() -> None:
    asked: list[bytes] = []

    def guess(raw: bytes) -> str:
        asked.append(raw)
        return "koi8-r"

    members = {
        "1.txt": "Привет, мир".encode("koi8-r"),
        "2.txt": "ещё".encode("koi8-r"),
        "3.txt": "уже",
        "noise": bytes(range(256)) * 9,
    }
    read = read_text(zip_of(members), guess_encoding=guess)
    assert read.text == "Привет, мир\n\nещё\n\nуже\n"
    assert read.encoding == "koi8-r, utf-8"
    assert asked == [members["1.txt"] + b"\n" + members["2.txt"]]


def test_a_forced_encoding_reaches_into_archives() -> None:
    raw = "ещё\n".encode("koi8-r")
    for packed in (raw, gzip.compress(raw), zipped(a_txt=raw)):
        read = read_text(packed, encoding="koi8-r", guess_encoding=lambda raw: 1 / 0)
        assert (read.text, read.encoding) == ("ещё\n", "koi8-r")


def test_pages_of_an_ebook_are_joined_in_the_order_of_its_spine() -> None:
    raw = zip_of(
        {
            "META-INF/container.xml": '<container><rootfile full-path="in/book.opf"/></container>',
            "in/book.opf": '<package><item id="a" href="1%20a.html"/><item id="b" href="b.html"/>'
            '<item id="p" href="p.png"/><itemref idref="b"/><itemref idref="a"/>'
            '<itemref idref="p"/></package>',
            "in/1 a.html": "<body><p>Then.</p></body>",
            "in/b.html": "<html><head><title>No</title></head><body><p>First.</p></body></html>",
            "in/p.png": b"\x89PNG\r\n\x1a\n",
        }
    )
    read = read_text(raw, "book.epub")
    assert read.text == "First.\n\nThen.\n"
    assert read.notes == (
        "The pages of the e-book (2) were joined in order and their tags left out.",
    )


# --- bounds ------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, lambda zeros: zipped(a_txt=zeros)])
def test_a_bomb_stops_at_the_cap(pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """256 MiB of zeros pack to 254 kB; no more than the cap is ever in memory."""
    cap = 8 * 2**20
    monkeypatch.setattr("rnncore.reading.archives.MAX_TEXT_BYTES", cap)
    raw = pack(bytes(32 * cap))
    assert len(raw) < 300_000
    tracemalloc.start()
    try:
        with pytest.raises(TextError, match="expands to more than 8 MiB"):
            read_text(raw)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * cap
    finally:
        tracemalloc.stop()


def attempt(raw: bytes, **options) -> None:
    """Read ``raw``: a Text with something to learn, or a TextError of one bounded sentence."""
    try:
        read = read_text(raw, "some.file", **options)
    except TextError as refused:
        sentence = str(refused)
    else:
        assert len(set(read.text)) >= 2
        assert "\r" not in read.text
        read.text.encode()  # no half characters
        assert all(note.endswith(".") for note in read.notes)
        return
    assert sentence.endswith(".")
    assert len(sentence) < 600


ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32", "cp1252", "big5", "utf-7", "hex", "nope"])


@given(st.binary(max_size=400), st.none() | ENCODINGS | st.text(max_size=9), st.none() | ENCODINGS)
def test_any_bytes_give_a_text_or_a_text_error(
    raw: bytes, encoding: str | None, guess: str | None
) -> None:
    attempt(raw, encoding=encoding, guess_encoding=lambda _: guess)


WHOLE = (
    gzip.compress(BOOK.encode() * 9, mtime=0),
    zipped(a_txt=BOOK * 9, b_txt="second", c_png=b"\x89PNG\r\n\x1a\n"),
    zip_of(
        {
            "META-INF/container.xml": '<container><rootfile full-path="book.opf"/></container>',
            "book.opf": '<package><item id="a" href="a.html"/><itemref idref="a"/></package>',
            "a.html": "<html><body><pre> x\n y</pre><p>Then &amp; then.</p></body></html>",
        }
    ),
    (HEADER + BOOK + LICENCE).encode("utf-16"),
)


@settings(max_examples=300)
@given(st.sampled_from(WHOLE), st.data())
def test_damaged_files_give_a_text_or_a_text_error(raw: bytes, data: st.DataObject) -> None:
    damaged = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        stop = min(len(damaged), at + data.draw(st.integers(0, 3)))
        damaged[at:stop] = data.draw(st.binary(max_size=4))
    attempt(bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))]))
