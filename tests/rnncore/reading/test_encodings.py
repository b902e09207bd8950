"""Kinds of files are detected by their first bytes, and texts are decoded."""

from __future__ import annotations

import codecs

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.errors import TextError
from rnncore.reading.encodings import (
    control_share,
    count_characters,
    decode,
    detect_kind,
    needs_guess,
)

RUSSIAN = "Все счастливые семьи похожи друг на друга.\n"


def must_not_guess(raw: bytes) -> str:
    raise AssertionError("the encoding is certain, yet a guess was asked for")


# --- kinds of files --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "description"),
    [
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"PK\x03\x04", "a zip archive"),
        (b"PK\x05\x06", "a zip archive"),
        (b"BZh91AY&SY", "a bzip2 archive"),
        (bytes(257) + b"ustar\0", "a tar archive"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"RIFF\1\2\3\4WEBPVP8 ", "a WebP image"),
        (b"BM\x36\0\1\0\0\0\0\0", "a BMP image"),
        (b"%PDF-1.7", "a PDF document"),
        (b"{\\rtf1", "a rich-text (RTF) document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
        (b"\x7fELF", "a Linux program"),
        (b"MZ\x90\0\3", "a Windows program"),
        (b"ID3\x03\0", "an MP3 recording"),
        (b"\xff\xfb\x90\x44", "an MP3 recording"),
        (b"RIFF\1\2\3\4WAVE", "a WAV recording"),
        (b"\0\0\0\x20ftypisom", "a video"),
        (b"\x80\x04\x95\1\2", "a Python pickle"),
        (b"\0\5\x16\7", "a macOS resource file"),
    ],
)
def test_kinds_are_detected_by_the_first_bytes(head: bytes, description: str) -> None:
    kind = detect_kind(head)
    assert kind is not None
    assert kind.description == description


@pytest.mark.parametrize(
    "text",
    ["BM is a motorway firm", "MZ, she wrote", "PK", "II", "RIFF raff", "ID3 tags", "7z", "BZh9"],
)
def test_sentences_that_begin_like_a_signature_are_texts(text: str) -> None:
    assert detect_kind(text.encode()) is None


@pytest.mark.parametrize("codec", ["cp1251", "koi8-r"])
@pytest.mark.parametrize("text", ["ятаган и шпага", "Ъ", RUSSIAN])
def test_cyrillic_texts_are_not_taken_for_recordings(text: str, codec: str) -> None:
    assert detect_kind(text.encode(codec)) is None


# --- decoding --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "codec", "named"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_a_byte_order_mark_decides_and_is_removed(mark: bytes, codec: str, named: str) -> None:
    read = decode(mark + RUSSIAN.encode(codec), "a.txt", None, must_not_guess)
    assert (read.text, read.encoding, read.notes) == (RUSSIAN, named, ())


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [RUSSIAN, "Plain.\n", "道可道，非常道。名可名，非常名。\n"])
def test_utf16_without_a_mark_is_detected(text: str, codec: str) -> None:
    read = decode(text.encode(codec), "a.txt", None, must_not_guess)
    assert (read.text, read.encoding) == (text, codec)
    assert "probably" in read.notes[0]


@pytest.mark.parametrize("raw", [b"ab" * 999 + b"a\0", b"a\0\0b" * 99, b"a\0b"])
def test_other_texts_with_nul_bytes_are_not_taken_for_utf16(raw: bytes) -> None:
    assert decode(raw, "a.bin", None, None).encoding == "utf-8"


def test_an_incomplete_last_character_of_utf8_is_removed() -> None:
    read = decode("Ähre é".encode()[:-1], "a.txt", None, must_not_guess)
    assert (read.text, read.encoding) == ("Ähre ", "utf-8")
    assert "incomplete" in read.notes[0]


def test_a_guess_sees_all_bytes_and_is_noted() -> None:
    raw = b"x" * 100_000 + RUSSIAN.encode("koi8-r")
    read = decode(raw, "a.txt", None, lambda seen: "koi8_r" if seen == raw else None)
    assert (read.text[100_000:], read.encoding) == (RUSSIAN, "koi8-r")
    assert read.notes == (
        "The encoding is probably koi8-r; choose another encoding if letters look wrong.",
    )


@pytest.mark.parametrize("guess", [None, lambda raw: None, lambda raw: "nope", lambda raw: "utf-8"])
def test_without_a_usable_guess_cp1252_is_assumed_and_noted(guess) -> None:
    read = decode("café “olé”\n".encode("cp1252"), "a.txt", None, guess)
    assert (read.text, read.encoding) == ("café “olé”\n", "cp1252")
    assert "assumed" in read.notes[0]
    assert decode(b"caf\xe9 \x81", "a.txt", None, guess).encoding == "latin-1"


def test_the_encoding_of_noise_is_not_guessed() -> None:
    noise = bytes(range(256)) * 4
    assert not needs_guess(noise)
    decode(noise, "a.bin", None, must_not_guess)


@pytest.mark.parametrize("name", ["nope", "hex", "rot13", "idna", "utf-7", "a\0b", "\ud800", ""])
def test_an_unknown_encoding_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(TextError, match="no text encoding called") as refused:
        decode(b"abc", "a.txt", name, None)
    assert ascii(name) in str(refused.value)


def test_an_encoding_that_does_not_fit_is_refused_with_the_position() -> None:
    with pytest.raises(TextError, match=r"a\.txt is not valid ascii text \(at byte 3\);"):
        decode("caf\xe9".encode("latin-1"), "a.txt", "ascii", None)


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "gb18030"]),
)
def test_any_text_is_decoded_from_any_encoding(text: str, codec: str) -> None:
    read = decode(text.encode(codec), "a.txt", codec, None)
    assert read.text == text.removeprefix("\ufeff").removesuffix("\x1a")


@given(st.text(st.characters(codec="koi8-r", categories=["L", "P", "Zs"])))
def test_any_text_is_decoded_by_a_right_guess(text: str) -> None:
    read = decode((text + RUSSIAN).encode("koi8-r"), "a.txt", None, lambda raw: "koi8-r")
    assert read.text == text + RUSSIAN


# --- counting --------------------------------------------------------------------------------


@given(st.text())
def test_counts_agree_with_str_count(text: str) -> None:
    counts = count_characters(text)
    assert {chr(i): counts[i] for i in np.flatnonzero(counts)} == {c: text.count(c) for c in text}


def test_counts_add_up_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rnncore.reading.encodings._COUNT_BLOCK", 3)
    counts = count_characters("aa😀ab" * 5)
    assert (counts[ord("a")], counts[ord("b")], counts[ord("😀")]) == (15, 5, 5)
    assert counts.sum() == 25


def test_tabs_and_line_endings_are_not_control_characters() -> None:
    assert control_share(count_characters("")) == 0
    assert control_share(count_characters("\t\n\v\f\r\x85é")) == 0
    assert control_share(count_characters("\0\x1b\x7f\x9fabcd")) == 0.5


# --- encodings that show in the bytes, marks that lie, damage, pieces ------------------------


@pytest.mark.parametrize("codec", ["utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", [RUSSIAN, "Plain.\n", "道可道，非常道。\n"])
def test_utf32_without_a_mark_is_detected(text: str, codec: str) -> None:
    read = decode(text.encode(codec), "a.txt", None, must_not_guess)
    assert (read.text, read.encoding) == (text, codec)


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("iso2022_jp", "吾輩は猫である。\n"),
        ("iso2022_kr", "나라의 말이 달라\n"),
        ("hz", "道可道，非常道。\n"),
    ],
)
def test_ascii_with_escape_sequences_is_detected(codec: str, text: str) -> None:
    read = decode(text.encode(codec), "a.txt", None, must_not_guess)
    assert (read.text, read.encoding) == (text, codec)


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m\n", "a ~{ b ~} c\n", "if (~{x}) {}\n"])
def test_other_escapes_and_tildes_stay(text: str) -> None:
    assert decode(text.encode(), "a.txt", None, must_not_guess).text == text


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("ЧЪ" + RUSSIAN, "koi8-r"),  # FE FF, a mark of UTF-16
        ("ЪЧ" + RUSSIAN, "koi8-r"),
        ("п»ї" + RUSSIAN, "cp1251"),  # EF BB BF, the mark of UTF-8
    ],
)
def test_a_mark_that_does_not_decode_is_no_mark(text: str, codec: str) -> None:
    assert decode(text.encode(codec), "a.txt", None, lambda _: codec).text == text


def test_a_few_damaged_characters_do_not_change_the_encoding() -> None:
    raw = (RUSSIAN * 20).encode() + b"\xff" + RUSSIAN.encode()
    read = decode(raw, "a.txt", None, must_not_guess)
    assert (read.text, read.encoding) == (RUSSIAN * 20 + "\ufffd" + RUSSIAN, "utf-8")
    assert read.notes == ("1 damaged character was replaced by \ufffd.",)
    assert decode("caf\xe9 ol\xe9\n".encode("latin-1"), "a.txt", None, None).encoding == "cp1252"


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "gb18030", "iso2022_jp", "cp932"])
@pytest.mark.parametrize("piece", [1, 2, 3, 7])
def test_pieces_give_the_same_text_as_the_whole(
    codec: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rnncore.reading.pieces._PIECE", piece)
    text = "吾輩は猫\r\nである。\rab\nc\r\n"
    read = decode(text.encode(codec), "a.txt", codec, None)
    assert read.text == "吾輩は猫\nである。\nab\nc\n"
    with pytest.raises(TextError, match="at byte 8"):
        decode(b"12345678\xff", "a.txt", "utf-8", None)
