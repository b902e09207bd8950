"""Convert a web page, or a page of an e-book, into plain text.

Each step takes one token of ``markup_tokens``, so the time is linear in the page's length.
"""

from __future__ import annotations

import html
import re
import sys
from collections import Counter

from rnncore.errors import TextError
from rnncore.reading.markup_tokens import tokens
from rnncore.reading.memory import reserve

_PIECES_A_BLOCK = 4096
_MAX_DEPTH = 5_000  # open elements that are remembered; browsers allow 512


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# An empty line separates the text of these elements from the text around them.
_BLOCKS = _names(
    "address article aside blockquote body caption dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre "
    "section summary table tbody tfoot thead tr ul"
)
# Their content is not displayed, is navigation, or is a reading aid above a character (furigana).
_HIDDEN = _names(
    "head title script style template nav rt rp rtc noframes audio video canvas iframe datalist "
    "select textarea"
)
_BREAKS = _BLOCKS | {"br"}
_VOID = _names("area base br col embed hr img input link meta param source track wbr")
# A start tag closes an open element of these kinds if that is the innermost one: HTML allows
# authors to leave out the end tag.
_CLOSED_BY = {
    **{name: _names("p") for name in _BLOCKS},
    **{name: _names("dt dd") for name in ("dt", "dd")},
    **{name: _names("rb rt rp") for name in ("rb", "rt", "rp", "rtc")},
    **{name: _names("td th") for name in ("td", "th")},
    "li": _names("li"),
    "option": _names("option"),
    "tr": _names("td th tr"),
    "body": _names("head"),
}
_OPTIONAL_END = _names("p li option dt dd rb rt rp rtc td th tr head")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]{1,50})(?:\s{0,9}=\s{0,9}("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_HIDING_STYLE = re.compile(r"(?:display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden)")
_HIDING_TYPES = _names(
    "pagebreak page-list toc landmarks loi lot doc-pagebreak doc-pagelist doc-toc"
)
_MAY_HIDE = re.compile(r"hidden|none|epub:type|role", re.IGNORECASE)
_LINE_SPACES = "\t\r\n\f"  # count as spaces outside preformatted text
_EMPTY_LINES = re.compile(r"\n{3,}")


def extract_text(page: str, name: str) -> str:
    """Return the text that a page displays, with an empty line between its paragraphs.

    Markup, navigation, page numbers, hidden elements and furigana are left out. ``name`` is the
    file's name for messages. Raises TextError for a page with an internal DTD subset or with a
    character number of thousands of digits.
    """
    writer = _Writer()
    elements = _OpenElements()
    for kind, value, attributes in tokens(page, name):
        if kind == "start":
            elements.open(value, attributes)
        elif kind == "end":
            elements.close(value)
        elif not elements.hidden:
            writer.write(value if kind == "literal" else unescape(value, name), elements.is_pre)
            continue
        if value in _BREAKS and not elements.hidden:
            writer.break_lines(2 if value != "br" else int(kind == "start"))
    return writer.text()


def unescape(text: str, name: str) -> str:
    """Replace entities such as &amp; by their characters."""
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # "&#" and more digits than int() accepts
        raise TextError(
            f"{name} has a character number of thousands of digits, so it cannot be read; "
            "save it as plain text (.txt) and upload that."
        ) from None


# --- which elements are displayed ------------------------------------------------------------


class _OpenElements:
    """The open elements from the outermost one that is hidden or preformatted, innermost last."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._hides: list[bool] = []
        self._counts: Counter[str] = Counter()
        self.hidden = 0  # elements that hide the text at this place
        self.is_pre = False  # whether spaces and line breaks are kept at this place

    def open(self, name: str, attributes: str) -> None:
        """Add an element, unless it can have no content."""
        hides = name in _HIDDEN or (attributes != "" and _is_hidden_by(attributes))
        if not (hides or self._names or name == "pre") or name in _VOID:
            return
        while self._names and self._names[-1] in _CLOSED_BY.get(name, ()):
            self._pop()
        if len(self._names) < _MAX_DEPTH:
            self._names.append(name)
            self._hides.append(hides)
            self.hidden += hides
            self._counts[name] += 1
            self.is_pre = self.is_pre or name == "pre"

    def close(self, name: str) -> None:
        """Remove the innermost element of this name, with the elements inside it.

        The end of an element that began further outside also ends an element whose own end tag
        was left out, as HTML allows for <li> and others.
        """
        if not self._names:
            return
        if self._counts[name]:
            while self._pop() != name:
                pass
        elif self._names[0] in _OPTIONAL_END:  # the end of an element around it
            while self._names:
                self._pop()

    def _pop(self) -> str:
        name = self._names.pop()
        self.hidden -= self._hides.pop()
        self._counts[name] -= 1
        if not self._counts[name]:
            del self._counts[name]
            self.is_pre = self.is_pre and name != "pre"
        return name


def _is_hidden_by(attributes: str) -> bool:
    """Return whether attributes hide their element, or mark it as a page number or navigation."""
    if not _MAY_HIDE.search(attributes):
        return False
    for match in _ATTRIBUTE.finditer(attributes):
        name, value = match[1].lower(), (match[2] or "").strip("\"'").lower()
        if name == "hidden" or (name == "style" and _HIDING_STYLE.search(value)):
            return True
        if name in ("epub:type", "role") and not _HIDING_TYPES.isdisjoint(value.split()):
            return True
    return False


# --- writing ---------------------------------------------------------------------------------


class _Writer:
    """Join pieces of text with single spaces, line feeds and empty lines between them."""

    def __init__(self) -> None:
        self._blocks: list[str] = []  # few and long: a string takes 50 bytes besides its text
        self._pieces: list[str] = []
        self._line_feeds = 0  # to write before the next piece
        self._space = False

    def break_lines(self, line_feeds: int) -> None:
        """Begin a new line (1) or a paragraph (2) before the next piece."""
        self._line_feeds = min(2, self._line_feeds + line_feeds)
        self._space = False

    def write(self, text: str, is_pre: bool) -> None:
        """Add text; its spaces and line breaks are kept if it is preformatted."""
        if is_pre:
            body = text.lstrip("\n")
            if len(body) < len(text):
                self.break_lines(len(text) - len(body))
            text = body.rstrip("\n")
            self._add(_EMPTY_LINES.sub("\n\n", text))
            if text and len(text) < len(body):
                self.break_lines(len(body) - len(text))
        else:
            for character in _LINE_SPACES:
                text = text.replace(character, " ")
            while "  " in text:
                text = text.replace("  ", " ")
            self._space = self._space or text.startswith(" ")
            self._add(text.strip(" "))
            self._space = self._space or text.endswith(" ")

    def _add(self, text: str) -> None:
        if not text:
            return
        if self._line_feeds:
            self._pieces.append("\n" * self._line_feeds)
        elif self._space:
            self._pieces.append(" ")
        self._pieces.append(text)
        self._line_feeds, self._space = 0, False
        if len(self._pieces) > _PIECES_A_BLOCK:
            self._join()

    def _join(self) -> None:
        self._blocks.append("".join(self._pieces))
        self._pieces.clear()
        reserve(sys.getsizeof(self._blocks[-1]))

    def text(self) -> str:
        """Return everything written, without spaces and line feeds at its ends."""
        self._join()
        reserve(sum(map(sys.getsizeof, self._blocks)))
        return "".join(self._blocks).strip()
