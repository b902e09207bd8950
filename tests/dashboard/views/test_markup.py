"""Markup: nothing that a book or a network wrote becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.views.markup import text_box
from dashboard.views.style import DIRECTION

TAGS = ["div", "span", "span"]


class Reader(HTMLParser):
    """What a browser would make of it: the tags that open, and the text in each style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[tuple[str, str]] = []  # (style, text)
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, "a tag was left open"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self._open.append(dict(attrs).get("style", ""))

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        self.texts.append((self._open[-1], data))

    @property
    def text(self) -> str:
        return "".join(data for _, data in self.texts)

    def styled(self, word: str) -> list[str]:
        return [data for style, data in self.texts if word in style]


HOSTILE = [
    "<script>alert(1)</script>",
    "</span></div><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' style='position:fixed",
    "&lt;b&gt; &amp; &#60;",
    "<!-- <![CDATA[ ]]> -->",
    "$x$ **bold** :red[x] [a](javascript:alert(1)) ![](http://example.com/x.png)",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text):
    read = Reader(text_box(text, text, [(0, len(text))]))
    assert read.tags == TAGS
    assert read.text == text * 2
    assert read.attributes == {"style", "tabindex", "role", "aria-label"}


@given(st.text(max_size=30), st.text(max_size=60), st.data())
def test_every_text_with_any_passages(seed_text, text, data):
    numbers = st.integers(0, len(text))
    ends = sorted(data.draw(st.lists(numbers, max_size=6, unique=True)))
    copied = list(zip(ends[::2], ends[1::2], strict=False))
    html = text_box(seed_text, text, copied)
    html.encode("utf-8")  # lone surrogates too can be sent to the browser
    read = Reader(html)
    assert read.tags == ["div", "span"] + ["span"] * len(copied)
    assert len(read.text) == len(seed_text + text)


def test_seed_and_passages_are_told_apart():
    read = Reader(text_box("Once ", "upon a <time> there", [(0, 4), (7, 13)]))
    assert read.styled("font-weight") == ["Once "]
    assert read.styled("text-decoration") == ["upon", "<time>"]
    assert read.text == "Once upon a <time> there"


def test_white_space_is_kept():
    html = text_box("", "a\n\n  b\tc")
    assert "white-space:pre-wrap" in html
    assert "a\n\n  b\tc" in html


def test_each_paragraph_has_the_direction_of_its_first_letter():
    assert "unicode-bidi:plaintext;text-align:start" in text_box("", "שלום\nhello")
    for box in ("textarea", "stCode"):
        assert box in DIRECTION
    assert "unicode-bidi:plaintext;text-align:start" in DIRECTION
