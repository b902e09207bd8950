"""Text to ids and back: each distinct character has a place in an ordered list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import VocabError

_BLOCK = 1 << 20  # characters turned at once: bounds memory on long texts
_CODE_POINTS = 0x110000


class Vocab:
    """The characters that a model knows, in the order of their ids. Immutable."""

    def __init__(self, chars: Iterable[str]):
        self._chars = tuple(chars)
        if not self._chars:
            raise VocabError("The vocabulary is empty; it needs at least one character.")
        for char in self._chars:
            if not isinstance(char, str) or len(char) != 1:
                raise VocabError(f"The vocabulary holds {char!r}; each must be one character.")
        self._index = {char: i for i, char in enumerate(self._chars)}
        if len(self._index) != len(self._chars):
            raise VocabError("The vocabulary names a character twice; each must stand once.")
        self._codes = np.array([ord(char) for char in self._chars], dtype=np.uint32)

    @classmethod
    def from_text(cls, text: str) -> Vocab:
        """The distinct characters of ``text``, by code point."""
        seen = np.zeros(_CODE_POINTS, dtype=bool)
        for block in _blocks(text):
            seen[block] = True
        return cls(map(chr, np.flatnonzero(seen)))

    def __len__(self) -> int:
        return len(self._chars)

    def __contains__(self, char: object) -> bool:
        return char in self._index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocab) and self._chars == other._chars

    def __hash__(self) -> int:
        return hash(self._chars)

    def __repr__(self) -> str:
        return f"Vocab({len(self)} characters)"

    @property
    def char_to_idx(self) -> dict[str, int]:
        """A fresh dict from character to id."""
        return dict(self._index)

    @property
    def idx_to_char(self) -> tuple[str, ...]:
        """The characters in the order of their ids."""
        return self._chars

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned integer type that holds every id."""
        return np.min_scalar_type(len(self) - 1)

    def missing(self, text: str) -> list[str]:
        """Distinct characters of ``text`` that the vocabulary lacks, in order of appearance."""
        return [char for char in dict.fromkeys(text) if char not in self._index]

    def keep_known(self, text: str) -> str:
        """``text`` without the characters that the vocabulary lacks."""
        return "".join(char for char in text if char in self._index)

    def encode(self, text: str) -> NDArray[np.unsignedinteger]:
        """Ids of the characters of ``text``, (len(text),), in the smallest type that holds V."""
        lacks = len(self)  # one past the last id marks what the vocabulary lacks
        table = np.full(int(_CODE_POINTS), lacks, dtype=np.min_scalar_type(lacks))
        table[self._codes] = np.arange(len(self))
        ids = np.empty(len(text), dtype=self.dtype)
        start = 0
        for block in _blocks(text):
            found = table[block]
            if (found == lacks).any():
                raise VocabError(_lacking(self.missing(text)))
            ids[start : start + len(block)] = found
            start += len(block)
        return ids

    def decode(self, ids: Sequence[int] | NDArray[np.integer]) -> str:
        """The text of a sequence of ids."""
        ids = np.asarray(ids)
        if ids.size == 0:
            return ""
        if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(self):
            raise VocabError(f"ids must be whole numbers from 0 to {len(self) - 1}.")
        return self._codes[ids].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _blocks(text: str) -> Iterable[NDArray[np.uint32]]:
    """Code points of the text, a block at a time."""
    for start in range(0, len(text), _BLOCK):
        raw = text[start : start + _BLOCK].encode("utf-32-le", "surrogatepass")
        yield np.frombuffer(raw, dtype="<u4")


def _lacking(chars: list[str]) -> str:
    shown = ", ".join(repr(char) for char in chars[:10])
    more = f" and {len(chars) - 10} more" if len(chars) > 10 else ""
    return f"The vocabulary lacks {shown}{more}; leave them out or build a vocabulary of this text."
