"""Compare page: the curves, settings, results and samples of several runs, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.charts.chart_options import SMOOTHINGS, UNITS, X_AXES
from dashboard.charts.chart_parts import x_title
from dashboard.charts.comparison import SHOWN, Line, comparison_chart
from dashboard.comparison import stages, tables
from dashboard.comparison.compared import Compared
from dashboard.comparison.table_file import comparison_csv
from dashboard.formatting import counted, escape_markdown
from dashboard.page import comparison, entry, error_boundary, messages, state
from dashboard.reports.terms import TERMS
from dashboard.server import limits
from dashboard.views import bar, browser_tab, chart_files, side_by_side

TICK_SECONDS = 2.0
_LOGARITHMIC = "Equal distances stand for equal factors: from 1 to 10 is as far as from 10 to 100."


def show(pages: Sequence[Page], runs_page: Page | None) -> None:
    """Draw the page, with a bar of links to ``pages``.

    runs_page: the list to choose from, or None on a server that has none.
    """
    bar.show(pages, within=runs_page)
    st.set_page_config(page_title=f"Compare · {browser_tab.NAME}")
    st.title("Compare", anchor=False)
    runs, problems = comparison.load(entry.named_runs())
    if wrong_option := messages.get("page"):
        problems.append(wrong_option)
    for problem in problems:
        st.warning(escape_markdown(problem), icon=":material/warning:")
    if len(runs) < 2:
        st.markdown(
            "A comparison needs two runs. Select them in the list of runs."
            if runs_page
            else "A comparison needs two runs. Open the link of one."
        )
        if runs_page:
            st.page_link(runs_page, label="Choose runs", icon=":material/list:")
        return
    if runs_page:
        st.page_link(runs_page, label="Back to all runs", icon=":material/arrow_back:")
    _draw_options()
    _, measuring = comparison.levels(runs)
    active = measuring or comparison.writes() or any(run.active for run in runs)
    state.flag_change("comparing", active)
    chart_files.show()
    with st.container(key="comparison_area"):
        st.fragment(error_boundary.part(_show_live), run_every=TICK_SECONDS if active else None)()


def _show_live() -> None:
    """Draw all that changes while some of the runs train."""
    runs, _ = comparison.load(entry.named_runs())
    levels, measuring = comparison.levels(runs)
    draw_chart(runs, {b.name: b.nats for b in levels.get(runs[0].id, [])})
    with st.container(key="compare_tables"):
        st.subheader("Results", anchor=False)
        results = tables.results(runs)
        for name in dict.fromkeys(b.name for some in levels.values() for b in some):
            by_run = [
                next((f"{b.nats:.3f}" for b in levels.get(run.id, []) if b.name == name), "–")
                for run in runs
            ]
            results[f"Level to beat: {name}"] = by_run
        st.html(side_by_side.table(runs, results))
        if measuring:
            st.caption("The levels of simpler models are being measured …")
        st.subheader("Settings that differ", anchor=False)
        if differ := tables.settings_that_differ(runs):
            st.html(side_by_side.table(runs, differ))
        else:
            st.caption("None: the runs differ only by chance, or by how long they trained.")
    _draw_samples(runs)
    _draw_files(runs)
    active = measuring or comparison.writes() or any(run.active for run in runs)
    if state.flag_change("comparing", active) is not None:
        st.rerun()  # the whole page, so that this fragment starts or stops ticking


def draw_chart(runs: Sequence[Compared], levels: dict[str, float]) -> None:
    """Draw the losses of all runs, with the levels of simpler models if all share one text."""
    one_text = len({run.digest for run in runs}) == 1
    if not one_text:
        st.caption(
            ":material/info: These runs have different texts: a lower loss does not mean a better "
            "network then."
        )
    rows, spec = comparison_chart(
        [Line(run.title, run.history, run.chars_per_epoch) for run in runs],
        comparison.look(),
        list(levels.items()) if one_text else (),
    )
    titles = ", ".join(run.title for run in runs)
    st.vega_lite_chart(
        rows, spec, width="stretch", key="comparison_chart", alt=f"Losses of {titles}"
    )


def _draw_options() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "X axis",
            list(X_AXES),
            key="compare_x",
            required=True,
            help=f"{TERMS['Iterations']} {TERMS['Epochs']}",
        )
        st.segmented_control(
            "Loss",
            list(SHOWN),
            key="compare_shown",
            required=True,
            help="Solid: validation, on text kept out of training. Dashed: training.",
        )
        with st.popover("Chart options", icon=":material/tune:"):
            st.segmented_control(
                "Y axis",
                UNITS,
                key="compare_unit",
                required=True,
                help=f"Nats: {TERMS['Nats per character']} Perplexity: {TERMS['Perplexity']}",
            )
            st.select_slider(
                "Smoothing",
                SMOOTHINGS,
                key="compare_smoothing",
                format_func=lambda n: counted(n, "iteration"),
                help="Iterations over which the training loss is averaged, for example 100.",
            )
            st.toggle("Logarithmic x axis", key="compare_log_x", help=_LOGARITHMIC)
            st.toggle("Logarithmic y axis", key="compare_log_y", help=_LOGARITHMIC)


def _draw_samples(runs: Sequence[Compared]) -> None:
    x = comparison.look().x
    places = stages.stages(runs, x)
    newest = comparison.stage(places) is None
    st.subheader(
        "The newest text of each" if newest else "What they wrote at the same stage", anchor=False
    )
    if places:
        st.select_slider(
            x_title(x),
            [*places, comparison.NEWEST],
            key=comparison.STAGE,
            format_func=lambda at: at if at == comparison.NEWEST else f"{at:,.10g}",
            help="Without a seed text: each run's last sample up to this place on the x axis. "
            "With one: each run's network that was saved nearest to this place.",
        )
    box, button = st.columns([6, 1.6], vertical_alignment="bottom")
    box.text_input(
        "Seed text",
        key=comparison.SEED_TEXT,
        max_chars=limits.MAX_SEED_CHARS,
        placeholder="Empty: the samples stored during training",
        help="All networks continue this text with the same random numbers, for example: The ",
    )
    if any(run.active for run in runs) and comparison.seed_text():
        button.button(
            "Write again",
            icon=":material/refresh:",
            on_click=comparison.write_again,
            help="Write with the networks as they are now.",
        )
    side_by_side.draw_samples(runs, comparison.samples(runs, places))


def _draw_files(runs: Sequence[Compared]) -> None:
    st.subheader("Save and share", anchor=False)
    ids = [run.id for run in runs]
    with st.container(horizontal=True):
        chart_files.draw_buttons()
        st.download_button(
            "Losses (CSV)",
            data=lambda: comparison_csv(comparison.load(ids)[0]),
            file_name="comparison.csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.caption(
        "This link opens the same comparison; anyone who has it can also open, change and delete "
        "these runs."
    )
    st.code(entry.comparison_url(ids), language=None, wrap_lines=True)
