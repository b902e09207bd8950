"""Sweep page: choose what to try, and see how many runs that is and how long they take."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.formatting import counted, duration, escape_markdown
from dashboard.page import error_boundary, messages, state, sweep_callbacks, sweep_widgets, widgets
from dashboard.page.sweep_callbacks import Draft
from dashboard.reports.terms import TERMS
from dashboard.runs.titles import describe_cells
from dashboard.sweeps.form import MAX_RUNS, SEARCHES, SETTINGS, asks_for_rates
from dashboard.sweeps.manager import get_manager
from dashboard.views import bar, browser_tab, sweep_results, text

_VALUES_HELP = (
    "Values, such as 64, 128, 256. Or evenly spaced ones, such as 64..256:3. For a random search "
    "also a range, such as 0.001..0.02."
)
_SEARCH_HELP = {
    "grid": "Tries each value with each other.",
    "random": "Tries some combinations, drawn at random.",
    "halving": "Stops the worse half of the runs early, again and again, to try more of them.",
}
_SEEDS_HELP = (
    "How often each combination is trained, each time from other random weights: from 2 on, the "
    "page shows which differences are larger than chance."
)


def show(pages: Sequence[Page], workbench: Page, compare: Page) -> None:
    """Draw the page, with a bar of links to ``pages``; its buttons lead to the other two."""
    error_boundary.part(text.load)()
    bar.show(pages)
    st.set_page_config(page_title=f"Sweep · {browser_tab.NAME}")
    st.title("Sweep", anchor=False)
    st.caption(
        "Train many runs with different settings on one text, and see which settings are best."
    )
    if not sweep_callbacks.has_dask():
        st.info(
            "Sweeps need Dask: `pip install -r requirements-sweep.txt`, then start the workbench "
            "again.",
            icon=":material/info:",
        )
        return
    if messages.get(sweep_callbacks.PLACE):
        st.error(escape_markdown(messages.get(sweep_callbacks.PLACE)), icon=":material/error:")
    sweep = sweep_callbacks.shown_sweep()
    running = get_manager().running()
    if running is None:
        with st.expander("New sweep", expanded=sweep is None, icon=":material/add:"):
            error_boundary.part(_draw_form)()
    if sweep is not None:
        sweep_results.show(sweep, workbench, compare)


def _draw_form() -> None:
    _draw_base()
    st.multiselect(
        "Settings to vary",
        list(SETTINGS),
        format_func=lambda name: SETTINGS[name].title,
        key=sweep_widgets.AXES,
        max_selections=4,
        help="Up to four. The number of runs is the product of their numbers of values.",
    )
    form = sweep_callbacks.form_now()
    chosen = list(form.axes)
    for start in range(0, len(chosen), 2):
        for column, name in zip(st.columns(2), chosen[start : start + 2], strict=False):
            with column:
                _draw_values(name)
    if asks_for_rates(chosen):
        st.toggle(
            "Suggested learning rates",
            key=sweep_widgets.RATES,
            help="Each run trains at the rate suggested for it, so that no cell or size wins "
            "because of the rate. Off: all train at the rate of the workbench.",
        )
    left, right = st.columns(2)
    with left:
        st.segmented_control(
            "Search",
            list(SEARCHES),
            format_func=SEARCHES.__getitem__,
            key=sweep_widgets.SEARCH,
            required=True,
            help=" ".join(f"{SEARCHES[name]}: {text}" for name, text in _SEARCH_HELP.items()),
        )
        st.caption(_SEARCH_HELP[form.search])
        st.segmented_control(
            "Length of a run",
            list(sweep_widgets.AMOUNTS),
            format_func=str.capitalize,
            key=sweep_widgets.BUDGET,
            required=True,
            help="Runs of equal iterations read equally much. Runs of equal minutes cost equally "
            "much: a small network then reads more.",
        )
    with right:
        if form.search == "grid":
            _number("Seeds", sweep_widgets.SEEDS, 1, 20, _SEEDS_HELP)
        else:
            seeds, draws = st.columns(2)
            with seeds:
                _number("Seeds", sweep_widgets.SEEDS, 1, 20, _SEEDS_HELP)
            with draws:
                _number(
                    "Combinations", sweep_widgets.DRAWS, 1, MAX_RUNS,
                    "Number of combinations that are drawn. Halving draws if there is a range.",
                )  # fmt: skip
        amount, limit = st.columns(2)
        with amount:
            if form.budget == "minutes":
                st.number_input("Minutes", 0.1, 600.0, key=sweep_widgets.AMOUNTS["minutes"])
            else:
                _number(
                    "Iterations", sweep_widgets.AMOUNTS["iterations"], 10, 1_000_000,
                    TERMS["Iterations"],
                )  # fmt: skip
        with limit:
            st.number_input(
                "Minutes in all", 1, 10_000, None, key=sweep_widgets.LIMIT, placeholder="no limit",
                help="The sweep ends after so many minutes, for example 60, and keeps its runs as "
                "they are then.",
            )  # fmt: skip
    draft = sweep_callbacks.draft()
    tick = 1.0 if draft.measuring or draft.waiting else None
    st.fragment(error_boundary.part(_draw_start), run_every=tick)()


def _draw_base() -> None:
    if (book := state.text()) is not None:
        st.markdown(
            f"The text is **{escape_markdown(book.name)}**. What does not vary is as on the "
            f"workbench, which has {describe_cells(widgets.model_settings())}."
        )


def _draw_values(name: str) -> None:
    setting, key = SETTINGS[name], sweep_widgets.values_key(name)
    term = TERMS[setting.title]
    if setting.choices is None:
        st.text_input(setting.title, key=key, help=f"{term} {_VALUES_HELP}")
        return
    st.multiselect(
        setting.title,
        list(setting.choices),
        format_func=setting.choices.__getitem__,
        key=key,
        help=term,
    )


def _number(label: str, key: str, low: int, high: int, explanation: str | None = None) -> None:
    st.number_input(label, low, high, key=key, help=explanation)


def _draw_start() -> None:
    """Draw how many runs there are, how long they take, and the button that starts them."""
    draft = sweep_callbacks.draft()
    if draft.plan is None:
        st.warning(escape_markdown(draft.problem))
    else:
        runs = counted(len(draft.plan.runs), "run")
        where = f"on {sweep_callbacks.scheduler_address()}"
        if not sweep_callbacks.scheduler_address():
            workers = min(draft.workers, len(draft.plan.runs))
            where = f"here, {counted(workers, 'run')} at a time"
        time = "" if draft.seconds is None else f": about {duration(draft.seconds)} of training"
        if draft.measuring:
            time = ": measuring how long …"
        st.markdown(f"**{runs}**{time} {escape_markdown(where)}. {_describe_lack(draft)}")
    st.button(
        "Start sweep",
        type="primary",
        icon=":material/play_arrow:",
        key="sweep_start",
        disabled=draft.plan is None,
        on_click=sweep_callbacks.start,
    )
    pending = draft.measuring or draft.waiting
    measured = state.flag_change("sweep measuring", pending) is False
    if state.take_redraw_request() or measured:
        st.rerun()  # a sweep was started, or the timer of this fragment is no longer needed


def _describe_lack(draft: Draft) -> str:
    """Return why it is not known how long the sweep takes; "" if it is, or soon will be."""
    if draft.seconds is not None or draft.measuring:
        return ""
    if sweep_callbacks.scheduler_address():
        return "How long they take depends on its computers."
    if draft.waiting:
        return "How long they take is measured as soon as no training is running."
    return "How long they take could not be measured."
