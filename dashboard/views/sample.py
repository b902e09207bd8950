"""Sample section: generate text with the network, and see what of it is copied."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.formatting import escape_markdown, training_stage
from dashboard.page import background, error_boundary, messages, sampling_callbacks, state, widgets
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run
from dashboard.sampling.copied_passages import SHORTEST, Summary
from dashboard.sampling.writer import Writer
from dashboard.server import limits
from dashboard.settings import MAX_SEED
from dashboard.views import download_button, markup, network_choice
from dashboard.views.lazy_expander import lazy_expander

TICK_SECONDS = 0.2
LENGTHS = (100, 200, 500, 1000, 2000, 5000, limits.MAX_SAMPLE_CHARS)


def show(how: Page) -> None:
    """Draw the seed text, the temperature and Generate in one row, and what was generated.

    how: the page "How it works".
    """
    writer, run = state.writer(), state.run()
    writing = writer is not None and writer.writing
    # Copied passages are underlined once the index of the text is built.
    indexing = writer is not None and run is not None and background.copy_index(run).running
    with st.container(key="section_sample"):
        seed, temperature, button = st.columns([6, 3, 1.6], vertical_alignment="bottom")
        seed.text_area(
            "Seed text",
            key="seed_text",
            height=68,
            on_change=sampling_callbacks.shorten_seed_text,
            placeholder="Start the text with… (empty: the book's first words)",
        )
        temperature.slider(
            "Temperature",
            0.0,
            2.0,
            step=0.05,
            key="temperature",
            persist_state="session",
            help=f"{TERMS['Temperature']} Try 0.7; 0 always takes the most likely character.",
        )
        with button:
            st.button(
                "Generate",
                key="generate",
                type="primary",
                on_click=sampling_callbacks.generate,
                shortcut="Ctrl+Enter",
                width="stretch",
                help="Write a text with the present network. Ctrl+Enter does the same.",
            )
        if run is not None:
            network_choice.draw(run, "sample")
        if note := messages.get("seed_text", widgets.seed_text()):
            st.info(note, icon=":material/content_cut:")
        if writing:
            st.button("Cancel", icon=":material/close:", on_click=sampling_callbacks.cancel)
        if error := sampling_callbacks.message("sample"):
            st.error(escape_markdown(error), icon=":material/error:")
        tick = TICK_SECONDS if writing or indexing else None
        st.fragment(error_boundary.part(_draw_generated), run_every=tick)()
        _draw_comparison(how)
        lazy_expander("More options", "more_options_open", _draw_more_options)


def _draw_comparison(how: Page) -> None:
    """Draw the samples at several temperatures, and the button that writes them."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Compare temperatures",
            icon=":material/thermostat:",
            on_click=sampling_callbacks.compare_temperatures,
            help="Write three short samples with the same random numbers: at a low, a middle and a "
            "high temperature.",
        )
        st.page_link(how, label="What temperature is", icon=":material/lightbulb:")
    if (comparison := state.comparison()) is None:
        return
    if comparison.note:
        st.caption(escape_markdown(comparison.note))
    with st.container(key="samples"):
        columns = st.columns(len(comparison.samples))
        for column, (temperature, text) in zip(columns, comparison.samples.items(), strict=True):
            name = f"Temperature {temperature:g}"
            with column:
                st.html(
                    markup.panel_head(name, training_stage(comparison.iteration))
                    + markup.panel_text(comparison.seed_text, text, name)
                )


def _draw_more_options() -> None:
    st.select_slider(
        "Length",
        widgets.options("length", LENGTHS),
        key="length",
        persist_state="session",
        format_func=lambda n: f"{n:,}",
        help="Characters to generate, for example 500.",
    )
    st.number_input(
        "Top-k",
        0,
        1000,
        key="top_k",
        help="Choose among the k most likely characters only, for example 10; 0 means all.",
    )
    st.slider(
        "Top-p",
        0.05,
        1.0,
        step=0.05,
        key="top_p",
        persist_state="session",
        help="Choose among the most likely characters that together have this probability, for "
        "example 0.9; 1 means all.",
    )
    st.number_input(
        "Sampling seed",
        0,
        MAX_SEED,
        value=None,
        key="random_seed",
        placeholder="Random",
        help="Number that fixes the random choices: with the same number, the same network writes "
        "the same text. Empty: a new text each time.",
    )


def _draw_generated() -> None:
    writer, run = state.writer(), state.run()
    if writer is None or run is None:
        untrained = run is None or not run.has_progress
        st.caption(
            f"Seed text: {TERMS['Seed text']} Press Generate to see here what it writes, also "
            f"while it trains.{' Before any training it writes characters at random.' * untrained}"
        )
        return
    writing, text = writer.writing, writer.text
    if writer.note:
        st.warning(escape_markdown(writer.note))
    index = background.copy_index(run)
    index.wait(0.05)  # enough for most texts, so that the sample is drawn only once
    passages = None if writing else background.copied_passages(run, writer)
    marks = [(p.start, p.end) for p in passages or ()]
    with st.container(key="written"):
        st.html(markup.text_box(writer.seed_text, text, marks))
    st.caption(_describe_sample(writer, len(text), writing))
    if not writing:
        if index.running:
            st.caption("Looking for copied passages …")
        elif passages is not None and index.result is not None and len(text) >= SHORTEST:
            st.caption(
                _describe_copies(index.result.summarize(passages, len(text)), run.text.name),
                help=f"Passages of {SHORTEST} or more characters that also occur in the training "
                "text are counted as copied.",
            )
        _draw_save_buttons(run, writer)
    changes = [state.flag_change("writing", writing), state.flag_change("indexing", index.running)]
    if False in changes:
        st.rerun()  # the whole page: to remove the Cancel button and stop the ticks


def _describe_sample(writer: Writer, count: int, writing: bool) -> str:
    if writing:
        return f"Writing … {count:,} of {writer.settings.length:,} characters"
    speed = f", {count / writer.seconds:,.0f} characters/s" if writer.seconds else ""
    return (
        f"{count:,} characters after the seed text{speed}, at temperature "
        f"{writer.settings.temperature:g}, by the network {training_stage(writer.iteration)}."
    )


def _describe_copies(found: Summary, name: str) -> str:
    """Return what was copied from the training part of the text with this name."""
    source = f"the training part of {escape_markdown(name)}"
    if found.longest is None:
        return f"No passage of {SHORTEST} or more characters was copied from {source}."
    return (
        f"Underlined: {100 * found.share:.0f} % is copied word for word from {source}. Longest: "
        f"{len(found.longest)} characters, from {found.percent:.0f} % into the text."
    )


def _draw_save_buttons(run: Run, writer: Writer) -> None:
    whole = writer.seed_text + writer.text
    with st.container(horizontal=True):
        download_button.draw(run, "Save text", "written.txt", lambda _: whole, whole.encode())
        # The companion's script copies the text: only a browser can.
        st.button("Copy text", key="copy_text", icon=":material/content_copy:")
