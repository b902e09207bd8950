"""A button that downloads a file of a run, each under an address for this browser only."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.page import entry
from dashboard.runs import exports
from dashboard.runs.run import Run
from dashboard.web.downloads import OFFERS

_ICON = ":material/download:"


def draw(
    run: Run,
    label: str,
    file_name: str,
    make: Callable[[Run], str | bytes],
    ready: bytes | None = None,
    key: str | None = None,
) -> None:
    """Draw the button. The file is made when the browser fetches it.

    make: returns the file from the run; it must not refer to the run itself.
    ready: the same file, for a browser without cookies. It cannot have an address of its own, so
        Streamlit holds the file for it, and for a short time only if that is made at the click.
    """
    browser = entry.browser()
    if browser is not None:
        address = OFFERS.add(browser, run, label, file_name, make)
        st.link_button(label, address, icon=_ICON, key=key)
        return
    st.download_button(
        label,
        data=ready
        if ready is not None
        else lambda: exports.make_file(run, label, lambda: make(run)),
        file_name=file_name,
        icon=_ICON,
        on_click="ignore",
        key=key,
    )
