"""Parts of the page that are made when somebody opens them."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st


def expander(title: str, key: str, draw: Callable[[], None]) -> None:
    """A closed part of the page. What ``draw`` puts into it is made once it is opened, and only
    then does the browser load what charts and code need: half of what the first page would."""
    box = st.expander(title, key=key, on_change="rerun")
    if box.open:
        with box:
            draw()
