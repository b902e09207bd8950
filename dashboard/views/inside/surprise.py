"""Surprise: the bits that each character cost, of one or two networks."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.analysis.inside.reading import Reading, read_text
from dashboard.analysis.inside.surprise import (
    FULL_DIFFERENCE,
    WINDOW,
    Cost,
    describe,
    measure_cost,
    paint_cost,
    paint_difference,
)
from dashboard.charts import inside as charts
from dashboard.formatting import escape_markdown
from dashboard.page import inside_callbacks, inside_jobs, inside_state
from dashboard.page.inside_jobs import Report
from dashboard.page.inside_state import Subject
from dashboard.runs.run import Run
from dashboard.views.inside import painted_text, parts

_X, _Y = "Character", "Bits per character"


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    reading = parts.choose_text(run, subject, most=100_000)
    others = [other for other in inside_state.kept() if other is not subject]
    other = None
    if others:
        with st.container(horizontal=True, vertical_alignment="bottom"):
            other = st.selectbox(
                "Compare with", [None, *others], key="inside_other",
                format_func=lambda o: "No other network" if o is None else o.name,
            )  # fmt: skip
            st.button("Forget kept networks", on_click=inside_callbacks.forget_kept)
    else:
        st.caption(
            "To compare two networks or two stages of one run: press Keep to compare, then train "
            "on and press Update, or open another run."
        )
    parts.choose_other_run(run)
    if reading is None:
        return
    second = None if other is None else _reading_for(other, reading)

    def work(report: Report) -> list[Cost]:
        costs = [measure_cost(subject.network, reading, report)]
        if other is not None and second is not None and len(second.ids):
            costs.append(
                measure_cost(other.network, second, lambda n: report(len(reading.ids) + n))
            )
        return costs

    total = len(reading.ids) * (1 if other is None else 2)
    costs = parts.wait_for(
        inside_jobs.analyse("surprise", (subject, reading, other), total, work),
        f"Reading {total:,} characters",
    )
    if costs is None:
        return
    named = dict(zip(_names(subject, other), costs, strict=False))
    st.markdown(escape_markdown(describe(named)))
    for note in second.notes if second is not None else ():
        st.caption(escape_markdown(f"{_names(subject, other)[1]}: {note}"))
    _draw_painted(costs)
    if len(reading.ids) > WINDOW:
        st.vega_lite_chart(
            charts.line_rows({n: np.asarray(c.smooth) for n, c in named.items()}, _X, _Y),
            charts.line_spec(_X, _Y, log=False),
            width="stretch",
            alt="Moving average of the surprise along the text",
        )
        st.caption(f"Mean of the last {WINDOW} characters, in bits.")


def _draw_painted(costs: list[Cost]) -> None:
    shown = "cost"
    if len(costs) > 1:
        options = {"cost": "Surprise of the first", "difference": "Difference"}
        shown = st.segmented_control(
            "Colour by", list(options), format_func=options.__getitem__, default="difference",
            required=True, key="inside_cost", label_visibility="collapsed",
        ) or "cost"  # fmt: skip
    if shown == "difference":
        painted_text.draw(
            paint_difference(*costs), "Blue: the second network needs more bits",
            f"−{FULL_DIFFERENCE:g}", f"{FULL_DIFFERENCE:g} bits",
        )  # fmt: skip
    else:
        painted_text.draw(
            paint_cost(costs[0]), "Surprise", "", "8 bits or more",
            at=inside_state.chosen().at,
            hint="Point at a character to see what the network expected there.",
        )  # fmt: skip


def _names(subject: Subject, other: Subject | None) -> tuple[str, ...]:
    if other is None:
        return (subject.name,)
    second = other.name if other.name != subject.name else f"{other.name} (kept)"
    return subject.name, second


def _reading_for(other: Subject, reading: Reading) -> Reading:
    """Return the same text as another network reads it."""
    vocab = other.network.vocab
    assert vocab is not None
    return read_text(vocab, reading.text, len(reading.text))
