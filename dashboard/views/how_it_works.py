"""How it works page: cells, vanishing gradients and temperature, measured on a small network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.analysis import network_internals
from dashboard.analysis.network_internals import Gates, Reach, Temperatures
from dashboard.charts import bars, cells
from dashboard.page import background, error_boundary, state
from dashboard.text import loading
from dashboard.views import bar, browser_tab

SENTENCE = "The light went out, and he said nothing."
SEED_TEXT = "The l"
_GATES = {
    "i": "Input gate: what is added",
    "f": "Forget gate: what is kept",
    "o": "Output gate: what is shown",
    "g": "Candidate: new content",
}


@dataclass(frozen=True)
class Figures:
    """The measured figures of the page."""

    gates: Gates
    reaches: dict[str, Reach]
    temperatures: Temperatures


def show(pages: Sequence[Page]) -> None:
    """Draw the page, with a bar of links to ``pages``."""
    bar.show(pages)
    st.set_page_config(page_title=f"How it works · {browser_tab.NAME}")
    st.title("How it works", anchor=False)
    st.markdown(
        "The network reads a text **one character at a time**. After each character it gives every "
        "character of its vocabulary a probability of coming next. Training adjusts its weights a "
        "little at every step, so that the character that really came next becomes more likely. "
        "The **loss** measures how surprised the network was. It is 0 nats if the network was "
        "certain and right. If it only guesses, it is the natural logarithm of the vocabulary's "
        "size, for example 4.1 nats for 60 characters. The figures below are measured now, on a "
        "network of 24 units that has just read a little of the sample story."
    )
    job = background.job("how", "how", _measure)
    job.wait(0.1)
    tick = 0.5 if job.running else None
    st.fragment(error_boundary.part(_draw_sections), run_every=tick)()


def _draw_sections() -> None:
    job = background.job("how", "how", _measure)
    found = job.result
    if found is None:
        st.caption("Training the small network …" if job.running else "The figures failed.")
        return
    _draw_cell(found.gates)
    _draw_reach(found.reaches["lstm"], found.reaches["vanilla"])
    _draw_temperature(found.temperatures)
    if state.flag_change("how", True):
        st.rerun()  # the whole page, so that this fragment stops ticking


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


def _draw_cell(gates: Gates) -> None:
    st.header("What a cell does", anchor=False)
    st.markdown(
        "An LSTM carries a **cell state** $c$ from character to character: its memory. Three "
        "gates, each between 0 and 1, control it: $c_t = f ⊙ c_{t-1} + i ⊙ g$. The rest of the "
        "network sees $h_t = o ⊙ \\tanh(c_t)$, the **hidden state**. In the chart each row is one "
        "unit of the cell, each column one character of the sentence."
    )
    name = st.segmented_control(
        "Show", list(_GATES), format_func=_GATES.__getitem__, default="f", required=True
    )
    st.vega_lite_chart(
        cells.gates_rows(gates, name),
        cells.gates_spec(-1.0 if name == "g" else 0.0),
        width="stretch",
        key="gates_chart",
        alt="Activations of twelve units over the sentence",
    )


def _draw_reach(lstm: Reach, vanilla: Reach) -> None:
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
    st.caption(
        f"{lstm.steps[-1]} characters back, the LSTM's gradient is about "
        f"$10^{{{math.log10(lstm.ratio_to(vanilla)):.0f}}}$ times as large as the vanilla RNN's."
    )


def _draw_temperature(found: Temperatures) -> None:
    st.header("What temperature is", anchor=False)
    st.markdown(
        f"After “{SEED_TEXT}” the chart shows the network's probabilities. Before a character is "
        "drawn at random, their logarithms are divided by the temperature. Below 1, likely "
        "characters become more likely and the text is safer; above 1, the probabilities even out "
        "and the text becomes wilder."
    )
    pairs = zip(found.temperatures, found.probabilities, strict=True)
    st.vega_lite_chart(
        bars.probability_rows(
            found.chars, {f"at {temperature:g}": row for temperature, row in pairs}
        ),
        bars.probability_spec(),
        width="stretch",
        alt="Probabilities of the next character at four temperatures",
    )
