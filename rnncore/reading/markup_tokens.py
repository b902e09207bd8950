"""Cut a web page into text and tags, in linear time.

The standard library's html.parser and regular expressions over a whole page can take quadratic
time on crafted pages. Here the position in the page only moves forwards, and each search starts
where the one before it ended. Tokens and searches are short, because Python's lock (GIL) is held
while one is made and other threads have to wait.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnncore.errors import TextError
from rnncore.reading.safe_xml import HAS_SUBSET

_PIECE = 1 << 16  # characters converted at a time
_WINDOW = 1 << 20  # characters searched at a time
_ATTRIBUTE_CHARS = 2_000  # of one tag that are examined; longer ones hold pictures

# Their content is not markup: it ends at the first end tag of the same name.
_RAW = ("script", "style", "title", "textarea", "noframes", "iframe")
_TAG_NAME = re.compile(r"(/?)([a-zA-Z][^\s/>]{0,99})")
_MARKUP = re.compile(r"<(?:/?[a-zA-Z]|[!?])")
# Most tags: without attributes.
_SIMPLE_TAG = re.compile(rf"<(/?)(?!{'|'.join(_RAW)})([a-zA-Z][a-zA-Z0-9]{{0,20}})>", re.IGNORECASE)
_SUBSET = re.compile(r"!DOCTYPE[^\[]{0,1000}\[", re.IGNORECASE)
_QUOTE_OR_END = re.compile(r"=\s{0,99}[\"']|>")


# A token is one of
#     ("text", characters, "")         the entities in it are not replaced yet
#     ("literal", characters, "")      without entities
#     ("start", name, attributes)      the name in small letters, the attributes not parsed yet
#     ("end", name, "")
Token = tuple[str, str, str]


def tokens(page: str, name: str) -> Iterator[Token]:
    """Yield the page's tokens in order; each begins behind the one before it."""
    at, size = 0, len(page)
    while at < size:
        tag = _find_markup(page, at)
        if at < tag:
            yield from _in_pieces("text", page, at, tag)
        simple = _SIMPLE_TAG.match(page, tag)
        if simple is not None:
            at = simple.end()
            yield ("end" if simple[1] else "start"), simple[2].lower(), ""
            continue
        at = tag + 1
        match = _TAG_NAME.match(page, at)
        if match is not None:
            end = _tag_end(page, match.end())
            tag_name = match[2].lower().rpartition(":")[2]
            at = end + 1
            if match[1]:
                yield "end", tag_name, ""
                continue
            yield "start", tag_name, page[match.end() : min(end, match.end() + _ATTRIBUTE_CHARS)]
            if page.endswith("/", match.end(), end):
                yield "end", tag_name, ""
            elif tag_name in _RAW:
                at = _raw_end(page, tag_name, at)
        elif page.startswith("!--", at):
            at = _find(page, "-->", at + 3) + 3
        elif page.startswith("![CDATA[", at):
            end = _find(page, "]]>", at + 8)
            yield from _in_pieces("literal", page, at + 8, end)
            at = end + 3
        else:
            end = _find(page, ">", at)
            if _SUBSET.match(page, at, end):
                raise TextError(f"{name} {HAS_SUBSET}")
            at = end + 1


def _in_pieces(kind: str, page: str, at: int, end: int) -> Iterator[Token]:
    """Yield ``page[at:end]`` in pieces that cut no entity such as &amp; in two."""
    while end - at > _PIECE:
        cut = at + _PIECE
        entity = page.rfind("&", cut - 40, cut)
        if entity > 0 and page.find(";", entity, cut) < 0:
            cut = entity
        yield kind, page[at:cut], ""
        at = cut
    if at < end:
        yield kind, page[at:end], ""


def _find_markup(page: str, at: int) -> int:
    """Return the index of the next "<" that begins a tag or the like, or the page's length."""
    for start in range(at, len(page), _WINDOW):
        match = _MARKUP.search(page, start, start + _WINDOW + 1)
        if match is not None:
            return match.start()
    return len(page)


def _find(page: str, wanted: str, at: int) -> int:
    """Return the index of the next ``wanted``, or the page's length if there is none."""
    for start in range(at, len(page), _WINDOW):
        found = page.find(wanted, start, start + _WINDOW + len(wanted) - 1)
        if found >= 0:
            return found
    return len(page)


def _tag_end(page: str, at: int) -> int:
    """Return the index of the ">" that ends a tag, outside quoted attributes."""
    while at < len(page):
        match = _QUOTE_OR_END.search(page, at, at + _WINDOW)
        if match is None:
            at += _WINDOW - 100 if at + _WINDOW < len(page) else _WINDOW
        elif match[0] == ">":
            return match.start()
        else:
            at = _find(page, match[0][-1], match.end()) + 1
    return len(page)


def _raw_end(page: str, tag_name: str, at: int) -> int:
    """Return the index of the next end tag of this name, or the page's length."""
    end_tag = re.compile(rf"</(?:[\w-]{{1,20}}:)?{tag_name}(?=[\s/>]|\Z)", re.IGNORECASE)
    while at < len(page):
        at = _find(page, "</", at)
        if end_tag.match(page, at):
            return at
        at += 2
    return len(page)
