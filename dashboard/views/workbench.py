"""The workbench: its sections Text, Model, Train, Sample and Download, laid out as data flows."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import escape_markdown
from dashboard.page import entry, error_boundary, messages
from dashboard.views import download, markup, model, sample, text, train


def show() -> None:
    """Draw the page: settings on the left, training and its results on the right."""
    st.html(markup.MAIN_BUTTONS + markup.DIRECTION)
    st.title("Teach a network to write", anchor=False)
    place = "this computer" if entry.is_private() else "the server that shows this page"
    st.caption(
        "Drop a book, press Train, and watch a small recurrent network learn to write it, "
        f"one character at a time. Everything runs on {place}."
    )
    with st.container():  # a message that comes or goes inside does not move what is below
        if messages.get("page"):
            st.info(escape_markdown(messages.get("page")), icon=":material/history:")
    hidden = entry.hidden_sections()
    if "text" in hidden:
        text.load_chosen()  # training needs the text even if its section is hidden
    left, right = st.columns([2, 3], gap="large")
    with left:
        for name, section in (("text", text), ("model", model)):
            if name not in hidden:
                error_boundary.part(section.show)()
    with right:
        for name, section in (("train", train), ("sample", sample), ("download", download)):
            if name not in hidden:
                error_boundary.part(section.show)()
