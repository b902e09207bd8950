"""The results of a sweep: how far it is, the best run, curves, and which setting mattered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.charts import sweep_charts
from dashboard.comparison.loading import MOST
from dashboard.formatting import escape_markdown, three_decimals
from dashboard.page import error_boundary, state, sweep_callbacks
from dashboard.reports.terms import TERMS
from dashboard.sweeps import summary
from dashboard.sweeps.manager import get_manager
from dashboard.sweeps.summary import Summary
from dashboard.sweeps.sweep import Sweep
from dashboard.views.page_button import page_button

if TYPE_CHECKING:
    from rnncore.sweep.effects import Effect
    from rnncore.sweep.results import Trial

TICK_SECONDS = 2.0


def show(sweep: Sweep, workbench: Page, compare: Page) -> None:
    """Draw the results; they are drawn again every two seconds while the sweep is running.

    Its buttons lead to the other two pages.
    """
    _draw_heading(sweep)
    tick = TICK_SECONDS if sweep.busy else None
    st.fragment(error_boundary.part(lambda: _draw(sweep, workbench, compare)), run_every=tick)()


def _draw_heading(sweep: Sweep) -> None:
    ids = get_manager().ids()
    about, buttons = st.columns([3, 2], vertical_alignment="bottom")
    with about:
        if len(ids) > 1:
            key = f"sweep_choice_{sweep.id}"
            st.selectbox(
                "Results of",
                ids,
                index=ids.index(sweep.id) if sweep.id in ids else 0,
                format_func=_describe_id,
                key=key,
                on_change=sweep_callbacks.show,
                args=(key,),
            )
        st.markdown(
            f"**{escape_markdown(sweep.about.text_name)}** · "
            f"{escape_markdown(summary.describe_plan(sweep))}"
        )
    with buttons, st.container(horizontal=True, horizontal_alignment="right"):
        if sweep.running:
            st.button(
                "Cancel",
                icon=":material/stop:",
                key="sweep_cancel",
                help="Ends the sweep. All runs are kept as they are.",
                on_click=sweep_callbacks.cancel,
                args=(sweep.id,),
            )
            return
        if sweep.can_continue and get_manager().running() is None:
            st.button(
                "Continue",
                icon=":material/play_arrow:",
                key="sweep_continue",
                on_click=sweep_callbacks.resume,
                args=(sweep.id,),
            )
        with st.popover("Delete", key="sweep_ask"):
            st.markdown("The list is deleted. The runs stay under Runs.")
            st.button(
                "Delete this sweep",
                key="sweep_delete",
                on_click=sweep_callbacks.delete,
                args=(sweep.id,),
            )


def _describe_id(sweep_id: str) -> str:
    at = datetime.strptime(sweep_id[:15], "%Y%m%d-%H%M%S")
    return f"{at.day} {at:%B, %H:%M:%S}"


def _draw(sweep: Sweep, workbench: Page, compare: Page) -> None:
    found = summary.summarise(sweep)
    st.progress(found.share, text=found.line)
    if found.message:
        draw = st.error if found.failed else st.info
        draw(escape_markdown(found.message))
    if found.best is not None:
        _draw_best(sweep, found.best, workbench)
        _draw_charts(found, found.best.number)
        _draw_effects(found.effects)
    _draw_table(sweep, found.ranked, workbench, compare)
    if state.flag_change("sweep busy", sweep.busy) is False:
        st.rerun()  # the buttons, and the timer, are no longer those of a running sweep


def _draw_best(sweep: Sweep, best: Trial, workbench: Page) -> None:
    words, buttons = st.columns([3, 2], vertical_alignment="center")
    name = escape_markdown(summary.describe_run(best))
    with words:
        st.markdown(
            f"**Best{' so far' if sweep.running else ''}: {name}** · validation loss "
            f"{three_decimals(best.result.lowest)}",
            help=f"{TERMS['Validation loss']} {TERMS['Nats per character']}",
        )
    with buttons, st.container(horizontal=True, horizontal_alignment="right"):
        stored = best.number in sweep.about.stored
        page_button(
            "Open the best run",
            workbench,
            key="sweep_open_best",
            disabled=not stored,
            help="Opens it on the workbench, to write with it or to train it further."
            if stored
            else "It can be opened when it has ended.",
            on_click=sweep_callbacks.open_trial,
            args=(sweep.id, best.number),
        )
        page_button(
            "Use its settings",
            workbench,
            key="sweep_use_best",
            help="Sets the workbench to this text and these settings, for a longer training.",
            on_click=sweep_callbacks.use_settings,
            args=(sweep.id, best.number),
        )


def _draw_charts(found: Summary, best: int) -> None:
    left, right = st.columns(2)
    with left:
        st.markdown("**Curves**", help="The validation loss of each run; the best run is orange.")
        rows = sweep_charts.curve_rows(found.ranked, best, summary.TITLES)
        st.vega_lite_chart(rows, sweep_charts.curve_spec(rows), width="stretch", key="sweep_curves")
    with right:
        st.markdown(
            "**Settings and loss**",
            help="Each line is a run: it crosses each axis at the run's value. The last axis is "
            "the validation loss, with the lowest at the bottom. The best run is orange.",
        )
        rows = sweep_charts.parallel_rows(found.ranked, best, summary.TITLES)
        st.vega_lite_chart(
            rows, sweep_charts.parallel_spec(), width="stretch", key="sweep_parallel"
        )


def _draw_effects(effects: list[Effect]) -> None:
    if not effects:
        return
    st.markdown(
        "**Which setting mattered**",
        help="Points are the mean validation loss over all runs with a value. Bars reach from the "
        "lowest to the highest such mean of a single seed. A difference between points that is "
        "shorter than the bars may be chance. Runs that halving stopped early are compared where "
        "all runs were.",
    )
    low, high = sweep_charts.effect_range(effects)
    for column, effect in zip(st.columns(max(2, len(effects))), effects, strict=False):
        with column:
            st.vega_lite_chart(
                sweep_charts.effect_rows(effect),
                sweep_charts.effect_spec(low, high),
                width="stretch",
                key=f"sweep_effect_{effect.setting}",
            )
            st.caption(escape_markdown(summary.describe_effect(effect)))


def _draw_table(sweep: Sweep, ranked: list[Trial], workbench: Page, compare: Page) -> None:
    rows = sweep_charts.table_rows(ranked, summary.TITLES)
    found = st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height="content" if len(rows) <= 12 else 420,
        placeholder="–",
        key="sweep_table",
        on_select="rerun",
        selection_mode="multi-row",
    )
    chosen = [ranked[i] for i in found["selection"]["rows"] if i < len(ranked)]
    if not chosen:
        st.caption(
            f"Select a row to open that run, or 2 to {MOST} to compare them. Runs that have ended "
            "are under Runs too, where a switch shows them."
        )
        return
    if len(chosen) > 1:
        _draw_compare(sweep, chosen, compare)
        return
    trial = chosen[0]
    stored = trial.number in sweep.about.stored
    with st.container(horizontal=True, vertical_alignment="center"):
        page_button(
            f"Open run {trial.number}",
            workbench,
            key="sweep_open_chosen",
            disabled=not stored,
            on_click=sweep_callbacks.open_trial,
            args=(sweep.id, trial.number),
        )
        if not stored:
            st.caption("It can be opened when it has ended.")
    if trial.result.message:
        st.warning(escape_markdown(trial.result.message))


def _draw_compare(sweep: Sweep, chosen: list[Trial], compare: Page) -> None:
    """Draw the button that compares the selected runs."""
    stored = sweep.about.stored
    ids = [stored[trial.number] for trial in chosen if trial.number in stored]
    with st.container(horizontal=True, vertical_alignment="center"):
        page_button(
            f"Compare {len(ids)}",
            compare,
            key="sweep_compare",
            query={"runs": ",".join(ids)},
            disabled=not 2 <= len(ids) <= MOST,
        )
        if len(ids) < len(chosen):
            st.caption("The others can be compared when they have ended.")
