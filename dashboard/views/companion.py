"""The companion: a component without a picture, for what Streamlit has no means for.

Its script (companion.js) makes Space train and pause, chooses the stage at a click on the curve,
copies the written text, types the writing out, keeps the keyboard focus on Train and Pause and
moves it to the tour, scrolls a phone to the stage, notifies at the end of a training, and lets the
browser remember that the tour was seen. But for copying, everything it shows is on the page
without it, too.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.charts.loss import SAMPLE
from dashboard.page import stage_callbacks

_SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


@cache
def _component() -> Any:
    # Streamlit takes a path only of an installed package; the script is passed as text.
    return st.components.v2.component("lstm_companion", js=_SCRIPT)


def show(phase: str, title: str, body: str, notify: bool, cookie: str) -> None:
    """Draw the component.

    phase: what the training is doing. title, body, notify: the notification at the end. cookie:
    what the browser should remember for a year, as name=value, or "".
    """
    with st.container(key="companion"):
        result = _component()(
            key=stage_callbacks.COMPANION,
            on_stage_change=stage_callbacks.choose_on_curve,
            on_copied_change=_ignore,
            data={
                "phase": phase, "title": title, "body": body, "notify": notify, "cookie": cookie,
                "sample": SAMPLE,
            },
        )  # fmt: skip
    if (count := result.copied) is not None:
        st.toast(
            f"Copied {count:,} characters."
            if count >= 0
            else "The browser did not let this page copy. Select the text and copy it yourself."
        )


def _ignore() -> None:
    """A value that a script sends needs a callback."""
