"""The button that makes the settings fit a text which is too short for them."""

from __future__ import annotations

import streamlit as st

from dashboard.page import current_run, settings_callbacks, widgets


def show(place: str) -> None:
    """Draw the button, if the text is too short and other settings would fit.

    place: where on the page, for the button's key.
    """
    fitting = current_run.fitting_settings()
    if fitting is None:
        return
    label = f"Use batch size {fitting.batch_size}"
    if fitting.seq_length != widgets.model_settings().seq_length:
        label += f", sequence length {fitting.seq_length}"
    st.button(label, key=f"fit_{place}", on_click=settings_callbacks.fit_settings_to_text)
