"""Words of others made safe to stand in a document."""

from __future__ import annotations

import html


def escape(text: str) -> str:
    """Escaped, and without the characters that no HTML document may hold."""
    allowed = "".join(c if c in "\n\t" or _may_stand(ord(c)) else "\ufffd" for c in text)
    return html.escape(allowed)


def _may_stand(code: int) -> bool:
    control = code < 32 or 127 <= code < 160
    surrogate = 0xD800 <= code < 0xE000
    nothing = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code < 0xFDF0
    return not (control or surrogate or nothing)
