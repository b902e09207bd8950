"""Sample: let the network write, and see what it copied."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import escape_markdown, training_stage
from dashboard.page import background, error_boundary, sampling_callbacks, state, widgets
from dashboard.sampling.copied_passages import SHORTEST, Summary
from dashboard.sampling.writer import Writer
from dashboard.server import limits
from dashboard.views import co_writing, markup

TICK_SECONDS = 0.2
LENGTHS = (100, 200, 500, 1000, 2000, 5000, limits.MAX_SAMPLE_CHARS)


def show() -> None:
    """Draw the section."""
    with st.container(border=True, key="section_sample"):
        st.subheader("4 · Sample", anchor=False)
        st.text_area(
            "Seed text",
            key="seed_text",
            height=80,
            max_chars=limits.MAX_SEED_CHARS,
            placeholder="What the network should go on from; empty: words from its text",
        )
        st.slider(
            "Temperature",
            0.0,
            2.0,
            step=0.05,
            key="temperature",
            help="How daring the choice of each next character is: 0 takes the likeliest every "
            "time, 1 follows the network's own odds, above that it grows wild.",
        )
        with st.expander("Length and other settings"):
            _more()
        writer, run = state.writer(), state.run()
        writing = writer is not None and writer.writing
        # What is copied is underlined when the text has been searched through.
        searching = writer is not None and run is not None and background.copy_index(run).running
        with st.container(horizontal=True):
            st.button(
                "Generate",
                type="primary",
                icon=":material/edit_note:",
                on_click=sampling_callbacks.generate,
            )
            if writing:
                st.button("Cancel", icon=":material/close:", on_click=sampling_callbacks.cancel)
        if refusal := sampling_callbacks.message("sample"):
            st.error(escape_markdown(refusal), icon=":material/error:")
        st.fragment(
            error_boundary.part(_written), run_every=TICK_SECONDS if writing or searching else None
        )()
        if run is not None:
            co_writing.show(run)


def _more() -> None:
    st.select_slider(
        "Length", widgets.options("length", LENGTHS), key="length", format_func=lambda n: f"{n:,}"
    )
    st.number_input("Top-k", 0, 1000, key="top_k", help="Only the k likeliest; 0: all.")
    st.slider(
        "Top-p",
        0.05,
        1.0,
        step=0.05,
        key="top_p",
        help="Only the likeliest characters that together have this probability; 1: all.",
    )
    st.number_input(
        "Random seed",
        0,
        2**31 - 1,
        value=None,
        key="random_seed",
        placeholder="another one each time",
        help="With the same number, the same network writes the same text.",
    )


def _written() -> None:
    writer, run = state.writer(), state.run()
    if writer is None or run is None:
        st.caption(
            "What the network writes appears here, at any time, also while it trains. "
            "Before any training it babbles."
        )
        return
    writing, text = writer.writing, writer.text
    if writer.note:
        st.warning(escape_markdown(writer.note))
    search = background.copy_index(run)
    search.wait(0.05)  # enough for most texts: the piece is drawn once
    passages = None if writing else background.copied_passages(run, writer)
    st.html(markup.text_box(writer.seed_text, text, [(p.start, p.end) for p in passages or ()]))
    st.caption(_account(writer, len(text), writing))
    if not writing:
        if search.running:
            st.caption("Looking for what was copied …")
        elif passages is not None and search.result is not None and len(text) >= SHORTEST:
            st.caption(_copies_in_words(search.result.summarize(passages, len(text))))
        _keep(writer)
    turned = [state.flag_change("writing", writing), state.flag_change("searching", search.running)]
    if False in turned:
        st.rerun()  # the Cancel button goes, and it ticks no longer


def _account(writer: Writer, count: int, writing: bool) -> str:
    if writing:
        return f"writing … {count:,} of {writer.settings.length:,} characters"
    speed = f", {count / writer.seconds:,.0f} a second" if writer.seconds else ""
    return (
        f"{count:,} characters after the seed text{speed}, at temperature "
        f"{writer.settings.temperature:g}, by the network {training_stage(writer.iteration)}."
    )


def _copies_in_words(found: Summary) -> str:
    if found.longest is None:
        return (
            f"No passage of {SHORTEST} characters or more stands like this in the text it learnt."
        )
    return (
        f"Underlined: {found.share:.0%} stands word for word in the text it learnt from. The "
        f"longest passage has {len(found.longest)} characters and stands {found.percent:.0f} % of "
        "the way into it."
    )


def _keep(writer: Writer) -> None:
    whole = writer.seed_text + writer.text
    with st.container(horizontal=True):
        st.download_button(
            "Save text",
            data=whole,
            file_name="written.txt",
            mime="text/plain",
            icon=":material/download:",
            on_click="ignore",
        )
        with st.popover("Copy text", icon=":material/content_copy:"):
            st.code(whole, language=None, wrap_lines=True)
