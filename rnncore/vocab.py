"""Vocab: the characters of a text, each with an id, and the conversion between both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import VocabError

_BLOCK = 1 << 20  # characters converted at once, which bounds memory on long texts
_CODE_POINTS = 0x110000


class Vocab:
    """The characters that a model knows, in the order of their ids. Immutable.

    >>> vocab = Vocab.from_text("banana")
    >>> vocab.encode("ban").tolist(), vocab.decode([1, 0, 2])
    ([1, 0, 2], 'ban')

    VocabError: there are no characters, or one of them is not a single character or repeated.
    """

    def __init__(self, chars: Iterable[str]):
        self._chars = tuple(chars)
        if not self._chars:
            raise VocabError("The vocabulary is empty; it needs at least one character.")
        for char in self._chars:
            if not isinstance(char, str) or len(char) != 1:
                raise VocabError(f"The vocabulary holds {char!r}; each must be one character.")
        self._index = {char: i for i, char in enumerate(self._chars)}
        if len(self._index) != len(self._chars):
            raise VocabError("The vocabulary names a character twice; each must occur once.")
        self._codes = np.array([ord(char) for char in self._chars], dtype=np.uint32)

    @classmethod
    def from_text(cls, text: str) -> Vocab:
        """Return the vocabulary of the distinct characters of a text, in order of code point."""
        seen = np.zeros(_CODE_POINTS, dtype=bool)
        for block in _blocks(text):
            seen[block] = True
        return cls(map(chr, np.flatnonzero(seen)))

    def __len__(self) -> int:
        return len(self._chars)

    def __iter__(self) -> Iterator[str]:
        return iter(self._chars)

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
        """A new dict from character to id."""
        return dict(self._index)

    @property
    def idx_to_char(self) -> tuple[str, ...]:
        """The characters in the order of their ids."""
        return self._chars

    @property
    def dtype(self) -> np.dtype[np.unsignedinteger]:
        """The smallest unsigned integer type that holds every id."""
        return np.min_scalar_type(len(self) - 1)

    def extended(self, chars: Iterable[str]) -> Vocab:
        """Return a vocabulary that also has these characters; known ones keep their ids.

        New ones get the ids after them, in the order in which they first occur.
        """
        return Vocab(dict.fromkeys((*self._chars, *chars)))

    def missing(self, text: str) -> list[str]:
        """Return the distinct characters of a text that the vocabulary lacks, in text order."""
        return [char for char in dict.fromkeys(text) if char not in self._index]

    def keep_known(self, text: str) -> str:
        """Return a text without the characters that the vocabulary lacks."""
        return "".join(char for char in text if char in self._index)

    def encode(self, text: str) -> NDArray[np.unsignedinteger]:
        """Return the ids of a text's characters, (len(text),), as ``dtype``.

        VocabError: the text has characters that the vocabulary lacks; the message names them.
        """
        unknown = len(self)  # marks characters that are not in the vocabulary
        table = np.full(int(_CODE_POINTS), unknown, dtype=np.min_scalar_type(unknown))
        table[self._codes] = np.arange(len(self))
        ids = np.empty(len(text), dtype=self.dtype)
        start = 0
        for block in _blocks(text):
            found = table[block]
            if (found == unknown).any():
                raise VocabError(_explain_missing(self.missing(text)))
            ids[start : start + len(block)] = found
            start += len(block)
        return ids

    def decode(self, ids: Sequence[int] | NDArray[np.integer]) -> str:
        """Return the text of a sequence of ids."""
        ids = np.asarray(ids)
        if ids.size == 0:
            return ""
        if ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= len(self):
            raise VocabError(f"ids must be whole numbers from 0 to {len(self) - 1}.")
        return self._codes[ids].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def _blocks(text: str) -> Iterable[NDArray[np.uint32]]:
    """Yield the code points of the text in blocks."""
    for start in range(0, len(text), _BLOCK):
        raw = text[start : start + _BLOCK].encode("utf-32-le", "surrogatepass")
        yield np.frombuffer(raw, dtype="<u4")


def _explain_missing(chars: list[str]) -> str:
    shown = ", ".join(repr(char) for char in chars[:10])
    more = f" and {len(chars) - 10} more" if len(chars) > 10 else ""
    return f"The vocabulary lacks {shown}{more}; leave them out or build a vocabulary of this text."
