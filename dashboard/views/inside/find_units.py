"""Find units for a mark: all units ranked, a probe over all of them, and a control by chance."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.analysis.inside.painting import paint, scale_of
from dashboard.analysis.inside.reading import Reading, default_part
from dashboard.analysis.inside.unit_finder import (
    Finding,
    count_of_fit,
    describe,
    find_units,
    first_mark,
    fit_on_training_text,
    with_probe,
)
from dashboard.formatting import escape_markdown
from dashboard.page import inside_callbacks, inside_jobs, inside_state
from dashboard.page.inside_jobs import Report
from dashboard.page.inside_state import Chosen, Subject
from dashboard.reports.escaping import escape
from dashboard.runs.run import Run
from dashboard.text.regex_search import find_spans
from dashboard.views.inside import painted_text, parts
from rnncore import inspect

COUNT, PAINTED = 20_000, 3_000  # characters that are measured, and painted
REGEX, PASSAGES = "regex", "passages"
_EXTRA = {REGEX: "Matches of a regular expression", PASSAGES: "Passages that you select"}


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    reading = inside_state.held_out(run, subject, COUNT)
    where = "held-out" if inside_state.has_held_out(run) else "training"
    names = [*inspect.MARKS, *_EXTRA]
    inside_state.choose_first_mark(run, lambda: first_mark(reading.text))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Find units for", names, key="inside_mark", width=280,
            format_func=lambda n: _EXTRA.get(n) or inspect.MARKS[n].title,
            help="Each unit is compared with this property of the text, for example whether a "
            "quotation is open.",
        )  # fmt: skip
        pattern = ""
        if name == REGEX:
            pattern = st.text_input(
                "Regular expression",
                "[0-9]+",
                key="inside_regex",
                max_chars=200,
                width=240,
                help="A pattern of characters, for example [0-9]+ for every number.",
            )
    chosen = inside_state.chosen()
    if name == PASSAGES:
        _draw_selection(reading, chosen)
        if not chosen.spans:
            return
    part, network = default_part(subject.network), subject.network

    def work(report: Report) -> Finding:
        mark = _mark(reading, name, pattern, chosen)
        return find_units(network, reading, mark, part, report)

    about = (subject, reading, name, pattern, chosen.spans if name == PASSAGES else ())
    found = parts.wait_for(
        inside_jobs.analyse("find", about, len(reading.ids), work),
        f"Comparing all units on {len(reading.ids):,} {where} characters",
    )
    if found is None:
        return
    if found.problem:
        st.warning(escape_markdown(found.problem))
        return
    found = _with_better_probe(run, subject, reading, name, part, found)
    if found.unit_shows_it:
        title = _EXTRA.get(name) or inspect.MARKS[name].title
        inside_state.remember_found(subject, found.top[0].layer, found.top[0].unit, title)
    st.markdown(escape_markdown(describe(found)))
    _draw_help(found, where)
    left, right = st.columns([1, 2])
    with left:
        _draw_ranking(found, network.num_layers > 1)
        best = found.top[0]
        with st.container(horizontal=True):
            st.button(
                f"Show unit {best.unit}", key="inside_show", on_click=inside_callbacks.show_unit,
                args=(best.layer, best.unit), help="Colour any text by this unit.",
            )  # fmt: skip
            st.button(
                f"Silence unit {best.unit}", key="inside_mute",
                on_click=inside_callbacks.show_silenced, args=(best.layer, best.unit),
                help="See whether the network needs it.",
            )  # fmt: skip
    with right:
        _draw_winner(reading, found, part)


def _with_better_probe(
    run: Run, subject: Subject, reading: Reading, name: str, part: str, found: Finding
) -> Finding:
    """Return the finding with a probe fitted on the training text, where and once that exists."""
    network, train_ids = subject.network, run.solver.train_ids
    count = count_of_fit(network, train_ids, reading)
    if name not in inspect.MARKS or not inside_state.has_held_out(run) or not count:
        return found
    probe = parts.wait_for(
        inside_jobs.analyse(
            "probe", (subject, reading, name), count,
            lambda report: [
                fit_on_training_text(
                    network, reading, train_ids, inspect.MARKS[name].find, part, report
                )
            ],
        ),
        f"Fitting all units together on {count:,} characters of the training text",
        long=True,
    )  # fmt: skip
    return found if probe is None or probe[0] is None else with_probe(found, probe[0], count)


def _mark(reading: Reading, name: str, pattern: str, chosen: Chosen) -> np.ndarray:
    if name == REGEX:
        return inspect.passages(len(reading.text), find_spans(reading.text, pattern))
    if name == PASSAGES:
        return inspect.passages(len(reading.text), chosen.spans)
    return inspect.MARKS[name].find(reading.text)


def _draw_help(found: Finding, where: str) -> None:
    measure = (
        "AUC is the chance that the unit is higher at a marked character than at another one: 0.5 "
        "is chance, 1 is perfect. For a unit that is low at the mark, it is the chance that it "
        "is lower there."
        if found.yes_no
        else "The correlation is 0 without any relation, and 1 or −1 if the unit follows exactly."
    )
    st.caption(
        f"Measured on {found.count:,} {where} characters. {measure}",
        help="Chance is measured with the same mark moved along the text by a random distance: the "
        "best unit still reaches this. All units together: a weighted sum (a linear probe) that is "
        + (
            f"fitted on {found.fitted:,} characters of the training text and measured here."
            if found.fitted
            else "fitted on the first half and measured on the second."
        ),
    )


def _draw_selection(reading: Reading, chosen: Chosen) -> None:
    text = reading.text[:PAINTED]
    mark = inspect.passages(len(text), chosen.spans).astype(float)
    painted_text.draw(
        paint(text, mark, 1.0), "Select passages, and add each to the mark", "", "", phrases=True
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Add the selection", key="inside_add", on_click=inside_callbacks.add_span,
            disabled=chosen.phrase is None,
        )  # fmt: skip
        st.button(
            "Clear", key="inside_clear", on_click=inside_callbacks.clear_spans,
            disabled=not chosen.spans,
        )  # fmt: skip
        if not chosen.spans:
            st.caption("The mark is empty: select a passage above and add it.")


def _draw_ranking(found: Finding, layers: bool) -> None:
    """Draw the table of the best units, with a bar for each score; grey if it shows nothing."""
    colour = "#4c8fd6" if found.unit_shows_it else "rgba(128,128,128,.5)"
    rows = []
    for unit in found.top:
        strength = max(unit.score, 1 - unit.score) if found.yes_no else abs(unit.score)
        low = 0.5 if found.yes_no else 0.0
        share = 100 * max(0.0, strength - low) / (1 - low)
        name = f"{unit.unit}" + (f" (layer {unit.layer + 1})" if layers else "")
        if found.yes_no and unit.score < low:
            name += " (low at the mark)"
        shown = strength if found.yes_no else unit.score
        rows.append(
            f"<tr><td>{escape(name)}</td><td style='text-align:right'>{shown:.2f}</td>"
            f"<td style='width:50%'><div style='height:.7rem;width:{share:.0f}%;"
            f"background:{colour};border-radius:.15rem'></div></td></tr>"
        )
    head = "AUC" if found.yes_no else "Correlation"
    st.html(
        "<table style='width:100%;font-size:.85rem;font-variant-numeric:tabular-nums' "
        "aria-label='Best units'><thead><tr><th style='text-align:left'>Unit</th>"
        f"<th style='text-align:right'>{head}</th><th></th></tr></thead><tbody>{''.join(rows)}"
        "</tbody></table>"
    )


def _draw_winner(reading: Reading, found: Finding, part: str) -> None:
    unit = f"Unit {found.top[0].unit}"
    options = {"unit": unit, "mark": "The mark"}
    if found.output is not None:
        options = {"unit": unit, "probe": "All units (probe)", "mark": "The mark"}
    first = "unit" if found.unit_shows_it else "probe" if found.probe_shows_it else "mark"
    shown = st.segmented_control(
        "Colour by", list(options), format_func=options.__getitem__, default=first,
        required=True, key=f"inside_colour_{first}", label_visibility="collapsed",
    )  # fmt: skip
    if shown == "unit" and not found.unit_shows_it:
        st.caption(f"{unit} follows the mark no better than chance; the others are worse.")
    if shown == "probe" and not found.probe_shows_it:
        st.caption("All units together follow the mark no better than chance.")
    text = reading.text[:PAINTED]
    if shown == "probe" and found.output is not None:
        values, scale = found.output, float(np.abs(found.output).max())
    elif shown == "mark" and found.mark is not None:
        values = found.mark.astype(float)
        scale = float(values.max())
    else:
        values = np.asarray(found.values)
        scale = scale_of(values, part)
    on_text = reading.on_text(values)[: len(text)]
    low = "" if shown == "mark" else f"−{scale:.1f}"
    painted_text.draw(
        paint(text, on_text, scale), options.get(shown or "unit", ""), low, f"{scale:.1f}"
    )
