"""Offers to teach a trained network another text; parts of the Train section."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import escape_markdown
from dashboard.page import teaching
from dashboard.runs.run import Run
from dashboard.runs.teaching import unknown_share
from dashboard.views import network_choice


def draw_origin(run: Run) -> None:
    """Draw what a run's network was before this run, if it was trained before.

    Until the first iteration, the line below the stage says it (``before.draw_invitation``).
    """
    if run.began_as and run.solver.iteration:
        st.caption(f"Began as {escape_markdown(run.began_as)}.")


def draw_button(run: Run) -> None:
    """Draw the button that teaches the network the new text, if there is a new text."""
    if teaching.new_text(run) is not None:
        st.button("Teach this network the new text", on_click=teaching.teach)


def draw_start(run: Run) -> None:
    """Draw a button that starts a new run from a network of this one."""
    network_choice.draw(run, "start")
    st.button(
        "Use: this run's network",
        on_click=teaching.start_from_this_run,
        help="Starts a new run on the text above with this network, for example from its best "
        "weights with another learning rate. The present run is saved and can be restored.",
    )


def draw_explanation(run: Run) -> None:
    """Draw what teaching does, and the share of the text that the network does not know."""
    text = teaching.new_text(run)
    if text is None:
        return
    network_choice.draw(run, "teach")
    share = unknown_share(run, text)
    parts = ["Teaching keeps what the network has learnt and continues on the new text."]
    if share:
        parts += [
            f"{describe_share(share)} of the text are characters it has never seen; it learns them."
        ]
    else:
        parts += ["It knows every character of the text."]
    if run.whole_text is text and share:
        parts += ["“Continue this run” leaves them out, or reads similar quotation marks instead."]
    st.caption(" ".join(parts))


def describe_share(share: float) -> str:
    """Return a share above 0 as "28 %"; a small one as "Less than 1 %"."""
    return "Less than 1 %" if share < 0.01 else f"{100 * share:.0f} %"
