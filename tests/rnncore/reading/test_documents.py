"""Web pages and Word documents are read; other documents are refused with a way out."""

from __future__ import annotations

import time
import zipfile

import pytest

from rnncore import read_text
from rnncore.errors import TextError
from rnncore.reading.web_page import NOTE
from tests.support.paths import ROOT
from tests.support.zips import zip_of

DATA = ROOT / "tests" / "data"


# --- web pages -------------------------------------------------------------------------------


def test_a_web_page_is_read_as_its_words() -> None:
    read = read_text((DATA / "page.html").read_bytes(), "page.html")
    day = "We walked slowly up the hill — it was cold & wet."
    assert read.text == "".join(f"Day {n}\n\n{day}\n\n" for n in range(1, 60))[:-1]
    assert read.notes == (NOTE,)


@pytest.mark.parametrize(
    "start",
    [
        "<html><body>",
        "\n <!-- saved from url=(0022)http://example.org/ -->\n<!DOCTYPE html>\n<html><body>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "x"><html>',
        "\ufeff<HTML lang=en>",
        "<head><title>No</title></head><body class=x>",
    ],
)
def test_a_web_page_is_detected_by_its_beginning(start: str) -> None:
    assert read_text(f"{start}<p>One <b>two</b></p>".encode(), "a.txt").text == "One two\n"


@pytest.mark.parametrize(
    "text",
    [
        "I write <html> pages.",
        "<p>A piece of a page.</p>",
        "<headline>no</headline>",
        "<!-- a comment that does not end <html>",
        "<?xml version='1.0'?><play><line>Words</line></play>",
    ],
)
def test_other_texts_with_tags_stay_as_they_are(text: str) -> None:
    assert read_text(text.encode()).text == text


@pytest.mark.parametrize(
    ("meta", "encoding", "used"),
    [
        ('<meta charset="windows-1251">', "cp1251", "cp1251"),
        ('<META content="text/html; charset=koi8-r" http-equiv=x>', "koi8-r", "koi8-r"),
        ("<meta charset=ISO-8859-1>", "cp1252", "cp1252"),
        ("<meta charset=no-such>", "cp1252", "cp1252"),
    ],
)
def test_the_encoding_that_a_page_declares_is_used(meta: str, encoding: str, used: str) -> None:
    words = "Привет" if encoding in {"cp1251", "koi8-r"} else "“Äh”"
    raw = f"<html><head>{meta}</head><body>{words}</body>".encode(encoding)
    read = read_text(raw, guess_encoding=lambda _: None)
    assert (read.text, read.encoding) == (f"{words}\n", used)


def test_a_page_in_utf8_may_declare_another_encoding() -> None:
    raw = "<html><meta charset=iso-8859-1><body>Äh</body>".encode()
    assert read_text(raw).text == "Äh\n"


def test_a_page_without_words_is_refused_with_a_way_out() -> None:
    raw = b"<html><body><script>write()</script></body></html>"
    with pytest.raises(TextError, match=r"^a.html is a web page without words; .* paste"):
        read_text(raw, "a.html")


def test_pages_of_a_zip_are_read_as_their_words() -> None:
    pages = {
        "1.html": "<html><body>One",
        "2.html": "<html>",
        "3.txt": "Two",
        "4.html": "<html><!DOCTYPE x [ <!ENTITY a 'b'> ]>",
    }
    read = read_text(zip_of(pages))
    assert read.text == "One\n\nTwo\n"
    assert read.notes == (
        "2 files were joined: 1.html, 3.txt.",
        "Skipped, because they are not texts: 2.html (a web page without words), "
        "4.html (a web page without words).",
        NOTE,
    )


# --- Word documents --------------------------------------------------------------------------


def docx(body: str, **parts: str) -> bytes:
    """A Word document with this body."""
    xml = f'<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>'
    return zip_of({"[Content_Types].xml": "<x/>", "word/document.xml": xml, **parts})


def test_a_word_document_is_read_as_its_paragraphs() -> None:
    read = read_text((DATA / "essay.docx").read_bytes(), "essay.docx")
    assert read.text == "An essay of my own.\n"
    assert read.notes[0].startswith("Word document: its paragraphs were read")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            "<w:p><w:r><w:t>a</w:t></w:r><w:r><w:t> b</w:t></w:r></w:p><w:p><w:t>c</w:t></w:p>",
            "a b\nc",
        ),
        ("<w:p><w:t>a</w:t></w:p><w:p/><w:p></w:p><w:p><w:t>b</w:t></w:p>", "a\n\nb"),
        (
            "<w:p><w:pPr><w:tabs><w:tab/></w:tabs><w:rPr><w:del/></w:rPr></w:pPr>"
            "<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r></w:p>",
            "a\tb\nc",
        ),
        ("<w:p><w:t>a &lt;b&gt; &#233;</w:t></w:p>", "a <b> é"),
        ("<w:p><w:t>a</w:t><w:del><w:r><w:delText>x</w:delText><w:tab/></w:r></w:del></w:p>", "a"),
        (
            "<w:p><w:moveFrom><w:t>x</w:t></w:moveFrom><w:moveTo><w:t>ab</w:t></w:moveTo></w:p>",
            "ab",
        ),
        ("<w:p><w:instrText>PAGE</w:instrText><w:t>ab</w:t></w:p>", "ab"),
        (
            "<w:p><mc:Choice><w:p><w:t>box</w:t></w:p></mc:Choice>"
            "<mc:Fallback><w:p><w:t>box</w:t></w:p></mc:Fallback><w:t>a</w:t></w:p>",
            "box\na",
        ),
        (
            "<w:p><w:ruby><w:rt><w:r><w:t>もり</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>森</w:t></w:r>"
            "</w:rubyBase></w:ruby><w:r><w:t>だ</w:t></w:r></w:p>",
            "森だ",
        ),
    ],
)
def test_what_a_document_displays_is_its_text(body: str, text: str) -> None:
    assert read_text(docx(body)).text == f"{text}\n"


def test_the_main_part_may_have_another_name() -> None:
    relations = (
        '<Relationships><Relationship Id="2" Type="http://x/extended-properties" Target="a.xml"/>'
        '<Relationship Id="1" Target="/word/document2.xml" Type="http://x/officeDocument"/>'
    )
    parts = {"_rels/.rels": relations, "word/document2.xml": "<w:p><w:t>Two</w:t></w:p>"}
    assert read_text(docx("", **parts)).text == "Two\n"


def test_a_document_with_a_dtd_or_without_words_is_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><w:p><w:t>&a;</w:t></w:p>'
    with pytest.raises(TextError, match=r"^x.docx declares document types of its own"):
        read_text(docx("", **{"word/document.xml": bomb}), "x.docx")
    with pytest.raises(TextError, match=r"^x.docx is a Word document without words"):
        read_text(docx("<w:p/>"), "x.docx")
    raw = zip_of({"[Content_Types].xml": "", "word/styles.xml": ""})
    with pytest.raises(TextError, match=r"^x.docx is a Word document without text in the usual"):
        read_text(raw, "x.docx")


@pytest.mark.parametrize("piece", ["<w:p>", "<w:del>", "<w:p/>", "<w:t>a", "<w:p a='", "<!--", "&"])
def test_the_time_to_read_a_document_grows_with_its_length(piece: str) -> None:
    def seconds(size: int) -> float:
        raw = docx("<w:p><w:t>ab</w:t></w:p>" + piece * (size // len(piece)))
        start = time.process_time()
        read_text(raw)
        return time.process_time() - start

    assert seconds(1 << 21) < 12 * max(seconds(1 << 19), 0.02)


# --- documents that are refused --------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"%PDF-1.7", "a.x is a PDF document, not a text; open it, copy its text and paste it"),
        (rb"{\rtf1", r"a.x is a rich-text \(RTF\) document, .* save it as plain text"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "a.x is an old Microsoft Office document, .* save it",
        ),
        (b" " * 60 + b"BOOKMOBI", "a.x is a Kindle book, .* convert it to .epub or .txt"),
        (b"AT&TFORM\0\0\0\1DJVM", "a.x is a DjVu document, .* copy its text"),
        (b"From: <Saved by Blink>\n", r"a.x is a web archive \(MHTML\), .* \(.html only"),
        (
            b"<?xml version='1.0'?>\n<FictionBook xmlns='x'>",
            "a.x is a FictionBook e-book, .* .epub",
        ),
        (b"Rar!\x1a\x07", "a.x is a RAR archive, .* unpack it"),
        (b"GIF89a", "a.x is a GIF image, not a text; upload a .txt, "),
        (zip_of({"Index/Document.iwa": ""}), "a.x is an Apple iWork document, .* export it"),
    ],
)
def test_a_document_is_refused_by_its_kind_with_a_way_out(raw: bytes, message: str) -> None:
    with pytest.raises(TextError, match=f"^{message}"):
        read_text(raw, "a.x")


@pytest.mark.parametrize(
    ("name", "skipped"),
    [
        ("notes_with_a_docx.zip", "essay.docx (an Office document)"),
        ("notes_with_a_pdf.zip", "scan.pdf (a PDF document)"),
    ],
)
def test_a_zip_passes_over_a_document_and_reports_it(name: str, skipped: str) -> None:
    read = read_text((DATA / name).read_bytes(), name)
    assert len(read.text) > 1400
    assert read.notes == (
        "2 files were joined: a.txt, b.txt.",
        f"Skipped, because they are not texts: {skipped}.",
    )


@pytest.mark.parametrize(
    ("kind", "head"),
    [
        ("an e-book", {"mimetype": "application/epub+zip"}),
        ("an OpenDocument file", {"mimetype": "application/vnd.oasis.opendocument.text"}),
        ("an Office document", {"[Content_Types].xml": "x"}),
        ("an Office document", {"_rels/.rels": "x"}),
    ],
)
def test_documents_that_are_zips_are_passed_over_in_a_zip(kind: str, head: dict) -> None:
    raw = zip_of({"a.txt": "ab", "b.doc": zip_of(head, zipfile.ZIP_STORED)})
    assert read_text(raw).notes == (f"Skipped, because they are not texts: b.doc ({kind}).",)


def test_a_zip_of_documents_alone_is_refused_with_a_way_out() -> None:
    raw = zip_of({"a.docx": docx("<w:p/>"), "b.pdf": b"%PDF-1.7"})
    message = r"only a.docx \(an Office document\), b.pdf \(a PDF .*\); .* document .* on its own"
    with pytest.raises(TextError, match=message):
        read_text(raw)
