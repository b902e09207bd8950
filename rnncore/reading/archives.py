"""Expand .gz and .zip files in memory, within limits.

An archive can claim anything about itself, so the code relies on no claim and limits
everything:

* Members are expanded piece by piece and their bytes are counted. A file of 254 kB that
  expands to 256 MiB is dropped at ``MAX_TEXT_BYTES``, whatever size its header states.
* Nothing is written to disk. Names of members are compared and displayed, never used as paths.
* Encrypted and overlapping members are refused, and so is every compression method except the
  two common ones (stored and deflated).
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn
from xml.parsers import expat

from rnncore.errors import RnnCoreError, TextError
from rnncore.reading.file_names import display_name
from rnncore.reading.memory import reserve

MAX_TEXT_BYTES = 64 * 2**20  # expanded bytes of all members together
MAX_MEMBERS = 10_000
_CHUNK = 1 << 16  # bytes

_GZIP_FORMAT = 31  # zlib's wbits for "gzip header and checksum"
_ENCRYPTED_FLAGS = 0x41
_LOCAL_HEADER_BYTES = 30
_OFFICE_FOLDERS = {
    "word": "a Word document",
    "xl": "an Excel workbook",
    "ppt": "a PowerPoint presentation",
}
# Exceptions that zipfile, zlib and expat raise for damaged bytes.
_DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    expat.ExpatError,
    ArithmeticError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


@contextmanager
def report_damage(name: str) -> Iterator[None]:
    """Turn the exceptions that damaged bytes cause into a TextError about the file ``name``."""
    try:
        yield
    except RnnCoreError:
        raise
    except _DAMAGE_ERRORS as error:
        raise TextError(
            f"{name} is damaged and cannot be unpacked ({display_name(str(error))}); "
            "download or pack it again, or upload the text inside it."
        ) from error


def expand_gzip(raw: bytes, name: str) -> bytes:
    """Return the expanded bytes of a .gz file; several gzip streams are joined.

    ``name`` is for messages. Raises TextError for a damaged or too large file.
    """
    with report_damage(name):
        return _join_pieces(_gzip_pieces(raw, name), MAX_TEXT_BYTES, name)


def _gzip_pieces(raw: bytes, name: str) -> Iterator[bytes]:
    # The gzip module would read a file name in the header byte by byte in Python: too slow.
    view, at = memoryview(raw), 0
    for _ in range(MAX_MEMBERS):
        stream = zlib.decompressobj(_GZIP_FORMAT)
        while not stream.eof:
            if at == len(raw):
                raise EOFError("the file ends too early")
            packed = view[at : at + _CHUNK]
            yield stream.decompress(packed, _CHUNK)
            at += len(packed) - len(stream.unconsumed_tail) - len(stream.unused_data)
        # Padding after the last stream is ignored, as by gzip.
        if raw[at : at + 2] != b"\x1f\x8b":
            return
    _refuse_too_many(name)


def _join_pieces(pieces: Iterable[bytes], limit: int, name: str) -> bytes:
    """Return ``pieces`` joined; stop with a TextError as soon as they exceed ``limit`` bytes."""
    kept, total = [], 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise TextError(
                f"{name} expands to more than the limit of {MAX_TEXT_BYTES // 2**20} MiB; "
                "upload a part of it."
            )
        reserve(len(piece))
        kept.append(piece)
    reserve(total)
    return b"".join(kept)


class ZipArchive:
    """The members of a zip file in memory, expanded one at a time under one limit.

    ``name`` is for messages. Raises TextError for a damaged, encrypted or unusual file.
    """

    def __init__(self, raw: bytes, name: str) -> None:
        self.name = name
        self._bytes_left = MAX_TEXT_BYTES
        # Counted in the bytes, before zipfile builds an object for each member.
        if raw.count(b"PK\1\2") > MAX_MEMBERS:
            _refuse_too_many(name)
        with report_damage(name):
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
            infos = self._zip.infolist()
            self._refuse_overlaps(raw, infos)
        # ZipInfo.is_dir() fails for a member without a name.
        self._infos = [info for info in infos if not info.filename.endswith("/")]
        self._by_name = {info.filename: info for info in self._infos}
        for info in self._infos:
            self._refuse_unreadable(info)

    def _refuse_overlaps(self, raw: bytes, infos: list[zipfile.ZipInfo]) -> None:
        """Raise BadZipFile if members share bytes, as they do in zip bombs."""
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            start = info.header_offset
            if start < end:
                raise zipfile.BadZipFile("members overlap")
            name_and_extra = struct.unpack_from("<HH", raw, start + _LOCAL_HEADER_BYTES - 4)
            end = start + _LOCAL_HEADER_BYTES + sum(name_and_extra) + info.compress_size
        if end > self._zip.start_dir:
            raise zipfile.BadZipFile("members overlap the directory")

    def _refuse_unreadable(self, info: zipfile.ZipInfo) -> None:
        if info.flag_bits & _ENCRYPTED_FLAGS:
            raise TextError(
                f"{self.name} is encrypted; unpack it with its password "
                "and upload the text inside it."
            )
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise TextError(
                f"{self.name} uses an unusual compression method ({info.compress_type}); "
                "pack it again as an ordinary zip, or upload the text inside it."
            )

    def list_members(self) -> list[zipfile.ZipInfo]:
        """Return all files in natural order of their names (chapter 2 before chapter 10).

        The extra files that macOS adds are left out.
        """
        files = (info for info in self._infos if not info.filename.startswith("__MACOSX/"))
        return sorted(files, key=lambda info: natural_key(info.filename))

    def find(self, name: str) -> zipfile.ZipInfo | None:
        """Return the member called ``name``, or None."""
        return self._by_name.get(name)

    def read_head(self, member: zipfile.ZipInfo, size: int) -> bytes:
        """Return the first ``size`` bytes of a member, enough to detect its kind."""
        with report_damage(self.name), self._zip.open(member) as stream:
            return stream.read(size)

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """Return a whole member; its size counts towards the archive's limit."""
        with report_damage(self.name), self._zip.open(member) as stream:
            pieces = iter(lambda: stream.read(_CHUNK), b"")
            data = _join_pieces(pieces, self._bytes_left, self.name)
        self._bytes_left -= len(data)
        return data

    @property
    def document_kind(self) -> str | None:
        """The kind of document if the zip is another program's file ("a Word document")."""
        names = self._by_name.keys()
        if "[Content_Types].xml" in names:
            folders = {name.partition("/")[0] for name in names}
            kinds = (kind for folder, kind in _OFFICE_FOLDERS.items() if folder in folders)
            return next(kinds, "an Office file")
        if {"content.xml", "META-INF/manifest.xml"} <= names:
            return "an OpenDocument file"
        if any(name.endswith("Index/Document.iwa") for name in names):
            return "an Apple iWork document"
        if "META-INF/MANIFEST.MF" in names:
            return "a Java program"
        if any(posixpath.basename(name) == "data.pkl" for name in names):
            return "a PyTorch model"
        return None


def natural_key(name: str) -> list[str | tuple[int, str]]:
    """Return a sort key under which runs of digits compare as numbers."""
    parts = re.split(r"([0-9]+)", name)
    # Numbers compare by length, then by digits; int() refuses numbers of thousands of digits.
    keys = ((len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2])
    return [next(keys) if odd % 2 else part for odd, part in enumerate(parts)]


def _refuse_too_many(name: str) -> NoReturn:
    raise TextError(
        f"{name} holds more files than the limit of {MAX_MEMBERS:,}; upload fewer files."
    )
