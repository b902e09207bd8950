"""Read the pages of an e-book (.epub), which is a zip of web pages, as plain text.

The book's XML is parsed by expat, with entities refused because they can expand without end.

The pages are converted with a few regular expressions. The standard library's html.parser
takes quadratic time on crafted pages (15 s for 160 kB of "<!--", CPython 3.11.7). Here the time
is linear: no expression can fail after a long scan, because an element without an end runs to
the end of the page.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from typing import NoReturn
from urllib.parse import unquote
from xml.parsers import expat

from rnncore.errors import TextError
from rnncore.reading.archives import ZipArchive, report_damage

MAX_XML_BYTES = 2**20  # of the table of contents; a Bible's has 0.3 MB
MAX_XML_ELEMENTS = 25_000  # of the same: two for each member an archive may have, and some more
MAX_PAGES_BYTES = 16 * 2**20  # all pages; removing tags takes longer than reading plain text

_CONTAINER = "META-INF/container.xml"


# --- table of contents -----------------------------------------------------------------------


def is_epub(archive: ZipArchive) -> bool:
    """Return whether the zip is an e-book."""
    return archive.find(_CONTAINER) is not None


def list_chapters(archive: ZipArchive) -> list[zipfile.ZipInfo]:
    """Return the pages in reading order, each once; pages missing from the zip are left out.

    Raises TextError if the book is damaged, locked by DRM or too large.
    """
    roots = _find_attributes(archive, _CONTAINER, "rootfile", "full-path")
    if not roots:
        _refuse(archive.name, "does not state where its table of contents is")
    package = roots[0]
    elements = _parse_elements(archive, package)
    items = [attributes for tag, attributes in elements if tag == "item"]
    hrefs = {item.get("id"): item.get("href", "") for item in items}
    spine = [hrefs.get(ref.get("idref"), "") for tag, ref in elements if tag == "itemref"]
    folder = posixpath.dirname(package)
    paths = dict.fromkeys(_resolve(folder, href) for href in spine if href)
    locked = _find_attributes(archive, "META-INF/encryption.xml", "CipherReference", "URI")
    if paths.keys() & {unquote(uri) for uri in locked}:
        _refuse(archive.name, "is locked by its seller (DRM)")
    chapters = [chapter for path in paths if (chapter := archive.find(path)) is not None]
    if sum(chapter.file_size for chapter in chapters) > MAX_PAGES_BYTES:
        _refuse(archive.name, f"has more than {MAX_PAGES_BYTES // 2**20} MiB of pages")
    return chapters


def _resolve(folder: str, href: str) -> str:
    """Return the name of the member that a link in the table of contents points to."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


def _find_attributes(archive: ZipArchive, path: str, tag: str, attribute: str) -> list[str]:
    """Return one attribute of every ``tag`` in an XML file; [] if the file is missing."""
    if archive.find(path) is None:
        return []
    elements = _parse_elements(archive, path)
    values = (element.get(attribute) for name, element in elements if name == tag)
    return [value for value in values if value]


def _parse_elements(archive: ZipArchive, path: str) -> list[tuple[str, dict[str, str]]]:
    """Return the name (without prefix) and the attributes of every element of an XML file."""
    member = archive.find(path)
    if member is None:
        _refuse(archive.name, "lacks its table of contents")
    # zipfile never returns more bytes than the declared size, so checking that is enough.
    if member.file_size > MAX_XML_BYTES:
        _refuse(archive.name, f"has a table of contents of {member.file_size:,} bytes")
    found: list[tuple[str, dict[str, str]]] = []

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        # Elements are small in the file but large as Python objects.
        if len(found) == MAX_XML_ELEMENTS:
            many = f"more than {MAX_XML_ELEMENTS:,} elements"
            _refuse(archive.name, f"has a table of contents of {many}")
        found.append((tag.rpartition(":")[2], attributes))

    def refuse_entity(*_: object) -> NoReturn:
        _refuse(archive.name, "declares XML entities, which can expand without end")

    parser = expat.ParserCreate()
    parser.StartElementHandler = start_element
    parser.EntityDeclHandler = refuse_entity
    data = archive.read(member)
    with report_damage(archive.name):
        parser.Parse(data, True)
    return found


# --- pages -----------------------------------------------------------------------------------

_BLOCK_TAGS = (
    "address|article|aside|blockquote|body|caption|dd|div|dl|dt|figcaption|figure|footer|form"
    "|h[1-6]|header|hr|html|li|main|nav|ol|p|pre|section|table|tr|ul"
)
# Comments, CDATA and elements that are not displayed. "<script/>" has no end tag.
_HIDDEN = re.compile(
    r"""<!--.*?(?:-->|\Z)
      | <!\[CDATA\[(?P<literal>.*?)(?:\]\]>|\Z)
      | <(?P<tag>head|script|style|title)(?=[\s/>])
        (?:[^<>]*/>|.*?(?:</(?P=tag)\s*>|\Z))""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
_PREFORMATTED = re.compile(
    r"<pre(?=[\s>])[^<>]*>\n?(.*?)(?:</pre\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_BLOCK = re.compile(rf"\s?</?(?:{_BLOCK_TAGS})(?=[\s/>])[^<>]*>\s?", re.IGNORECASE)
_BREAK = re.compile(r"\s?<br(?=[\s/>])[^<>]*>\s?", re.IGNORECASE)
_TAG = re.compile(r"<[/?!a-zA-Z][^<>]*>")
_SPACES = re.compile(r"[ \t\r\n\f]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def extract_text(page: str, name: str) -> str:
    """Return the plain text of one page, with an empty line between its paragraphs.

    ``name`` is the book's name for messages. Raises TextError for a page that could expand
    without end.
    """
    if "<!ENTITY" in page:
        _refuse(name, "declares XML entities, which can expand without end")
    page = _HIDDEN.sub(lambda m: html.escape(m["literal"] or ""), page)
    # Every second piece is preformatted: its spaces and line breaks are kept.
    pieces = _PREFORMATTED.split(page)
    pieces[::2] = [_SPACES.sub(" ", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"<pre>\n{piece}\n</pre>" for piece in pieces[1::2]]
    page = "".join(pieces)
    page = _BREAK.sub("\n", page)
    page = _BLOCK.sub("\n\n", page)
    page = _TAG.sub("", page)
    page = _EMPTY_LINES.sub("\n\n", page).strip()
    try:
        return html.unescape(page)
    except ValueError:  # "&#" and more digits than int() accepts
        _refuse(name, "has a character number of thousands of digits")


def _refuse(name: str, problem: str) -> NoReturn:
    raise TextError(f"{name} {problem}, so it cannot be read; upload the book as a .txt file.")
