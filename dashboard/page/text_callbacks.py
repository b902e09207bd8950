"""Callbacks of the Text section."""

from __future__ import annotations

from dashboard.page import error_boundary, state, widgets
from dashboard.text.loading import Source


@error_boundary.callback
def choose_upload() -> None:
    """Choose the uploaded file; removing it from the uploader changes nothing."""
    file = widgets.uploaded_text()
    if file is not None:
        state.set_text_source(Source("upload", file.file_id, file.name))


@error_boundary.callback
def choose_sample() -> None:
    """Choose the selected sample text; deselecting it changes nothing."""
    name = widgets.selected_sample()
    if name is not None:
        state.set_text_source(Source("sample", name, name))


@error_boundary.callback
def choose_pasted() -> None:
    """Choose the pasted text, unless it is blank."""
    if widgets.pasted_text().strip():
        state.set_text_source(Source("paste", widgets.pasted_text(), "pasted text"))
