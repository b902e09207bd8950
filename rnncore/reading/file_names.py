"""Names of uploaded files and of archive members, made safe to show."""

from __future__ import annotations

import re


def display_name(name: str) -> str:
    """Return the last part of a file's name, printable and at most 60 characters long.

    The result is for display only: it is never used as a path. A name without anything
    printable becomes "untitled".
    """
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1][:200]
    shown = "".join(c if c.isprintable() else "?" for c in last).strip()
    if len(shown) > 60:
        shown = f"{shown[:40]}…{shown[-15:]}"
    return shown or "untitled"
