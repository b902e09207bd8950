"""Find where the book begins and ends in a Project Gutenberg file.

Such a file puts a header before the book and about 19,000 characters of licence after it. A
network trained on the whole file learns to write licences. The wording of the markers has
changed over the decades, so they are patterns:

    *** START OF THE PROJECT GUTENBERG EBOOK X ***     since about 2005
    *END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS     the 1990s
    The Project Gutenberg EBook of X, by Y             in some files, the only header
    End of the Project Gutenberg EBook of X            before the END marker, or alone
    *** END OF THE PROJECT GUTENBERG EBOOK X ***

Headers are searched only near the start and licences only near the end. This is fast, and a
book that quotes a marker in its middle stays whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WINDOW = 30_000  # characters searched at each end; the longest licence has about 20,000

_EDITION = r"E-?(?:BOOK|TEXT)"
_WRAPPED = r"(?:[^*\n]|\n(?![ \t]*\n)){0,300}\*{3}"  # a long title continues on the next line
_START = re.compile(
    rf"""^[ \t]*(?:
        \*{{3}}[ ]?START[ ]OF[ ]TH(?:E|IS)(?:[ ]COPYRIGHTED)?[ ]PROJECT[ ]GUTENBERG[ ]{_EDITION}
            (?:{_WRAPPED})?
      | \*END[ *]?THE[ ]SMALL[ ]PRINT
    ).*""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_TITLE = re.compile(
    rf"""\s*\**(?:This[ ]is[ ])?(?:
        The[ ]Project[ ]Gutenberg[ ]{_EDITION}[ ,]
      | Project[ ]Gutenberg['’]s[ ](?=.*,[ ]by[ ])
    ).*(?:\n.+){{0,2}}""",
    re.IGNORECASE | re.VERBOSE,
)
_CREDITS = re.compile(
    rf"\s*(?:Produced|{_EDITION} prepared|This {_EDITION} was (?:produced|prepared)) by\b"
    r".*(?:\n.+){0,7}",
    re.IGNORECASE,
)
_END = re.compile(
    rf"""^[ \t]*(?:
        \*{{3}}[ ]?END[ ]OF[ ]TH(?:E|IS)(?:[ ]COPYRIGHTED)?[ ]PROJECT[ ]GUTENBERG[ ]{_EDITION}
      | End[ ]of[ ](?:the[ ]|this[ ])?Project[ ]Gutenberg(?:['’]s|[ ]{_EDITION})
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


class Book(NamedTuple):
    """The book is ``text[start:stop]``; the rest of the file is header and licence."""

    start: int
    stop: int


def find_book(text: str) -> Book | None:
    """Return the book's position in ``text``, or None if there is nothing to remove.

    ``text`` has LF line endings. A file without anything between header and licence also gives
    None: no text could be trained on.
    """
    stop = _licence_start(text)
    start = _header_end(text, stop)
    if (start, stop) == (0, len(text)):
        return None
    pieces = (text[at : min(at + WINDOW, stop)] for at in range(start, stop, WINDOW))
    return Book(start, stop) if any(piece.strip() for piece in pieces) else None


def _header_end(text: str, stop: int) -> int:
    """Return the index of the book's first line, including its indentation."""
    near = min(stop, WINDOW)
    markers = list(_START.finditer(text, 0, near))
    marker = markers[-1] if markers else _TITLE.match(text, 0, near)
    if marker is None:
        return 0
    end = (_CREDITS.match(text, marker.end(), near) or marker).end()
    # A pattern for any number of empty lines would take 100 bytes for each of them.
    for at in range(end, stop, WINDOW):
        piece = text[at : min(at + WINDOW, stop)]
        if visible := piece.lstrip(" \t\n"):
            return max(end, text.rfind("\n", end, at + len(piece) - len(visible)) + 1)
    return stop


def _licence_start(text: str) -> int:
    """Return the index after the book's last line, including its line feed."""
    marker = _END.search(text, max(0, len(text) - WINDOW))
    if marker is None:
        return len(text)
    last = len(text[: marker.start()].rstrip())
    return min(last + 1, marker.start())
