"""Load a text to train on from an upload, a sample text or pasted characters.

Only the ids are kept after loading, not the string: they take a quarter of its memory or less.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard.formatting import counted
from dashboard.server import reading_budget
from dashboard.text import tables
from dashboard.text.cleanup import apply, examine
from dashboard.text.cleanup_rules.rule import Suggestion
from dashboard.text.codepoints import display_char
from dashboard.text.encoding_guess import LikelyEncoding, guess_encodings
from dashboard.text.tables import Column
from rnncore import Vocab, read_text
from rnncore.errors import TextError
from rnncore.reading import gutenberg
from rnncore.reading.file_kinds import FileKind
from rnncore.reading.memory import Reserve
from rnncore.reading.text import Text, read_texts

SAMPLE_FOLDER = Path(__file__).resolve().parents[2] / "sample_texts"
SAMPLE_TITLES = {
    "lighthouse.txt": "A story: The lighthouse",
    "verses.txt": "Verses in rhyme",
    "recipes.txt": "Recipes, strictly laid out",
    "brackets.txt": "Balanced brackets",
    "sums.txt": "Sums with right answers",
}
# Bytes at the peak of finding clean-up rules, applying them, and turning characters into ids:
# for each character, and for each line besides.
_BYTES_PER_CHARACTER = 16
_BYTES_PER_LINE = 30


@dataclass(frozen=True)
class Source:
    """Where a text comes from; ``key`` identifies it among the sources of its kind."""

    kind: str  # "sample", "upload", "paste" or "run" (the text saved with a run)
    key: str
    name: str


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file.

    encoding: None to detect it. cleanup_rules: keys of the rules to apply. column: of a table,
    that becomes the text; None for the whole table. left_out: kinds of files in a zip, or among
    several files, that are not read.
    """

    encoding: str | None = None
    strip_gutenberg: bool = True
    cleanup_rules: frozenset[str] = frozenset()
    column: str | None = None
    left_out: frozenset[str] = frozenset()


DEFAULT_READ_OPTIONS = ReadOptions()


@dataclass(frozen=True, eq=False)
class LoadedText:
    """A text as ids over a vocabulary, the form that a network is trained on.

    size: of the file, in bytes. ids: (n,). suggestions: clean-up rules that would change the
    text as it was read. boilerplate: a sentence on Project Gutenberg's header and licence, or "".
    likely_encodings: the likeliest first; empty if the encoding is certain or was chosen.
    columns: of a table, that with the most characters first; empty for other texts. kinds: of the
    files in a zip, or of several files.
    """

    name: str
    size: int
    encoding: str
    notes: tuple[str, ...]
    vocab: Vocab
    ids: NDArray[np.unsignedinteger]
    digest: str
    suggestions: tuple[Suggestion, ...] = ()
    boilerplate: str = ""
    likely_encodings: tuple[LikelyEncoding, ...] = ()
    columns: tuple[Column, ...] = ()
    kinds: tuple[FileKind, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoadedText) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def preview(self, length: int = 400) -> str:
        """Return the first ``length`` characters."""
        return self.vocab.decode(self.ids[:length])

    def frequencies(self) -> tuple[list[str], NDArray[np.intp]]:
        """Return the characters as they can be shown, and their counts, the most frequent first."""
        counts = np.bincount(self.ids, minlength=len(self.vocab))
        order = np.argsort(-counts, kind="stable")
        return [display_char(self.vocab.idx_to_char[i]) for i in order], counts[order]


def load(raw: bytes, name: str, options: ReadOptions = DEFAULT_READ_OPTIONS) -> LoadedText:
    """Return the text in a file's bytes, cleaned up.

    Without a usable text, raise a TextError; without enough memory, a TooLargeError.
    """
    return load_files([(name, raw)], options)


def load_files(
    files: Sequence[tuple[str, bytes]], options: ReadOptions = DEFAULT_READ_OPTIONS
) -> LoadedText:
    """Return the text of one or several files, given as names and bytes, as ``load`` does."""
    likely: list[LikelyEncoding] = []

    def guess_encoding(undecoded: bytes) -> str | None:
        likely[:] = guess_encodings(undecoded)
        return likely[0].name if likely else None

    with reading_budget.open_account() as reserve:
        how: dict[str, Any] = {
            "encoding": options.encoding,
            "guess_encoding": guess_encoding,
            "strip_gutenberg": options.strip_gutenberg,
            "left_out": options.left_out,
            "reserve": reserve,
        }
        if len(files) == 1:
            read = read_text(files[0][1], files[0][0], **how)
        else:
            read = read_texts(files, **how)
        read, columns = _choose_column(read, options.column, reserve)
        lines = read.text.count("\n")
        reserve(_BYTES_PER_CHARACTER * len(read.text) + _BYTES_PER_LINE * lines)
        suggestions = tuple(examine(read.text))
        # A rule chosen for an earlier text may not apply to this one.
        cleanup_rules = options.cleanup_rules & {suggestion.key for suggestion in suggestions}
        text = apply(read.text, cleanup_rules)
        vocab = Vocab.from_text(text) if text else None
        if vocab is None or len(vocab) < 2:
            raise TextError("Clean-up leaves too little text to learn from: switch some of it off.")
        ids = vocab.encode(text)
    size = sum(len(raw) for _, raw in files)
    loaded = from_ids(ids, vocab, read.name, size, read.encoding, read.notes, suggestions)
    return replace(
        loaded,
        boilerplate=_describe_boilerplate(read, options.strip_gutenberg),
        likely_encodings=tuple(likely),
        columns=columns,
        kinds=read.kinds,
    )


def _choose_column(
    read: Text, wanted: str | None, reserve: Reserve
) -> tuple[Text, tuple[Column, ...]]:
    """Return the text, reduced to the wanted column if it is a table, and the table's columns."""
    if read.kinds:  # several files: each may be another table
        return read, ()
    if tables.may_be_json(read.text):
        reserve(tables.BYTES_PER_CHARACTER * len(read.text))
    columns = tuple(tables.find_columns(read.text, read.name))
    column = next((column for column in columns if column.name == wanted), None)
    if column is None:  # one chosen for an earlier text may not exist in this one
        return read, columns
    note = f"The text is the column {column.name}: {counted(column.cells, 'cell')}, one a line."
    taken = tables.take_column(read.text, read.name, column.name)
    return replace(read, text=taken, notes=(*read.notes, note)), columns


def _describe_boilerplate(read: Text, is_removed: bool) -> str:
    """Return how long Project Gutenberg's header and licence are, or "" if there are none."""
    if is_removed:
        return next((note for note in read.notes if "Project Gutenberg" in note), "")
    book = gutenberg.find_book(read.text)
    if book is None:
        return ""
    count = len(read.text) - (book.stop - book.start)
    return f"They are {count:,} characters, {count / len(read.text):.0%} of the text."


def from_ids(
    ids: NDArray[np.unsignedinteger],
    vocab: Vocab,
    name: str,
    size: int,
    encoding: str,
    notes: tuple[str, ...],
    suggestions: tuple[Suggestion, ...] = (),
) -> LoadedText:
    """Return a text of these ids (n,), with a digest that is the same for equal texts."""
    digest = hashlib.sha256("".join(vocab.idx_to_char).encode("utf-8", "surrogatepass"))
    digest.update(ids.tobytes())
    return LoadedText(name, size, encoding, notes, vocab, ids, digest.hexdigest(), suggestions)


def sample_names() -> list[str]:
    """Return the names of the sample texts on disk, the story first."""
    return [name for name in SAMPLE_TITLES if (SAMPLE_FOLDER / name).is_file()]


def find_sample_name(text: LoadedText) -> str | None:
    """Return the name of the sample text that ``text`` equals, or None."""
    return _sample_names_by_digest().get(text.digest)


@cache
def _sample_names_by_digest() -> dict[str, str]:
    return {load_sample(name).digest: name for name in sample_names()}


def load_sample(name: str, options: ReadOptions = DEFAULT_READ_OPTIONS) -> LoadedText:
    """Return the sample text called ``name``, one of ``sample_names``."""
    return load((SAMPLE_FOLDER / name).read_bytes(), name, options)
