"""Detect encodings that show in the bytes themselves although no byte-order mark states them.

UTF-16 and UTF-32 have NUL bytes in fixed positions. ISO-2022 and HZ are ASCII with escape
sequences, so without this check they would pass for UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnncore.reading.pieces import UndecodableError, decode_in_pieces

_UTF16_NULS = 0.005  # of all bytes; even a Chinese text has that many in its line endings
_TRIED_BYTES = 1 << 16  # enough to rule an encoding out, or almost prove it
_ESCAPES = (
    (re.compile(rb"\x1b\$\)C"), ("iso2022_kr",)),
    (re.compile(rb"\x1b(?:\$[@B]|\$\([@BD]|\([JI])"), ("iso2022_jp", "iso2022_jp_ext")),
    (re.compile(rb"\x1b\$\([OPQ]"), ("iso2022_jp_2004",)),
    (re.compile(rb"\x1b\$A"), ("iso2022_jp_2",)),
    (re.compile(rb"~\{(?:[!-w][!-~]){2,40}~\}"), ("hz",)),
)


def likely_codecs(raw: bytes) -> Iterator[str]:
    """Yield the codecs that the bytes point to; the caller still has to decode with them."""
    head = raw[:_TRIED_BYTES]
    if b"\0" in head:
        if len(raw) % 4 == 0:
            yield from (codec for codec in ("utf-32-le", "utf-32-be") if _fits(head, codec))
        if len(raw) % 2 == 0:
            yield from _utf16(raw)
    elif b"\x1b" in raw or b"~{" in raw:
        for pattern, codecs in _ESCAPES:
            if pattern.search(raw) and head.isascii():
                yield from codecs


def _fits(head: bytes, codec: str) -> bool:
    """Return whether these bytes, cut at a character's end, follow the rules of ``codec``."""
    try:
        decode_in_pieces(head, codec)
    except UndecodableError:
        return False
    return True


def _utf16(raw: bytes) -> Iterator[str]:
    """Yield the UTF-16 codec that the NUL bytes point to.

    Spaces, line endings and ASCII characters have a NUL as one of their two bytes, always on
    the same side.
    """
    first, second = raw[::2].count(0), raw[1::2].count(0)
    few, many = sorted((first, second))
    if many >= _UTF16_NULS * len(raw) and few <= many / 20:
        yield "utf-16-be" if first > second else "utf-16-le"
