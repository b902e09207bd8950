"""The page that a visitor sees while the server has no free place."""

from __future__ import annotations

import streamlit as st

from dashboard.page import entry, error_boundary
from dashboard.server import limits

TICK_SECONDS = 3.0


def show() -> None:
    """Draw the page; it opens the workbench as soon as a place is free."""
    st.title("Teach a network to write", anchor=False)
    pages = "The one page" if limits.MAX_PAGES == 1 else f"All {limits.MAX_PAGES} pages"
    verb = "is" if limits.MAX_PAGES == 1 else "are"
    st.info(
        f"{pages} that this server can show at once {verb} in use. Leave this page open: it tries "
        "again every few seconds, and the workbench opens as soon as a page is closed.",
        icon=":material/hourglass_empty:",
    )
    st.fragment(error_boundary.part(_try_again), run_every=TICK_SECONDS)()


def _try_again() -> None:
    if entry.admit():
        st.rerun()
