"""E-books give the plain text of their pages; damaged or locked ones are refused."""

from __future__ import annotations

import contextlib
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.errors import TextError
from rnncore.reading import archives, epub
from rnncore.reading.archives import ZipArchive
from rnncore.reading.epub import extract_text, is_epub, list_chapters
from tests.support.zips import zip_of

# --- table of contents -----------------------------------------------------------------------

CONTAINER = '<container><rootfiles><rootfile full-path="in/x.opf"/></rootfiles></container>'


def book(opf: str, **more: str) -> ZipArchive:
    """An e-book with ``opf`` as its table of contents, and with more members."""
    members = {"META-INF/container.xml": CONTAINER, "in/x.opf": opf, **more}
    return ZipArchive(zip_of(members), "a.epub")


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
        ('<!DOCTYPE p [<!ENTITY a "b">]><p/>', {}, "declares XML entities"),
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
        (SPINE, {"in/b.html": " " * (epub.MAX_PAGES_BYTES + 1)}, "MiB of pages"),
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


# --- pages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One\n two.</p>\n\n<p>Three.</p>", "One two.\n\nThree."),
        ("<p>A<br/>B <i>c</i>&nbsp;&amp;&lt;p&gt;</p>", "A\nB c\xa0&<p>"),
        ("<head><title>No</title></head><style>p{}</style><script/>Yes<!-- no -->", "Yes"),
        ("<pre>\nx = 1\n  y  = 2</pre> z", "x = 1\n  y  = 2\n\nz"),
        ("a <![CDATA[<b> & c]]>", "a <b> & c"),
        ("1 < 2 and <3 <p class='x'>ok", "1 < 2 and <3\n\nok"),
        ("kept<!-- open", "kept"),
        ("", ""),
    ],
)
def test_tags_are_removed_and_paragraphs_kept(page: str, text: str) -> None:
    assert extract_text(page, "a.epub") == text


def test_pages_with_entities_or_endless_numbers_are_refused() -> None:
    for page in ('<!DOCTYPE x [<!ENTITY a "b">]>', "&#" + "9" * 5000):
        with pytest.raises(TextError):
            extract_text(page, "a.epub")


MARKUP = ["<", ">", "<p>", "</pre>", "<pre>", "<!--", "-->", "<script", "/>", "<![CDATA[", "]]>"]


@given(st.lists(st.sampled_from([*MARKUP, "&#65;", "&", ";", " ", "\n", "x"])).map("".join))
def test_no_page_gives_two_empty_lines_in_a_row(page: str) -> None:
    text = extract_text(page, "a.epub")
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "unit", ["<!--", "<", "<p", "<pre ", "<pre>", "</script ", "<head>", "&a", " <br"]
)
def test_crafted_pages_take_linear_time(unit: str) -> None:
    """Eight times the length takes far less than 64 times as long (best of three)."""

    def best(page: str) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            extract_text(page, "a.epub")
            times.append(time.process_time() - start)
        return min(times)

    page = unit * 20_000
    assert best(page * 8) < 30 * best(page) + 0.05  # linear: 8; quadratic: 64
