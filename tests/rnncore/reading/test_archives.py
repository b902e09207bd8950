"""Archives: expanded under a cap, refused where they are crooked."""

from __future__ import annotations

import contextlib
import gzip
import io
import struct
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.errors import TextError
from rnncore.reading import archives
from rnncore.reading.archives import (
    ZipArchive,
    expand_gzip,
    extract_text,
    is_epub,
    list_chapters,
)


def zip_of(members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def contents(raw: bytes) -> dict[str, bytes]:
    archive = ZipArchive(raw, "a.zip")
    return {member.filename: archive.read(member) for member in archive.members()}


# --- gzip --------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=99), min_size=1, max_size=4), st.binary(max_size=3))
def test_all_streams_of_a_gz_are_read_and_padding_passed_over(
    streams: list[bytes], padding: bytes
) -> None:
    raw = b"".join(map(gzip.compress, streams)) + b"\0" + padding
    assert expand_gzip(raw, "a.gz") == b"".join(streams)


def test_a_gz_of_several_chunks_comes_through() -> None:
    data = bytes(range(256)) * 3000
    assert expand_gzip(gzip.compress(data, 1), "a.gz") == data


def test_a_cut_or_damaged_gz_is_refused() -> None:
    raw = gzip.compress(b"some text" * 99)
    for broken in (raw[:-1], raw[:12], raw[:-6] + b"xxxxxx"):
        with pytest.raises(TextError, match=r"^a\.gz is damaged and cannot be unpacked \("):
            expand_gzip(broken, "a.gz")


def test_a_gz_of_too_many_streams_is_refused() -> None:
    with pytest.raises(TextError, match="more than 10,000 files"):
        expand_gzip(gzip.compress(b"") * (archives.MAX_MEMBERS + 1), "a.gz")


# --- zip ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_come_in_natural_order(method: int) -> None:
    members = {"c10.txt": b"3", "c9.txt": b"2", "b/1.txt": b"1" * 200_000, "c010 b.txt": b"4"}
    read = contents(zip_of(members, method))
    assert read == members
    assert list(read) == ["b/1.txt", "c9.txt", "c010 b.txt", "c10.txt"]


def test_folders_and_what_macos_adds_are_left_out() -> None:
    assert contents(zip_of({"a/": "", "a/b": b"1", "__MACOSX/a/._b": b"2"})) == {"a/b": b"1"}


def test_a_member_without_a_name_is_read() -> None:
    raw = zip_of({"a": b"1"})
    assert contents(raw.replace(b"a", b"\0")) == {"": b"1"}


def test_the_cap_is_for_all_members_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TEXT_BYTES", 2**20)
    half = bytes(2**19)
    assert len(contents(zip_of({"a": half, "b": half}))) == 2
    with pytest.raises(TextError, match="expands to more than 1 MiB"):
        contents(zip_of({"a": half, "b": half, "c": b"1"}))


def test_a_head_is_not_more_than_was_asked_for() -> None:
    archive = ZipArchive(zip_of({"a": bytes(2**20)}), "a.zip")
    (member,) = archive.members()
    assert archive.head(member, 512) == bytes(512)


def test_an_encrypted_zip_is_refused() -> None:
    raw = bytearray(zip_of({"a.txt": b"secret"}))
    raw[6] |= 1  # the flag in the local header and in the directory
    raw[raw.index(b"PK\1\2") + 8] |= 1
    with pytest.raises(TextError, match=r"^a\.zip is encrypted; unpack it with its password"):
        ZipArchive(bytes(raw), "a.zip")


def test_unusual_packing_is_refused() -> None:
    with pytest.raises(TextError, match=r"packed in an unusual way \(method 14\)"):
        ZipArchive(zip_of({"a": b"1"}, zipfile.ZIP_LZMA), "a.zip")


def test_overlapping_members_are_refused() -> None:
    """The directory names the first member twice, as bombs do that need no nesting."""
    raw = zip_of({"a": b"1" * 99, "b": b"2" * 99})
    second = raw.index(b"PK\1\2", raw.index(b"PK\1\2") + 1)
    doubled = bytearray(raw)
    struct.pack_into("<L", doubled, second + 42, 0)
    with pytest.raises(TextError, match="members overlap"):
        ZipArchive(bytes(doubled), "a.zip")


def test_a_member_reaching_into_the_directory_is_refused() -> None:
    raw = bytearray(zip_of({"a": b"1"}, zipfile.ZIP_STORED))
    struct.pack_into("<L", raw, raw.index(b"PK\1\2") + 20, 60)
    with pytest.raises(TextError, match="members overlap the directory"):
        ZipArchive(bytes(raw), "a.zip")


def test_too_many_members_are_refused_before_they_are_listed() -> None:
    with pytest.raises(TextError, match="more than 10,000 files"):
        ZipArchive(b"PK\1\2" * (archives.MAX_MEMBERS + 1), "a.zip")


def test_a_wrong_checksum_is_refused() -> None:
    raw = zip_of({"a": b"first"}, zipfile.ZIP_STORED).replace(b"first", b"worst")
    with pytest.raises(TextError, match="is damaged"):
        contents(raw)


# --- e-books -----------------------------------------------------------------------------------

CONTAINER = '<container><rootfiles><rootfile full-path="in/x.opf"/></rootfiles></container>'


def epub(opf: str, **more: str) -> ZipArchive:
    members = {"META-INF/container.xml": CONTAINER, "in/x.opf": opf, **more}
    return ZipArchive(zip_of(members), "a.epub")


SPINE = (
    '<opf:package xmlns:opf="o"><opf:item id="1" href="../a.html#top"/>'
    '<opf:item id="2" href="b.html"/><opf:item id="3" href="gone.html"/>'
    '<opf:itemref idref="2"/><opf:itemref idref="1"/><opf:itemref idref="3"/>'
    '<opf:itemref idref="2"/><opf:itemref idref="none"/></opf:package>'
)


def test_chapters_come_in_the_order_of_the_spine_each_once() -> None:
    archive = epub(SPINE, **{"a.html": "", "in/b.html": ""})
    assert is_epub(archive)
    assert [chapter.filename for chapter in list_chapters(archive)] == ["in/b.html", "a.html"]


@pytest.mark.parametrize(
    ("opf", "more", "why"),
    [
        ('<!DOCTYPE p [<!ENTITY a "b">]><p/>', {}, "declares XML entities"),
        ("<p/>" + " " * (archives.MAX_XML_BYTES + 1), {}, "has a table of contents of"),
        ("<p>", {}, "is damaged"),
        (SPINE, {"META-INF/container.xml": "<p/>"}, "does not say where"),
        (SPINE, {"META-INF/container.xml": CONTAINER.replace("x.opf", "y")}, "lacks its table"),
        (
            SPINE,
            {
                "in/b.html": "",
                "META-INF/encryption.xml": '<e><CipherReference URI="in/b.html"/></e>',
            },
            "is locked by its seller",
        ),
        (SPINE, {"in/b.html": " " * (archives.MAX_PAGES_BYTES + 1)}, "MiB of pages"),
    ],
)
def test_crooked_ebooks_are_refused(opf: str, more: dict[str, str], why: str) -> None:
    with pytest.raises(TextError, match=why):
        list_chapters(epub(opf, **more))


def tables(size: int) -> dict[str, str]:
    """Tables of contents of about so many bytes, all in things that pack well."""
    return {
        "elements": "<a/>" * (size // 4),
        "open elements": "<a>" * (size // 3),
        "elements of many names": "".join(f"<a{i:06}/>" for i in range(size // 10)),
        "attributes": "<p " + " ".join(f'a{i:06}=""' for i in range(size // 11)) + "/>",
        "a long attribute": f'<p id="{"x" * size}"/>',
    }


@pytest.mark.parametrize("kind", tables(0))
def test_a_table_of_contents_never_costs_much(kind: str) -> None:
    table = tables(archives.MAX_XML_BYTES - 100)[kind]
    archive = epub(f"<p>{table}</p>")
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


def test_a_table_of_contents_may_name_as_many_members_as_an_archive_may_have() -> None:
    many = range(archives.MAX_MEMBERS)
    items = "".join(f'<item id="{i}" href="{i}"/>' for i in many)
    spine = "".join(f'<itemref idref="{i}"/>' for i in many)
    assert list_chapters(epub(f"<p>{items}{spine}</p>", **{"in/7": ""}))


def test_locked_fonts_do_not_lock_a_book() -> None:
    lock = '<e><CipherReference URI="in/font.otf"/></e>'
    archive = epub(SPINE, **{"in/b.html": "", "META-INF/encryption.xml": lock})
    assert len(list_chapters(archive)) == 1


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
def test_a_page_loses_its_tags_and_keeps_its_paragraphs(page: str, text: str) -> None:
    assert extract_text(page, "a.epub") == text


def test_pages_are_refused_for_entities_and_endless_numbers() -> None:
    for page in ('<!DOCTYPE x [<!ENTITY a "b">]>', "&#" + "9" * 5000):
        with pytest.raises(TextError):
            extract_text(page, "a.epub")


MARKUP = ["<", ">", "<p>", "</pre>", "<pre>", "<!--", "-->", "<script", "/>", "<![CDATA[", "]]>"]


@given(st.lists(st.sampled_from([*MARKUP, "&#65;", "&", ";", " ", "\n", "x"])).map("".join))
def test_any_page_gives_a_text(page: str) -> None:
    text = extract_text(page, "a.epub")
    assert "\n\n\n" not in text


@pytest.mark.parametrize(
    "unit", ["<!--", "<", "<p", "<pre ", "<pre>", "</script ", "<head>", "&a", " <br"]
)
def test_crafted_pages_take_linear_time(unit: str) -> None:
    """Twice the length may not take four times as long; best of three, generous margin."""

    def best(page: str) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            extract_text(page, "a.epub")
            times.append(time.process_time() - start)
        return min(times)

    page = unit * 20_000
    assert best(page * 8) < 30 * best(page) + 0.05  # linear: 8; quadratic: 64
