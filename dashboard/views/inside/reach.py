"""Reach: which earlier characters moved a prediction, and how far networks look back."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.inside.reach import (
    MeanReach,
    describe,
    mean_reach,
    reach_at,
    shares_above_rounding,
)
from dashboard.charts import inside as charts
from dashboard.formatting import escape_markdown
from dashboard.page import inside_jobs, inside_state
from dashboard.page.inside_jobs import Report
from dashboard.page.inside_state import Subject
from dashboard.runs.run import Run
from dashboard.views.inside import painted_text, parts

COUNT = 20_000  # characters of the held-out text that positions are drawn from
FIRST = 300  # the character that is chosen at first
_X, _Y = "Characters back", "Share of the largest influence"


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    reading = parts.choose_text(run, subject)
    if reading is not None:
        network = subject.network
        at = inside_state.chosen().at
        last = min(len(reading.text), painted_text.MAX_CHARS) - 1
        at = min(FIRST, last) if at is None or at > last else at
        found = parts.wait_for(
            inside_jobs.analyse(
                "reach_at", (subject, reading, at), 1, lambda _: reach_at(network, reading, at)
            ),
            "Computing the gradient",
        )
        if found is not None:
            painted, sentence = found
            st.markdown(escape_markdown(sentence))
            if painted is not None:
                painted_text.draw(
                    painted, "Influence on the prediction of the marked character", "", "largest",
                    at=at, hint="Click a character to see what its prediction depends on.",
                )  # fmt: skip
    if st.toggle(
        "Mean reach by distance",
        key="inside_mean_reach",
        help="The mean over some positions of the held-out text, of this network and of those that "
        "you kept to compare, for example an LSTM and a vanilla RNN.",
    ):
        _draw_mean(run, subject)


def _draw_mean(run: Run, subject: Subject) -> None:
    parts.choose_other_run(run)
    subjects = [subject, *(other for other in inside_state.kept() if other is not subject)]
    readings = [inside_state.held_out(run, one, COUNT) for one in subjects]
    seq_length = run.model_settings.seq_length

    def work(report: Report) -> dict[str, MeanReach]:
        found = {}
        for i, (one, reading) in enumerate(zip(subjects, readings, strict=True)):
            reach = mean_reach(one.network, reading.ids)
            if reach is not None:
                found[one.name] = reach
            report(i + 1)
        return found

    reaches = parts.wait_for(
        inside_jobs.analyse("reach", tuple(subjects), len(subjects), work),
        "Computing gradients",
    )
    if reaches is None:
        return
    if not reaches:
        st.caption("The text is too short for a mean reach.")
        return
    st.markdown(escape_markdown(describe(reaches)))
    st.vega_lite_chart(
        charts.line_rows({name: shares_above_rounding(r) for name, r in reaches.items()}, _X, _Y),
        charts.line_spec(_X, _Y, log=True),
        width="stretch",
        alt="Mean influence of earlier characters by distance",
    )
    st.caption(
        f"In training, gradients of this run go back {seq_length} characters at most; the state is "
        "carried further."
    )
