"""How it works: what a cell does, why gradients vanish, what temperature is, measured live."""

from __future__ import annotations

import math
from dataclasses import dataclass

import streamlit as st

from dashboard.analysis import network_internals
from dashboard.analysis.network_internals import Gates, Reach, Temperatures
from dashboard.charts import bars, cells
from dashboard.page import background, error_boundary, state
from dashboard.text import loading

SENTENCE = "The light went out, and he said nothing."
SEED = "The l"
_GATES = {
    "i": "input gate: what is let in",
    "f": "forget gate: what is kept",
    "o": "output gate: what is shown",
    "g": "candidate: what is offered",
}


@dataclass(frozen=True)
class Figures:
    """All that the page shows."""

    gates: Gates
    reaches: dict[str, Reach]
    temperatures: Temperatures


def show() -> None:
    """Draw the page."""
    st.title("How it works", anchor=False)
    st.markdown(
        "The network reads a text **one character at a time**. After each it says how likely every "
        "character of its vocabulary is to come next; training turns its numbers, a little at "
        "every step, so that what really came next becomes likelier. The **loss** is how "
        "surprised it was: 0 nats is certainty, and the natural logarithm of the vocabulary's "
        "size is plain guessing. The figures below are measured, at this moment, on a network of "
        "24 units that has just read a little of the sample story."
    )
    job = background.job("how", "how", _figures)
    job.wait(0.1)
    st.fragment(error_boundary.part(_sections), run_every=0.5 if job.running else None)()


def _sections() -> None:
    job = background.job("how", "how", _figures)
    found = job.result
    if found is None:
        st.caption("Training the small network …" if job.running else "The figures failed.")
        return
    _cell(found.gates)
    _reach(found.reaches["lstm"], found.reaches["vanilla"])
    _temperature(found.temperatures)
    if state.flag_change("how", True):
        st.rerun()  # so that it ticks no longer


def _figures() -> Figures:
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
        network_internals.compare_temperatures(networks["lstm"], SEED),
    )


def _cell(gates: Gates) -> None:
    st.header("What a cell does", anchor=False)
    st.markdown(
        "An LSTM keeps a **cell state** $c$ from character to character. Three gates, each between "
        "0 and 1, decide what happens to it: $c_t = f ⊙ c_{t-1} + i ⊙ g$, and what the rest of the "
        "network sees of it is $h_t = o ⊙ \\tanh(c_t)$. A row is one of the units, a column a "
        "character of the sentence."
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


def _reach(lstm: Reach, vanilla: Reach) -> None:
    st.header("Why gradients vanish", anchor=False)
    st.markdown(
        "To learn that a quotation mark must be closed, an error has to be traced back to where it "
        "was opened. In a vanilla RNN the trace is multiplied by the same matrix at every step "
        "and fades; along an LSTM's cell state it is only multiplied by the forget gate."
    )
    st.vega_lite_chart(
        cells.reach_rows({"LSTM": lstm, "Vanilla RNN": vanilla}),
        cells.reach_spec(),
        width="stretch",
        alt="What is left of a gradient so many characters back, for both cells",
    )
    st.caption(
        f"{lstm.steps[-1]} characters back, the LSTM has kept about "
        f"$10^{{{math.log10(lstm.ratio_to(vanilla)):.0f}}}$ times as much as the vanilla RNN."
    )


def _temperature(found: Temperatures) -> None:
    st.header("What temperature is", anchor=False)
    st.markdown(
        f"After “{SEED}” the network has its odds. Before a character is drawn, their logarithms "
        "are divided by the temperature: below 1 the likely becomes likelier and the text safe, "
        "above 1 the odds even out and the text grows wild."
    )
    odds = zip(found.temperatures, found.probabilities, strict=True)
    st.vega_lite_chart(
        bars.probability_rows(
            found.chars, {f"at {temperature:g}": row for temperature, row in odds}
        ),
        bars.probability_spec(),
        width="stretch",
        alt="Odds of the next character at four temperatures",
    )
