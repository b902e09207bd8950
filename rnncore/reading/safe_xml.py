"""Parse XML from strangers: no document type definition of its own, and in small pieces.

An internal DTD subset (``<!DOCTYPE p [ … ]>``) can make a file of 765 bytes take gigabytes: by
entities, which expand without end, or by default attributes, which the parser adds to every
element. No e-book or office file needs one, so each is refused before it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn
from xml.parsers import expat

from rnncore.errors import TextError
from rnncore.reading.archives import report_damage

HAS_SUBSET = (
    "declares document types of its own (a DTD), which can expand without end, so it cannot be "
    "read; save it as plain text (.txt) and upload that."
)
# Bytes parsed at a time. Other threads wait meanwhile, because expat keeps Python's lock (GIL).
# Shorter pieces would be slow for long attributes, which expat reads again with each piece.
_PIECE = 1 << 18


def parse_xml(
    data: bytes,
    name: str,
    *,
    start: Callable[[str, dict[str, str]], object] | None = None,
    end: Callable[[str], object] | None = None,
    characters: Callable[[str], object] | None = None,
) -> None:
    """Call ``start(tag, attributes)``, ``end(tag)`` and ``characters(text)`` in document order.

    Tags have no namespace prefix. ``name`` is the file's name for messages. Raises TextError if
    the XML is damaged or has an internal DTD subset.
    """

    def refuse() -> NoReturn:
        raise TextError(f"{name} {HAS_SUBSET}")

    def begin_doctype(_tag: str, _system: object, _public: object, has_subset: int) -> None:
        if has_subset:
            refuse()

    def refuse_declaration(*_: object) -> None:
        refuse()

    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = begin_doctype
    parser.EntityDeclHandler = refuse_declaration
    parser.AttlistDeclHandler = refuse_declaration
    if start is not None:
        parser.StartElementHandler = lambda tag, attributes: start(_local(tag), attributes)
    if end is not None:
        parser.EndElementHandler = lambda tag: end(_local(tag))
    if characters is not None:
        parser.CharacterDataHandler = characters
    with report_damage(name):
        for at in range(0, len(data), _PIECE):
            parser.Parse(data[at : at + _PIECE], False)
        parser.Parse(b"", True)


def _local(tag: str) -> str:
    """Return the tag without its namespace prefix."""
    return tag.rpartition(":")[2]
