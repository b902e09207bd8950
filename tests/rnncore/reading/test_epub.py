"""The pages of an e-book are found in order; damaged or locked e-books are refused."""

from __future__ import annotations

import contextlib
import time
import tracemalloc

import pytest

from rnncore.errors import TextError
from rnncore.reading import archives, epub
from rnncore.reading.archives import ZipArchive
from rnncore.reading.epub import is_epub, list_chapters
from rnncore.reading.text import read_text
from tests.support.paths import DATA
from tests.support.zips import zip_of

CONTAINER = '<container><rootfiles><rootfile full-path="in/x.opf"/></rootfiles></container>'


def book(opf: str, **more: str) -> ZipArchive:
    """An e-book with ``opf`` as its table of contents, and with more members."""
    members = {"META-INF/container.xml": CONTAINER, "in/x.opf": opf, **more}
    return ZipArchive(zip_of(members), "a.epub")


# The parser adds the attribute of 200,000 characters to each of 24,000 elements: 4.6 GB.
DEFAULT_ATTRIBUTES = (
    f'<!DOCTYPE p [<!ATTLIST i q CDATA "{"A" * 200_000}">]><p>{"<i/>" * 24_000}</p>'
)


@pytest.mark.parametrize("path", ["META-INF/container.xml", "in/x.opf", "META-INF/encryption.xml"])
def test_default_attributes_are_refused_in_every_xml_before_they_take_memory(path: str) -> None:
    archive = book(SPINE, **{"in/b.html": "", path: DEFAULT_ATTRIBUTES})
    tracemalloc.start()
    try:
        with pytest.raises(TextError, match=r"types of its own \(a DTD\)"):
            list_chapters(archive)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5e6


def test_the_usual_document_type_is_read() -> None:
    doctype = '<!DOCTYPE package PUBLIC "+//ISBN 0-9673008-1-9//DTD OEB 1.2 Package//EN" "oeb.dtd">'
    assert len(list_chapters(book(doctype + SPINE, **{"in/b.html": ""}))) == 1


SPINE = (
    '<opf:package xmlns:opf="o"><opf:item id="1" href="../a.html#top"/>'
    '<opf:item id="2" href="b.html"/><opf:item id="3" href="gone.html"/>'
    '<opf:itemref idref="2"/><opf:itemref idref="1"/><opf:itemref idref="3"/>'
    '<opf:itemref idref="2"/><opf:itemref idref="none"/></opf:package>'
)


def test_chapters_come_in_reading_order_each_once() -> None:
    archive = book(SPINE, **{"a.html": "", "in/b.html": ""})
    assert is_epub(archive)
    assert [chapter.filename for chapter in list_chapters(archive)] == ["in/b.html", "a.html"]


@pytest.mark.parametrize(
    ("opf", "more", "why"),
    [
        ('<!DOCTYPE p [<!ENTITY a "b">]><p/>', {}, "types of its own"),
        ("<p/>" + " " * (epub.MAX_XML_BYTES + 1), {}, "has a table of contents of"),
        ("<p>", {}, "is damaged"),
        (SPINE, {"META-INF/container.xml": "<p/>"}, "does not state where"),
        (SPINE, {"META-INF/container.xml": CONTAINER.replace("x.opf", "y")}, "lacks its table"),
        (
            SPINE,
            {
                "in/b.html": "",
                "META-INF/encryption.xml": '<e><CipherReference URI="in/b.html"/></e>',
            },
            "is locked by its seller",
        ),
    ],
)
def test_damaged_locked_or_oversized_ebooks_are_refused(
    opf: str, more: dict[str, str], why: str
) -> None:
    with pytest.raises(TextError, match=why):
        list_chapters(book(opf, **more))


def tables(size: int) -> dict[str, str]:
    """Tables of contents of about ``size`` bytes that need much memory for their size."""
    return {
        "elements": "<a/>" * (size // 4),
        "open elements": "<a>" * (size // 3),
        "elements of many names": "".join(f"<a{i:06}/>" for i in range(size // 10)),
        "attributes": "<p " + " ".join(f'a{i:06}=""' for i in range(size // 11)) + "/>",
        "a long attribute": f'<p id="{"x" * size}"/>',
    }


@pytest.mark.parametrize("kind", tables(0))
def test_no_table_of_contents_takes_much_memory_or_time(kind: str) -> None:
    table = tables(epub.MAX_XML_BYTES - 100)[kind]
    archive = book(f"<p>{table}</p>")
    tracemalloc.start()
    started = time.process_time()
    try:
        with contextlib.suppress(TextError):
            list_chapters(archive)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 40e6
    assert time.process_time() - started < 1


def test_a_table_of_contents_may_list_as_many_members_as_an_archive_may_hold() -> None:
    many = range(archives.MAX_MEMBERS)
    items = "".join(f'<item id="{i}" href="{i}"/>' for i in many)
    spine = "".join(f'<itemref idref="{i}"/>' for i in many)
    assert list_chapters(book(f"<p>{items}{spine}</p>", **{"in/7": ""}))


def test_a_book_with_only_its_fonts_locked_is_read() -> None:
    lock = '<e><CipherReference URI="in/font.otf"/></e>'
    archive = book(SPINE, **{"in/b.html": "", "META-INF/encryption.xml": lock})
    assert len(list_chapters(archive)) == 1


def test_furigana_are_left_out() -> None:
    assert read_case("ja_ruby.epub") == "\n\n".join(["森を歩いた。"] * 5) + "\n"


def test_contents_and_page_lists_are_left_out() -> None:
    assert read_case("nav_page_list.epub") == "One\n\nThe first chapter begins here.\n"


def read_case(name: str) -> str:
    return read_text((DATA / name).read_bytes(), name).text


def test_pages_may_be_as_large_as_an_archive_may_expand() -> None:
    page = "<p>" + "word " * (4 * 2**20) + "</p>"  # more than the 16 MiB of an earlier limit
    archive = zip_of({"META-INF/container.xml": CONTAINER, "in/x.opf": SPINE, "in/b.html": page})
    assert len(read_text(archive, "a.epub").text) == len(page) - len("<p> </p>") + 1
