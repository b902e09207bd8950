"""HTML of generated and uploaded text.

The functions escape all text, so nothing that a book or a network wrote becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.reports.escaping import escape

_BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:ui-monospace,monospace;"
    "font-size:.9rem;line-height:1.5;padding:.75rem 1rem;border-radius:.4rem;"
    "border:1px solid rgba(128,128,128,.3);overflow-y:auto;unicode-bidi:plaintext;text-align:start"
)
_SEED = "font-weight:700;color:light-dark(#1f5fa8,#7db2ec)"
_COPIED = "text-decoration:underline;text-decoration-color:#e07a1f;text-decoration-thickness:2px"


def text_box(
    seed_text: str,
    text: str,
    copied: Iterable[tuple[int, int]] = (),
    min_rem: float = 0,
    max_rem: float = 28,
    label: str = "Generated text",
) -> str:
    """Return HTML of a box with the seed text, bold and blue, and the text after it.

    copied: (start, end) of the passages of ``text`` to underline, in order.
    min_rem, max_rem: height of the box in rem; longer text scrolls.
    label: accessible name, unique on the page.
    """
    height = f"min-height:{min_rem}rem;max-height:{max_rem}rem"
    parts, at = [], 0
    for start, end in copied:
        parts += [escape(text[at:start]), _span(_COPIED, text[start:end])]
        at = end
    parts.append(escape(text[at:]))
    # tabindex lets keyboard users scroll the box.
    return (
        f'<div style="{_BOX};{height}" tabindex="0" role="region" aria-label="{label}">'
        f"{_span(_SEED, seed_text)}{''.join(parts)}</div>"
    )


def panel_head(title: str, note: str) -> str:
    """Return HTML of a panel's head: a title, and a fainter note at its right end."""
    return (
        f'<div class="panel-head"><b>{escape(title)}</b><span class="end">{escape(note)}</span>'
        "</div>"
    )


def panel_text(seed_text: str, text: str, label: str) -> str:
    """Return HTML of a text that fills its panel and scrolls there; the seed text is bold.

    label: accessible name, unique on the page.
    """
    return (
        f'<div class="piece" tabindex="0" role="region" aria-label="{escape(label)}">'
        f"<b>{escape(seed_text)}</b>{escape(text)}</div>"
    )


def source_text(text: str) -> str:
    """Return HTML of the beginning of the training text, which fills its place and scrolls."""
    return (
        '<div class="source" tabindex="0" role="region" aria-label="Beginning of the text">'
        f"{escape(text)}</div>"
    )


def _span(style: str, text: str) -> str:
    return f'<span style="{style}">{escape(text)}</span>'
