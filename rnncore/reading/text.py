"""From the bytes that somebody hands in to the text that a network learns.

Bytes are recognised, unpacked, decoded and freed of Project Gutenberg's
boilerplate, in this order. Whatever was done to them is said in a note;
whatever cannot be done is refused with a ``TextError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np

from rnncore.errors import TextError
from rnncore.reading import gutenberg
from rnncore.reading.archives import (
    MAX_TEXT_BYTES,
    ZipArchive,
    expand_gzip,
    extract_text,
    is_epub,
    list_chapters,
)
from rnncore.reading.encodings import (
    GZIP,
    HEAD_BYTES,
    MAX_CONTROL_SHARE,
    ZIP,
    Decoded,
    GuessEncoding,
    control_share,
    count_characters,
    decode,
    detect_kind,
    would_guess,
)
from rnncore.reading.file_names import display_name

MIN_DISTINCT = 2  # there is nothing to predict in fewer
LARGE_VOCABULARY = 1000  # distinct characters; European books have about 100
_NEED = f"a text needs at least {MIN_DISTINCT} distinct characters."
_SHOWN = 5  # names in a note


@dataclass(frozen=True, slots=True)
class Text:
    """A text to train on, with LF line ends.

    ``encoding`` is Python's name of what the bytes were in (names, where files
    of an archive differ), ``notes`` are sentences for the user, ``name`` is the
    file's name for display.
    """

    text: str
    encoding: str
    notes: tuple[str, ...]
    name: str


def read_text(
    raw: bytes,
    name: str = "",
    *,
    encoding: str | None = None,
    guess_encoding: GuessEncoding | None = None,
    strip_gutenberg: bool = True,
) -> Text:
    """The text in a plain file, a .gz, a .zip of texts (joined) or an .epub.

    What the file is shows in its bytes; ``name`` is only for messages.
    ``encoding`` overrides the order of ``encodings.decode``, in which
    ``guess_encoding`` is asked for the name of an encoding (or None) when the
    bytes do not tell. Raises ``TextError`` for anything that is not a text.
    """
    label = display_name(name) if name else "This file"
    parts, notes = _unpack(raw, label, encoding, guess_encoding)
    notes += [note for part in parts for note in part.notes]
    if strip_gutenberg:
        parts, stripped = _without_boilerplate(parts)
        notes += stripped
    text = _join([part.text for part in parts])
    notes += _check(text, label)
    encodings = ", ".join(dict.fromkeys(part.encoding for part in parts))
    return Text(text, encodings, tuple(dict.fromkeys(notes)), display_name(name))


def _unpack(
    raw: bytes, label: str, encoding: str | None, guess: GuessEncoding | None
) -> tuple[list[Decoded], list[str]]:
    """The texts in a file, one unless it is a zip, and notes on what was unpacked."""
    kind = detect_kind(raw[:HEAD_BYTES])
    if kind is ZIP:
        archive = ZipArchive(raw, label)
        if is_epub(archive):
            return _read_epub(archive, encoding)
        if archive.document_kind is not None:
            _refuse_kind(label, archive.document_kind)
        return _read_zip(archive, encoding, guess)
    if kind is GZIP:
        raw = expand_gzip(raw, label)
        kind = detect_kind(raw[:HEAD_BYTES])
        if kind is not None:
            raise TextError(
                f"{label} holds {kind.what}, not a text; unpack it and upload a plain text file."
            )
    if kind is not None:
        _refuse_kind(label, kind.what)
    if len(raw) > MAX_TEXT_BYTES:
        raise TextError(
            f"{label} has {len(raw) / 2**20:.0f} MiB, and at most {MAX_TEXT_BYTES // 2**20} MiB "
            "are read; upload a part of it."
        )
    return [decode(raw, label, encoding, guess)], []


def _refuse_kind(label: str, what: str) -> NoReturn:
    raise TextError(f"{label} is {what}, not a text; upload a .txt, .gz, .zip or .epub file.")


# --- archives --------------------------------------------------------------------------


def _read_zip(
    archive: ZipArchive, encoding: str | None, guess: GuessEncoding | None
) -> tuple[list[Decoded], list[str]]:
    """All texts of a zip in the order of their names; other files are passed over."""
    found: list[tuple[str, bytes]] = []
    passed: list[str] = []
    for member in archive.members():
        shown = display_name(member.filename)
        kind = detect_kind(archive.head(member, HEAD_BYTES))
        if kind is None:
            found.append((shown, archive.read(member)))
        elif kind.is_archive:
            raise TextError(
                f"{archive.name} holds {shown}, {kind.what} of its own; "
                "unpack that one and upload the text that is inside."
            )
        else:
            passed.append(f"{shown} ({kind.what})")
    if guess is not None and encoding is None:
        guess = _guess_once([data for shown, data in found if would_guess(data, shown)], guess)
    names, parts = [], []
    for shown, data in found:
        part = decode(data, shown, encoding, guess)
        if not part.text:
            passed.append(f"{shown} (empty)")
        elif control_share(count_characters(part.text)) > MAX_CONTROL_SHARE:
            passed.append(f"{shown} (not a text)")
        else:
            names.append(shown)
            parts.append(part)
    if not parts:
        only = f", only {_listed(passed)}" if passed else ""
        raise TextError(f"{archive.name} holds no text{only}; upload a zip of .txt files.")
    notes = []
    if len(parts) > 1:
        notes.append(f"{len(parts):,} files were joined: {_listed(names)}.")
    if passed:
        notes.append(f"Passed over, as no text: {_listed(passed)}.")
    return parts, notes


def _guess_once(raws: Sequence[bytes], guess: GuessEncoding) -> GuessEncoding:
    """One answer for all files of an archive: better founded, and asked for once."""
    answer = guess(b"\n".join(raws)) if raws else None
    return lambda _: answer


def _read_epub(archive: ZipArchive, encoding: str | None) -> tuple[list[Decoded], list[str]]:
    """An e-book as one text; its pages are UTF-8 or UTF-16 by the standard, so no guess."""
    raws = [archive.read(chapter) for chapter in list_chapters(archive)]
    pages = [
        decode(raw, archive.name, encoding, None)
        for raw in raws
        if detect_kind(raw[:HEAD_BYTES]) is None
    ]
    texts = [text for page in pages if (text := extract_text(page.text, archive.name))]
    if not texts:
        raise TextError(
            f"{archive.name} is an e-book without text; upload the book as a text file."
        )
    note = f"The pages of the e-book ({len(texts):,}) were joined in order and their tags left out."
    return [Decoded("\n\n".join(texts) + "\n", pages[0].encoding)], [note]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _join(texts: Sequence[str]) -> str:
    """Texts with a blank line between two of them; a single one stays as it is."""
    if len(texts) == 1:
        return texts[0]
    return "\n".join(text if text.endswith("\n") else f"{text}\n" for text in texts)


# --- what is left out and what is required --------------------------------------------------


def _without_boilerplate(parts: Sequence[Decoded]) -> tuple[list[Decoded], list[str]]:
    """Each text without what Project Gutenberg wraps around it."""
    header = licence = 0
    kept = []
    for part in parts:
        book = gutenberg.find_book(part.text)
        if book is not None:
            header += book.start
            licence += len(part.text) - book.stop
            part = replace(part, text=part.text[book.start : book.stop])
        kept.append(part)
    if not header + licence:
        return kept, []
    what = " and ".join(word for word, n in (("header", header), ("licence", licence)) if n)
    verb = "were" if header and licence else "was"
    note = f"The Project Gutenberg {what} ({header + licence:,} characters) {verb} left out."
    return kept, [note]


def _check(text: str, label: str) -> list[str]:
    """Refuse noise and a text with nothing to learn; a note where the vocabulary is large."""
    if not text:
        raise TextError(f"{label} is empty; {_NEED}")
    counts = count_characters(text)
    if (share := control_share(counts)) > MAX_CONTROL_SHARE:
        raise TextError(
            f"{label} is not a text, as {share:.0%} of its characters are control characters; "
            "upload a plain text file, or choose its encoding if it is one."
        )
    distinct = np.count_nonzero(counts)
    if distinct < MIN_DISTINCT:
        times = f" {len(text):,} times" if len(text) > 1 else ""
        raise TextError(f"{label} holds only the character {text[0]!a}{times}; {_NEED}")
    if distinct <= LARGE_VOCABULARY:
        return []
    return [
        f"The text has {distinct:,} distinct characters, which makes a model large and its "
        "training slow."
    ]
