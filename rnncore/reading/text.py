"""Turn the bytes of an uploaded file into a text to train on.

``read_text`` detects the kind of file, unpacks and decodes it, and removes Project Gutenberg's
header and licence. Each change to the text is reported in a note. A file that cannot be read
as text raises a ``TextError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import TextError
from rnncore.reading import gutenberg
from rnncore.reading.archives import MAX_TEXT_BYTES, ZipArchive, expand_gzip, natural_key
from rnncore.reading.documents import refuse_kind
from rnncore.reading.encodings import (
    GZIP,
    HEAD_BYTES,
    MAX_CONTROL_SHARE,
    ZIP,
    Decoded,
    GuessEncoding,
    control_share,
    count_characters,
    detect_kind,
)
from rnncore.reading.epub import is_epub
from rnncore.reading.file_kinds import FileKind, choose_kinds, format_names
from rnncore.reading.file_names import display_name
from rnncore.reading.members import read_epub, read_word_document, read_zip
from rnncore.reading.memory import Reserve, reporting_to
from rnncore.reading.web_page import decode_declared, is_web_page, take_words

MIN_DISTINCT = 2  # with a single distinct character there is nothing to predict
LARGE_VOCABULARY = 1000  # distinct characters; European books have about 100
_NEED = f"a text needs at least {MIN_DISTINCT} distinct characters."


@dataclass(frozen=True, slots=True)
class Text:
    """A text to train on, with LF line endings.

    encoding: Python's name of the file's encoding; several names, separated by commas, if the
        files of an archive differ.
    notes: sentences for the user on what was changed.
    name: the file's name for display.
    kinds: of the texts in an archive or among several files, also of those left out.
    """

    text: str
    encoding: str
    notes: tuple[str, ...]
    name: str
    kinds: tuple[FileKind, ...] = ()


def read_text(
    raw: bytes,
    name: str = "",
    *,
    encoding: str | None = None,
    guess_encoding: GuessEncoding | None = None,
    strip_gutenberg: bool = True,
    left_out: frozenset[str] = frozenset(),
    reserve: Reserve | None = None,
) -> Text:
    """Return the text of a plain file, .html, .docx, .epub, .gz or a .zip of texts (joined).

    raw: the file's bytes, which decide what kind of file it is.
    name: the file's name, for messages and display only.
    encoding: use this encoding instead of detecting one.
    guess_encoding: returns the name of a likely encoding for some bytes, or None; called only
        if the encoding is not certain (see ``encodings.decode``).
    strip_gutenberg: whether to remove Project Gutenberg's header and licence.
    left_out: kinds of files in a .zip that are not wanted, such as {"licence", ".json"}.
    reserve: called with a number of bytes before the reading keeps that many more; it may raise
        an exception to stop the reading.
    TextError: the file is not a text, is damaged or too large, or has nothing to learn.
    """
    label = display_name(name) if name else "This file"
    with reporting_to(reserve):
        parts, notes, kinds = _unpack(raw, label, encoding, guess_encoding, left_out)
    return _finish(parts, notes, kinds, name, strip_gutenberg)


def read_texts(
    files: Sequence[tuple[str, bytes]],
    *,
    encoding: str | None = None,
    guess_encoding: GuessEncoding | None = None,
    strip_gutenberg: bool = True,
    left_out: frozenset[str] = frozenset(),
    reserve: Reserve | None = None,
) -> Text:
    """Return several files, given as names and bytes, as one text in the order of their names.

    A file that cannot be read is passed over, and a note says why; if none can be read, the first
    one's TextError is raised. The parameters are those of ``read_text``.
    """
    parts: list[Decoded] = []
    names: list[str] = []
    notes: list[str] = []
    problems: list[TextError] = []
    with reporting_to(reserve):
        for name, raw in sorted(files, key=lambda file: natural_key(file[0])):
            label = display_name(name)
            try:
                found, said, _ = _unpack(raw, label, encoding, guess_encoding, frozenset())
                text = _join([part.text for part in found])
                _refuse_noise(text, label)
            except TextError as error:
                problems.append(error)
                continue
            own = tuple(note for part in found for note in part.notes)
            parts.append(replace(found[0], text=text, notes=own))
            names.append(label)
            notes += [f"{label}: {note}" for note in said]
    if not parts:
        raise problems[0]
    kinds, parts, names, gone = choose_kinds(parts, names, left_out, "The upload")
    joined = [f"{len(parts):,} files were joined: {format_names(names)}."] if len(parts) > 1 else []
    skipped = [f"Passed over. {problem}" for problem in problems]
    longest = max(zip(parts, names, strict=True), key=lambda pair: len(pair[0].text))[1]
    name = longest if len(names) == 1 else f"{longest} and {len(names) - 1:,} more"
    return _finish(parts, [*joined, *gone, *notes, *skipped], kinds, name, strip_gutenberg)


def _finish(
    parts: list[Decoded], notes: list[str], kinds: list[FileKind], name: str, strip_gutenberg: bool
) -> Text:
    """Return the joined and checked text."""
    label = display_name(name) if name else "This file"
    notes += [note for part in parts for note in part.notes]
    if strip_gutenberg:
        parts, removed = _strip_gutenberg(parts)
        notes += removed
    text = _join([part.text for part in parts])
    notes += _check(text, label)
    encodings = ", ".join(dict.fromkeys(part.encoding for part in parts))
    return Text(text, encodings, tuple(dict.fromkeys(notes)), display_name(name), tuple(kinds))


def _unpack(
    raw: bytes,
    label: str,
    encoding: str | None,
    guess: GuessEncoding | None,
    left_out: frozenset[str],
) -> tuple[list[Decoded], list[str], list[FileKind]]:
    """Return the texts in a file (one, unless it is a zip), notes, and the kinds in a zip."""
    kind = detect_kind(raw[:HEAD_BYTES])
    if kind is ZIP:
        archive = ZipArchive(raw, label)
        if is_epub(archive):
            return *read_epub(archive, encoding), []
        if archive.document_kind == "a Word document":
            return *read_word_document(archive), []
        if archive.document_kind is not None:
            refuse_kind(label, archive.document_kind)
        return read_zip(archive, encoding, guess, left_out)
    if kind is GZIP:
        raw = expand_gzip(raw, label)
        kind = detect_kind(raw[:HEAD_BYTES])
        if kind is not None:
            raise TextError(
                f"{label} holds {kind.description}, not a text; "
                "unpack it and upload a plain text file."
            )
    if kind is not None:
        refuse_kind(label, kind.description)
    if len(raw) > MAX_TEXT_BYTES:
        raise TextError(
            f"{label} has {len(raw) / 2**20:.0f} MiB; the limit is "
            f"{MAX_TEXT_BYTES // 2**20} MiB. Upload a part of it."
        )
    read = decode_declared(raw, label, encoding, guess)
    return [take_words(read, label) if is_web_page(read.text) else read], [], []


def _join(texts: Sequence[str]) -> str:
    """Return the texts joined by empty lines; a single text stays unchanged."""
    if len(texts) == 1:
        return texts[0]
    return "\n".join(text if text.endswith("\n") else f"{text}\n" for text in texts)


# --- Project Gutenberg, and checks of the text -----------------------------------------------


def _strip_gutenberg(parts: Sequence[Decoded]) -> tuple[list[Decoded], list[str]]:
    """Return each text without Project Gutenberg's header and licence, and notes on them."""
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
    note = f"The Project Gutenberg {what} ({header + licence:,} characters) {verb} removed."
    return kept, [note]


def _check(text: str, label: str) -> list[str]:
    """Raise a TextError for noise or a text with nothing to learn; return notes on its size."""
    counts = _refuse_noise(text, label)
    distinct = np.count_nonzero(counts)
    if distinct < MIN_DISTINCT:
        times = f" {len(text):,} times" if len(text) > 1 else ""
        raise TextError(f"{label} holds only the character {text[0]!a}{times}; {_NEED}")
    if distinct <= LARGE_VOCABULARY:
        return []
    return [
        f"The text has {distinct:,} distinct characters; this makes the model large and training "
        "slow."
    ]


def _refuse_noise(text: str, label: str) -> NDArray[np.int64]:
    """Raise a TextError for an empty text or noise; return the counts of its characters."""
    if not text:
        raise TextError(f"{label} is empty; {_NEED}")
    counts = count_characters(text)
    if (share := control_share(counts)) > MAX_CONTROL_SHARE:
        raise TextError(
            f"{label} is not a text: {share:.0%} of its characters are control characters. "
            "Upload a plain text file; if this is one, choose its encoding."
        )
    return counts
