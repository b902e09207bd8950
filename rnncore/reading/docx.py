"""Take the paragraphs of a Word document (.docx), which is a zip of XML files.

``markup_tokens`` reads the XML: it needs linear time, builds no tree and refuses a DTD.
"""

from __future__ import annotations

import io
import posixpath
import re
import sys

from rnncore.errors import TextError
from rnncore.reading.archives import ZipArchive
from rnncore.reading.encodings import decode
from rnncore.reading.markup import unescape
from rnncore.reading.markup_tokens import tokens
from rnncore.reading.memory import reserve

_USUAL_PART = "word/document.xml"
_RELATIONS = "_rels/.rels"
_MAX_RELATIONS_BYTES = 2**20
_MAIN_PART = "/officeDocument"  # end of the type of the relation to the main part
_ATTRIBUTE = re.compile(r"""(Type|Target)\s{0,9}=\s{0,9}["']([^"']{0,500})["']""")
# Settings of paragraphs and runs (with tab stops), deleted and moved text, the copy of a text box
# for old programs, and readings above characters (furigana).
_LEFT_OUT = frozenset(("ppr", "rpr", "sectpr", "del", "movefrom", "fallback", "rt"))
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "nobreakhyphen": "-"}
_BYTES_PER_CHARACTER = 4  # while io.StringIO collects them


def read_docx(archive: ZipArchive) -> str:
    """Return the paragraphs of a document, one a line; "" if it has no words.

    Headers, footers, footnotes and comments are left out. Raises TextError for a document without
    a main part or with a DTD.
    """
    part = archive.find(_find_main_part(archive))
    if part is None:
        raise TextError(
            f"{archive.name} is a Word document without text in the usual place; save it as plain "
            "text (.txt) and upload that."
        )
    xml = decode(archive.read(part), archive.name, None, None).text
    writer = _Writer()
    left_out, depth, in_text = "", 0, False
    for kind, value, _ in tokens(xml, archive.name):
        if left_out:
            # Only elements of the same name can move the end of the one that is left out.
            if value == left_out and kind in {"start", "end"}:
                depth += 1 if kind == "start" else -1
                left_out = left_out if depth else ""
        elif kind in {"text", "literal"}:
            if in_text:
                writer.write(unescape(value, archive.name) if kind == "text" else value)
        elif value == "t":
            in_text = kind == "start"
        elif value == "p":
            writer.end_line()
        elif kind == "start":
            if value in _LEFT_OUT:
                left_out, depth = value, 1
            writer.write(_CHARACTERS.get(value, ""))
    return writer.text()


def _find_main_part(archive: ZipArchive) -> str:
    """Return the name of the member that has the document's text."""
    member = archive.find(_RELATIONS)
    if member is None or member.file_size > _MAX_RELATIONS_BYTES:
        return _USUAL_PART
    xml = archive.read(member).decode("utf-8", "replace")
    for kind, value, attributes in tokens(xml, archive.name):
        if kind == "start" and value == "relationship":
            found = dict(_ATTRIBUTE.findall(attributes))
            if found.get("Type", "").endswith(_MAIN_PART):
                return posixpath.normpath(found.get("Target", "").lstrip("/"))
    return _USUAL_PART


class _Writer:
    """Join pieces of text; at most one empty line stands between two lines."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._ends = 0  # start and end tags of paragraphs since the last piece

    def write(self, piece: str) -> None:
        if not piece:
            return
        if self._ends:
            # Between two paragraphs stand one end tag and one start tag.
            self._text.write("\n" if self._ends <= 2 else "\n\n")
            self._ends = 0
        reserve(len(piece) * _BYTES_PER_CHARACTER)
        self._text.write(piece)

    def end_line(self) -> None:
        self._ends += 1

    def text(self) -> str:
        """Return everything written, without line feeds at its ends."""
        text = self._text.getvalue()
        reserve(sys.getsizeof(text))
        return text.strip("\n")
