"""What is inside a .gz, a .zip or an .epub, without ever touching the disk.

An archive is a stranger's program for making bytes, so everything is bounded.
Members are expanded piece by piece and counted: a file of 254 kB that claims to
hold 256 MiB is dropped at MAX_TEXT_BYTES, whatever its header says. Names of
members are looked up and shown, never used as paths. Encrypted and overlapping
members are refused, and of the many ways to pack a member only the two that
everybody uses are read.

An e-book is a zip of web pages. Its XML is read by expat with entities refused.
Its pages go through a few regular expressions instead of html.parser, which
takes quadratic time on crafted pages (15 s for 160 kB of "<!--", CPython
3.11.7). No expression here can fail after a long scan: what is left open runs
to the end of the page, so the time is linear.
"""

from __future__ import annotations

import html
import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NoReturn
from urllib.parse import unquote
from xml.parsers import expat

from rnncore.errors import TextError
from rnncore.reading.file_names import display_name

MAX_TEXT_BYTES = 64 * 2**20  # of expanded bytes, all members of an archive together
MAX_MEMBERS = 10_000
MAX_XML_BYTES = 2**20  # of an e-book's table of contents; a Bible's has 0.3 MB
MAX_XML_ELEMENTS = 25_000  # of the same; two for each member that an archive may have, and some
MAX_PAGES_BYTES = 16 * 2**20  # of an e-book; stripping tags takes longer than reading text
_CHUNK = 1 << 16

_GZIP_WRAPPER = 31  # zlib's number for "a gzip header, and check the checksum"
_ENCRYPTED_FLAGS = 0x41
_LOCAL_HEADER_BYTES = 30
_CONTAINER = "META-INF/container.xml"
# Whatever zipfile and zlib raise on damaged bytes.
_DAMAGED = (
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


def expand_gzip(raw: bytes, name: str) -> bytes:
    """The expanded bytes of a .gz file, of all its streams where it has several."""
    with _refusing_damage(name):
        return _collect(_gzip_pieces(raw, name), MAX_TEXT_BYTES, name)


def _gzip_pieces(raw: bytes, name: str) -> Iterator[bytes]:
    # Not by the gzip module, which reads a file name in the header byte by byte in Python.
    view, at = memoryview(raw), 0
    for _ in range(MAX_MEMBERS):
        stream = zlib.decompressobj(_GZIP_WRAPPER)
        while not stream.eof:
            if at == len(raw):
                raise EOFError("the file ends too early")
            packed = view[at : at + _CHUNK]
            yield stream.decompress(packed, _CHUNK)
            at += len(packed) - len(stream.unconsumed_tail) - len(stream.unused_data)
        if raw[at : at + 2] != b"\x1f\x8b":  # the end, or padding, which gzip too passes over
            return
    _refuse_too_many(name)


def _collect(pieces: Iterable[bytes], limit: int, name: str) -> bytes:
    """``pieces`` joined; refused as soon as they come to more than ``limit`` bytes."""
    kept, total = [], 0
    for piece in pieces:
        total += len(piece)
        if total > limit:
            raise TextError(
                f"{name} expands to more than {MAX_TEXT_BYTES // 2**20} MiB, the most that is "
                "read; upload a part of it."
            )
        kept.append(piece)
    return b"".join(kept)


class ZipArchive:
    """The members of a zip file in memory, expanded one at a time under one cap."""

    def __init__(self, raw: bytes, name: str) -> None:
        self.name = name
        self._left = MAX_TEXT_BYTES
        # Counted before zipfile builds an object for each of them.
        if raw.count(b"PK\1\2") > MAX_MEMBERS:
            _refuse_too_many(name)
        with _refusing_damage(name):
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
            infos = self._zip.infolist()
            self._refuse_overlaps(raw, infos)
        # Not by is_dir(), which fails on a member without a name.
        self._infos = [info for info in infos if not info.filename.endswith("/")]
        self._by_name = {info.filename: info for info in self._infos}
        for info in self._infos:
            self._refuse_unreadable(info)

    def _refuse_overlaps(self, raw: bytes, infos: list[zipfile.ZipInfo]) -> None:
        """Bytes shared by two members are how a small zip expands without end."""
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
                "and upload the text that is inside."
            )
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise TextError(
                f"{self.name} is packed in an unusual way (method {info.compress_type}); "
                "pack it again as an ordinary zip, or upload the text that is inside."
            )

    def members(self) -> list[zipfile.ZipInfo]:
        """All files in the order of their names, chapter 2 before chapter 10.

        What macOS adds beside each file is left out.
        """
        files = (info for info in self._infos if not info.filename.startswith("__MACOSX/"))
        return sorted(files, key=lambda info: _natural(info.filename))

    def find(self, name: str) -> zipfile.ZipInfo | None:
        return self._by_name.get(name)

    def head(self, member: zipfile.ZipInfo, size: int) -> bytes:
        """The first bytes of a member, enough to see whether it is worth expanding."""
        with _refusing_damage(self.name), self._zip.open(member) as stream:
            return stream.read(size)

    def read(self, member: zipfile.ZipInfo) -> bytes:
        """A whole member; what it takes is taken from the cap of the archive."""
        with _refusing_damage(self.name), self._zip.open(member) as stream:
            pieces = iter(lambda: stream.read(_CHUNK), b"")
            data = _collect(pieces, self._left, self.name)
        self._left -= len(data)
        return data

    @property
    def document_kind(self) -> str | None:
        """What a zip is that belongs to another program, told by the files it must hold."""
        names = self._by_name.keys()
        if "[Content_Types].xml" in names:
            folders = {name.partition("/")[0] for name in names}
            return next((what for key, what in _OFFICE.items() if key in folders), "an Office file")
        if {"content.xml", "META-INF/manifest.xml"} <= names:
            return "an OpenDocument file"
        if "META-INF/MANIFEST.MF" in names:
            return "a Java program"
        if any(posixpath.basename(name) == "data.pkl" for name in names):
            return "a PyTorch model"
        return None


_OFFICE = {
    "word": "a Word document",
    "xl": "an Excel workbook",
    "ppt": "a PowerPoint presentation",
}


def _natural(name: str) -> list[str | tuple[int, str]]:
    """A sort key under which runs of digits compare as numbers."""
    parts = re.split(r"([0-9]+)", name)
    keys = ((len(part.lstrip("0")), part.lstrip("0")) for part in parts[1::2])
    return [next(keys) if odd % 2 else part for odd, part in enumerate(parts)]


# --- e-books ---------------------------------------------------------------------------


def is_epub(archive: ZipArchive) -> bool:
    return archive.find(_CONTAINER) is not None


def list_chapters(archive: ZipArchive) -> list[zipfile.ZipInfo]:
    """The pages of an e-book in reading order, each once; those it lacks are left out."""
    roots = _attributes(archive, _CONTAINER, "rootfile", "full-path")
    if not roots:
        _refuse_epub(archive.name, "does not say where its table of contents is")
    package = roots[0]
    items = _elements(archive, package)
    hrefs = {item.get("id"): item.get("href", "") for tag, item in items if tag == "item"}
    spine = [hrefs.get(item.get("idref"), "") for tag, item in items if tag == "itemref"]
    folder = posixpath.dirname(package)
    paths = dict.fromkeys(_resolve(folder, href) for href in spine if href)
    locked = _attributes(archive, "META-INF/encryption.xml", "CipherReference", "URI")
    if paths.keys() & {unquote(uri) for uri in locked}:
        _refuse_epub(archive.name, "is locked by its seller (DRM)")
    chapters = [chapter for path in paths if (chapter := archive.find(path)) is not None]
    if sum(chapter.file_size for chapter in chapters) > MAX_PAGES_BYTES:
        _refuse_epub(archive.name, f"has more than {MAX_PAGES_BYTES // 2**20} MiB of pages")
    return chapters


def _resolve(folder: str, href: str) -> str:
    """A link of the table of contents as the name of a member."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _attributes(archive: ZipArchive, path: str, tag: str, attribute: str) -> list[str]:
    """One attribute of every ``tag`` in a file of the e-book; none where the file is missing."""
    if archive.find(path) is None:
        return []
    found = (element.get(attribute) for name, element in _elements(archive, path) if name == tag)
    return [value for value in found if value]


def _elements(archive: ZipArchive, path: str) -> list[tuple[str, dict[str, str]]]:
    """Names, without their prefixes, and attributes of the elements of an XML file."""
    member = archive.find(path)
    if member is None:
        _refuse_epub(archive.name, "lacks its table of contents")
    if member.file_size > MAX_XML_BYTES:  # zipfile gives no more than it declares
        _refuse_epub(archive.name, f"has a table of contents of {member.file_size:,} bytes")
    found: list[tuple[str, dict[str, str]]] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(found) == MAX_XML_ELEMENTS:  # small to pack, large as objects
            many = f"more than {MAX_XML_ELEMENTS:,} elements"
            _refuse_epub(archive.name, f"has a table of contents of {many}")
        found.append((tag.rpartition(":")[2], attributes))

    def refuse_entity(*_: object) -> NoReturn:
        _refuse_epub(archive.name, "declares XML entities, which can expand without end")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EntityDeclHandler = refuse_entity
    data = archive.read(member)
    with _refusing_damage(archive.name):
        parser.Parse(data, True)
    return found


_BLOCKS = (
    "address|article|aside|blockquote|body|caption|dd|div|dl|dt|figcaption|figure|footer|form"
    "|h[1-6]|header|hr|html|li|main|nav|ol|p|pre|section|table|tr|ul"
)
_UNSEEN = re.compile(  # what is left open runs to the end; <script/> has no end tag
    r"""<!--.*?(?:-->|\Z)
      | <!\[CDATA\[(?P<literal>.*?)(?:\]\]>|\Z)
      | <(?P<tag>head|script|style|title)(?=[\s/>])
        (?:[^<>]*/>|.*?(?:</(?P=tag)\s*>|\Z))""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_PREFORMATTED = re.compile(
    r"<pre(?=[\s>])[^<>]*>\n?(.*?)(?:</pre\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_BLOCK = re.compile(rf"\s?</?(?:{_BLOCKS})(?=[\s/>])[^<>]*>\s?", re.IGNORECASE)
_BREAK = re.compile(r"\s?<br(?=[\s/>])[^<>]*>\s?", re.IGNORECASE)
_TAG = re.compile(r"<[/?!a-zA-Z][^<>]*>")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def extract_text(page: str, name: str) -> str:
    """A page of an e-book as plain text, with a blank line between its paragraphs."""
    if "<!ENTITY" in page:
        _refuse_epub(name, "declares XML entities, which can expand without end")
    page = _UNSEEN.sub(lambda m: html.escape(m["literal"] or ""), page)
    pieces = _PREFORMATTED.split(page)  # every second one is preformatted and keeps its layout
    pieces[::2] = [_SPACES.sub(" ", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"<pre>\n{piece}\n</pre>" for piece in pieces[1::2]]
    page = "".join(pieces)
    page = _BREAK.sub("\n", page)
    page = _BLOCK.sub("\n\n", page)
    page = _TAG.sub("", page)
    page = _EMPTY_LINES.sub("\n\n", page).strip()
    try:
        return html.unescape(page)
    except ValueError:  # "&#" and more digits than Python will read
        _refuse_epub(name, "has a character number of thousands of digits")


# --- refusals --------------------------------------------------------------------------


@contextmanager
def _refusing_damage(name: str) -> Iterator[None]:
    try:
        yield
    except TextError:
        raise
    except _DAMAGED as error:
        raise TextError(
            f"{name} is damaged and cannot be unpacked ({display_name(str(error))}); "
            "download or pack it again, or upload the text that is inside."
        ) from error


def _refuse_too_many(name: str) -> NoReturn:
    raise TextError(
        f"{name} holds more than {MAX_MEMBERS:,} files, the most that is read; upload fewer."
    )


def _refuse_epub(name: str, why: str) -> NoReturn:
    raise TextError(f"{name} {why}, so it cannot be read; upload the book as a .txt file.")
