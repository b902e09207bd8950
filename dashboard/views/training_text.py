"""The line below the Train button that tells which text it trains on."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import counted, escape_markdown
from dashboard.page import current_run


def show() -> None:
    """Draw the line."""
    text = current_run.training_text()
    if text is None:
        st.caption("There is no text to train on.")
    else:
        st.caption(f"Trains on {escape_markdown(text.name)} ({counted(len(text), 'character')}).")
