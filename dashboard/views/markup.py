"""HTML of generated and uploaded text, and the page's few style rules.

``text_box`` escapes all text, so nothing that a book or a network wrote becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.reports.escaping import escape

_BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:ui-monospace,monospace;"
    "font-size:.9rem;line-height:1.5;padding:.75rem 1rem;border-radius:.4rem;"
    "border:1px solid rgba(128,128,128,.3);overflow-y:auto;unicode-bidi:plaintext;text-align:start"
)
# In boxes that hold texts, the first strong character of each paragraph decides its direction:
# Hebrew and Arabic stand right to left. ``text_box`` has the same rule.
DIRECTION = (
    "<style>textarea,input[type=text],"
    '[data-testid="stCode"] pre,[data-testid="stCode"] code{'
    "unicode-bidi:plaintext;text-align:start}</style>"
)
# White text has a contrast of 4.5:1 on this blue, and the blue 3:1 on either background. The
# theme's primary colour cannot serve: it also colours text in dark mode, which needs more contrast.
MAIN_BUTTONS = (
    "<style>"
    'button[data-testid="stBaseButton-primary"]:enabled'
    "{background:#2a6fb8;border-color:#2a6fb8;color:#fff}"
    'button[data-testid="stBaseButton-primary"]:enabled:hover{filter:brightness(.9)}'
    "</style>"
)
# On a phone the sections are stacked, with Train far down. There the train buttons, the progress
# and its questions stay at the bottom of the screen, and scrolling stops above them.
TRAIN_BAR = (
    "<style>@media (max-width:640px){"
    ".st-key-train_buttons,.st-key-train_progress,.st-key-train_refusal,.st-key-train_question"
    "{position:fixed;left:0;right:0;bottom:3.5rem;z-index:100;width:auto;padding:.5rem 1rem;"
    "background:Canvas;border:0 solid rgba(128,128,128,.3);border-width:1px 0 0;border-radius:0}"
    ".st-key-train_refusal,.st-key-train_question{z-index:101}"
    ".st-key-train_buttons{bottom:0;height:3.5rem;flex-wrap:nowrap;gap:.4rem;"
    "justify-content:space-between}"
    ".st-key-train_buttons button{padding-inline:.6rem}"
    ".st-key-train_progress{height:3rem}"
    ".st-key-train_progress p{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    '[data-testid="stMain"]{scroll-padding-bottom:7rem}'
    "}@media (max-width:380px){"
    '.st-key-train_buttons button span:has(>[data-testid="stIconMaterial"]){display:none}'
    "}</style>"
)
# The buttons in the list of past runs are labelled "Open" and "Delete" beside each run's name. For
# screen readers each label also contains the name, in italics, which this rule hides from view.
SCREEN_READER_ONLY = (
    "<style>.st-key-past_runs button{position:relative}.st-key-past_runs button em{"
    "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}</style>"
)
_SEED = "font-weight:700;color:#4c8fd6"
_COPIED = "text-decoration:underline;text-decoration-color:#e07a1f;text-decoration-thickness:2px"


def text_box(
    seed_text: str,
    text: str,
    copied: Iterable[tuple[int, int]] = (),
    min_rem: int = 0,
    max_rem: int = 28,
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


def _span(style: str, text: str) -> str:
    return f'<span style="{style}">{escape(text)}</span>'
