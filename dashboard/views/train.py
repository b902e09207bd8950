"""Train: start, pause and say until when; around that the settings and the progress."""

from __future__ import annotations

import streamlit as st

from dashboard import settings
from dashboard.formatting import escape_markdown
from dashboard.page import (
    background,
    current_run,
    error_boundary,
    open_run,
    settings_callbacks,
    state,
    training_callbacks,
    widgets,
)
from dashboard.runs.run import Run
from dashboard.settings import GOAL_TITLES
from dashboard.views import live_settings, markup, progress


def show() -> None:
    """Draw the section."""
    run = state.run()
    status = None if run is None else run.trainer.status()
    active = status is not None and status.active
    working = status is not None and status.thread_active
    calm = status is not None and progress.is_calm(status)
    # As they are while buttons and ticks are settled.
    state.flag_change("training", working)
    state.flag_change("calm", calm)
    with st.container(border=True, key="section_train"):
        st.html(markup.TRAIN_BAR)
        st.subheader("3 · Train", anchor=False)
        _buttons(active, run)
        _goal()
        live_settings.show()
        with st.container():  # what comes and goes in it moves nothing below
            _notes(active, run)
        # The ticking part. Whether it ticks is settled here, at full runs of the page.
        ticks = working or (run is not None and background.baselines(run).running)
        seconds = progress.CALM_TICK_SECONDS if calm else progress.TICK_SECONDS
        st.fragment(error_boundary.part(progress.live), run_every=seconds if ticks else None)()
        progress.drawing()


def _notes(active: bool, run: Run | None) -> None:
    """What there is to say or to ask before training goes on."""
    if not active:
        _before(run)
    if current_run.train_error():
        with st.container(key="train_refusal"):
            st.error(escape_markdown(current_run.train_error()), icon=":material/error:")
    if state.confirming_new_run():
        _question()
    elif run is not None and run.solver.iteration and current_run.settings_differ():
        st.caption(
            ":material/info: The text or the network that is chosen is no longer this run's. "
            "The run goes on with its own; Train will ask."
        )


def _buttons(active: bool, run: Run | None) -> None:
    with st.container(horizontal=True, key="train_buttons"):
        st.button(
            "Train",
            type="primary",
            icon=":material/play_arrow:",
            on_click=training_callbacks.train,
            disabled=active,
        )
        st.button(
            "Pause", icon=":material/pause:", on_click=training_callbacks.pause, disabled=not active
        )
        st.button(
            "Step",
            icon=":material/skip_next:",
            on_click=training_callbacks.step,
            disabled=active,
            help="One iteration.",
        )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            on_click=training_callbacks.reset,
            disabled=run is None,
            help="Back to the network as it was before its training, with the same weights.",
        )


def _before(run: Run | None) -> None:
    """The way back to what Reset or another network took off the page."""
    before = state.previous_run_id()
    if before is not None and (run is None or run.id != before):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("The run before this one is kept.", width="content")
            st.button("Bring it back", on_click=open_run.open_past_run, args=(before,))


def _goal() -> None:
    """When to end: one choice, and the amount that goes with it."""
    changed = settings_callbacks.apply_train_settings
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = st.selectbox(
            "Until",
            list(GOAL_TITLES),
            format_func=GOAL_TITLES.__getitem__,
            key="goal_kind",
            on_change=changed,
            width=220,
        )
        key, label, offered = {
            "iterations": (widgets.train_key("num_iters"), "Iterations", settings.ITERATIONS),
            "epochs": ("goal_epochs", "Epochs", settings.EPOCHS),
            "minutes": ("goal_minutes", "Minutes", settings.MINUTES),
            "plateau": ("goal_patience", "Validations without a new best", settings.PATIENCES),
        }[kind]
        st.select_slider(
            label,
            widgets.options(key, offered),
            format_func=lambda n: f"{n:,}",
            key=key,
            on_change=changed,
            width="stretch",
            help="Spent on this training alone: pauses and the turns of others do not count."
            if kind == "minutes"
            else None,
        )


def _question() -> None:
    with st.container(border=True, key="train_question"):
        st.markdown(
            "The text or the network that is chosen is not the one that this run trains. "
            "**Begin a new run with it?** What this run has learnt would no longer be on the page."
        )
        with st.container(horizontal=True):
            st.button("Begin a new run", type="primary", on_click=training_callbacks.start_new_run)
            st.button("Keep this run", on_click=training_callbacks.keep_run)
