"""The choice whether training goes on without a page."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import duration
from dashboard.page import training_callbacks, widgets
from dashboard.runs.run import Run
from dashboard.server import limits


def show(run: Run | None) -> None:
    """Draw the toggle, as the run has it; another page may have changed it."""
    if run is not None:
        widgets.show_keeps_training(run.keeps_training)
    st.toggle(
        "Keep training without a page",
        key=widgets.KEEP_TRAINING,
        on_change=training_callbacks.keep_training,
        help="Train to the goal even if no page is open, for example overnight, and continue after "
        "a restart of the server. Otherwise training pauses "
        f"{duration(limits.UNATTENDED_SECONDS)} after you close this page.",
    )
