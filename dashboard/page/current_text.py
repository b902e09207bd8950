"""The page's text: read from the chosen source when source or read options have changed."""

from __future__ import annotations

from dashboard.page import state, widgets
from dashboard.runs import uploads
from dashboard.server import error_messages, limits
from dashboard.text.loading import LoadedText, ReadOptions, Source, load, load_files, load_sample
from rnncore import RnnCoreError
from rnncore.errors import TextError
from rnncore.reading.file_names import display_name


def is_up_to_date(source: Source) -> bool:
    """Return whether the page's text was read from this source with the present read options."""
    return (source, widgets.read_options()) == state.text_signature()


def read(source: Source) -> None:
    """Read the source and keep its text; if that fails, keep the old text and the error."""
    options = widgets.read_options()
    signature = (source, options)
    try:
        state.set_text(_load(source, options), signature)
    except (RnnCoreError, MemoryError) as error:
        state.set_text(state.text(), signature, error_messages.for_click(error))


def read_lost(source: Source, reason: str) -> None:
    """Have no text, because the source is lost; ``reason`` says so."""
    state.set_text(None, (source, widgets.read_options()), reason)


def _load(source: Source, options: ReadOptions) -> LoadedText:
    run = state.run()
    if source.kind == "run" and run is not None:
        return run.text
    if source.kind == "sample":
        return load_sample(source.key, options)
    if source.kind == "paste":
        return load(source.key.encode("utf-8", "replace"), source.name, options)
    files = [file for file in widgets.uploaded_texts() if file.file_id in source.key.split()]
    if source.kind == "lost":
        raise TextError(state.text_error())
    if not files:
        raise TextError(
            f"{source.name} is no longer uploaded: upload it again to change how it is read."
        )
    limits.check_text_size(display_name(source.name), sum(file.size for file in files))
    contents = [(file.name, file.getvalue()) for file in files]
    for name, raw in contents:
        if uploads.may_be_network(raw):
            raise TextError(
                f"{display_name(name)} is not a text. If it is a trained network, open it in the "
                "section Network: Start from a trained model, Upload model."
            )
    return load_files(contents, options)
