"""``read_text`` gives a Text or raises a TextError with a plain message, for any bytes."""

from __future__ import annotations

import gzip
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore import Text, read_text
from rnncore.errors import TextError
from tests.support.zips import zip_of, zipped

BOOK = "Alle Ähren sind schön.\nUnd der Wind weht.\n"


# --- plain files -----------------------------------------------------------------------------


def test_a_plain_file_is_read_unchanged() -> None:
    assert read_text(BOOK.encode(), "book.txt") == Text(BOOK, "utf-8", (), "book.txt")


def test_a_text_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        read_text(b"ab").text = "no"  # type: ignore[misc]


def test_the_name_has_no_folders() -> None:
    assert read_text(b"ab", "../../etc/book.txt").name == "book.txt"
    assert read_text(b"ab").name == "untitled"


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_endings_become_lf_and_a_note_reports_it(ends: str) -> None:
    read = read_text(BOOK.replace("\n", ends).encode())
    assert read.text == BOOK
    assert bool(read.notes) == (ends != "\n")


@pytest.mark.parametrize(
    ("raw", "message"),
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
            "book.txt is not a text: 33% of its characters are control characters. "
            "Upload a plain text file; if this is one, choose its encoding.",
        ),
        (
            b"\x89PNG\r\n\x1a\n and then some",
            "book.txt is a PNG image, not a text; "
            "upload a .txt, .gz, .zip, .epub, .html or .docx file.",
        ),
    ],
)
def test_a_file_that_is_no_text_is_refused_with_a_message(raw: bytes, message: str) -> None:
    with pytest.raises(TextError) as refused:
        read_text(raw, "book.txt")
    assert str(refused.value) == message


def test_two_distinct_characters_are_enough() -> None:
    assert read_text(b"ab").text == "ab"


def test_a_vocabulary_of_thousands_gives_a_note() -> None:
    (note,) = read_text("".join(map(chr, range(0x4E00, 0x4E00 + 3000))).encode()).notes
    assert "3,000 distinct characters" in note


def test_a_plain_file_has_the_size_limit_of_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncore.reading.text.MAX_TEXT_BYTES", 2**20)
    assert len(read_text(b"ab" * 2**19).text) == 2**20
    with pytest.raises(TextError, match="the limit is 1 MiB"):
        read_text(b"ab" * 2**19 + b"a")


# --- Project Gutenberg -----------------------------------------------------------------------

HEADER = "*** START OF THE PROJECT GUTENBERG EBOOK ALL EARS ***\n\n"
LICENCE = "*** END OF THE PROJECT GUTENBERG EBOOK ALL EARS ***\nLicence\n"


def test_header_and_licence_are_removed_and_counted() -> None:
    read = read_text((HEADER + BOOK + LICENCE).encode())
    count = len(HEADER + LICENCE)
    assert read.text == BOOK
    assert read.notes == (
        f"The Project Gutenberg header and licence ({count} characters) were removed.",
    )


def test_header_and_licence_can_be_kept() -> None:
    whole = HEADER + BOOK + LICENCE
    assert read_text(whole.encode(), strip_gutenberg=False).text == whole


def test_header_and_licence_are_removed_from_each_book_of_a_zip() -> None:
    read = read_text(zipped(a_txt=HEADER + BOOK + LICENCE, b_txt=HEADER + BOOK))
    assert read.text == BOOK + "\n" + BOOK
    assert f"({len(HEADER * 2 + LICENCE)} characters)" in read.notes[-1]


def test_a_whole_gutenberg_file_is_cut_to_the_novel(corpora: Path) -> None:
    raw = (corpora / "pride.txt").read_bytes()
    read = read_text(raw, "pride.txt")
    assert read.text.startswith("      Chapter 1\n")
    assert read.text.endswith("      uniting them.\n")
    assert len(read.text) == 754_875
    assert "Gutenberg" not in read.text
    assert len(read.notes) == 2  # line endings; header and licence


# --- archives --------------------------------------------------------------------------------


def test_a_gz_is_unpacked_under_any_name() -> None:
    assert read_text(gzip.compress(BOOK.encode()), "book.txt").text == BOOK


@pytest.mark.parametrize(
    "inside",
    [gzip.compress(BOOK.encode()), zipped(a_txt=BOOK), b"%PDF-1.4"],
    ids=["gz", "zip", "pdf"],
)
def test_a_gz_of_anything_but_a_text_is_refused(inside: bytes) -> None:
    with pytest.raises(TextError, match=r"^book.gz holds a .*, not a text"):
        read_text(gzip.compress(inside), "book.gz")


def test_texts_of_a_zip_are_joined_in_natural_order() -> None:
    read = read_text(zip_of({"part 10.txt": "ten\n", "part 9.txt": "nine"}), "parts.zip")
    assert read.text == "nine\n\nten\n"
    assert read.notes == ("2 files were joined: part 9.txt, part 10.txt.",)


def test_files_of_a_zip_that_are_no_texts_are_skipped_with_a_note() -> None:
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
        "Skipped, because they are not texts: "
        "cover.png (a PNG image), data (not a text), none (empty).",
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
    ("members", "kind"),
    [
        ({"[Content_Types].xml": "", "ppt/x.xml": ""}, "a PowerPoint presentation"),
        ({"[Content_Types].xml": "", "xl/workbook.xml": ""}, "an Excel workbook"),
        ({"[Content_Types].xml": ""}, "an Office file"),
        ({"content.xml": "", "META-INF/manifest.xml": ""}, "an OpenDocument file"),
        ({"META-INF/MANIFEST.MF": ""}, "a Java program"),
        ({"model/data.pkl": ""}, "a PyTorch model"),
    ],
)
def test_a_document_that_is_a_zip_is_refused_by_its_kind(members: dict, kind: str) -> None:
    with pytest.raises(TextError, match=f"notes.zip is {kind}, not a text"):
        read_text(zip_of(members), "notes.zip")


def test_the_encoding_of_a_zip_is_guessed_once_for_all_its_files() -> None:
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


def test_a_given_encoding_is_used_inside_archives_too() -> None:
    raw = "ещё\n".encode("koi8-r")
    for packed in (raw, gzip.compress(raw), zipped(a_txt=raw)):
        read = read_text(packed, encoding="koi8-r", guess_encoding=lambda raw: 1 / 0)
        assert (read.text, read.encoding) == ("ещё\n", "koi8-r")


def test_pages_of_an_ebook_are_joined_in_reading_order() -> None:
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
        "The e-book's pages (2) were joined in reading order, without their markup.",
    )


# --- limits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, lambda zeros: zipped(a_txt=zeros)])
def test_a_zip_bomb_stops_at_the_size_limit(pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """256 MiB of zeros pack to 254 kB; memory use stays near the limit."""
    limit = 8 * 2**20
    monkeypatch.setattr("rnncore.reading.archives.MAX_TEXT_BYTES", limit)
    raw = pack(bytes(32 * limit))
    assert len(raw) < 300_000
    tracemalloc.start()
    try:
        with pytest.raises(TextError, match="expands to more than the limit of 8 MiB"):
            read_text(raw)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * limit
    finally:
        tracemalloc.stop()


def check_reading(raw: bytes, **options) -> None:
    """Reading ``raw`` must give a Text with something to learn, or a short TextError."""
    try:
        read = read_text(raw, "some.file", **options)
    except TextError as refused:
        message = str(refused)
    else:
        assert len(set(read.text)) >= 2
        assert "\r" not in read.text
        read.text.encode()  # fails for surrogates
        assert all(note.endswith(".") for note in read.notes)
        return
    assert message.endswith(".")
    assert len(message) < 600


ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32", "cp1252", "big5", "utf-7", "hex", "nope"])


@given(st.binary(max_size=400), st.none() | ENCODINGS | st.text(max_size=9), st.none() | ENCODINGS)
def test_any_bytes_give_a_text_or_a_text_error(
    raw: bytes, encoding: str | None, guess: str | None
) -> None:
    check_reading(raw, encoding=encoding, guess_encoding=lambda _: guess)


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
    b"<!-- a --><!DOCTYPE html><html><meta charset='koi8-r'><p class='x'>One &amp; <b>two</b>\xd0",
    zip_of(
        {
            "[Content_Types].xml": "<x/>",
            "_rels/.rels": '<Relationship Type="x/officeDocument" Target="word/a.xml"/>',
            "word/a.xml": "<w:p><w:pPr><w:tab/></w:pPr><w:t>Now &#233;</w:t><w:del/></w:p>",
        },
        zipfile.ZIP_STORED,
    ),
)


@settings(max_examples=300)
@given(st.sampled_from(WHOLE), st.data())
def test_damaged_files_give_a_text_or_a_text_error(raw: bytes, data: st.DataObject) -> None:
    damaged = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged)))
        stop = min(len(damaged), at + data.draw(st.integers(0, 3)))
        damaged[at:stop] = data.draw(st.binary(max_size=4))
    check_reading(bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))]))
