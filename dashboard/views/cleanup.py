"""The clean-up rules of the Text section: a switch for each, with two lines before and after."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import escape_markdown
from dashboard.page import text_callbacks, widgets
from dashboard.text.loading import LoadedText
from dashboard.views import markup


def show(text: LoadedText) -> None:
    """Draw the rules that would change the text."""
    waiting = text_callbacks.recommended_rules(text) - widgets.read_options().cleanup_rules
    if waiting:
        st.button(
            "Apply all recommended",
            icon=":material/done_all:",
            on_click=text_callbacks.apply_recommended,
        )
    for suggestion in text.suggestions:
        st.toggle(suggestion.title, key=widgets.cleanup_key(suggestion.key))
        badge = " :blue-badge[Recommended]" if suggestion.recommended else ""
        st.caption(escape_markdown(suggestion.sentence) + badge)
        if suggestion.before:
            _draw_lines(f"{suggestion.title}, before", suggestion.before)
            _draw_lines(f"{suggestion.title}, after", suggestion.after)


def _draw_lines(label: str, lines: str) -> None:
    st.html(markup.text_box("", lines, max_rem=6, label=label))
