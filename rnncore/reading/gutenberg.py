"""Where a book begins and ends inside a Project Gutenberg file.

Such a file wraps the book in a header and about 19,000 characters of licence,
and a network trained on it learns to write licences. The wording has changed
over the decades, so the markers are patterns:

    *** START OF THE PROJECT GUTENBERG EBOOK X ***     since about 2005
    *END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS     the 1990s
    The Project Gutenberg EBook of X, by Y             some have this line alone
    End of the Project Gutenberg EBook of X            before the END marker, or alone
    *** END OF THE PROJECT GUTENBERG EBOOK X ***

Headers are looked for only near the start and licences only near the end: it is
quick, and a book that quotes a marker in the middle keeps its middle.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WINDOW = 30_000  # characters at each end; the longest licence has about 20,000

_EDITION = r"E-?(?:BOOK|TEXT)"
_WRAPPED = r"(?:[^*\n]|\n(?![ \t]*\n)){0,300}\*{3}"  # a long title runs on to the next line
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
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")


class Book(NamedTuple):
    """``text[start:stop]`` is the book; what lies before and after it is boilerplate."""

    start: int
    stop: int


def find_book(text: str) -> Book | None:
    """Where the book lies in ``text``, or None where there is nothing to leave out.

    ``text`` has LF line ends. A file that is boilerplate and nothing else is
    left whole, since an empty book would help nobody.
    """
    stop = _licence_start(text)
    start = _header_end(text, stop)
    if (start, stop) == (0, len(text)) or not text[start:stop].strip():
        return None
    return Book(start, stop)


def _header_end(text: str, stop: int) -> int:
    """Where the book's first line begins, its indentation included."""
    near = min(stop, WINDOW)
    markers = list(_START.finditer(text, 0, near))
    marker = markers[-1] if markers else _TITLE.match(text, 0, near)
    if marker is None:
        return 0
    end = (_CREDITS.match(text, marker.end(), near) or marker).end()
    blank = _BLANK_LINES.match(text, end, stop)
    return blank.end() if blank else end


def _licence_start(text: str) -> int:
    """Where the book's last line ends, its line feed included."""
    marker = _END.search(text, max(0, len(text) - WINDOW))
    if marker is None:
        return len(text)
    last = len(text[: marker.start()].rstrip())
    return min(last + 1, marker.start())
