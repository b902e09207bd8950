"""The rail: text and network, each folded to one line once training begins."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import PurePath

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.formatting import escape_markdown
from dashboard.page import entry, error_boundary, rail_callbacks, state, widgets
from dashboard.settings import CELL_NAMES, PRESETS
from dashboard.views import markup, model, text
from rnncore.reading.file_names import display_name


def show(how: Page) -> None:
    """Draw the sections that the address does not hide, and the beginning of the text.

    how: the page "How it works".
    """
    hidden = entry.hidden_sections()
    shown = [name for name in ("text", "model") if name not in hidden]
    touched = widgets.rail_touched()
    with st.container(key="rail" if touched else "rail_first"):
        if "text" in shown:
            with _section("text"):
                error_boundary.part(text.show)()
        if "model" in shown:
            with _section("network"):
                error_boundary.part(model.show)(how)
        if not touched:
            _draw_phone_lines(shown)
        if (chosen := state.text()) is not None:
            with st.container(key="source"):
                st.html(markup.source_text(chosen.preview(2_000)))


def _section(which: str) -> AbstractContextManager[object]:
    """Return an expander for the section "text" or "network"."""
    return st.expander(_title(which), key=f"{which}_open", on_change=rail_callbacks.mark_touched)


def _draw_phone_lines(shown: list[str]) -> None:
    """Draw a line for each section, which opens it; the style sheet shows them on a phone only.

    Python cannot know the screen's width: wide, the sections are open at first.
    """
    lines = {"text": ("text", _describe_text()), "model": ("network", _describe_network())}
    with st.container(key="phone_lines"):
        for which, title in (lines[name] for name in shown):
            st.button(
                title,
                key=f"phone_{which}",
                on_click=rail_callbacks.unfold,
                args=(which,),
                width="stretch",
                icon=":material/expand_more:",
                icon_position="right",
            )


def _title(which: str) -> str:
    """Return a section's name while it is open, and what was chosen there while it is folded."""
    if widgets.is_unfolded(which):
        return "**Text**" if which == "text" else "**Network**"
    return _describe_text() if which == "text" else _describe_network()


def _describe_text() -> str:
    text = state.text()
    if text is None:
        return "**Text**"
    name = escape_markdown(display_name(PurePath(text.name).stem) or "text")
    return f"**{name}** · {len(text):,} characters"


def _describe_network() -> str:
    preset, model = PRESETS.get(widgets.preset() or ""), widgets.model_settings()
    cell = CELL_NAMES.get(model.cell_type, model.cell_type)
    layers = f"{model.num_layers} × " if model.num_layers > 1 else ""
    title = preset.title if preset else "Network"
    return f"**{escape_markdown(title)}** · {cell} {layers}{model.hidden_dim}"
