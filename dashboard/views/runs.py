"""Past runs: what was trained on this computer, to be opened again or deleted."""

from __future__ import annotations

import time

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard import limits, opening, state
from dashboard.registry import registry
from dashboard.store import RunInfo
from dashboard.words import ago, figure, plain


def show(workbench: Page) -> None:
    """Draw the page; a run that is opened shows on the workbench."""
    st.title("Past runs", anchor=False)
    if state.said("runs"):
        st.error(plain(state.said("runs")), icon=":material/error:")
    infos = registry().store.infos()
    if not infos:
        st.caption("Nothing was trained here yet. Every run is saved by itself as it goes.")
        return
    total = limits.size(sum(info.size for info in infos))
    runs = "1 run" if len(infos) == 1 else f"{len(infos)} runs"
    st.caption(f"{runs} on this computer, {total}. Each was saved by itself as it went.")
    for info in infos:
        _row(info, workbench)


def _row(info: RunInfo, workbench: Page) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            st.markdown(f"**{plain(info.text_name)}**")
            st.caption(
                plain(info.damaged)
                if info.damaged
                else f"{info.iteration:,} of {info.num_iters:,} iterations · best validation "
                f"{figure(info.best_val)} · saved {ago(time.time() - info.saved)} · "
                f"{limits.size(info.size)}"
            )
        if not info.damaged and st.button(
            "Open", key=f"open_{info.id}", on_click=opening.open_past, args=(info.id,)
        ):
            st.switch_page(workbench)
        with st.popover("Delete", key=f"ask_{info.id}"):
            st.markdown("It cannot be brought back.")
            st.button(
                "Delete for good", key=f"delete_{info.id}", on_click=opening.delete, args=(info.id,)
            )
