"""Past runs page: the runs saved on this computer, to open or delete."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.formatting import byte_size, counted, escape_markdown, strip_markdown
from dashboard.page import messages, open_run, state
from dashboard.runs import summary
from dashboard.runs.registry import get_registry
from dashboard.runs.run_info import RunInfo
from dashboard.views import bar, browser_tab, style

PER_PAGE = 50  # a browser takes many seconds to draw thousands of rows


def show(pages: Sequence[Page], workbench: Page) -> None:
    """Draw the page, with a bar of links to ``pages``; opening a run switches to the workbench."""
    bar.show(pages)
    st.set_page_config(page_title=f"Past runs · {browser_tab.NAME}")
    st.title("Past runs", anchor=False)
    if messages.get("runs"):
        st.error(escape_markdown(messages.get("runs")), icon=":material/error:")
    infos = get_registry().store.list_runs()
    if not infos:
        st.markdown("No runs yet. Every run is saved automatically while it trains.")
        st.page_link(workbench, label="Train a network", icon=":material/play_arrow:")
        return
    total = byte_size(sum(info.size for info in infos))
    st.caption(
        f"{counted(len(infos), 'run')} on this computer, {total}, newest first. Saved "
        "automatically; open one to continue it.",
        help="Best validation is the lowest loss on the text that was kept out of training, in "
        "nats per character (a nat is 1.44 bits). Lower is better.",
    )
    first = 0
    if (count := -(-len(infos) // PER_PAGE)) > 1:
        first = PER_PAGE * (st.pagination(count, key="runs_page") - 1)
        last = min(first + PER_PAGE, len(infos))
        st.caption(f"Runs {first + 1:,} to {last:,} of {len(infos):,}.")
    st.html(style.SCREEN_READER_ONLY)
    with st.container(key="past_runs"):
        for info in infos[first : first + PER_PAGE]:
            _draw_row(info, workbench)


def _draw_row(info: RunInfo, workbench: Page) -> None:
    shown = state.run()
    here = " :blue-badge[on the workbench]" if shown is not None and shown.id == info.id else ""
    name = info.labels.name or info.text_name or "Damaged run"
    spoken = f"*{strip_markdown(name)}, {summary.describe_age(info)}*"  # hidden from view
    with st.container(border=True):
        about, buttons = st.columns([4, 1], vertical_alignment="center")  # stacked on a phone
        with about, st.container(gap="xsmall"):
            st.markdown(f"**{escape_markdown(name)}**{here}")
            st.caption(escape_markdown(summary.describe(get_registry().store, info)))
        with buttons, st.container(horizontal=True, horizontal_alignment="right"):
            what = "Open the network of" if info.damaged else "Open"
            if (info.has_network or not info.damaged) and st.button(
                f"{what} {spoken}",
                key=f"open_{info.id}",
                on_click=open_run.open_past_run,
                args=(info.id,),
            ):
                st.switch_page(workbench)
            _draw_star(info, spoken)
            with st.popover(f"Delete {spoken}", key=f"ask_{info.id}"):
                st.markdown("This can't be undone.")
                st.button(
                    "Delete for good",
                    key=f"delete_{info.id}",
                    on_click=open_run.delete_run,
                    args=(info.id,),
                )


def _draw_star(info: RunInfo, spoken: str) -> None:
    """Draw the button that stars a run, which is then never removed by itself."""
    starred = info.labels.starred
    st.button(
        f"{'Remove the star of' if starred else 'Star'} {spoken}",
        key=f"star_{info.id}",
        help="Starred runs are never removed to make room for new ones.",
        on_click=open_run.star_run,
        args=(info.id, not starred),
    )
