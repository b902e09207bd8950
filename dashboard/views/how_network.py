"""Parts of "How it works" that show one network: its sizes, its cell on a sentence, its odds."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis import network_internals
from dashboard.analysis.network_internals import Gates, Temperatures
from dashboard.charts import bars, cells
from dashboard.formatting import escape_markdown
from dashboard.text.codepoints import display_char
from rnncore import RNN

TEMPERATURES = (0.2, 0.5, 1.0, 1.5)
_PARTS = {
    "i": "Input gate: what is added",
    "f": "Forget gate: what is kept",
    "o": "Output gate: what is shown",
    "g": "Candidate: new content",
    "r": "Reset gate: what the candidate sees of the past",
    "z": "Update gate: what is kept",
    "n": "Candidate: new content",
    "c": "Cell state: the memory",
    "h": "Hidden state: the output",
}
_CELLS = {
    "lstm": "An LSTM carries a **cell state** $c$ from character to character: its memory. Three "
    "gates, each between 0 and 1, control it: $c_t = f ⊙ c_{t-1} + i ⊙ g$. The rest of the "
    "network sees $h_t = o ⊙ \\tanh(c_t)$, the **hidden state**.",
    "gru": "A GRU carries one **hidden state** $h$ from character to character: its memory. Two "
    "gates, each between 0 and 1, control it: $h_t = z ⊙ h_{t-1} + (1 - z) ⊙ n$. The candidate "
    "$n$ is the new content; the reset gate $r$ decides how much of the past it depends on.",
    "vanilla": "A vanilla RNN carries one **hidden state** $h$ from character to character: its "
    "memory. It has no gates. At each character all of it is computed anew: "
    "$h_t = \\tanh(x_t W_x + h_{t-1} W_h + b)$.",
}
_LAYER = "from input and memory to the units"
_PURPOSES = {
    "Embedding": "numbers for each character of the vocabulary",
    "Output": "from the hidden state to the odds of each character",
}


def draw_sizes(network: RNN) -> None:
    """Draw the shapes of the network's weights as a table."""
    shapes = network_internals.matrix_shapes(network)
    rows = "".join(
        f"<tr><th scope='row'>{name}</th><td>{height:,} × {width:,}</td>"
        f"<td>{height * width:,}</td><td>{_PURPOSES.get(name, _LAYER)}</td></tr>"
        for name, (height, width) in shapes.items()
    )
    st.html(
        "<div class='compared-box' tabindex='0' role='region' aria-label='Sizes of the network'>"
        "<table class='compared'><thead><tr><th scope='col'>Weights</th><th scope='col'>Shape</th>"
        "<th scope='col'>Parameters</th><th scope='col'>What they do</th></tr></thead>"
        f"<tbody>{rows}<tr><th scope='row'>All</th><td></td><td>{network.num_params:,}</td><td>"
        "</td></tr></tbody></table></div>"
    )


def choose_layer(network: RNN) -> int:
    """Draw the choice of the layer, if there are several, and return its index."""
    if network.num_layers == 1:
        return 0
    chosen = st.segmented_control(
        "Layer",
        range(network.num_layers),
        format_func=lambda layer: str(layer + 1),
        default=0,
        required=True,
        help="Layer 1 reads the characters; each further layer reads the one before it.",
    )
    return chosen or 0


def draw_cell(cell_type: str, gates: Gates, units: int) -> None:
    """Draw what a cell does, and one of its parts on the sentence that was read."""
    st.header("What a cell does", anchor=False)
    st.markdown(
        f"{_CELLS[cell_type]} In the chart each row is one unit of the cell, each column one "
        "character of the sentence."
    )
    # The gates first: they explain more than the output that they lead to.
    offered = sorted(gates.values, key=list(_PARTS).index)
    name = offered[0]
    if len(offered) > 1:
        name = st.segmented_control(
            "Show",
            offered,
            format_func=_PARTS.__getitem__,
            default="f" if "f" in offered else name,
            required=True,
        )
    st.vega_lite_chart(
        cells.gates_rows(gates, name),
        cells.gates_spec(*cells.gates_range(gates, name)),
        width="stretch",
        key="gates_chart",
        alt="Activations of twelve units over the sentence",
    )
    # A narrow chart has no room for the characters below their columns.
    sentence = "".join(c if c == " " else display_char(c) for c in gates.chars)
    read = f"The sentence: “{escape_markdown(sentence)}”."
    few = f" {cells.UNITS} of {units:,} units: those that vary most."
    st.caption(read + (few if units > cells.UNITS else ""))


def with_page_temperature(temperature: float) -> tuple[float, ...]:
    """Return the temperatures of the chart, four with the one at which the page writes."""
    if temperature in TEMPERATURES:
        return TEMPERATURES
    others = (t for t in TEMPERATURES if t != 0.5)
    return tuple(sorted((*others, temperature)))


def draw_temperature(found: Temperatures, text: str, own: float | None = None) -> None:
    """Draw the odds of the next character after ``text`` at several temperatures.

    own: the temperature at which the page writes, one of them, or None.
    """
    st.header("What temperature is", anchor=False)
    st.markdown(
        f"After “{escape_markdown(text)}” the chart shows the network's probabilities. Before a "
        "character is drawn at random, their logarithms are divided by the temperature. Below 1, "
        "likely characters become more likely and the text is safer; above 1, the probabilities "
        "even out and the text becomes wilder."
    )
    pairs = zip(found.temperatures, found.probabilities, strict=True)
    st.vega_lite_chart(
        bars.probability_rows(
            found.chars,
            {
                f"at {temperature:g}{' (set for Write)' if temperature == own else ''}": row
                for temperature, row in pairs
            },
        ),
        bars.probability_spec(),
        width="stretch",
        alt="Probabilities of the next character at four temperatures",
    )
