"""Sample: let the network write, and see what it copied."""

from __future__ import annotations

import streamlit as st

from dashboard import actions, guard, limits, markup, state
from dashboard.insight.copies import CopyIndex, Passage
from dashboard.run import Run
from dashboard.views import together
from dashboard.words import counted, plain
from dashboard.writing import Writer

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
        writer = state.writer()
        writing = writer is not None and writer.writing
        with st.container(horizontal=True):
            st.button(
                "Generate", type="primary", icon=":material/edit_note:", on_click=actions.generate
            )
            if writing:
                st.button("Cancel", icon=":material/close:", on_click=actions.cancel)
        if state.said("sample"):
            st.error(plain(state.said("sample")), icon=":material/error:")
        st.fragment(guard.part(_written), run_every=TICK_SECONDS if writing else None)()
        run = state.run()
        if run is not None:
            together.show(run)


def _more() -> None:
    st.select_slider("Length", LENGTHS, key="length", format_func=lambda n: f"{n:,}")
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
        st.warning(plain(writer.note))
    passages = [] if writing else _copied(run, text)
    st.html(markup.piece(writer.seed_text, text, [(p.start, p.end) for p in passages]))
    st.caption(_account(writer, len(text), writing))
    if not writing:
        _copies_in_words(run, passages, len(text))
        _keep(writer)
    if state.turned("writing", writing) is False:
        st.rerun()  # the Cancel button goes


def _account(writer: Writer, count: int, writing: bool) -> str:
    if writing:
        return f"writing … {count:,} of {writer.settings.length:,} characters"
    speed = f", {count / writer.seconds:,.0f} a second" if writer.seconds else ""
    return (
        f"{count:,} characters after the seed text{speed}, at temperature "
        f"{writer.settings.temperature:g}, by the network "
        + (
            f"after {counted(writer.iteration, 'iteration')}."
            if writer.iteration
            else "as it was at first."
        )
    )


def _index(run: Run) -> CopyIndex | None:
    """Where every passage of the text stands; made at the first need, beside the page."""
    job = state.job("copies", run.text, lambda: CopyIndex(run.text.ids))
    job.wait(1.0)
    return job.result


def _copied(run: Run, text: str) -> list[Passage]:
    index = _index(run)
    return index.find(run.text.vocab.encode(text)) if index is not None and text else []


def _copies_in_words(run: Run, passages: list[Passage], length: int) -> None:
    index = _index(run)
    if index is None or length < 25:
        return
    summary = index.summary(passages, length)
    if summary.longest is None:
        st.caption("No passage of 25 characters or more stands like this in the text it learnt.")
        return
    st.caption(
        f"Underlined: {summary.share:.0%} stands word for word in the text it learnt from; the "
        f"longest passage has {len(summary.longest)} characters, {summary.percent:.0f} % in."
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
