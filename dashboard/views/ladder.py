"""The ladder at the foot of the rail: simpler models to beat, and when validation passed each."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.baselines import Baseline
from dashboard.formatting import duration
from dashboard.reports.escaping import escape
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run

_EXPLANATION = (
    "Simpler models of the same text; they are the dashed lines on the chart. Uniform guesses "
    "every character with the same probability. Letter frequencies uses their counts. "
    f"{TERMS['n-gram']} The compressor is a program that packs files."
)


def show(baselines: list[Baseline], run: Run | None) -> None:
    """Draw each baseline with its loss, and the training time after which validation beat it."""
    lines = []
    for base in baselines:
        seconds = None if run is None else run.solver.history.seconds_below(base.nats)
        mark, kind = ("·", "") if seconds is None else ("✓", "won")
        when = "" if seconds is None else duration(seconds)
        lines.append(
            f'<tr class="{kind}"><td>{mark}</td><td title="{escape(base.note)}">'
            f"{escape(base.name)}</td><td>{base.nats:.2f}</td><td>{when}</td></tr>"
        )
    with st.container(key="ladder"):
        st.markdown("**To beat, on validation**", help=_EXPLANATION)
        st.html(
            f'<table class="ladder" aria-label="To beat, on validation">{"".join(lines)}</table>'
        )
