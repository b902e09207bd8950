"""The choice of an encoding, and how the text reads in the likely ones."""

from __future__ import annotations

import streamlit as st

from dashboard.page import text_callbacks, widgets
from dashboard.text.encoding_guess import ENCODINGS
from dashboard.text.loading import LoadedText
from dashboard.views import markup


def is_open(text: LoadedText) -> bool:
    """Return whether the choice is drawn beside the notes: the guess is unsure, or one was made."""
    return len(text.likely_encodings) > 1 or widgets.read_options().encoding is not None


def show(text: LoadedText) -> None:
    """Draw the choice; if the guess was unsure, how the text reads in each likely encoding."""
    if len(text.likely_encodings) > 1:
        st.caption("This guess is unsure. The same place in each likely encoding:")
        for likely in text.likely_encodings:
            label = f"{likely.name} ({ENCODINGS[likely.name]})"
            st.html(markup.text_box("", likely.excerpt, max_rem=4, label=f"Read as {label}"))
            st.button(
                f"Read as {label}",
                key=f"read_as_{likely.name}",
                on_click=text_callbacks.choose_encoding,
                args=(likely.name,),
                type="tertiary",
            )
    st.selectbox(
        "Encoding",
        list(ENCODINGS),
        format_func=lambda name: f"{name} ({ENCODINGS[name]})",
        key="encoding",
        placeholder="Detect automatically",
        index=None,
        help="Choose one only if the preview shows wrong letters, for example “Ã¼” for “ü”.",
    )
