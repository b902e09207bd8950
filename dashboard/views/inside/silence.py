"""Silence units: what the network loses without them."""

from __future__ import annotations

import streamlit as st

from dashboard.analysis.inside.silencing import OTHERS, Effect, describe, most_active, silence
from dashboard.analysis.inside.surprise import FULL_DIFFERENCE, paint_difference
from dashboard.formatting import escape_markdown
from dashboard.page import inside_callbacks, inside_jobs, inside_state
from dashboard.page.inside_state import Subject
from dashboard.page.session import show, values
from dashboard.runs.run import Run
from dashboard.views import markup
from dashboard.views.inside import painted_text, parts


def draw(run: Run, subject: Subject) -> None:
    """Draw the view."""
    network, chosen, why = subject.network, inside_state.chosen().silenced, ""
    if chosen is None:
        suggested = _suggest(run, subject)
        if suggested is None:
            return
        chosen, why = suggested
    show("inside_silenced", ", ".join(str(unit) for unit in chosen))
    values().setdefault("inside_value", 0.0)

    def draw_more() -> None:
        parts.choose_layer(subject)
        st.text_input(
            "Units to silence", key="inside_silenced", on_change=inside_callbacks.choose_silenced,
            placeholder="For example 12, 40", max_chars=100, width=190,
            help=f"Numbers of units, 0 to {network.hidden_dim - 1}, up to "
            f"{inside_callbacks.MAX_SILENCED}.",
        )  # fmt: skip
        st.number_input(
            "Value", -2.0, 2.0, step=0.1, key="inside_value", width=130,
            help="The output that the units are fixed to; 0 silences them.",
        )  # fmt: skip

    reading = parts.choose_text(run, subject, draw_more=draw_more)
    layer, _ = inside_state.layer_and_unit(subject)
    value = values()["inside_value"]
    units = [unit for unit in chosen if unit < network.hidden_dim]
    if why:
        st.caption(escape_markdown(f"{why} Enter others, or let Find units for … choose one."))
    if len(units) < len(chosen):
        st.caption(
            f"This network has the units 0 to {network.hidden_dim - 1}; others are left out."
        )
    if not units:
        st.caption(
            "Name the units to silence, or let Find units for … choose one. A unit that follows "
            "something need not matter; this shows whether the network uses it."
        )
        return
    if reading is None:
        return
    if network.hidden_dim == 1:
        st.caption("This network has one unit only, so there is no other one to compare it with.")
    seed_text = run.sample_log.seed_text
    found = parts.wait_for(
        inside_jobs.analyse(
            "silence", (subject, reading, layer, tuple(units), value), OTHERS,
            lambda report: silence(network, reading, layer, units, value, seed_text, report),
        ),
        "Reading the text with and without the units",
    )  # fmt: skip
    if found is not None:
        _draw_effect(found, units, value)


def _suggest(run: Run, subject: Subject) -> tuple[tuple[int, ...], str] | None:
    """Return a unit that is worth trying, and why; None until it is known."""
    layer, _ = inside_state.layer_and_unit(subject)
    found = inside_state.found_unit(subject)
    if found is not None and found[0] == layer:
        return (found[1],), f"Unit {found[1]} was found for “{found[2]}”."
    reading = inside_state.held_out(run, subject, inside_state.LENGTHS[1])
    analysis = inside_jobs.analyse(
        "active", (subject, reading, layer), 1,
        lambda _: (most_active(subject.network, reading, layer),),
    )  # fmt: skip
    unit = parts.wait_for(analysis, "Looking for a unit to try")
    if unit is None:
        return None if analysis.job.running else ((), "")
    return unit, f"The output of unit {unit[0]} changes more than that of the others."


def _draw_effect(found: Effect, units: list[int], value: float) -> None:
    st.markdown(escape_markdown(describe(found, units, value)))
    painted_text.draw(
        paint_difference(found.before, found.after), "Blue: costs more without the units",
        f"−{FULL_DIFFERENCE:g}", f"{FULL_DIFFERENCE:g} bits",
    )  # fmt: skip
    if not found.sample:
        return
    st.caption("What both write after the same beginning, with the same random numbers:")
    for column, title, text in zip(
        st.columns(2), ("With all units", "Without them"), (found.sample, found.changed),
        strict=True,
    ):  # fmt: skip
        with column:
            st.caption(title)
            st.html(markup.text_box(found.seed_text, text, max_rem=12, label=title))
