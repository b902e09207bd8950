"""Text section: choose the text to train on, check it, clean it up."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.charts import bars
from dashboard.formatting import byte_size, escape_markdown
from dashboard.page import current_text, messages, state, text_callbacks, widgets
from dashboard.server import limits
from dashboard.text import loading
from dashboard.text.loading import LoadedText, Source
from dashboard.views import cleanup, encoding_choice, text_parts
from dashboard.views.lazy_expander import lazy_expander
from rnncore.reading.file_names import display_name

_SHORT = {
    "lighthouse.txt": "Story",
    "verses.txt": "Verses",
    "recipes.txt": "Recipes",
    "brackets.txt": "Brackets",
    "sums.txt": "Sums",
}


def show() -> None:
    """Draw the section."""
    with st.container(key="section_text"):
        st.file_uploader(
            "Text file",
            key="upload",
            accept_multiple_files=True,
            max_upload_size=limits.MAX_TEXT_MB,
            on_change=text_callbacks.choose_upload,
            help="A book or other text, for example a novel as .txt, .epub, .docx or .html. "
            "Several files at once, or in a .zip, become one text in the order of their names. "
            "They stay on the computer that runs this page.",
        )
        st.pills(
            "Sample text",
            loading.sample_names(),
            format_func=lambda name: _SHORT[name],
            key="sample",
            on_change=text_callbacks.choose_sample,
            help="Short texts to try first. Brackets and Sums show what a network can learn of "
            "rules, for example that each bracket is closed.",
        )
        files, chosen = widgets.uploaded_texts(), state.text_source()
        if files and chosen is not None and chosen.key != " ".join(f.file_id for f in files):
            what = display_name(files[0].name) if len(files) == 1 else f"all {len(files)} files"
            again = " again" if len(files) == 1 else ""
            st.button(
                f"Use {escape_markdown(what)}{again}", on_click=text_callbacks.choose_all_uploads
            )
        with st.popover("Paste text", icon=":material/content_paste:"):
            st.text_area("Text", key="pasted", height=200)
            st.button("Use this text", on_click=text_callbacks.choose_pasted)
        if messages.get("paste"):
            st.error(escape_markdown(messages.get("paste")), icon=":material/error:")
        if state.text_error():
            st.error(escape_markdown(state.text_error()), icon=":material/error:")
        text = state.text()
        if text is not None:
            _draw_text(text, _source())


def load() -> None:
    """Load the chosen text, unless it is loaded already."""
    source = _source()
    if not current_text.is_up_to_date(source):
        with st.spinner(f"Reading {escape_markdown(display_name(source.name))} …"):
            current_text.read(source)


def _source() -> Source:
    """Return where the chosen text comes from."""
    return state.text_source() or Source("sample", "lighthouse.txt", "lighthouse.txt")


def _draw_text(text: LoadedText, source: Source) -> None:
    """Draw size, preview, clean-up rules and characters of the text."""
    st.markdown(
        f"**{len(text):,}** characters, **{len(text.vocab)}** distinct characters",
        help="The distinct characters are the network's vocabulary: it can read and write these "
        "and no others.",
    )
    st.caption(
        f"{escape_markdown(text.name)} · {byte_size(text.size)} · {text.encoding}",
        help="Name, size and encoding of the file. The encoding is the rule by which its bytes "
        "stand for characters, for example UTF-8.",
    )
    for note in text.notes:
        st.caption(escape_markdown(note))
    text_parts.show(text)
    if source.kind == "upload" and encoding_choice.is_open(text):
        encoding_choice.show(text)
    # The key keeps the expander open: without one, a new title would close it in the browser.
    with st.expander(_cleanup_title(text, source), key="cleanup_open", on_change="rerun"):
        _draw_cleanup(text, source)
    lazy_expander("Characters in this text", "characters_open", partial(_draw_characters, text))


def _cleanup_title(text: LoadedText, source: Source) -> str:
    """Return the expander's title, with the number of rules suggested and applied."""
    if source.kind == "run":
        return "Clean up the text"
    rules = widgets.read_options().cleanup_rules
    applied = [rule for rule in text.suggestions if rule.key in rules]
    suggested = [rule for rule in text.suggestions if rule.recommended and rule not in applied]
    counts = {"suggested": len(suggested), "applied": len(applied)}
    hint = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"Clean up the text ({hint})" if hint else "Clean up the text"


def _draw_cleanup(text: LoadedText, source: Source) -> None:
    if source.kind == "run":
        st.caption("This text was loaded with its run, after its clean-up. It cannot be changed.")
        return
    if text.boilerplate:
        st.toggle("Remove Project Gutenberg's header and licence", key="strip_gutenberg")
        st.caption(escape_markdown(text.boilerplate))
    elif not text.suggestions:
        st.caption("Nothing to clean up.")
    cleanup.show(text)
    if source.kind == "upload" and not encoding_choice.is_open(text):
        encoding_choice.show(text)


def _draw_characters(text: LoadedText) -> None:
    names, counts = text.frequencies()
    st.vega_lite_chart(
        bars.frequency_rows(names[:40], counts[:40], len(text)),
        bars.frequency_spec(),
        width="stretch",
        alt="Share of the most common characters",
    )
    st.caption("Every character the network can read or write:")
    st.code("".join(text.vocab.idx_to_char), language=None, wrap_lines=True)
