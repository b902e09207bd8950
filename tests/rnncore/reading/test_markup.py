"""Web pages give the text that they display, in linear time."""

from __future__ import annotations

import contextlib
import itertools
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.errors import TextError
from rnncore.reading.markup import extract_text


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


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (
            "<ruby>森<rt>もり</rt></ruby>を<ruby>歩<rp>(</rp><rt>ある</rt><rp>)</rp></ruby>く",
            "森を歩く",
        ),
        ("<ruby>森<rt>もり<rp>)</ruby>を<ruby><rb>歩<rtc>ある</rtc></ruby>く", "森を歩く"),
        ("<nav><ol><li>One</li></ol></nav>Text", "Text"),
        ("<div hidden>No <div>no</div> no</div>Yes", "Yes"),
        ("<p style='color: red; display : none'>No</p><p>Yes", "Yes"),
        ("<p hidden>No<p>Yes", "Yes"),
        ("<ul><li hidden=''>No<li>Yes</ul>", "Yes"),
        ("a<span epub:type='pagebreak' id='p9'>9</span>b", "ab"),
        ("a<span role=doc-pagebreak>9</span>b", "ab"),
        ("<section epub:type='frontmatter toc'>No</section>Yes", "Yes"),
        ("<p title='the hidden role'>Yes</p>", "Yes"),
        ('<a title="1 > 2">Yes</a>', "Yes"),
        ("<svg:style>p{}</svg:style><h:p>Yes</h:p>", "Yes"),
        ("<html><head><meta charset=x><title>No</title><body>Yes", "Yes"),
        ("<script>if (a < b) '</p>'</SCRIPT >Yes", "Yes"),
        ("A<br>B<br/><br/>C", "A\nB\n\nC"),
        ("<ul><li>One<li hidden>No</ul>Yes", "One\n\nYes"),
        ("<div hidden>No</i> no</div>Yes", "Yes"),
        ("</div></p>Yes</ruby>", "Yes"),
        ("a" * 65_530 + "&amp;" + "b" * 65_530, "a" * 65_530 + "&" + "b" * 65_530),
    ],
)
def test_what_a_page_does_not_display_is_left_out(page: str, text: str) -> None:
    assert extract_text(page, "a.epub") == text


@pytest.mark.parametrize(
    "page",
    [
        '<!DOCTYPE x [<!ENTITY a "b">]>',
        '<?xml version="1.0"?>\n<!doctype x SYSTEM "y" [<!ATTLIST i q CDATA "A">]><x/>',
        "&#" + "9" * 5000,
    ],
)
def test_pages_that_could_expand_without_end_are_refused(page: str) -> None:
    with pytest.raises(TextError):
        extract_text(page, "a.epub")


MARKUP = ["<", ">", "<p>", "</pre>", "<pre>", "<!--", "-->", "<script", "/>", "<![CDATA[", "]]>"]


@given(st.lists(st.sampled_from([*MARKUP, "&#65;", "&", ";", " ", "\n", "x"])).map("".join))
def test_no_page_gives_two_empty_lines_in_a_row(page: str) -> None:
    text = extract_text(page, "a.epub")
    assert "\n\n\n" not in text


UNITS = [
    *("<!--", "<", "<p", "<pre ", "<pre>", "</script ", "<script>", "<head>", "&a", " <br", "</"),
    *(
        "<p title=",
        "<p a='",
        '<p a="',
        "='\"",
        "<![CDATA[",
        "<!DOCTYPE",
        "<p hidden>",
        "</p>",
        "\n",
    ),
    *("<rt>", "&#", "<svg:title", " style=", "= ", "a"),
]


PAIRS = list(itertools.combinations(UNITS, 2))


@pytest.mark.parametrize("pairs", [PAIRS[::8], pytest.param(PAIRS, marks=pytest.mark.slow)])
def test_crafted_pages_are_read_in_linear_time(pairs: list[tuple[str, str]]) -> None:
    """Pages of this size took up to eight seconds when regular expressions searched them whole."""
    for first, second in pairs:
        page = (first + second) * (20_000 // len(first + second))
        half = first * (10_000 // len(first)) + second * (10_000 // len(second))
        for crafted in (page, half):
            started = time.thread_time()
            with contextlib.suppress(TextError):
                extract_text(crafted, "a.epub")
            assert time.thread_time() - started < 0.2, f"{first!a}, {second!a}"


@pytest.mark.parametrize("unit", ["<i/>", "<i>", "a<i/>", "&lt;", "<p hidden>", "<a href='b'>c "])
def test_crafted_pages_take_a_small_multiple_of_their_memory(unit: str) -> None:
    page = unit * (2**16 // len(unit))
    tracemalloc.start()
    try:
        extract_text(page, "a.epub")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(page) + 600_000  # and the elements that are open at one time
