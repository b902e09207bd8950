"""Texts to train on: from an upload, from the sample texts, or pasted.

A text is read once; what stays are its ids, a quarter or an eighth of the string's size.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from charset_normalizer import from_bytes
from numpy.typing import NDArray

from dashboard.text.cleanup import Suggestion, apply, examine
from dashboard.text.codepoints import display_char
from rnncore import Vocab, read_text
from rnncore.errors import TextError
from rnncore.reading import gutenberg
from rnncore.reading.text import Text

SAMPLE_FOLDER = Path(__file__).resolve().parents[2] / "sample_texts"
SAMPLE_TITLES = {
    "lighthouse.txt": "A story: The lighthouse",
    "verses.txt": "Verses in rhyme",
    "recipes.txt": "Recipes, strictly laid out",
    "brackets.txt": "Balanced brackets",
    "sums.txt": "Sums with right answers",
}
# The commonest of each part of the world, to choose from where the guess was wrong.
ENCODINGS = (
    *("utf-8", "utf-16", "cp1252", "iso-8859-1", "cp1250", "iso-8859-2", "cp1251", "koi8-r"),
    *("shift_jis", "euc-jp", "gb18030", "big5", "euc-kr"),
)


@dataclass(frozen=True)
class Source:
    """Where a text comes from. ``key`` tells it from every other of its kind."""

    kind: str  # "sample", "upload", "paste", or "run": the text that a run came with
    key: str
    name: str


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file: an encoding or None, and what to mend (keys of the text doctor)."""

    encoding: str | None = None
    strip_gutenberg: bool = True
    cleanup_rules: frozenset[str] = frozenset()


DEFAULT_READ_OPTIONS = ReadOptions()


@dataclass(frozen=True, eq=False)
class LoadedText:
    """A text as the network sees it: ids over a vocabulary."""

    name: str
    size: int  # bytes of the file
    encoding: str
    notes: tuple[str, ...]
    vocab: Vocab
    ids: NDArray[np.unsignedinteger]
    digest: str
    suggestions: tuple[Suggestion, ...] = ()  # on the text before anything was mended
    boilerplate: str = ""  # a sentence on Project Gutenberg's header and licence, if there are any

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoadedText) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def preview(self, length: int = 400) -> str:
        """The first characters."""
        return self.vocab.decode(self.ids[:length])

    def frequencies(self) -> tuple[list[str], NDArray[np.intp]]:
        """Readable names of the characters and their counts, the commonest first."""
        counts = np.bincount(self.ids, minlength=len(self.vocab))
        order = np.argsort(-counts, kind="stable")
        return [display_char(self.vocab.idx_to_char[i]) for i in order], counts[order]


def load(raw: bytes, name: str, options: ReadOptions = DEFAULT_READ_OPTIONS) -> LoadedText:
    """Read a file's bytes; a TextError says what is wrong with them."""
    read = read_text(
        raw,
        name,
        encoding=options.encoding,
        guess_encoding=guess_encoding,
        strip_gutenberg=options.strip_gutenberg,
    )
    suggestions = tuple(examine(read.text))
    # What was ticked for another text may not apply to this one.
    cleanup_rules = options.cleanup_rules & {finding.key for finding in suggestions}
    text = apply(read.text, cleanup_rules)
    if len(set(text)) < 2:
        raise TextError("Cleaned up so much, no text is left to learn from: switch some of it off.")
    vocab = Vocab.from_text(text)
    ids = vocab.encode(text)
    loaded = from_ids(ids, vocab, read.name, len(raw), read.encoding, read.notes, suggestions)
    return replace(loaded, boilerplate=_boilerplate(read, options.strip_gutenberg))


def _boilerplate(read: Text, left_out: bool) -> str:
    """How much Project Gutenberg's header and licence are, or ""."""
    if left_out:
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
    """Ids over a vocabulary, with the digest by which equal texts are known."""
    digest = hashlib.sha256("".join(vocab.idx_to_char).encode("utf-8", "surrogatepass"))
    digest.update(ids.tobytes())
    return LoadedText(name, size, encoding, notes, vocab, ids, digest.hexdigest(), suggestions)


def guess_encoding(raw: bytes) -> str | None:
    """The likeliest encoding of bytes that are not UTF-8, from the whole of them, or None."""
    best = from_bytes(raw).best()
    return None if best is None else best.encoding


def sample_names() -> list[str]:
    """The sample texts that are there, the story first."""
    return [name for name in SAMPLE_TITLES if (SAMPLE_FOLDER / name).is_file()]


def find_sample_name(text: LoadedText) -> str | None:
    """Which of the sample texts this is, as it is; None for another text."""
    return _samples().get(text.digest)


@cache
def _samples() -> dict[str, str]:
    return {load_sample(name).digest: name for name in sample_names()}


def load_sample(name: str, options: ReadOptions = DEFAULT_READ_OPTIONS) -> LoadedText:
    """One of ``sample_names``."""
    return load((SAMPLE_FOLDER / name).read_bytes(), name, options)
