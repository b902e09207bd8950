"""A text painted by values, as one element: the browser paints one text node with highlights.

The component is sent the text and one letter a character. A click, an arrow key or a selection
comes back as its trigger ``pick``, which ``page.inside_callbacks.pick`` reads.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from dashboard.analysis.inside.painting import Painted, to_levels, to_numbers
from dashboard.analysis.inside.reading import Values
from dashboard.page import inside_callbacks
from dashboard.reports.escaping import replace_forbidden

MAX_CHARS = 10_000  # that are painted
HOW_TO_SELECT = (
    "Double-click a word or drag across several. On a touch screen, hold a word and move the ends "
    "of the selection."
)
_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


@cache
def _component() -> Any:
    # Streamlit takes a path only of an installed package; the script is passed as text.
    return st.components.v2.component("lstm_painted_text", js=_SCRIPT, isolate_styles=False)


def draw(
    painted: Painted,
    caption: str,
    low: str,
    high: str,
    *,
    at: int | None = None,
    strip: tuple[Values, float, int] | None = None,
    hint: str = "",
    phrases: bool = False,
) -> None:
    """Draw a painted text.

    caption: what the colours show. low, high: their ends, "" for none. at: the chosen character.
    strip: the values of all units there, the value of the full colour, and the chosen unit.
    hint: shown while no character is chosen. phrases: whether passages can be selected; how to
    select them stands above the text.
    """
    n = MAX_CHARS
    if len(painted.text) > n:
        st.caption(f"The first {n:,} of {len(painted.text):,} characters are painted.")
    text = replace_forbidden(painted.text[:n])
    data = {
        "text": text,
        "levels": painted.levels[:n],
        "numbers": painted.numbers[:n],
        "unit": painted.unit,
        "likely": None if painted.likely is None else painted.likely[:n],
        "percents": None if painted.percents is None else painted.percents[:n],
        "caption": f"{caption}. {HOW_TO_SELECT}" if phrases else caption,
        "low": low,
        "high": high,
        "at": at,
        "strip": None if strip is None else _strip(*strip),
        "hint": hint,
        "phrases": phrases,
        "label": caption,
    }
    _component()(key=inside_callbacks.PAINTED, data=data, on_pick_change=inside_callbacks.pick)


def _strip(values: Values, scale: float, unit: int) -> dict[str, Any]:
    """Return what the strip of all units needs."""
    return {
        "levels": to_levels(np.asarray(values), scale),
        "numbers": to_numbers(np.asarray(values)),
        "unit": unit,
        "label": f"All {len(values)} units at the chosen character",
    }
