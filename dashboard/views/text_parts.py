"""Choices of a part of what was uploaded: a column of a table, kinds of files in a zip."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import counted, escape_markdown
from dashboard.text.loading import LoadedText

_SHOWN = 8  # columns with a preview


def show(text: LoadedText) -> None:
    """Draw the choices that the text offers, if any."""
    if len(text.columns) > 1:
        _draw_columns(text)
    if len(text.kinds) > 1:
        _draw_kinds(text)


def _draw_columns(text: LoadedText) -> None:
    cells = {column.name: column.cells for column in text.columns}
    st.selectbox(
        "Column",
        list(cells),
        format_func=lambda name: f"{name} ({counted(cells.get(name, 0), 'cell')})",
        key="column",
        index=None,
        placeholder="The whole table",
        help="This file is a table. Choose the column that the network should learn to write; each "
        "of its cells becomes a line.",
    )
    st.dataframe(
        {
            "Column": [column.name for column in text.columns[:_SHOWN]],
            "First cells": [" · ".join(column.preview) for column in text.columns[:_SHOWN]],
        },
        hide_index=True,
        height="content",
    )


def _draw_kinds(text: LoadedText) -> None:
    kinds = {kind.name: kind for kind in text.kinds}
    st.pills(
        "Leave out",
        list(kinds),
        format_func=lambda name: (
            f"{escape_markdown(name)} · {counted(kinds[name].files, 'file')}"
            if name in kinds
            else name
        ),
        key="left_out",
        selection_mode="multi",
        help="The upload holds files of several kinds. Select those that the network should not "
        "learn, for example licences and settings.",
    )
