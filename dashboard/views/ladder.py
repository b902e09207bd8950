"""The ladder at the foot of the rail: simpler models to beat, and which validation has beaten."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.baselines import Baseline
from dashboard.formatting import duration
from dashboard.reports.escaping import escape
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run
from rnncore.history import History

_EXPLANATION = (
    "Simpler models of the same text; they are the dashed lines on the chart. Uniform guesses "
    "every character with the same probability. Letter frequencies uses their counts. "
    f"{TERMS['n-gram']} The compressor is a program that packs files."
)


def show(baselines: list[Baseline], run: Run | None) -> None:
    """Draw each baseline with its loss, and the training time by which validation beat it."""
    with st.container(key="ladder"):
        st.markdown("**To beat, on validation**", help=_EXPLANATION)
        rows = "".join(
            _row(base, None if run is None else run.solver.history) for base in baselines
        )
        st.html(f'<table class="ladder" aria-label="To beat, on validation">{rows}</table>')


def _row(base: Baseline, history: History | None) -> str:
    """Return the row of a baseline: ticked once a validation was below its loss.

    It stays ticked if the loss rises again, because the network with the lowest loss is kept. The
    time is that of a validation: the level was beaten by then, perhaps long before.
    """
    seconds = None if history is None else history.seconds_below(base.nats)
    mark, kind, when, note = "·", "", "", base.note
    if history is not None and seconds is not None:
        mark, kind, when = "✓", "won", f"by {duration(seconds)}"
        _, val_losses = history.validations()
        if val_losses[-1] >= base.nats:
            note += " The last validation does not beat it; the best network does."
    return (
        f'<tr class="{kind}"><td>{mark}</td><td title="{escape(note)}">{escape(base.name)}</td>'
        f"<td>{base.nats:.2f}</td><td>{when}</td></tr>"
    )
