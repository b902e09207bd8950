"""How it works page: cells, vanishing gradients and temperature, measured on a network.

It is the network at hand where there is one, and a small one otherwise. Two small ones of
different cells show how gradients vanish.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.analysis import network_internals
from dashboard.analysis.network_internals import Gates, Reach, Temperatures
from dashboard.charts import cells
from dashboard.formatting import counted, escape_markdown
from dashboard.page import (
    background,
    error_boundary,
    inside_callbacks,
    inside_jobs,
    shown_network,
    state,
    tour,
    widgets,
)
from dashboard.page.inside_state import Subject
from dashboard.runs.run import Run
from dashboard.server.background_job import Job
from dashboard.text import loading
from dashboard.views import bar, browser_tab, how_network
from dashboard.views.inside import parts
from dashboard.views.page_button import page_button

SENTENCE = "The light went out, and he said nothing."
SEED_TEXT = "The l"
TICK_SECONDS = 0.5


@dataclass(frozen=True)
class Figures:
    """What is measured on the small networks."""

    gates: Gates
    reaches: dict[str, Reach]
    temperatures: Temperatures


def show(pages: Sequence[Page]) -> None:
    """Draw the page, with a bar of links to ``pages``, the workbench first."""
    bar.show(pages)
    st.set_page_config(page_title=f"How it works · {browser_tab.NAME}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("How it works", anchor=False, width="stretch")
        page_button(
            "Take the tour",
            pages[0],
            key="how_tour",
            icon=":material/explore:",
            on_click=tour.start,
        )
    st.markdown(
        "The network reads a text **one character at a time**. After each character it gives every "
        "character of its vocabulary a probability of coming next. Training adjusts its weights a "
        "little at every step, so that the character that really came next becomes more likely. "
        "The **loss** measures how surprised the network was. It is 0 nats if the network was "
        "certain and right. If it only guesses, it is the natural logarithm of the vocabulary's "
        "size, for example 4.1 nats for 60 characters. The figures below are measured now."
    )
    _small().wait(0.1)
    tick = TICK_SECONDS if _is_measuring() else None
    st.fragment(error_boundary.part(_draw_sections), run_every=tick)()


def _small() -> Job[Figures]:
    return background.job("how", "how", _measure)


def _is_measuring() -> bool:
    return _small().running or inside_jobs.any_running()


def _draw_sections() -> None:
    job, own = _small(), shown_network.at_hand()
    if own is not None:
        _draw_own(*own)
    if (found := job.result) is None:
        st.caption("Training the small network …" if job.running else "The figures failed.")
    else:
        if own is None:
            _draw_small(found)
        _draw_reach(found.reaches["lstm"], found.reaches["vanilla"], own is not None)
    if state.flag_change("how", _is_measuring()) is not None:
        st.rerun()  # the whole page: to start or stop the ticks


def _measure() -> Figures:
    """Train two small networks and return the figures of the page."""
    text = loading.load_sample("lighthouse.txt").preview(20_000)
    networks = {
        cell: network_internals.train_small_network(text, cell) for cell in ("vanilla", "lstm")
    }
    ids = {cell: network.vocab.encode(text) for cell, network in networks.items() if network.vocab}
    return Figures(
        network_internals.compute_gates(networks["lstm"], SENTENCE),
        {
            cell: network_internals.measure_gradient_reach(networks[cell], ids[cell])
            for cell in networks
        },
        network_internals.compare_temperatures(networks["lstm"], SEED_TEXT),
    )


# -- the network at hand -------------------------------------------------------------------------


def _draw_own(run: Run, subject: Subject) -> None:
    """Draw the network at hand: its sizes, what its units do on a sentence, and its odds."""
    network = subject.network
    behind = run.solver.iteration - subject.iteration if subject.which == "latest" else 0
    later = f" Training is {counted(behind, 'iteration')} further." if behind else ""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Your network:** {escape_markdown(subject.name)}.{later}", width="stretch")
        st.button(
            "Update", on_click=inside_callbacks.update, args=(run, subject.which), key="how_update",
            disabled=not behind, help="Look into the network as it is now. Training goes on.",
        )  # fmt: skip
    how_network.draw_sizes(network)
    st.text_input(
        "Sentence",
        key=shown_network.TEXT,
        max_chars=shown_network.MAX_CHARS,
        placeholder="Empty: the first words of the text that was held out",
        help="What the network reads for the figures below, for example: The light went out.",
    )
    reading = shown_network.sentence(run, subject)
    for note in reading.notes:
        st.caption(escape_markdown(note))
    text = reading.known_text()
    if not text:
        st.caption("The network knows no character of this sentence.")
        return
    layer = how_network.choose_layer(network)
    temperatures = how_network.with_page_temperature(widgets.temperature())
    found = parts.wait_for(
        inside_jobs.analyse(
            "how", (subject, text, layer, temperatures), 1,
            lambda _: (
                network_internals.compute_gates(network, text, layer),
                network_internals.compare_temperatures(network, text, temperatures),
            ),
        ),
        "Reading the sentence",
    )  # fmt: skip
    if found is None:
        return
    gates, odds = found
    how_network.draw_cell(network.cell_type, gates, network.hidden_dim)
    how_network.draw_temperature(odds, text, widgets.temperature())


# -- the small networks --------------------------------------------------------------------------


def _draw_small(found: Figures) -> None:
    st.markdown(
        "**The small network:** an LSTM of 24 units that has just read a little of the sample "
        "story. Once you have trained or opened a network, this page shows yours."
    )
    how_network.draw_cell("lstm", found.gates, found.gates.values["h"].shape[1])
    how_network.draw_temperature(found.temperatures, SEED_TEXT)


def _draw_reach(lstm: Reach, vanilla: Reach, beside_own: bool) -> None:
    st.header("Why gradients vanish", anchor=False)
    st.markdown(
        "To learn that a quotation mark must be closed, training traces the error back to where it "
        "was opened. The **gradient** says how much each earlier state contributed to the error. "
        "In a vanilla RNN it is multiplied by the same matrix at every step and fades. Along an "
        "LSTM's cell state it is multiplied only by the forget gate."
    )
    st.vega_lite_chart(
        cells.reach_rows({"LSTM": lstm, "Vanilla RNN": vanilla}),
        cells.reach_spec(),
        width="stretch",
        alt="Share of the gradient that is left at each distance, for both cells",
    )
    own = " The tab Inside of the workbench has the reach of your network." if beside_own else ""
    st.caption(
        "Measured on two small networks of 24 units that differ only in their cell. "
        f"{lstm.steps[-1]} characters back, the LSTM's gradient is about "
        f"$10^{{{math.log10(lstm.ratio_to(vanilla)):.0f}}}$ times as large as the vanilla RNN's."
        f"{own}"
    )
