"""Units on text: a text coloured by one unit, and all units at one character."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.inside import passages
from dashboard.analysis.inside.painting import paint, scale_of
from dashboard.analysis.inside.reading import Reading, Values, default_part, unit_values
from dashboard.page import inside_jobs, inside_state
from dashboard.page.inside_state import Subject
from dashboard.page.session import values
from dashboard.runs.run import Run
from dashboard.views.inside import painted_text, parts
from rnncore import inspect


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    network = subject.network
    offered = network.cells[0].parts
    if values().get("inside_part") not in offered:
        values()["inside_part"] = default_part(network)

    def draw_more() -> None:
        parts.choose_unit(subject)
        st.selectbox(
            "Value", offered, format_func=parts.PARTS.__getitem__, key="inside_part", width=170,
            help="The cell state is the unit's memory; the output is what the other units and the "
            "prediction see of it. Gates lie between 0 and 1.",
        )  # fmt: skip

    reading = parts.choose_text(run, subject, draw_more=draw_more)
    layer, unit = inside_state.layer_and_unit(subject)
    part = values()["inside_part"]
    if reading is None:
        return
    found = parts.wait_for(
        inside_jobs.analyse(
            "units", (subject, reading, layer, part), 1,
            lambda report: unit_values(network, reading, layer, part),
        ),
        "Reading the text",
    )  # fmt: skip
    if found is None:
        return
    _draw_painted(reading, found, unit, part)
    if len(found) < len(reading.ids):
        st.caption(f"The network is large: the first {len(found):,} characters are coloured.")
    if st.toggle(
        "Strongest and weakest passages of the book",
        key="inside_extremes",
        help=f"Reads the whole text, up to {passages.MAX_CHARS:,} characters, once for all units. "
        "For a novel and 200 units this takes some ten seconds.",
    ):
        _draw_extremes(run, subject, layer, unit, part)


def _draw_painted(reading: Reading, matrix: Values, unit: int, part: str) -> None:
    on_text = reading.on_text(matrix[:, unit])
    scale = scale_of(on_text, part)
    at = inside_state.chosen().at
    at = at if at is not None and at < min(len(reading.text), painted_text.MAX_CHARS) else None
    strip = None
    if at is not None:
        row = matrix[min(reading.place_of(at), len(matrix) - 1)]
        strip = (row, scale_of(row, part), unit)
    painted_text.draw(
        paint(reading.text, on_text, scale),
        f"Unit {unit}, {parts.PARTS[part].lower()}",
        "0" if part in inspect.SIGMOID_GATES else f"−{scale:.1f}",
        f"{scale:.1f}",
        at=at,
        strip=strip,
        hint="Click a character to see all units there; ← → move, ↑ ↓ change the unit.",
    )
    if at is not None:
        st.caption(
            "The squares are all units of the layer at this character. Click one to colour the "
            "text by it."
        )


def _draw_extremes(run: Run, subject: Subject, layer: int, unit: int, part: str) -> None:
    network, vocab = subject.network, subject.network.vocab
    ids = inside_state.book(run)
    if vocab is None:
        return
    total = min(len(ids), passages.MAX_CHARS)
    extremes = parts.wait_for(
        inside_jobs.analyse(
            "extremes", (subject, part), total,
            lambda report: passages.find_extremes(network, ids, part, report),
        ),
        f"Reading {total:,} characters",
        long=True,
    )  # fmt: skip
    if extremes is None:
        return
    if cut := passages.describe_cut(len(ids)):
        st.caption(cut)
    index = layer * network.hidden_dim + unit
    strongest, weakest = passages.strongest(extremes, vocab, ids, index)
    for title, places in (("Strongest", strongest), ("Weakest", weakest)):
        st.caption(f"{title} in {total:,} characters of the whole text")
        parts.draw_passages(
            [(f"{p.value:.2f}", p.before, p.char, p.after) for p in places], f"{title} passages"
        )
