"""Search with a regular expression of a visitor, in another process with a time limit.

Some patterns take hours on a short text, and Python cannot interrupt its search. In this process
that would stop every page.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys

from rnncore.errors import TextError

SECONDS = 3.0
MAX_PATTERN, MAX_TEXT = 200, 100_000
_PROGRAM = """
import json, re, sys
pattern, text = json.load(sys.stdin)
spans = [found.span() for found in re.finditer(pattern, text)]
json.dump([span for span in spans if span[1] > span[0]], sys.stdout)
"""


def find_spans(text: str, pattern: str) -> list[tuple[int, int]]:
    """Return the (start, stop) of each match that is not empty.

    TextError: the pattern is no regular expression, too long or too slow, or it matches nothing.
    """
    if not pattern:
        raise TextError("The pattern is empty; write a regular expression such as [0-9]+.")
    if len(pattern) > MAX_PATTERN:
        raise TextError(
            f"The pattern has {len(pattern):,} characters; at most {MAX_PATTERN} are searched for."
        )
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise TextError(f"{pattern!r} is not a regular expression: {error}.") from error
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PROGRAM],
            input=json.dumps([pattern, text[:MAX_TEXT]]),
            capture_output=True, text=True, timeout=SECONDS, check=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise TextError(
            f"{pattern!r} takes more than {SECONDS:g} seconds on this text; write a simpler one."
        ) from None
    spans = [(start, stop) for start, stop in json.loads(done.stdout)]
    if not spans:
        raise TextError(f"{pattern!r} matches no character of this text.")
    return spans
