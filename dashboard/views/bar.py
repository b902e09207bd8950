"""The bar at the top of every page: the pages, the run's name, its link and its model."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.page import entry, state
from dashboard.views import browser_tab, download, tour


def show(pages: Sequence[Page], with_run: bool = False, within: Page | None = None) -> None:
    """Draw the bar.

    with_run: whether it shows the run of the workbench. within: the page to mark on a page that
    has no link of its own.
    """
    with st.container(key="pages", horizontal=True):
        st.html(f'<div class="brand">{browser_tab.NAME}</div>')
        for page in pages:
            if page is within:
                with st.container(key="page_lit", width="content"):
                    st.page_link(page)
            else:
                st.page_link(page)
    with st.container(key="bar", horizontal=True):
        with st.popover("Pages", icon=":material/menu:", key="phone_menu"):
            for page in pages:
                st.page_link(page)
        if with_run:
            tour.draw_offer()
        if with_run and "download" not in entry.hidden_sections():
            run = state.run()
            if run is not None:
                download.draw_name(run)
            share = st.popover("Share", icon=":material/link:", key="link_open", on_change="rerun")
            if share.open:
                with share:
                    download.draw_link()
            if run is not None:
                download.draw_model(run)
