"""Save the chart of a comparison as PNG or SVG: a component whose script does it in the browser.

The file is the drawing of the page, so the server needs no second program that draws charts.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


@cache
def _component() -> Any:
    # Streamlit takes a path only of an installed package; the script is passed as text.
    return st.components.v2.component("lstm_chart_files", js=_SCRIPT)


def show() -> None:
    """Draw the component, which has no picture; the script listens to the buttons."""
    with st.container(key="chart_files"):
        result = _component()(key="chart_files_script", on_failed_change=_ignore)
    if result.failed:
        st.toast("The browser could not save the chart. Save the losses as CSV instead.")


def draw_buttons() -> None:
    """Draw the two buttons."""
    for kind in ("PNG", "SVG"):
        st.button(
            f"Chart ({kind})",
            key=f"save_chart_{kind.lower()}",
            icon=":material/download:",
            help="Saves the chart as it is drawn above.",
        )


def _ignore() -> None:
    """A value that a script sends needs a callback."""
