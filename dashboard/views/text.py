"""Text: choose what to learn from, and see what came in."""

from __future__ import annotations

from functools import partial

import streamlit as st

from dashboard.charts import bars
from dashboard.formatting import byte_size, escape_markdown
from dashboard.page import current_text, state, text_callbacks, widgets
from dashboard.server import limits
from dashboard.text import loading
from dashboard.text.loading import LoadedText, Source
from dashboard.views import lazy_expander, markup
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
    with st.container(border=True, key="section_text"):
        st.subheader("1 · Text", anchor=False)
        st.file_uploader(
            "Text file",
            key="upload",
            on_change=text_callbacks.choose_upload,
            help="A book or any other text: .txt, .md, .gz, .zip or .epub, up to 25 MB. "
            "It stays on the computer that runs this page.",
        )
        st.pills(
            "Or a sample text",
            loading.sample_names(),
            format_func=lambda name: _SHORT[name],
            key="sample",
            on_change=text_callbacks.choose_sample,
        )
        file = widgets.uploaded_text()
        chosen = state.text_source()
        if file is not None and chosen is not None and chosen.key != file.file_id:
            st.button(
                f"Take {escape_markdown(display_name(file.name))} again",
                on_click=text_callbacks.choose_upload,
            )
        with st.popover("Or paste one", icon=":material/content_paste:"):
            st.text_area("Text", key="pasted", height=200, max_chars=limits.MAX_PASTED_CHARS)
            st.button("Take this text", on_click=text_callbacks.choose_pasted)
        source = read()
        if state.text_error():
            st.error(escape_markdown(state.text_error()), icon=":material/error:")
        text = state.text()
        if text is not None:
            _card(text, source)


def read() -> Source:
    """Read the text that is chosen, if it is not read yet; where it comes from."""
    source = state.text_source() or Source("sample", "lighthouse.txt", "lighthouse.txt")
    if not current_text.is_up_to_date(source):
        with st.spinner(f"Reading {escape_markdown(display_name(source.name))} …"):
            current_text.read(source)
    return source


def _card(text: LoadedText, source: Source) -> None:
    st.markdown(f"**{len(text):,}** characters, **{len(text.vocab)}** different ones")
    st.html(markup.text_box("", text.preview(), most_rem=9, label="Beginning of the text"))
    st.caption(f"{escape_markdown(text.name)} · {byte_size(text.size)} · {text.encoding}")
    for note in text.notes:
        st.caption(escape_markdown(note))
    advised = sum(suggestion.recommended for suggestion in text.suggestions)
    hint = f" ({advised} worth a look)" if advised else ""
    # The page keeps whether it is open: the browser forgets it when the title changes.
    with st.expander(f"Clean up the text{hint}", key="cleanup_open", on_change="rerun"):
        _cleanup(text, source)
    lazy_expander.expander("Its characters", "characters_open", partial(_characters, text))


def _cleanup(text: LoadedText, source: Source) -> None:
    if source.kind == "run":
        st.caption("This text came with its run, cleaned up as it was then.")
        return
    if text.boilerplate:
        st.toggle("Leave out Project Gutenberg's header and licence", key="strip_gutenberg")
        st.caption(escape_markdown(text.boilerplate))
    elif not text.suggestions:
        st.caption("Nothing catches the eye in this text.")
    for suggestion in text.suggestions:
        st.toggle(suggestion.title, key=widgets.cleanup_key(suggestion.key))
        st.caption(
            escape_markdown(suggestion.sentence) + (" Advised." if suggestion.recommended else "")
        )
    st.selectbox(
        "Encoding",
        loading.ENCODINGS,
        key="encoding",
        placeholder="found by itself",
        index=None,
        disabled=source.kind != "upload",
        help="Only needed if the preview shows wrong letters.",
    )


def _characters(text: LoadedText) -> None:
    names, counts = text.frequencies()
    st.vega_lite_chart(
        bars.frequency_rows(names[:40], counts[:40], len(text)),
        bars.frequency_spec(),
        width="stretch",
        alt="Share of the commonest characters",
    )
    st.caption("All that the network can read and write, by code point:")
    st.code("".join(text.vocab.idx_to_char), language=None, wrap_lines=True)
