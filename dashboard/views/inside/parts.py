"""Parts that several views of the tab Inside share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import streamlit as st

from dashboard.analysis.inside.reading import Reading
from dashboard.formatting import escape_markdown
from dashboard.page import entry, inside_callbacks, inside_jobs, inside_other_runs, inside_state
from dashboard.page.inside_jobs import Analysis
from dashboard.page.inside_state import LENGTHS, OWN, SOURCES, Subject
from dashboard.page.session import values
from dashboard.reports.escaping import escape
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run
from dashboard.views.lazy_expander import lazy_expander

T = TypeVar("T")

WAIT_SECONDS = 0.4  # within which most analyses are ready, so that nothing has to tick
PARTS = {
    "h": "Output h",
    "c": "Cell state c",
    "i": "Input gate i",
    "f": "Forget gate f",
    "o": "Output gate o",
    "g": "Candidate g",
    "r": "Reset gate r",
    "z": "Update gate z",
    "n": "Candidate n",
}
_LINE = "white-space:pre;overflow:hidden;text-overflow:ellipsis"
_TABLE = (
    "font:.8rem/1.5 ui-monospace,'DejaVu Sans Mono',monospace;border-collapse:collapse;"
    "table-layout:fixed;width:100%"
)


def wait_for(analysis: Analysis[T], words: str, *, long: bool = False) -> T | None:
    """Return the result, or draw how far the analysis is and return None.

    long: whether it may take many seconds, so that a button stops it.
    """
    if not analysis.stopped:
        analysis.job.wait(WAIT_SECONDS)
    if analysis.job.result is not None:
        return analysis.job.result
    if analysis.problem:
        st.warning(escape_markdown(analysis.problem))
    elif analysis.stopped:
        with st.container(horizontal=True, vertical_alignment="center"):
            done = f"{min(analysis.done, analysis.total):,} of {analysis.total:,}"
            st.caption(f"Stopped after {done} characters.", width="content")
            st.button(
                "Start again", key=f"inside_again_{analysis.kind}",
                on_click=inside_callbacks.start_again, args=(analysis.kind,),
            )  # fmt: skip
    elif analysis.job.running:
        inside_jobs.set_waiting(True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(analysis.share, f"{words} …")
            if long:
                st.button(
                    "Stop", key=f"inside_stop_{analysis.kind}", on_click=inside_callbacks.stop,
                    args=(analysis.kind,),
                )  # fmt: skip
    elif analysis.job.interrupted:
        analysis.job.start()
    else:
        st.warning("This could not be computed; the server's log has the reason. Try another text.")
    return None


def choose_text(
    run: Run, subject: Subject, most: int = 10_000, draw_more: Callable[[], object] = bool
) -> Reading | None:
    """Draw the choice of the text and return it, or None if there is no text yet.

    most: the longest length on offer. draw_more: draws further widgets in the same row.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        source = st.selectbox(
            "Text", list(SOURCES), format_func=SOURCES.__getitem__, key="inside_source", width=180,
            help="The held-out text is the part that the network is not trained on.",
        )  # fmt: skip
        if source in ("held-out", "training"):
            st.slider(
                "Where", 0, 95, step=5, format="%d %%", key="inside_place", width=160,
                help="Where in this text the part begins, for example 50 %.",
            )  # fmt: skip
        lengths = [length for length in LENGTHS if length <= most]
        values().setdefault("inside_length", LENGTHS[1])
        if values()["inside_length"] not in lengths:
            values()["inside_length"] = lengths[-1]
        st.selectbox(
            "Characters", lengths, key="inside_length", width=120,
            format_func=lambda length: f"{length:,}",
        )  # fmt: skip
        draw_more()
    if source == OWN:
        st.text_area(
            "Your own text", key="inside_own", max_chars=inside_state.MAX_OWN, height=110,
            placeholder="Paste a text and press Ctrl+Enter.",
        )  # fmt: skip
    reading = inside_state.reading(run, subject)
    if source == "held-out" and not inside_state.has_held_out(run):
        st.caption("This run holds no text out, so its training text is read.")
    for note in reading.notes:
        st.caption(escape_markdown(note))
    if not len(reading.ids):
        st.caption(
            "There is no text to read yet."
            if not reading.text
            else "The network knows no character of this text."
        )
        return None
    return reading


def choose_unit(subject: Subject) -> None:
    """Draw the choice of layer and unit."""
    network = subject.network
    choose_layer(subject)
    _, values()["inside_unit"] = inside_state.layer_and_unit(subject)
    st.number_input(
        "Unit", 0, network.hidden_dim - 1, key="inside_unit", width=130,
        on_change=inside_callbacks.choose_unit,
        help=f"Number of the unit, 0 to {network.hidden_dim - 1}.",
    )  # fmt: skip


def choose_layer(subject: Subject) -> None:
    """Draw the choice of the layer, if there are several."""
    network = subject.network
    if network.num_layers == 1:
        return
    values()["inside_layer"], _ = inside_state.layer_and_unit(subject)
    st.selectbox(
        "Layer", range(network.num_layers), format_func=lambda n: str(n + 1), width=90,
        help=TERMS["Layers"],
        key="inside_layer", on_change=inside_callbacks.choose_layer,
    )  # fmt: skip


def choose_other_run(run: Run) -> None:
    """Draw the choice of another run whose network is kept for comparison, closed at first."""
    if entry.is_private():
        lazy_expander(
            "Compare with the network of another run",
            "inside_other_open",
            lambda: _draw_other_runs(run),
        )


def _draw_other_runs(run: Run) -> None:
    rows = inside_other_runs.offered(run)
    if not rows:
        st.caption("There is no other run yet. Every run is saved while it trains.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Run", list(rows), key=inside_other_runs.CHOSEN, width=380,
            format_func=lambda i: inside_other_runs.name(rows[i], rows[i].iteration),
            help="Its newest network is kept for comparison, as Keep to compare does.",
        )  # fmt: skip
        st.button(
            "Add its network", on_click=inside_other_runs.keep, args=(rows,),
            key="inside_add_run",
        )  # fmt: skip


def draw_passages(rows: Iterable[tuple[str, str, str, str]], label: str) -> None:
    """Draw passages below one another, aligned at their marked middle: one HTML table.

    rows: (figure, before, marked, after). All texts are escaped.
    """
    lines = "".join(
        f'<tr><td style="width:3.5rem;opacity:.75">{escape(figure)}</td>'
        f'<td style="{_LINE};direction:rtl;text-align:right"><bdi>{_visible(before)}</bdi></td>'
        f'<td style="{_LINE}"><b style="color:#e07a1f">{_visible(marked)}</b>{_visible(after)}</td>'
        "</tr>"
        for figure, before, marked, after in rows
    )
    st.html(f'<table style="{_TABLE}" aria-label="{escape(label)}">{lines}</table>')


def _visible(text: str) -> str:
    return escape(text.replace("\n", "↵").replace("\t", "→"))
