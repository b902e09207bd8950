"""A written piece as HTML: what was given and what was copied told apart from the rest.

Everything that a book or a network wrote is escaped here; it never becomes markup.
"""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.reports.escaping import escape

_BOX = (
    "white-space:pre-wrap;overflow-wrap:anywhere;font-family:ui-monospace,monospace;"
    "font-size:.9rem;line-height:1.5;padding:.75rem 1rem;border-radius:.4rem;"
    "border:1px solid rgba(128,128,128,.3);overflow-y:auto"
)
# White words have 4.5 to 1 on this blue, and it has 3 to 1 on either background. The theme's one
# colour cannot be both this and the colour of words in the dark.
MAIN_BUTTONS = (
    "<style>"
    'button[data-testid="stBaseButton-primary"]:enabled'
    "{background:#2a6fb8;border-color:#2a6fb8;color:#fff}"
    'button[data-testid="stBaseButton-primary"]:enabled:hover{filter:brightness(.9)}'
    "</style>"
)
# On a phone the sections stand below each other, Train far down: there its buttons, how far it
# is and what it asks stay at the foot of the screen. What is scrolled to stops above them.
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
# In the list of past runs all buttons say the same to the eye, which sees whose they are. To
# whoever only hears them they say it too: in italics, which are put out of sight here.
UNSEEN = (
    "<style>.st-key-past_runs button{position:relative}.st-key-past_runs button em{"
    "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}</style>"
)
_SEED = "font-weight:700;color:#4c8fd6"
_COPIED = "text-decoration:underline;text-decoration-color:#e07a1f;text-decoration-thickness:2px"


def text_box(
    seed_text: str,
    text: str,
    copied: Iterable[tuple[int, int]] = (),
    least_rem: int = 0,
    most_rem: int = 28,
    label: str = "Generated text",
) -> str:
    """HTML of a piece: the seed text bold and blue, passages ``copied`` (start, end) underlined.

    least_rem, most_rem: height of the box; beyond it the piece is scrolled.
    label: what a screen reader calls it; no two on a page should be called the same.
    """
    height = f"min-height:{least_rem}rem;max-height:{most_rem}rem"
    parts, at = [], 0
    for start, end in copied:
        parts += [escape(text[at:start]), _span(_COPIED, text[start:end])]
        at = end
    parts.append(escape(text[at:]))
    # tabindex: whoever has no mouse can scroll a long piece with the keys.
    return (
        f'<div style="{_BOX};{height}" tabindex="0" role="region" aria-label="{label}">'
        f"{_span(_SEED, seed_text)}{''.join(parts)}</div>"
    )


def _span(style: str, text: str) -> str:
    return f'<span style="{style}">{escape(text)}</span>'
