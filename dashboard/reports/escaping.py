"""Makes text from other people safe to put into an HTML document."""

from __future__ import annotations

import html


def escape(text: str) -> str:
    """Return the text with HTML's special characters escaped and forbidden ones replaced."""
    return html.escape(replace_forbidden(text))


def replace_forbidden(text: str) -> str:
    """Return the text with U+FFFD in place of each character that HTML forbids."""
    return "".join(c if c in "\n\t" or _is_allowed(ord(c)) else "\ufffd" for c in text)


def _is_allowed(code: int) -> bool:
    control = code < 32 or 127 <= code < 160
    surrogate = 0xD800 <= code < 0xE000
    noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code < 0xFDF0
    return not (control or surrogate or noncharacter)
