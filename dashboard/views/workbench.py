"""The workbench: controls, rail, stage and tabs on one screen.

The order is that of the keyboard: Train comes first. The style sheet places the parts.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.formatting import escape_markdown
from dashboard.page import entry, error_boundary, messages, state
from dashboard.views import bar, rail, tabs, text, tour, train


def show(pages: Sequence[Page]) -> None:
    """Draw the page."""
    before = state.text_signature()
    with st.container(key="reading"):
        error_boundary.part(text.load)()  # all other parts show the text or need it
    chose_text = before not in (None, state.text_signature())
    trains = "train" not in entry.hidden_sections()
    how = next(page for page in pages if page.url_path == "how")
    if trains:
        error_boundary.part(train.show)()
    places = {key: st.container(key=key) for key in ("bar_place", "rail_place", "work")}
    # First what answers the click: the rail if another text was chosen, else the stage, as for
    # Train and Pause.
    if chose_text:
        _draw_rail(places["rail_place"], how)
    with places["work"]:
        if trains:
            error_boundary.part(train.show_ticking)()
        with st.container(key="notices"):  # one that comes or goes does not move the stage
            _draw_notices(trains)
        error_boundary.part(tour.show)()
    with places["bar_place"]:
        bar.show(pages, with_run=True)
    if not chose_text:
        _draw_rail(places["rail_place"], how)
    with places["work"]:
        tabs.show(how)


def _draw_rail(place: DeltaGenerator, how: Page) -> None:
    with place:
        error_boundary.part(rail.show)(how)


def _draw_notices(trains: bool) -> None:
    run = state.run()
    if message := messages.get("page", None if run is None else run.id):
        st.info(escape_markdown(message), icon=":material/history:")
    if message := messages.take("welcome"):
        st.toast(escape_markdown(message), icon=":material/history:", duration="long")
    if trains:
        error_boundary.part(train.show_notes)()
