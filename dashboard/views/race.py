"""Race page: a few networks learn the same text in turns; who wins, and why."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.navigation.page import StreamlitPage as Page

from dashboard.comparison import stages
from dashboard.comparison.compared import Compared
from dashboard.formatting import counted, escape_markdown
from dashboard.page import comparison, entry, error_boundary, messages, race, state
from dashboard.races import entrants, verdict
from dashboard.races.entrants import READY
from dashboard.reports.terms import TERMS
from dashboard.text import loading
from dashboard.training.status import Phase
from dashboard.views import bar, browser_tab, compare, side_by_side
from dashboard.views.page_button import page_button

TICK_SECONDS = 1.0


def show(pages: Sequence[Page], compare_page: Page) -> None:
    """Draw the page, with a bar of links to ``pages``; results lead to ``compare_page``."""
    bar.show(pages)
    st.set_page_config(page_title=f"Race · {browser_tab.NAME}")
    st.title("Race", anchor=False)
    st.caption(
        "Networks train on the same text, in turns of equal time, until each has reached its "
        "iterations or minutes. The lowest validation loss, on text kept out of training, wins."
    )
    if messages.get("race"):
        st.error(escape_markdown(messages.get("race")), icon=":material/error:")
    named = entry.named_runs()
    runs, problems = comparison.load(named) if named else ([], [])
    for problem in problems:
        st.warning(escape_markdown(problem), icon=":material/warning:")
    if runs:
        _draw_controls(runs, compare_page)
        active = any(run.active for run in runs)
        state.flag_change("racing", active)
        with st.container(key="comparison_area"):
            seconds = TICK_SECONDS if active else None
            st.fragment(error_boundary.part(_show_live), run_every=seconds)()
        st.divider()
    _draw_ready()
    _draw_own()


def _draw_controls(runs: Sequence[Compared], compare_page: Page) -> None:
    lesson = READY[name].lesson if (name := entry.race_name()) in READY else ""
    if lesson:
        st.markdown(f"**{READY[name].title}.** {lesson}")
    ids = [run.id for run in runs]
    over = verdict.judge(runs).over
    with st.container(horizontal=True):
        if any(run.active for run in runs):
            st.button("Pause the race", icon=":material/pause:", on_click=race.pause, args=(ids,))
        elif not over:
            st.button(
                "Go on", icon=":material/play_arrow:", type="primary",
                on_click=race.go_on, args=(ids,),
            )  # fmt: skip
        page_button(
            "Compare in detail",
            compare_page,
            key="race_compare",
            query={"runs": ",".join(ids)},
            icon=":material/stacked_line_chart:",
            help="All settings, results and samples of the racers, with a link and files.",
        )
        st.button(
            "Close", icon=":material/close:", type="tertiary", on_click=race.close,
            help="The racers stay under Runs, where a switch shows them.",
        )  # fmt: skip


def _show_live() -> None:
    """Draw standing, curves and writing, while the racers train."""
    runs, _ = comparison.load(entry.named_runs())
    if not runs:
        return
    standing = verdict.judge(runs)
    icon = ":material/trophy:" if standing.over else ":material/flag:"
    with st.container(key="race_verdict"):
        show_box = st.success if standing.over else st.info
        text = " ".join(escape_markdown(part) for part in standing.reasons)
        headline = f"**{escape_markdown(standing.headline)}**"
        show_box(f"{headline} {text}".strip(), icon=icon)
    with st.container(horizontal=True, key="race_progress"):
        for run in runs:
            st.progress(_share(run), text=_describe_progress(run))
    compare.draw_chart(runs, {})
    side_by_side.draw_samples(runs, [stages.stored_sample(run, "Iterations", None) for run in runs])
    if state.flag_change("racing", any(run.active for run in runs)) is False:
        st.rerun()  # the whole page, so that this fragment stops ticking


def _share(run: Compared) -> float:
    """Return how much of its goal a racer has reached, from 0 to 1."""
    goal, history = run.plan.goal, run.history
    if not len(history):
        return 0.0
    if goal.kind == "minutes":
        return min(1.0, history.last("seconds") / (60 * goal.amount))
    return min(1.0, history.iterations / run.settings["num_iters"])


def _describe_progress(run: Compared) -> str:
    stopped = run.status is not None and run.status.phase is Phase.FAILED
    state_ = " · stopped" if stopped else ""
    return escape_markdown(f"{run.title} · {counted(run.history.iterations, 'iteration')}{state_}")


def _draw_ready() -> None:
    st.subheader("Three races that teach something", anchor=False)
    for column, (name, ready) in zip(st.columns(len(READY)), READY.items(), strict=True):
        with column, st.container(border=True, height="stretch"):
            st.markdown(f"**{ready.title}**")
            st.caption(ready.lesson)
            st.caption(
                f"{len(ready.racers)} networks · {escape_markdown(ready.text)} · "
                f"{counted(int(ready.goal.amount), 'iteration')}"
            )
            st.space("stretch")  # all buttons stand at one height
            st.button(
                "Start", key=f"race_{name}", icon=":material/sports_score:",
                on_click=race.start_ready, args=(name,),
            )  # fmt: skip


def _draw_own() -> None:
    text = state.text()
    with st.expander("A race of your own", expanded=False, key="race_own_open"):
        name = "no text" if text is None else text.name
        st.markdown(
            f"On the workbench's text, **{escape_markdown(name)}**, with the workbench's settings "
            "except for what each name says."
        )
        st.multiselect(
            "Networks",
            list(race.entrants()),
            key="race_entrants",
            max_selections=entrants.MOST,
            help="Two to four. Presets race with all their own settings.",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.toggle(
                "Equal parameters",
                key="race_same_size",
                help="Hidden sizes are computed so that all have as many parameters as the first.",
            )
            st.toggle(
                "Suggested learning rates",
                key="race_suggested_rates",
                help="Each network with Adam trains at the rate suggested for it, so that no cell "
                "or size wins because of the rate. Presets keep theirs, and the workbench's "
                "network keeps a rate that you changed. Off: the workbench's rate.",
            )
            st.segmented_control(
                "Ends after equal",
                ["iterations", "minutes"],
                key="race_end",
                required=True,
                help="Iterations: each learns from the same characters. Minutes: a network that "
                "computes faster learns from more of them.",
            )
            if race.chosen_goal().kind == "minutes":
                st.number_input("Minutes each", 0.1, 240.0, key="race_minutes", step=0.5)
            else:
                st.number_input(
                    "Iterations each", 10, 100_000, key="race_iterations", step=100,
                    help=TERMS["Iterations"],
                )  # fmt: skip
        if text is not None:
            _draw_preview(text)
        st.button(
            "Start this race", icon=":material/sports_score:", on_click=race.start_own,
            type="primary",
        )  # fmt: skip


def _draw_preview(text: loading.LoadedText) -> None:
    """Draw who races, with the sizes that were computed."""
    V = len(text.vocab)
    racers = [
        f"{entrants.describe(racer)} ({counted(racer.model.num_params(V), 'parameter')})"
        for racer in race.chosen_racers(text)
    ]
    if racers:
        st.caption(escape_markdown(" · ".join(racers)))
