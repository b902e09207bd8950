"""Figures as a person reads them."""

from __future__ import annotations

import math
import re

# Where Markdown sees an address by itself, brackets or not: www.a.b, https://a.b, a@b.c.
_LINK = re.compile(r"(www(?=\.)|:(?=//)|@)", re.IGNORECASE)


def duration(seconds: float) -> str:
    """Seconds: 0.4 s, 48 s, 1:40 min, 1 h 20 min; a dash if unknown."""
    if math.isnan(seconds):
        return "–"
    if seconds < 100:
        return f"{seconds:.1f} s" if 0 < seconds < 3 else f"{seconds:.0f} s"
    if round(seconds) < 3600:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}:{rest:02} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def counted(count: int, what: str) -> str:
    """1 iteration, 1,200 iterations."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def training_stage(iteration: int) -> str:
    """Of a network: after 1,200 iterations, or as it was at first."""
    return f"after {counted(iteration, 'iteration')}" if iteration else "as it was at first"


def three_decimals(value: float) -> str:
    """Three decimals, or a dash if unknown."""
    return "–" if math.isnan(value) else f"{value:.3f}"


def escape_markdown(words: str) -> str:
    """Words that came with a file, so that Markdown takes them as they are."""
    words = _LINK.sub("\\1\u2060", words)  # a word joiner: unseen, and no part of an address
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~$:.-])", r"\\\1", words)


def strip_markdown(words: str) -> str:
    """Words that came with a file, for a name that is only heard: without what Markdown acts on,
    since a screen reader is also given such names as they are, escapes and all.
    """
    return " ".join(re.sub(r"[\\`*_{}\[\]<>()#+!|~$:]", " ", words).split())


def ago(seconds: float) -> str:
    """How long since: a moment ago, 5 minutes ago, 3 hours ago, 2 days ago."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "a moment ago"


def byte_size(count: float) -> str:
    """A number of bytes for people: 812 kB, 3.4 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if round(count) < 1000:
            digits = 0 if unit == "B" or round(count, 1) >= 100 else 1
            return f"{count:.{digits}f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"
