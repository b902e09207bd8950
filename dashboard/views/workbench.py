"""The page, laid out as data flows: Text, Model, Train, Sample, Download."""

from __future__ import annotations

import streamlit as st

from dashboard import state
from dashboard.views import download, model, sample, text, train


def show() -> None:
    """Draw the page: what is chosen on the left, what happens with it on the right."""
    st.title("Teach a network to write", anchor=False)
    st.caption(
        "Drop a book, press Train, and watch a small recurrent network learn to write it, "
        "one character at a time. Everything happens on this computer."
    )
    if state.said("page"):
        st.info(state.said("page"), icon=":material/history:")
    left, right = st.columns([2, 3], gap="large")
    with left:
        text.show()
        model.show()
    with right:
        train.show()
        sample.show()
        download.show()
