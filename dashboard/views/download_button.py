"""A button that downloads a file of the run."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.runs import exports
from dashboard.runs.run import Run


def draw(
    run: Run,
    label: str,
    file_name: str,
    make: Callable[[], str | bytes],
    ready: bytes | None = None,
    key: str | None = None,
) -> None:
    """Draw the button; without ``ready`` bytes the file is made when it is clicked."""
    st.download_button(
        label,
        data=ready if ready is not None else lambda: exports.make_file(run, label, make),
        file_name=file_name,
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )
