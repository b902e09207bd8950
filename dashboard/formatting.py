"""Numbers and foreign words as the page shows them.

The package humanize would replace only ``ago`` and ``byte_size``: it has no short durations such
as 1:40 min, and writes 812.0 kB and 999 Bytes where the page has 812 kB and 999 B.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from zoneinfo import ZoneInfo

# Where Markdown makes a link of plain text: www.a.b, https://a.b, a@b.c.
_LINK = re.compile(r"(www(?=\.)|:(?=//)|@)", re.IGNORECASE)


def duration(seconds: float) -> str:
    """Return seconds as 0.4 s, 48 s, 1:40 min or 1 h 20 min; a dash for NaN."""
    if math.isnan(seconds):
        return "–"
    if seconds < 100:
        return f"{seconds:.1f} s" if 0 < seconds < 3 else f"{seconds:.0f} s"
    if round(seconds) < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}:{rest:02} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def ago(seconds: float) -> str:
    """Return how long ago something was: a moment ago, 5 minutes ago, 3 hours ago, 2 days ago."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "a moment ago"


def date_and_time(at: float, zone: str | None = None) -> str:
    """Return a time, in seconds since 1970, as 3 May, 04:12.

    zone: such as Europe/Rome; the computer's own if it is None or unknown.
    """
    try:
        local = datetime.fromtimestamp(at, ZoneInfo(zone) if zone else None)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        local = datetime.fromtimestamp(at)
    return f"{local.day} {local:%b, %H:%M}"


def byte_size(count: float) -> str:
    """Return a number of bytes as 812 kB or 3.4 MB, with decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(count) < 1000:
            digits = 0 if unit == "B" or round(count, 1) >= 100 else 1
            return f"{count:.{digits}f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun: 1 iteration, 1,200 iterations."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def training_stage(iteration: int) -> str:
    """Return when a network generated something: after 1,200 iterations, or at the start."""
    return f"after {counted(iteration, 'iteration')}" if iteration else "at the start of this run"


def three_decimals(value: float) -> str:
    """Return a number with three decimals; a dash for NaN."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def escape_markdown(words: str) -> str:
    """Return words from a file or a user so that Markdown shows them unchanged.

    An invisible word joiner keeps addresses from becoming links.
    """
    words = _LINK.sub("\\1\u2060", words)
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$:.-])", r"\\\1", words)


def strip_markdown(words: str) -> str:
    """Return words from a file or a user without the characters that Markdown interprets.

    For accessible names: a screen reader would read the backslashes of ``escape_markdown``.
    """
    return " ".join(re.sub(r"[\\`*_{}\[\]<>()#+!|~$:]", " ", words).split())
