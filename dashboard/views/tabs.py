"""The tabs below the stage: what can be done with the network at hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.page import entry, error_boundary
from dashboard.views import co_writing, download, live_settings, sample
from dashboard.views.inside import tab as inside


def show(how: Page) -> None:
    """Draw the tabs that the address does not hide. how: the page "How it works"."""
    # Title, the section of the page's address that hides it, what it draws, and whether it is drawn
    # while it is closed, too.
    tabs: tuple[tuple[str, str, Callable[[], None], bool], ...] = (
        ("Write", "sample", partial(sample.show, how), True),
        ("Write together", "sample", co_writing.show, False),
        ("Inside", "sample", inside.show, False),
        ("Live settings", "train", live_settings.show, False),
        ("Downloads", "download", download.show, False),
    )
    hidden = entry.hidden_sections()
    shown = [tab for tab in tabs if tab[1] not in hidden]
    if not shown:
        return
    with st.container(key="tabs_area"):
        boxes = st.tabs([title for title, *_ in shown], key="tabs", on_change="rerun")
        for box, (_, _, draw, always) in zip(boxes, shown, strict=True):
            # A closed tab that loads charts or computes something waits until it is opened.
            if always or box.open:
                with box:
                    error_boundary.part(draw)()
