"""Full: what a page shows while the server has no place for it."""

from __future__ import annotations

import streamlit as st

from dashboard.page import entry, error_boundary
from dashboard.server import limits

TICK_SECONDS = 3.0


def show() -> None:
    """Draw the page, which opens by itself when a place is free."""
    st.title("Teach a network to write", anchor=False)
    pages = "One page is" if limits.MAX_PAGES == 1 else f"{limits.MAX_PAGES} pages are"
    st.info(
        f"{pages} open here, which is all that this server shows at once. Leave this one open: "
        "it looks every few seconds, and opens as soon as another is closed.",
        icon=":material/hourglass_empty:",
    )
    st.fragment(error_boundary.part(_look), run_every=TICK_SECONDS)()


def _look() -> None:
    if entry.admit():
        st.rerun()
