"""Web pages (.html): detect them, find their encoding, and take the text they display."""

from __future__ import annotations

import re
from dataclasses import replace

from rnncore.errors import TextError
from rnncore.reading.encodings import Decoded, GuessEncoding, decode
from rnncore.reading.markup import extract_text

NOTE = "Web page: only its words were taken, without tags, scripts and navigation."
_CHARSET_BYTES = 4096  # from the start of a page; HTML asks for the encoding in the first 1,024
_COMMENTS = 20  # before the first tag; browsers write one when they save a page

_SPACES = re.compile(r"\s{0,1000}")
_START = re.compile(r"<(?:!doctype\s{1,9}html|html|head|body)(?=[\s>])", re.IGNORECASE)
_CHARSET = re.compile(rb"""<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}["']?([\w.:-]{2,40})""", re.I)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{2,40})""")
# Pages declare these and mean cp1252, as every browser assumes.
_MEANS_CP1252 = {"iso-8859-1", "iso8859-1", "latin-1", "latin1", "us-ascii", "ascii"}


def decode_declared(
    raw: bytes, name: str, encoding: str | None, guess: GuessEncoding | None
) -> Decoded:
    """Return the characters of a text or web page; use a page's own encoding before ``guess``.

    For the arguments and errors see ``encodings.decode``.
    """
    declared = _find_declared_encoding(raw)
    return decode(raw, name, encoding, guess if declared is None else lambda _: declared)


def take_words(page: Decoded, name: str) -> Decoded:
    """Return a web page as the text that it displays; a TextError if it has no words."""
    text = extract_text(page.text, name)
    if not text:
        raise TextError(
            f"{name} is a web page without words; open it in a browser, copy its text and paste "
            "it here."
        )
    return replace(page, text=f"{text}\n", notes=(*page.notes, NOTE))


def is_web_page(text: str) -> bool:
    """Return whether a text begins as a web page does."""
    at = _skip_spaces(text, 0)
    for _ in range(_COMMENTS):
        if text.startswith("<!--", at):
            end, width = text.find("-->", at), 3
        elif text.startswith("<?xml", at):
            end, width = text.find("?>", at), 2
        else:
            return _START.match(text, at) is not None
        if end < 0:
            return False
        at = _skip_spaces(text, end + width)
    return False


def _skip_spaces(text: str, at: int) -> int:
    match = _SPACES.match(text, at)
    return at if match is None else match.end()


def _find_declared_encoding(raw: bytes) -> str | None:
    """Return the encoding that a page states in its first bytes, or None."""
    head = raw[:_CHARSET_BYTES]
    if not is_web_page(head.decode("latin-1")):
        return None
    match = _CHARSET.search(head) or _XML_ENCODING.search(head)
    if match is None:
        return None
    declared = match[1].decode("latin-1").lower()
    return "cp1252" if declared in _MEANS_CP1252 else declared
