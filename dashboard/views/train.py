"""Train: start, pause, watch the curve, and change the rate while it runs."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from dashboard import actions, charts, limits, settings, state
from dashboard.run import Run
from dashboard.training import Phase, Status
from rnncore import UPDATE_RULES
from rnncore.schedules import SHAPES

TICK_SECONDS = 0.5

_BADGES = {
    Phase.READY: ("Ready", "gray"),
    Phase.RUNNING: ("Training", "green"),
    Phase.WAITING: ("Waiting", "orange"),
    Phase.PAUSED: ("Paused", "orange"),
    Phase.ASLEEP: ("Asleep", "orange"),
    Phase.FINISHED: ("Finished", "blue"),
    Phase.FAILED: ("Stopped", "red"),
}


def show() -> None:
    """Draw the section."""
    run = state.run()
    active = run is not None and run.trainer.status().active
    with st.container(border=True, key="section_train"):
        st.subheader("3 · Train", anchor=False)
        _buttons(active, run)
        if state.said("train"):
            st.error(state.said("train"), icon=":material/error:")
        if state.asking():
            _question()
        elif run is not None and run.solver.iteration and actions.differs():
            st.caption(
                ":material/info: The text or the network on the left is no longer this run's. "
                "The run goes on with its own; Train will ask."
            )
        # The ticking part. Whether it ticks is settled here, at full runs of the page.
        st.fragment(_live, run_every=TICK_SECONDS if active else None)()
        _while_it_runs()


def _buttons(active: bool, run: Run | None) -> None:
    begun = run is not None and run.solver.iteration > 0
    with st.container(horizontal=True):
        st.button(
            "Train",
            type="primary",
            icon=":material/play_arrow:",
            on_click=actions.train,
            disabled=active,
        )
        st.button("Pause", icon=":material/pause:", on_click=actions.pause, disabled=not active)
        st.button(
            "Step",
            icon=":material/skip_next:",
            on_click=actions.step,
            disabled=active,
            help="One iteration.",
        )
        st.button(
            "Reset",
            icon=":material/restart_alt:",
            on_click=actions.reset,
            disabled=not begun,
            help="Back to the untrained network, with the same initial weights.",
        )


def _question() -> None:
    with st.container(border=True):
        st.markdown(
            "The text or the network on the left is not the one that this run trains. "
            "**Begin a new run with it?** What this run has learnt would no longer be on the page."
        )
        with st.container(horizontal=True):
            st.button("Begin a new run", type="primary", on_click=actions.start_new)
            st.button("Keep this run", on_click=actions.keep_run)


def _live() -> None:
    """The part that ticks: it grants time, and shows where things stand."""
    run = state.run()
    if run is None:
        st.caption("Press Train: the loss falls here as the network learns, validation beside it.")
        return
    status = run.trainer.status()
    if status.active:
        run.trainer.grant(limits.GRANT_SECONDS)
    _headline(status)
    _figures(status)
    _curve(run)
    if state.turned("training", status.active) is False:
        st.rerun()  # it ended by itself: the buttons must know


def _headline(status: Status) -> None:
    label, colour = _BADGES[status.phase]
    done = min(1.0, status.iteration / max(1, status.num_iters))
    sentence = {
        Phase.RUNNING: f"about {duration(status.remaining)} to go",
        Phase.WAITING: f"number {status.place} in the queue for this computer",
        Phase.ASLEEP: "no page was open for an hour; press Train to go on",
        Phase.FINISHED: "press Train to train on",
        Phase.PAUSED: "press Train to go on",
    }.get(status.phase, "")
    if status.phase is Phase.RUNNING and math.isnan(status.remaining):
        sentence = "measuring the speed …"
    st.markdown(f":{colour}-badge[{label}] {sentence}")
    if status.message:
        show_message = st.error if status.phase is Phase.FAILED else st.info
        show_message(status.message)
    st.progress(done, text=f"{status.iteration:,} of {status.num_iters:,} iterations")


def _figures(status: Status) -> None:
    with st.container(horizontal=True):
        st.metric("Loss", _nats(status.loss), help="Nats per character, mean of 50 iterations.")
        st.metric(
            "Validation", _nats(status.val_loss), help="On the end of the text, never trained on."
        )
        st.metric(
            "Bits per character",
            _nats(status.val_loss / math.log(2))
            if not math.isnan(status.val_loss)
            else _nats(status.loss / math.log(2)),
        )
        st.metric(
            "Characters a second",
            f"{status.chars_per_second:,.0f}" if status.chars_per_second else "–",
        )
        st.metric("Time", duration(status.elapsed))
        st.metric("Epoch", f"{status.epoch:.2f}")


def _curve(run: Run) -> None:
    history = run.solver.history
    if not len(history):
        return
    view = replace(state.chart_view(), marks=run.trainer.changes[-50:])
    per_epoch = run.chars_per_epoch
    rows = charts.loss_rows(history, per_epoch, view)
    st.vega_lite_chart(
        rows,
        charts.loss_spec(view.x, view.unit, frozenset(rows["part"])),
        width="stretch",
        key="loss_chart",
        alt="Training and validation loss over the run",
    )
    if state.chart_more():
        for column in ("grad_norm", "lr"):
            st.vega_lite_chart(
                charts.side_rows(history, per_epoch, column, view),
                charts.side_spec(view.x, column),
                width="stretch",
                key=f"{column}_chart",
                alt=f"{column} over the run",
            )


def _while_it_runs() -> None:
    changed = actions.apply_train_settings
    with st.expander("Learning rate and other settings, which act at once"):
        st.select_slider(
            "Learning rate",
            settings.LEARNING_RATES,
            format_func=lambda rate: f"{rate:g}",
            key=state.train_key("lr"),
            on_change=changed,
        )
        st.selectbox(
            "Update rule", list(UPDATE_RULES), key=state.train_key("update_rule"), on_change=changed
        )
        st.segmented_control(
            "Schedule",
            list(SHAPES),
            key=state.train_key("schedule"),
            required=True,
            help="How the learning rate goes over the run: constant, halved in steps, "
            "or falling like a cosine to almost nothing.",
            on_change=changed,
        )
        st.select_slider(
            "Clip the gradient's norm at",
            settings.CLIPS,
            format_func=lambda clip: "off" if math.isinf(clip) else f"{clip:g}",
            key=state.train_key("clip"),
            on_change=changed,
        )
        st.select_slider(
            "Iterations",
            settings.ITERATIONS,
            format_func=lambda n: f"{n:,}",
            key=state.train_key("num_iters"),
            on_change=changed,
        )
    with st.expander("How the chart is drawn"):
        st.segmented_control("Across", list(charts.X_AXES), key="chart_x", required=True)
        st.segmented_control("Up", charts.UNITS, key="chart_unit", required=True)
        st.select_slider("Smoothing, in iterations", charts.SMOOTHINGS, key="chart_smoothing")
        st.toggle("Gradient norm and learning rate below", key="chart_more")


def duration(seconds: float) -> str:
    """Seconds for people: 48 s, 3 min, 1 h 20 min."""
    if math.isnan(seconds):
        return "–"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _nats(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
