"""Read the texts inside a zip, an e-book or a Word document."""

from __future__ import annotations

from collections.abc import Sequence

from rnncore.errors import TextError
from rnncore.reading.archives import ZipArchive
from rnncore.reading.documents import describe_zipped_document
from rnncore.reading.docx import read_docx
from rnncore.reading.encodings import (
    HEAD_BYTES,
    MAX_CONTROL_SHARE,
    Decoded,
    GuessEncoding,
    control_share,
    count_characters,
    decode,
    detect_kind,
    needs_guess,
)
from rnncore.reading.epub import list_chapters
from rnncore.reading.file_kinds import FileKind, choose_kinds, format_names
from rnncore.reading.file_names import display_name
from rnncore.reading.markup import extract_text
from rnncore.reading.web_page import decode_declared, is_web_page, take_words


def read_zip(
    archive: ZipArchive,
    encoding: str | None,
    guess: GuessEncoding | None,
    left_out: frozenset[str] = frozenset(),
) -> tuple[list[Decoded], list[str], list[FileKind]]:
    """Return the texts of a zip in the order of their names, notes, and the kinds of the texts.

    left_out: names of kinds of files (``file_kinds.FileKind.name``) whose texts are not wanted.
    """
    found: list[tuple[str, bytes]] = []
    skipped: list[str] = []
    for member in archive.list_members():
        shown = display_name(member.filename)
        head = archive.read_head(member, HEAD_BYTES)
        kind = detect_kind(head)
        if kind is None:
            found.append((shown, archive.read(member)))
        elif document := describe_zipped_document(head):
            skipped.append(f"{shown} ({document})")
        elif kind.is_archive:
            raise TextError(
                f"{archive.name} holds {shown}, {kind.description} of its own; "
                "unpack it and upload the text inside it."
            )
        else:
            skipped.append(f"{shown} ({kind.description})")
    if guess is not None and encoding is None:
        guess = _guess_once([data for _, data in found if needs_guess(data)], guess)
    names, parts = [], []
    for shown, data in found:
        part = decode_declared(data, shown, encoding, guess)
        if not part.text:
            skipped.append(f"{shown} (empty)")
        elif control_share(count_characters(part.text)) > MAX_CONTROL_SHARE:
            skipped.append(f"{shown} (not a text)")
        elif (words := _take_words(part, shown)) is None:
            skipped.append(f"{shown} (a web page without words)")
        else:
            names.append(shown)
            parts.append(words)
    if not parts:
        only = f", only {format_names(skipped)}" if skipped else ""
        raise TextError(
            f"{archive.name} holds no text{only}; upload a zip of .txt files, or a document "
            "or e-book on its own."
        )
    kinds, parts, names, notes = choose_kinds(parts, names, left_out, archive.name)
    if len(parts) > 1:
        notes.insert(0, f"{len(parts):,} files were joined: {format_names(names)}.")
    if skipped:
        notes.append(f"Skipped, because they are not texts: {format_names(skipped)}.")
    return parts, notes, kinds


def _take_words(read: Decoded, name: str) -> Decoded | None:
    """Return a web page as the text that it displays, or None if it has none; texts unchanged."""
    try:
        return take_words(read, name) if is_web_page(read.text) else read
    except TextError:
        return None


def _guess_once(raws: Sequence[bytes], guess: GuessEncoding) -> GuessEncoding:
    """Return a function that gives one answer for all files of an archive.

    A guess over all their bytes is more reliable than one for each file, and faster.
    """
    answer = guess(b"\n".join(raws)) if raws else None
    return lambda _: answer


def read_epub(archive: ZipArchive, encoding: str | None) -> tuple[list[Decoded], list[str]]:
    """Return the e-book as one text and a note.

    No encoding is guessed: the standard requires UTF-8 or UTF-16.
    """
    texts, used = [], ""
    for chapter in list_chapters(archive):
        raw = archive.read(chapter)
        if detect_kind(raw[:HEAD_BYTES]) is None:
            page = decode(raw, archive.name, encoding, None)
            used = used or page.encoding
            if text := extract_text(page.text, archive.name):
                texts.append(text)
    if not texts:
        raise TextError(
            f"{archive.name} is an e-book without text; upload the book as a text file."
        )
    note = (
        f"The e-book's pages ({len(texts):,}) were joined in reading order, without their markup."
    )
    return [Decoded("\n\n".join(texts) + "\n", used)], [note]


def read_word_document(archive: ZipArchive) -> tuple[list[Decoded], list[str]]:
    """Return the paragraphs of a Word document as one text, and a note."""
    text = read_docx(archive)
    if not text:
        raise TextError(
            f"{archive.name} is a Word document without words; if they are in footnotes or "
            "headers, save it as plain text (.txt) and upload that."
        )
    note = (
        "Word document: its paragraphs were read, without footnotes, comments, headers and footers."
    )
    return [Decoded(f"{text}\n", "utf-8")], [note]
