"""Documents that are not read: their kinds, and how to get the text out of them."""

from __future__ import annotations

import re
from typing import NoReturn

from rnncore.errors import TextError

_SAVE = "open it in Word or LibreOffice, save it as plain text (.txt) or .docx, and upload that."
_COPY = "open it, copy its text and paste it here, or convert it to .txt with Calibre or pdftotext."
_CALIBRE = "convert it to .epub or .txt with Calibre, and upload that."
_UNPACK = "unpack it and upload the text inside it, or pack the texts as .zip."

_WAYS_OUT = {
    "a PDF document": _COPY,
    "a DjVu document": _COPY,
    "a rich-text (RTF) document": _SAVE,
    "an old Microsoft Office document": _SAVE,
    "an OpenDocument file": _SAVE,
    "an Office file": _SAVE,
    "an Excel workbook": "save the sheet with the text as .csv, and upload that.",
    "a PowerPoint presentation": "copy its text and paste it here.",
    "an Apple iWork document": "export it as plain text (.txt) or Word (.docx), and upload that.",
    "a Kindle book": _CALIBRE,
    "a FictionBook e-book": _CALIBRE,
    "a web archive (MHTML)": "open it in a browser, save it as a web page (.html only), and upload "
    "that.",
    "a RAR archive": _UNPACK,
    "a 7z archive": _UNPACK,
    "a bzip2 archive": _UNPACK,
    "an xz archive": _UNPACK,
    "a Zstandard archive": _UNPACK,
    "a tar archive": _UNPACK,
}
_OTHER = "upload a .txt, .gz, .zip, .epub, .html or .docx file."

# The names of the first members of a zip that is a document. Programs write them in this order.
_ZIP_HEADS = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb".{26}\x08.{3}mimetypeapplication/epub", "an e-book"),
        (rb".{26}\x08.{3}mimetypeapplication/vnd\.oasis", "an OpenDocument file"),
        (rb".{30}(?:\[Content_Types\]\.xml|_rels/\.rels|docProps/|word/)", "an Office document"),
    )
)


def refuse_kind(label: str, kind: str) -> NoReturn:
    """Raise a TextError: what the file called ``label`` is, and how to get its text."""
    raise TextError(f"{label} is {kind}, not a text; {_WAYS_OUT.get(kind, _OTHER)}")


def describe_zipped_document(head: bytes) -> str | None:
    """Return the kind of document that a zip with these first bytes is, or None."""
    return next((kind for pattern, kind in _ZIP_HEADS if pattern.match(head)), None)
