"""Match a pattern: select a phrase, and see where the same units are on."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.inside import passages
from dashboard.analysis.inside.painting import paint
from dashboard.formatting import escape_markdown
from dashboard.page import inside_jobs, inside_state
from dashboard.page.inside_state import Subject
from dashboard.runs.run import Run
from dashboard.views.inside import painted_text, parts
from rnncore import inspect

PAINTED = 3_000  # characters in which a phrase can be selected


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    reading = parts.choose_text(run, subject, most=PAINTED)
    if reading is None:
        return
    phrase = inside_state.chosen().phrase
    text = reading.text[:PAINTED]
    if phrase is not None and phrase[1] > len(text):
        phrase = None
    mark = inspect.passages(len(text), [phrase] if phrase else []).astype(float)
    painted_text.draw(paint(text, mark, 1.0), "Select a word or phrase", "", "", phrases=True)
    threshold = st.slider(
        "Threshold", 0.1, 0.9, 0.3, 0.1, key="inside_threshold", width=260,
        help="A unit is on where its output is above this value, or below its negative.",
    )  # fmt: skip
    if phrase is None:
        st.caption(
            "The units that switch on at the beginning of the phrase and stay on to its end are "
            "found, and then the other passages of the whole text where they are on together."
        )
        return
    network, (start, stop), book = subject.network, phrase, inside_state.book(run)
    total = min(len(book), passages.MAX_CHARS)
    found = parts.wait_for(
        inside_jobs.analyse(
            "pattern", (subject, reading, phrase, threshold), total,
            lambda report: passages.match_pattern(
                network, reading, phrase, book, threshold, report
            ),
        ),
        f"Looking for the same units in {total:,} characters",
        long=True,
    )  # fmt: skip
    if found is None:
        return
    if found.problem:
        st.warning(escape_markdown(found.problem))
        return
    if cut := passages.describe_cut(len(book)):
        st.caption(cut)
    st.caption("+: the output is above the threshold; −: it is below its negative.")
    many = "" if len(found.units) <= 12 else f" and {len(found.units) - 12} more"
    st.markdown(
        escape_markdown(
            f"On in “{reading.text[start:stop]}”: units {', '.join(found.units[:12])}{many}. "
            f"At least 80 % of them are on together in these passages of {found.count:,} "
            "characters:"
            if found.passages
            else f"On in “{reading.text[start:stop]}”: units {', '.join(found.units[:12])}{many}. "
            f"They are on together nowhere else in {found.count:,} characters."
        )
    )
    if found.passages:
        parts.draw_passages(
            [(f"{100 * share:.0f} %", a, b, c) for a, b, c, share in found.passages],
            "Passages with the same units",
        )
