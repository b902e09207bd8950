"""Callbacks of the Text section."""

from __future__ import annotations

from typing import Any

from dashboard.formatting import counted
from dashboard.page import error_boundary, messages, state, widgets
from dashboard.server import limits
from dashboard.text.loading import LoadedText, Source


@error_boundary.callback
def choose_upload() -> None:
    """Choose the files that were uploaded now; several at once become one text.

    After a file was removed from the uploader, choose those that are left of the chosen ones.
    Removing all of them changes nothing.
    """
    files = widgets.uploaded_texts()
    before = state.seen_uploads()
    state.set_seen_uploads({file.file_id for file in files})
    new = [file for file in files if file.file_id not in before]
    if new:
        _choose_files(new)
    elif (source := state.text_source()) is not None and source.kind == "upload":
        _choose_files([file for file in files if file.file_id in source.key.split()])


@error_boundary.callback
def choose_all_uploads() -> None:
    """Choose all files in the uploader."""
    _choose_files(widgets.uploaded_texts())


def _choose_files(files: list[Any]) -> None:
    if not files:
        return
    name = files[0].name if len(files) == 1 else counted(len(files), "file")
    state.set_text_source(Source("upload", " ".join(file.file_id for file in files), name))


@error_boundary.callback
def choose_sample() -> None:
    """Choose the selected sample text; deselecting it changes nothing."""
    name = widgets.selected_sample()
    if name is not None:
        state.set_text_source(Source("sample", name, name))


@error_boundary.callback
def choose_pasted() -> None:
    """Choose the pasted text, unless it is blank or too long."""
    messages.show("paste", "")
    count = len(widgets.pasted_text())
    if count > limits.MAX_PASTED_CHARS:
        messages.show(
            "paste",
            f"The pasted text has {count:,} characters; up to {limits.MAX_PASTED_CHARS:,} can be "
            "pasted. Save it as a .txt file and upload that.",
        )
    elif widgets.pasted_text().strip():
        state.set_text_source(Source("paste", widgets.pasted_text(), "pasted text"))


def recommended_rules(text: LoadedText) -> frozenset[str]:
    """Return the keys of the clean-up rules that are recommended for a text."""
    return frozenset(rule.key for rule in text.suggestions if rule.recommended)


@error_boundary.callback
def apply_recommended() -> None:
    """Switch on every clean-up rule that is recommended for the page's text."""
    if (text := state.text()) is not None:
        widgets.switch_on_cleanup(recommended_rules(text))


@error_boundary.callback
def choose_encoding(name: str) -> None:
    """Read the uploaded file in this encoding."""
    widgets.set_encoding(name)
