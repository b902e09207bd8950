"""Inside tab: what the units of the network at hand do while it reads its own writing."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis import network_internals
from dashboard.charts import cells
from dashboard.formatting import training_stage
from dashboard.page import state
from dashboard.runs.run import Run

_CHARS = 60
_GATES = {
    "f": "Forget gate: what is kept",
    "i": "Input gate: what is added",
    "o": "Output gate: what is shown",
    "g": "Candidate: new content",
}


def show() -> None:
    """Draw the gates of the first layer over the newest sample."""
    run = state.run()
    if run is None or not run.has_progress:
        st.caption("Train a network to see here what its units do while it reads.")
        return
    if run.model_settings.cell_type != "lstm":
        st.caption("The gates are shown for an LSTM. How it works compares the cells.")
        return
    _draw_gates(run)


def _draw_gates(run: Run) -> None:
    entries = list(run.sample_log.entries)
    text = (run.sample_log.seed_text + (entries[-1].text if entries else ""))[:_CHARS]
    if len(text) < 2:
        return
    name = st.segmented_control(
        "Show", list(_GATES), format_func=_GATES.__getitem__, default="f", required=True
    )
    gates = network_internals.compute_gates(run.trainer.model(), text)
    st.vega_lite_chart(
        cells.gates_rows(gates, name),
        cells.gates_spec(-1.0 if name == "g" else 0.0),
        width="stretch",
        key="inside_chart",
        alt="Activations of twelve units over the newest sample",
    )
    st.caption(
        "Each row is a unit of the first layer, each column a character of what the network wrote. "
        f"The network is shown {training_stage(run.solver.iteration)}. How it works explains "
        "the gates.",
        help="Open the tab again to see the network as it is then.",
    )
