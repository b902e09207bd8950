"""The controls: start, pause and reset the run, set its goal, and answer questions about it."""

from __future__ import annotations

import streamlit as st

from dashboard import settings
from dashboard.formatting import escape_markdown
from dashboard.page import (
    current_run,
    error_boundary,
    open_run,
    setting_changes,
    settings_callbacks,
    state,
    training_callbacks,
    widgets,
)
from dashboard.reports.terms import TERMS
from dashboard.runs.run import Run
from dashboard.settings import GOAL_TITLES
from dashboard.views import fit_button, keep_training, progress, teach, training_text


def show() -> None:
    """Draw the buttons and the goal in one row, with questions and refusals below it."""
    run = state.run()
    active = run is not None and run.trainer.status().active
    with st.container(key="controls", horizontal=True):
        _draw_buttons(active, run)
        with st.popover(_describe_goal(), icon=":material/flag:", key="goal_open"):
            training_text.show()
            _draw_goal()
            keep_training.show(run)
        if current_run.train_error():
            with st.container(key="train_refusal"):
                st.error(escape_markdown(current_run.train_error()), icon=":material/error:")
                fit_button.show("train")
        if run is not None and state.confirming_new_run():
            _draw_confirmation(run, setting_changes.describe(run))


def show_ticking() -> None:
    """Draw the part that ticks while the run trains."""
    run = state.run()
    status = None if run is None else run.trainer.status()
    thread_active = status is not None and status.thread_active
    seconds = progress.tick_seconds(run, status)
    # Buttons and ticks are drawn for these values; the fragment redraws the page if they change.
    state.flag_change("training", thread_active)
    state.flag_change("tick", seconds)
    state.take_redraw_request()
    # Whether and how fast the fragment ticks can only be set here, in a run of the whole page.
    ticks = thread_active or progress.is_measuring(run)
    st.fragment(error_boundary.part(progress.show), run_every=seconds if ticks else None)()


def show_notes() -> None:
    """Draw the previous run's button, and a note about changed settings."""
    run = state.run()
    if run is not None:
        teach.draw_origin(run)
    if run is None or not run.trainer.status().active:
        _draw_previous_run(run)
    if (
        run is not None
        and run.solver.iteration
        and not state.confirming_new_run()
        and current_run.settings_differ()
    ):
        st.caption(
            f":material/info: You changed {escape_markdown(setting_changes.describe(run))}. "
            "The current run is unaffected; Train will ask before it starts a new one."
        )


def _describe_goal() -> str:
    """Return the goal in a few words, for the button that opens it."""
    goal = widgets.goal()
    return {
        "iterations": f"Until {goal.amount:,.0f}",
        "epochs": f"{goal.amount:g} epochs",
        "minutes": f"{goal.amount:g} min",
        "plateau": "Until it stalls",
    }[goal.kind]


def _draw_buttons(active: bool, run: Run | None) -> None:
    # Two keys: the second click of a double click on Train must not pause at once.
    if active:
        st.button(
            "Pause",
            key="pause",
            type="primary",
            icon=":material/pause:",
            on_click=training_callbacks.pause,
            width=104,
        )
    else:
        st.button(
            "Train",
            key="train",
            type="primary",
            icon=":material/play_arrow:",
            on_click=training_callbacks.train,
            width=104,
        )
    st.button(
        "Step",
        key="step",
        icon=":material/skip_next:",
        on_click=training_callbacks.step,
        disabled=active,
        help=f"Train for one iteration. {TERMS['Iterations']}",
    )
    st.button(
        "Reset",
        key="reset",
        icon=":material/restart_alt:",
        on_click=training_callbacks.reset,
        disabled=run is None,
        help="Start again from the same first weights. The current run is saved and can be "
        "restored.",
    )


def _draw_previous_run(run: Run | None) -> None:
    """Draw a button that restores the run that the current one replaced, if there is one."""
    previous = state.previous_run_id()
    if previous is not None and (run is None or run.id != previous):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Previous run saved.", width="content")
            st.button("Restore it", on_click=open_run.open_past_run, args=(previous,))


def _draw_goal() -> None:
    """Draw the kind of goal and its amount."""
    changed = settings_callbacks.apply_train_settings
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Goal",
            list(GOAL_TITLES),
            format_func=GOAL_TITLES.__getitem__,
            key="goal_kind",
            on_change=changed,
            width=220,
            help=f"When training stops. {TERMS['Iterations']} {TERMS['Epochs']}",
        )
        key, label, offered, explanation = {
            "iterations": (
                widgets.train_key("num_iters"),
                "Iterations",
                settings.ITERATIONS,
                f"{TERMS['Iterations']} Training stops after so many, for example 2,000.",
            ),
            "epochs": (
                "goal_epochs",
                "Epochs",
                settings.EPOCHS,
                f"{TERMS['Epochs']} Training stops after so many, for example 5.",
            ),
            "minutes": (
                "goal_minutes",
                "Minutes",
                settings.MINUTES,
                "Training time only: pauses and the time of other runs do not count.",
            ),
            "plateau": (
                "goal_patience",
                "Patience",
                settings.PATIENCES,
                "Training stops after this many validations in a row without a new best, for "
                "example 5.",
            ),
        }[kind]
        st.select_slider(
            label,
            widgets.options(key, offered),
            format_func=lambda n: f"{n:,}",
            key=key,
            on_change=changed,
            width="stretch",
            help=explanation,
            persist_state="session",
        )
    with st.container():  # a note that comes or goes inside does not move what is below
        _draw_early_end()


def _draw_early_end() -> None:
    """Say that a preset's training may end before its last iteration, as on small texts."""
    run = state.run()
    goal = current_run.goal() if run is None or not run.has_progress else run.plan.goal
    if goal.patience:
        st.caption(
            "This text is small: training ends earlier if validation stalls "
            f"{goal.patience} times in a row.",
            help="A network that reads a small text many times learns it by heart. Choose another "
            "number of iterations to train that many in any case.",
        )


def _draw_confirmation(run: Run, changes: str) -> None:
    """Ask whether to start a new run; ``changes``: what differs from the present one."""
    with st.container(border=True, key="train_question"):
        differing = f"{escape_markdown(changes[0].upper() + changes[1:])}. " if changes else ""
        st.markdown(
            f"**Start a new run with these settings?** {differing}"
            "The current run is saved and can be restored."
        )
        with st.container(horizontal=True):
            st.button("Start new run", type="primary", on_click=training_callbacks.start_new_run)
            st.button(
                "Continue this run",
                on_click=training_callbacks.continue_run,
                help="Brings back the run's own text and settings and trains on.",
            )
            teach.draw_button(run)
            st.button("Back", on_click=training_callbacks.close_question)
        teach.draw_explanation(run)
