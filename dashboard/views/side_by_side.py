"""Runs beside each other: a table with a column for each, and their samples."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.charts.comparison import COLOURS
from dashboard.comparison.compared import Compared
from dashboard.comparison.stages import Sample
from dashboard.comparison.tables import Table
from dashboard.formatting import counted
from dashboard.reports.escaping import escape
from dashboard.views import markup

_ACROSS = 4  # samples in one row
_HEIGHT_REM = 18.5  # of a sample: 13 lines of 1.35 rem and the margin above them


def table(runs: Sequence[Compared], rows: Table) -> str:
    """Return HTML of a table; all texts are escaped."""
    heads = "".join(
        f'<th scope="col">{_chip(i)}{escape(run.title)}</th>' for i, run in enumerate(runs)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(f"<td>{escape(value)}</td>" for value in values)
        + "</tr>"
        for label, values in rows.items()
    )
    return (
        f'<div class="compared-box" tabindex="0" role="region" '
        f'aria-label="Table of runs"><table class="compared" style="--runs:{len(runs)}">'
        f"<thead><tr><td></td>{heads}</tr>"
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def draw_samples(runs: Sequence[Compared], samples: Sequence[Sample]) -> None:
    """Draw a sample of each run, at most four in a row."""
    for first in range(0, len(runs), _ACROSS):
        some = list(zip(runs, samples, strict=True))[first : first + _ACROSS]
        columns = st.columns(len(some))
        for place, (column, (run, sample)) in enumerate(zip(columns, some, strict=True), first):
            with column:
                st.html(_sample(place, run, sample))


def _sample(place: int, run: Compared, sample: Sample) -> str:
    """Return HTML of a run's sample under its title."""
    entry = sample.entry
    head = f"<div><b>{_chip(place)}{escape(run.title)}</b><br>"
    note = f"<small>{escape(sample.note)}</small><br>" if sample.note else ""
    if entry is None:
        return f"{head}{note or '<small>no sample yet</small>'}</div>"
    loss = f", loss {entry.loss:.2f}" if entry.loss == entry.loss else ""
    small = f"after {counted(entry.iteration, 'iteration')}{loss}"
    box = markup.text_box(
        sample.seed_text,
        entry.text,
        min_rem=_HEIGHT_REM,
        max_rem=_HEIGHT_REM,
        label=f"Sample writing of run {place + 1}",
    )
    return f"{head}{note}<small>{escape(small)}</small></div>{box}"


def _chip(place: int) -> str:
    """Return a square in a run's colour on the chart."""
    return f'<span class="chip" style="background:{COLOURS[place]}"></span>'
