"""Sample: let the network write."""

from __future__ import annotations

import streamlit as st

from dashboard import actions, limits, markup, state
from dashboard.writing import Writer

TICK_SECONDS = 0.2


def show() -> None:
    """Draw the section."""
    with st.container(border=True, key="section_sample"):
        st.subheader("4 · Sample", anchor=False)
        st.text_area(
            "Seed text",
            key="seed_text",
            height=80,
            max_chars=limits.MAX_SEED_CHARS,
            placeholder="What the network should go on from; empty: the first words of its text",
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
            st.select_slider(
                "Length", (100, 200, 500, 1000, 2000, 5000, limits.MAX_SAMPLE_CHARS), key="length"
            )
            st.number_input(
                "Top-k", 0, 1000, key="top_k", help="Only the k likeliest characters; 0: all."
            )
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
                key="random_seed",
                placeholder="another one each time",
                help="With the same number, the same network writes the same text.",
            )
        writer = state.writer()
        writing = writer is not None and writer.writing
        with st.container(horizontal=True):
            st.button(
                "Generate",
                type="primary",
                icon=":material/edit_note:",
                on_click=actions.generate,
            )
            if writing:
                st.button("Cancel", on_click=actions.cancel)
        if state.said("sample"):
            st.error(state.said("sample"), icon=":material/error:")
        st.fragment(_written, run_every=TICK_SECONDS if writing else None)()


def _written() -> None:
    writer = state.writer()
    if writer is None:
        st.caption("What the network writes appears here. It may be asked while it trains.")
        return
    writing = writer.writing
    if writer.note:
        st.warning(writer.note)
    with st.container(key="written"):
        st.html(markup.piece(writer.seed_text, writer.text))
    st.caption(_account(writer, writing))
    if state.turned("writing", writing) is False:
        st.rerun()  # the Cancel button goes


def _account(writer: Writer, writing: bool) -> str:
    count = len(writer.text)
    if writing:
        return f"writing … {count:,} of {writer.settings.length:,} characters"
    speed = f", {count / writer.seconds:,.0f} a second" if writer.seconds else ""
    return (
        f"{count:,} characters after the seed text{speed}, at temperature "
        f"{writer.settings.temperature:g}, by the network after {writer.iteration:,} iterations."
    )
