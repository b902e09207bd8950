"""Find the pages of an e-book (.epub), which is a zip of web pages.

``markup.extract_text`` converts the pages.
"""

from __future__ import annotations

import posixpath
import zipfile
from typing import NoReturn
from urllib.parse import unquote

from rnncore.errors import TextError
from rnncore.reading.archives import ZipArchive
from rnncore.reading.safe_xml import parse_xml

MAX_XML_BYTES = 2**20  # of the table of contents; a Bible's has 0.3 MB
MAX_XML_ELEMENTS = 25_000  # of the same: two for each member an archive may have, and some more

_CONTAINER = "META-INF/container.xml"
_TAGS = frozenset(("rootfile", "item", "itemref", "CipherReference"))


def is_epub(archive: ZipArchive) -> bool:
    """Return whether the zip is an e-book."""
    return archive.find(_CONTAINER) is not None


def list_chapters(archive: ZipArchive) -> list[zipfile.ZipInfo]:
    """Return the pages in reading order, each once, without the table of contents.

    Pages missing from the zip are left out. Raises TextError if the book is damaged or locked by
    DRM.
    """
    roots = _find_attributes(archive, _CONTAINER, "rootfile", "full-path")
    if not roots:
        _refuse(archive.name, "does not state where its table of contents is")
    package = roots[0]
    elements = _parse_elements(archive, package)
    items = [attributes for tag, attributes in elements if tag == "item"]
    hrefs = {
        item.get("id"): item.get("href", "")
        for item in items
        if "nav" not in item.get("properties", "").split()
    }
    spine = [hrefs.get(ref.get("idref"), "") for tag, ref in elements if tag == "itemref"]
    folder = posixpath.dirname(package)
    paths = dict.fromkeys(_resolve(folder, href) for href in spine if href)
    locked = _find_attributes(archive, "META-INF/encryption.xml", "CipherReference", "URI")
    if paths.keys() & {unquote(uri) for uri in locked}:
        _refuse(archive.name, "is locked by its seller (DRM)")
    return [chapter for path in paths if (chapter := archive.find(path)) is not None]


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
    count = 0

    def start_element(tag: str, attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        # Elements are small in the file but large as Python objects.
        if count > MAX_XML_ELEMENTS:
            many = f"more than {MAX_XML_ELEMENTS:,} elements"
            _refuse(archive.name, f"has a table of contents of {many}")
        if tag in _TAGS:
            found.append((tag, attributes))

    parse_xml(archive.read(member), archive.name, start=start_element)
    return found


def _refuse(name: str, problem: str) -> NoReturn:
    raise TextError(f"{name} {problem}, so it cannot be read; upload the book as a .txt file.")
