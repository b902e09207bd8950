"""Texts to train on: from an upload, from the sample texts, or pasted.

A text is read once; what stays are its ids, a quarter or an eighth of the string's size.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from charset_normalizer import from_bytes
from numpy.typing import NDArray

from rnncore import Vocab, read_text

SAMPLE_FOLDER = Path(__file__).resolve().parents[1] / "sample_texts"
SAMPLE_TITLES = {
    "lighthouse.txt": "A story: The lighthouse",
    "verses.txt": "Verses in rhyme",
    "recipes.txt": "Recipes, strictly laid out",
    "brackets.txt": "Balanced brackets",
    "sums.txt": "Sums with right answers",
}


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

    def __len__(self) -> int:
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LoadedText) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def preview(self, length: int = 400) -> str:
        """The first characters."""
        return self.vocab.decode(self.ids[:length])


def load(
    raw: bytes, name: str, encoding: str | None = None, strip_gutenberg: bool = True
) -> LoadedText:
    """Read a file's bytes; a TextError says what is wrong with them."""
    text = read_text(
        raw,
        name,
        encoding=encoding,
        guess_encoding=guess_encoding,
        strip_gutenberg=strip_gutenberg,
    )
    vocab = Vocab.from_text(text.text)
    ids = vocab.encode(text.text)
    digest = hashlib.sha256("".join(vocab.idx_to_char).encode("utf-8", "surrogatepass"))
    digest.update(ids.tobytes())
    return LoadedText(
        text.name, len(raw), text.encoding, text.notes, vocab, ids, digest.hexdigest()
    )


def guess_encoding(raw: bytes) -> str | None:
    """The likeliest encoding of bytes that are not UTF-8, from the whole of them, or None."""
    best = from_bytes(raw).best()
    return None if best is None else best.encoding


def sample_names() -> list[str]:
    """The sample texts that are there, the story first."""
    return [name for name in SAMPLE_TITLES if (SAMPLE_FOLDER / name).is_file()]


def load_sample(name: str) -> LoadedText:
    """One of ``sample_names``."""
    return load((SAMPLE_FOLDER / name).read_bytes(), name)


@dataclass(frozen=True)
class Source:
    """Where a text comes from. ``key`` tells it from every other of its kind."""

    kind: str  # "sample", "upload" or "paste"
    key: str
    name: str
