"""Decode long bytes in pieces.

Python's lock (GIL) is held while a piece is decoded, and other threads wait. Of 64 MiB at once,
that would be most of a second.
"""

from __future__ import annotations

import codecs
import io
import sys
from typing import NamedTuple

from rnncore.reading.memory import reserve

_PIECE = 1 << 20  # bytes


class UndecodableError(ValueError):
    """Bytes that break the rules of an encoding, from index ``start``.

    is_incomplete: the bytes end within a character and keep the rules up to there.
    """

    def __init__(self, start: int, is_incomplete: bool) -> None:
        super().__init__(f"undecodable from byte {start}")
        self.start = start
        self.is_incomplete = is_incomplete


class Lines(NamedTuple):
    """A text with LF line endings, and the line endings that the bytes had."""

    text: str
    endings: frozenset[str]


def decode_in_pieces(raw: bytes, codec: str, errors: str = "strict") -> Lines:
    """Return the characters of ``raw`` with LF line endings.

    errors: "replace" gives U+FFFD for damaged bytes. With "strict" they are an UndecodableError.
    """
    if codec in {"utf-16", "utf-32"} and not raw.startswith(_MARKS[codec]):
        codec += "-le"  # without a mark, only the codec for the whole assumes this
    decoder = codecs.getincrementaldecoder(codec)(errors)
    newlines = io.IncrementalNewlineDecoder(decoder, translate=True)
    view, texts = memoryview(raw), []
    for at in range(0, max(1, len(raw)), _PIECE):
        waiting = len(decoder.getstate()[0])  # bytes of a character that was cut in two
        is_last = at + _PIECE >= len(raw)
        try:
            text = newlines.decode(bytes(view[at : at + _PIECE]), is_last)
        except UnicodeDecodeError as error:
            incomplete = is_last and error.end == len(error.object) and "incomplete" in error.reason
            incomplete = incomplete or (is_last and error.reason == "unexpected end of data")
            raise UndecodableError(at - waiting + error.start, incomplete) from error
        except UnicodeError as error:
            raise UndecodableError(at, False) from error
        reserve(sys.getsizeof(text))
        texts.append(text)
    seen = newlines.newlines
    if len(texts) > 1:
        reserve(sum(map(sys.getsizeof, texts)))
    text = texts[0] if len(texts) == 1 else "".join(texts)
    return Lines(text, frozenset((seen,) if isinstance(seen, str) else seen or ()))


_MARKS = {
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
}
