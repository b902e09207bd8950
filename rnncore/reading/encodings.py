"""Bytes to characters, and the bytes that are no text at all.

``recognise`` goes by the first bytes, never by a file name: a photograph called
notes.txt is a photograph. ``decode`` then tries, in this order, what can be
known before what must be guessed:

1. a byte-order mark, which states the encoding;
2. UTF-16 without its mark, which shows in where the NUL bytes lie;
3. strict UTF-8, which other encodings almost never satisfy by accident;
4. a guess over *all* the bytes (the first accent may come late), made by a
   function that is handed in, because rnncore depends on NumPy alone;
5. cp1252, and latin-1 where that fails; the note says that this was assumed.

Latin-1 decodes anything, so ``control_share`` is what tells text from noise.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import TextError

GuessEncoding = Callable[[bytes], str | None]

HEAD_BYTES = 512  # enough for every signature below
MAX_CONTROL_SHARE = 0.05  # random bytes have 0.1 and more, real texts almost none
_UTF16_NULS = 0.005  # of all bytes; even a Chinese text has that many in its line ends
_CENSUS_BLOCK = 1 << 18  # characters counted at a time; keeps the copies in cache

# Code points that no text is made of: all of C0, DEL and C1 but tab, the line ends and NEL.
_CONTROLS = np.array(
    [c for c in (*range(32), *range(127, 160)) if c not in {9, 10, 11, 12, 13, 133}]
)
_CONTROL_BYTES = bytes(c for c in _CONTROLS if c < 128 and c != 27)  # ISO-2022 texts use ESC
# Python calls these codecs, but they are for domain names, source code and mail.
_NOT_CHARSETS = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7"}
_BOMS = (  # UTF-32 first: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """What some bytes are, as a person would call it."""

    what: str
    is_archive: bool = False


GZIP = Kind("a gzip archive", is_archive=True)
ZIP = Kind("a zip archive", is_archive=True)

_SIGNATURES = tuple(
    (re.compile(pattern, re.DOTALL), kind if isinstance(kind, Kind) else Kind(kind))
    for pattern, kind in (
        (rb"\x1f\x8b", GZIP),
        (rb"PK(?:\x03\x04|\x05\x06|\x07\x08)", ZIP),
        (rb"Rar!\x1a\x07", Kind("a RAR archive", is_archive=True)),
        (rb"7z\xbc\xaf\x27\x1c", Kind("a 7z archive", is_archive=True)),
        (rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)", Kind("a bzip2 archive", is_archive=True)),
        (rb"\xfd7zXZ\0", Kind("an xz archive", is_archive=True)),
        (rb"\x28\xb5\x2f\xfd", Kind("a Zstandard archive", is_archive=True)),
        (rb".{257}ustar[\0 ]", Kind("a tar archive", is_archive=True)),
        (rb"\x89PNG\r\n\x1a\n", "a PNG image"),
        (rb"\xff\xd8\xff", "a JPEG image"),
        (rb"GIF8[79]a", "a GIF image"),
        (rb"RIFF.{4}WEBP", "a WebP image"),
        (rb"BM.{4}\0\0\0\0", "a BMP image"),  # "BM" alone begins many a sentence
        (rb"II\*\0|MM\0\*", "a TIFF image"),
        (rb"%PDF-", "a PDF document"),
        (rb"\{\\rtf", "a rich-text (RTF) document"),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
        (rb".{60}BOOKMOBI", "a Kindle book"),
        (rb"\x7fELF", "a Linux program"),
        (rb"MZ.{0,62}\0", "a Windows program"),
        (rb"\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe", "a macOS program"),
        (rb"SQLite format 3\0", "an SQLite database"),
        (rb"ID3[\x02-\x04]|\xff[\xfb\xf3\xf2][\x10-\xbf]", "an MP3 recording"),
        (rb"OggS\0", "an Ogg recording"),
        (rb"fLaC\0", "a FLAC recording"),
        (rb"RIFF.{4}WAVE", "a WAV recording"),
        (rb"\0\0\0.ftyp|RIFF.{4}AVI ", "a video"),
        (rb"\x93NUMPY", "a NumPy array"),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (rb"\x80[\x02-\x05][\x95c}()\]\x8cKMJXUGN]", "a Python pickle"),
        (rb"\x00\x05\x16\x07", "a macOS resource file"),
    )
)


def detect_kind(head: bytes) -> Kind | None:
    """What the bytes that begin with ``head`` are, or None where they may be a text."""
    return next((kind for pattern, kind in _SIGNATURES if pattern.match(head)), None)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Characters with LF line ends, the encoding they came in, and what there is to say of it."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(raw: bytes, name: str, encoding: str | None, guess: GuessEncoding | None) -> Decoded:
    """``raw`` as characters; ``encoding`` forces one, ``name`` is for messages."""
    if encoding is not None:
        return _forced(raw, name, encoding)
    return _known(raw, name) or _guessed(raw, guess) or _assumed(raw)


def would_guess(raw: bytes, name: str) -> bool:
    """Whether ``decode`` would ask for a guess."""
    return _known(raw, name) is None and _noise(raw) <= MAX_CONTROL_SHARE


def _known(raw: bytes, name: str) -> Decoded | None:
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return _forced(raw, name, codec)
    return _unmarked_utf16(raw) or _utf8(raw)


def _forced(raw: bytes, name: str, encoding: str) -> Decoded:
    codec = _codec(encoding)
    if codec is None:
        raise TextError(
            f"There is no text encoding called {encoding[:40]!a}; "
            "choose one such as utf-8, utf-16, cp1252 or koi8-r, or leave the choice open."
        )
    try:
        return _tidied(raw.decode(codec), codec)
    except UnicodeError as error:
        where = f" at byte {error.start:,}" if isinstance(error, UnicodeDecodeError) else ""
        raise TextError(
            f"{name} cannot be read as {codec}, whose rules it breaks{where}; "
            "choose another encoding, or save the file again as UTF-8."
        ) from error


def _unmarked_utf16(raw: bytes) -> Decoded | None:
    """Spaces, line ends and all ASCII have a NUL as one half, always the same half."""
    if len(raw) % 2 or b"\0" not in raw:
        return None
    first, second = raw[::2].count(0), raw[1::2].count(0)
    few, many = sorted((first, second))
    if many < _UTF16_NULS * len(raw) or few > many / 20:
        return None
    codec = "utf-16-be" if first > second else "utf-16-le"
    try:
        return _tidied(raw.decode(codec), codec, f"The encoding was guessed to be {codec}{_OR}")
    except UnicodeError:
        return None


def _utf8(raw: bytes) -> Decoded | None:
    try:
        return _tidied(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        head = raw[: error.start]
        cut_short = error.reason == "unexpected end of data"
    if not cut_short or head.isascii():  # "café" in latin-1 ends like UTF-8 cut short
        return None
    return _tidied(
        head.decode("utf-8"), "utf-8", "The last character, cut off in the file, was left out."
    )


def _guessed(raw: bytes, guess: GuessEncoding | None) -> Decoded | None:
    if guess is None or _noise(raw) > MAX_CONTROL_SHARE:  # a guess over noise takes minutes
        return None
    codec = _codec(guess(raw) or "")
    if codec is None:
        return None
    try:
        return _tidied(raw.decode(codec), codec, f"The encoding was guessed to be {codec}{_OR}")
    except UnicodeError:
        return None


def _assumed(raw: bytes) -> Decoded:
    try:
        text, codec = raw.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        text, codec = raw.decode("latin-1"), "latin-1"
    return _tidied(text, codec, f"The text is not UTF-8, so {codec} was assumed{_OR}")


_OR = "; choose another encoding if letters look wrong."


def _codec(encoding: str) -> str | None:
    """Python's name for ``encoding``; None where it is not one that texts are written in."""
    try:
        codec = codecs.lookup(encoding).name
        " ".encode(codec)  # a LookupError for hex, zip and the like, which make no characters
    except (LookupError, ValueError):
        return None
    if codec in _NOT_CHARSETS:
        return None
    return "latin-1" if codec == "iso8859-1" else codec


def _tidied(text: str, encoding: str, *notes: str) -> Decoded:
    """LF line ends, and neither a byte-order mark nor the end-of-file mark of DOS."""
    text = text.removeprefix("\ufeff").removesuffix("\x1a")
    if "\r" in text:
        kind = "Windows line ends" if "\r\n" in text else "Carriage returns"
        notes += (f"{kind} were turned into \\n.",)
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return Decoded(text, encoding, notes)


def _noise(raw: bytes) -> float:
    """Which part of the bytes, 0 to 1, are control characters in any encoding but UTF-16."""
    return 1 - len(raw.translate(None, _CONTROL_BYTES)) / max(1, len(raw))


def count_characters(text: str) -> NDArray[np.int64]:
    """How often each code point occurs, one count for each up to the highest (256 at least)."""
    counts = np.zeros(256, np.int64)
    for start in range(0, len(text), _CENSUS_BLOCK):
        block = text[start : start + _CENSUS_BLOCK].encode("utf-32-le", "surrogatepass")
        found = np.bincount(np.frombuffer(block, "<u4"), minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    return counts


def control_share(counts: NDArray[np.int64]) -> float:
    """Which part of the counted characters, 0 to 1, are control characters."""
    return float(counts[_CONTROLS].sum() / max(1, counts.sum()))
