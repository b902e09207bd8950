"""The tab Inside: choose a view and the network that it looks into."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.formatting import counted, escape_markdown
from dashboard.page import (
    error_boundary,
    inside_callbacks,
    inside_jobs,
    inside_state,
    messages,
    state,
)
from dashboard.page.inside_state import Subject
from dashboard.page.session import values
from dashboard.runs.run import Run
from dashboard.views import network_choice
from dashboard.views.inside import (
    characters,
    find_units,
    maths,
    pattern,
    reach,
    silence,
    surprise,
    units,
)

TICK_SECONDS = 0.5
VIEWS: dict[str, tuple[str, Callable[[Run, Subject], None]]] = {
    "units": ("Units on text", units.draw),
    "find": ("Find units for …", find_units.draw),
    "surprise": ("Surprise", surprise.draw),
    "silence": ("Silence units", silence.draw),
    "reach": ("Reach", reach.draw),
    "pattern": ("Match a pattern", pattern.draw),
    "characters": ("Characters", characters.draw),
    "maths": ("Check the maths", maths.draw),
}


def show() -> None:
    """Draw the tab; while something is computed it is redrawn until it is ready."""
    if state.run() is None:
        st.caption(
            "Train a network or open one. Then you can see here what its units do on a text, what "
            "surprises it, and what happens without a unit."
        )
        return
    tick = TICK_SECONDS if inside_jobs.any_running() else None
    st.fragment(error_boundary.part(_draw), run_every=tick)()


def _draw() -> None:
    run = state.run()
    if run is None:
        return
    values().setdefault("inside_view", "units")  # callbacks set it, so it cannot be a default
    view = st.segmented_control(
        "View", list(VIEWS), format_func=lambda name: VIEWS[name][0], key="inside_view",
        required=True, label_visibility="collapsed",
    )  # fmt: skip
    which = network_choice.draw(run, "inside")
    subject = inside_state.subject(run, which)
    _draw_subject(run, subject, which)
    inside_jobs.set_waiting(False)
    VIEWS[view or "units"][1](run, subject)
    if state.flag_change("inside", inside_jobs.must_redraw()) is not None:
        st.rerun()  # the whole page: to start or stop the ticks


def _draw_subject(run: Run, subject: Subject, which: str) -> None:
    """Draw what is looked into, and the buttons that take a newer copy and keep this one."""
    behind = run.solver.iteration - subject.iteration if which == "latest" else 0
    with st.container(horizontal=True, vertical_alignment="center"):
        later = f" Training is {counted(behind, 'iteration')} further." if behind else ""
        st.caption(
            escape_markdown(f"{subject.name}.{later}"),
            help="Everything here is computed with a copy of the network, so training goes on. "
            "Update takes a new copy.",
            width="stretch",
        )
        st.button(
            "Update", on_click=inside_callbacks.update, args=(run, which), disabled=not behind,
            help="Look into the network as it is now.", key="inside_update",
        )  # fmt: skip
        st.button(
            "Keep to compare", on_click=inside_callbacks.keep, args=(subject,),
            disabled=subject in inside_state.kept(), key="inside_keep",
            help="Surprise and Reach can then compare it with a later stage, or with another run. "
            "Up to three networks are kept, until this page is closed.",
        )  # fmt: skip
    if message := messages.get("inside"):
        st.warning(escape_markdown(message))
    if not run.has_progress:
        st.info(
            "This network is untrained: its weights are random, so its units follow nothing in "
            "the text yet. Train it, then press Update.",
            icon=":material/info:",
        )
