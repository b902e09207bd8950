"""Decode the bytes of a text file, and detect bytes that are not text.

``detect_kind`` looks at the first bytes only, never at a file name: a photograph called
notes.txt is a photograph. ``decode`` tries, in this order:

1. a byte-order mark, if the bytes behind it follow the rules of the encoding that it states;
2. UTF-16, UTF-32, ISO-2022 and HZ without a mark, which show in the bytes (``unmarked``);
3. UTF-8, which text in other encodings almost never satisfies by accident;
4. a guess over *all* the bytes, as the first accent may come late. The caller passes the
   function that guesses, because rnncore depends on NumPy alone;
5. cp1252, or latin-1 if that fails. A note reports the assumption.

Latin-1 decodes any bytes, so ``control_share`` is what separates text from noise.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore.errors import TextError
from rnncore.reading.pieces import Lines, UndecodableError, decode_in_pieces
from rnncore.reading.unmarked import likely_codecs

GuessEncoding = Callable[[bytes], str | None]

HEAD_BYTES = 512  # enough for every signature below
MAX_CONTROL_SHARE = 0.05  # random bytes have 0.1 or more, real texts almost none
_VALID_FOR_EACH_DAMAGED = 20  # non-ASCII characters; texts in other encodings have almost none
_COUNT_BLOCK = 1 << 18  # characters counted at a time, so that the copies fit in the cache

# Control characters: all of C0, DEL and C1 except tab, line endings and NEL.
_CONTROLS = np.array(
    [c for c in (*range(32), *range(127, 160)) if c not in {9, 10, 11, 12, 13, 133}]
)
# Without ESC, which text in ISO-2022 encodings contains.
_CONTROL_BYTES = bytes(c for c in _CONTROLS if c < 128 and c != 27)
_UTF8_FIRST_BYTES = bytes(range(0xC2, 0xF5))  # of non-ASCII characters
# Codecs of Python that are for domain names, source code and mail, not for text files.
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
    """A kind of file that is not text; ``description`` reads "a PNG image"."""

    description: str
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
        (rb"BM.{4}\0\0\0\0", "a BMP image"),  # a sentence can begin with "BM"
        (rb"II\*\0|MM\0\*", "a TIFF image"),
        (rb"%PDF-", "a PDF document"),
        (rb"\{\\rtf", "a rich-text (RTF) document"),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office document"),
        (rb".{60}(?:BOOKMOBI|TEXtREAd)", "a Kindle book"),
        (rb"AT&TFORM.{4}DJV", "a DjVu document"),
        (rb"From: <Saved by ", "a web archive (MHTML)"),
        (
            rb"(?:\xef\xbb\xbf)?\s{0,9}(?:<\?xml[^>]{0,99}>\s{0,9})?<FictionBook[\s>]",
            "a FictionBook e-book",
        ),
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
    """Return the kind of a file from its first HEAD_BYTES bytes; None if it may be text."""
    return next((kind for pattern, kind in _SIGNATURES if pattern.match(head)), None)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text with LF line endings, its encoding, and notes on what was changed."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(raw: bytes, name: str, encoding: str | None, guess: GuessEncoding | None) -> Decoded:
    """Return the characters of ``raw``.

    name: the file's name, for messages.
    encoding: use this encoding instead of detecting one.
    guess: returns the name of a likely encoding for some bytes, or None.
    TextError: the bytes break the rules of ``encoding``.
    """
    if encoding is not None:
        return _decode_as(raw, name, encoding)
    return _decode_certain(raw) or _decode_guessed(raw, guess) or _decode_assumed(raw)


def needs_guess(raw: bytes) -> bool:
    """Return whether ``decode`` would call its ``guess`` function for these bytes."""
    return _decode_certain(raw) is None and _control_byte_share(raw) <= MAX_CONTROL_SHARE


def _decode_certain(raw: bytes) -> Decoded | None:
    """Decode by byte-order mark, NUL bytes, escape sequences or UTF-8; None if none applies.

    A mark decides only if the rest follows its rules: "ЧЪ" in koi8-r has the bytes of a mark.
    """
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return _try(raw, codec) or _decode_utf8(raw)
    for codec in likely_codecs(raw):
        if read := _try(raw, codec, f"The encoding is probably {codec}{_HINT}"):
            return read
    return _decode_utf8(raw)


def _try(raw: bytes, codec: str, *notes: str) -> Decoded | None:
    """Return the decoded text, or None if the bytes break the rules of ``codec``."""
    try:
        return _clean(decode_in_pieces(raw, codec), codec, *notes)
    except UndecodableError:
        return None


def _decode_as(raw: bytes, name: str, encoding: str) -> Decoded:
    codec = _find_codec(encoding)
    if codec is None:
        raise TextError(
            f"There is no text encoding called {encoding[:40]!a}; "
            "choose one such as utf-8, utf-16, cp1252 or koi8-r, or let it be detected."
        )
    try:
        return _clean(decode_in_pieces(raw, codec), codec)
    except UndecodableError as error:
        raise TextError(
            f"{name} is not valid {codec} text (at byte {error.start:,}); "
            "choose another encoding, or save the file again as UTF-8."
        ) from error


def _decode_utf8(raw: bytes) -> Decoded | None:
    """Decode UTF-8; also if it is cut short, or if a few of many characters are damaged."""
    try:
        return _clean(decode_in_pieces(raw, "utf-8"), "utf-8")
    except UndecodableError as error:
        start, is_incomplete = error.start, error.is_incomplete
    # "café" in latin-1 also ends like UTF-8 cut short: require other non-ASCII characters.
    if is_incomplete and not raw[:start].isascii():
        note = "The last character was incomplete and was removed."
        return _clean(decode_in_pieces(raw[:start], "utf-8"), "utf-8", note)
    lines = decode_in_pieces(raw, "utf-8", "replace")
    damaged = lines.text.count("\ufffd") - raw.count("\ufffd".encode())
    valid = len(raw) - len(raw.translate(None, _UTF8_FIRST_BYTES)) - damaged
    if valid < _VALID_FOR_EACH_DAMAGED * damaged:
        return None
    verb = "character was" if damaged == 1 else "characters were"
    return _clean(lines, "utf-8", f"{damaged:,} damaged {verb} replaced by \ufffd.")


def _decode_guessed(raw: bytes, guess: GuessEncoding | None) -> Decoded | None:
    # Guessing the encoding of noise can take minutes.
    if guess is None or _control_byte_share(raw) > MAX_CONTROL_SHARE:
        return None
    codec = _find_codec(guess(raw) or "")
    return None if codec is None else _try(raw, codec, f"The encoding is probably {codec}{_HINT}")


def _decode_assumed(raw: bytes) -> Decoded:
    for codec in ("cp1252", "latin-1"):
        note = f"The text is not UTF-8, so {codec} was assumed{_HINT}"
        if read := _try(raw, codec, note):
            return read
    raise AssertionError("latin-1 decodes all bytes")


_HINT = "; choose another encoding if letters look wrong."


def _find_codec(encoding: str) -> str | None:
    """Return Python's name for ``encoding``, or None if it is not an encoding of text."""
    try:
        codec = codecs.lookup(encoding).name
        " ".encode(codec)  # raises LookupError for hex, zip and similar codecs
    except (LookupError, ValueError):
        return None
    if codec in _NOT_CHARSETS:
        return None
    return "latin-1" if codec == "iso8859-1" else codec


def _clean(lines: Lines, encoding: str, *notes: str) -> Decoded:
    """Remove a byte-order mark and DOS's end-of-file mark; note which line endings there were."""
    text = lines.text.removeprefix("\ufeff").removesuffix("\x1a")
    if "\r\n" in lines.endings:
        notes += ("Windows line endings were normalised.",)
    elif "\r" in lines.endings:
        notes += ("Carriage returns were replaced by line feeds.",)
    return Decoded(text, encoding, notes)


def _control_byte_share(raw: bytes) -> float:
    """Return the share of bytes, 0 to 1, that are control characters.

    This holds for every encoding except UTF-16 and UTF-32.
    """
    return 1 - len(raw.translate(None, _CONTROL_BYTES)) / max(1, len(raw))


def count_characters(text: str) -> NDArray[np.int64]:
    """Return how often each code point occurs: (n,), n the highest one + 1, at least 256."""
    counts = np.zeros(256, np.int64)
    for start in range(0, len(text), _COUNT_BLOCK):
        block = text[start : start + _COUNT_BLOCK].encode("utf-32-le", "surrogatepass")
        found = np.bincount(np.frombuffer(block, "<u4"), minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    return counts


def control_share(counts: NDArray[np.int64]) -> float:
    """Return the share of the counted characters, 0 to 1, that are control characters."""
    return float(counts[_CONTROLS].sum() / max(1, counts.sum()))
