"""Progress: what a training shows of itself while it goes on, tick by tick."""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from dashboard.analysis.curve_diagnosis import diagnose_divergence, diagnose_solver
from dashboard.charts.chart_options import SMOOTHINGS, UNITS, X_AXES
from dashboard.charts.history_column import COLUMN_TITLES, column_rows, column_spec
from dashboard.charts.loss import loss_rows, loss_spec
from dashboard.formatting import counted, duration, escape_markdown, three_decimals
from dashboard.page import background, current_run, settings_callbacks, state, widgets
from dashboard.runs.run import SCHEDULER, Run
from dashboard.server import limits
from dashboard.training.sample_log import Entry
from dashboard.training.status import Phase, Status
from dashboard.views import markup

# Each drawing costs a browser on two cores a tenth of a second of the training's: often at
# first, when every look shows something new, then seldom.
LIVELY_SECONDS = 60
TICK_SECONDS, CALM_TICK_SECONDS = 1.0, 2.0

_BADGES = {
    Phase.READY: ("Ready", "gray"),
    Phase.RUNNING: ("Training", "green"),
    Phase.WAITING: ("Waiting", "orange"),
    Phase.PAUSED: ("Paused", "orange"),
    Phase.TIMED_OUT: ("Asleep", "orange"),
    Phase.FINISHED: ("Finished", "blue"),
    Phase.FAILED: ("Stopped", "red"),
}


def live() -> None:
    """The part that ticks: it grants time, and shows where things stand."""
    run = state.run()
    if run is None:
        st.caption("Press Train: the loss falls here as the network learns, validation beside it.")
        return
    status = current_run.watch(run)
    _headline(run, status)
    if run.autosaver is not None and run.autosaver.problem:
        st.warning(escape_markdown(run.autosaver.problem), icon=":material/save:")
    _figures(status)
    entries = list(run.sample_log.entries)  # it goes on writing meanwhile
    stage = widgets.stage([entry.iteration for entry in entries])
    _curve(run, stage)
    _stages(run.sample_log.seed_text, entries, stage)
    _advice(run, status)
    # It ended: the buttons must know. Or all that was to come is there, or it is to tick calmly.
    levels_to_come = background.baselines(run).running
    turned = [
        state.flag_change("training", status.thread_active),
        state.flag_change("levels", levels_to_come),
    ]
    if False in turned or state.flag_change("calm", is_calm(status)):
        st.rerun()


def is_calm(status: Status) -> bool:
    return status.elapsed > LIVELY_SECONDS


def _headline(run: Run, status: Status) -> None:
    label, colour = _BADGES[status.phase]
    alone = duration(limits.UNATTENDED_SECONDS)  # so long it trains without a page
    sentence = {
        Phase.RUNNING: f"{_to_go(run, status)} · trains on for {alone} after the page is closed",
        Phase.WAITING: f"number {status.queue_position} in the queue for this computer",
        Phase.TIMED_OUT: f"no page was open for {alone}; press Train to go on",
        Phase.FINISHED: "press Train to train on",
        Phase.PAUSED: "press Train to go on",
    }.get(status.phase, "")
    st.markdown(f":{colour}-badge[{label}] {sentence}")
    if status.message:
        show_message = st.error if status.phase is Phase.FAILED else st.info
        show_message(escape_markdown(status.message))
    on_text = f"iterations on {escape_markdown(run.text.name)}"
    with st.container(key="train_progress"):
        if run.plan.open_ended:
            st.caption(f"{status.iteration:,} {on_text}")
        else:
            done = min(1.0, status.iteration / max(1, status.num_iters))
            st.progress(done, text=f"{status.iteration:,} of {status.num_iters:,} {on_text}")


def _to_go(run: Run, status: Status) -> str:
    if run.plan.open_ended:
        return "until validation stops falling"
    if math.isnan(status.remaining):
        return "measuring the speed …"
    others = len(SCHEDULER) - 1  # one by the clock, of which it has but its turns
    beside = f", in turns with {counted(others, 'other')}" if others > 0 else ""
    return f"about {duration(status.remaining)} to go{beside}"


def _figures(status: Status) -> None:
    with st.container(horizontal=True):
        st.metric(
            "Loss", three_decimals(status.loss), help="Nats per character, mean of 50 iterations."
        )
        st.metric(
            "Validation",
            three_decimals(status.val_loss),
            help="On the end of the text, never trained on.",
        )
        st.metric(
            "Bits per character",
            three_decimals(status.val_loss / math.log(2))
            if not math.isnan(status.val_loss)
            else three_decimals(status.loss / math.log(2)),
            help="The validation loss in bits; the training loss as long as nothing was validated.",
        )
        st.metric(
            "Characters a second",
            f"{status.chars_per_second:,.0f}" if status.chars_per_second else "–",
        )
        st.metric(
            "Time",
            duration(status.elapsed),
            help="Spent on this training alone, without pauses and without the turns of others who "
            "train on the same computer. What is to go counts those turns too, as a clock does.",
        )
        st.metric("Epoch", f"{status.epoch:.2f}")


def _curve(run: Run, stage: int | None) -> None:
    history = run.solver.history
    if not len(history):
        return
    st.space("xsmall")  # for the chart's own buttons, which show above it
    options = replace(
        widgets.chart_options(),
        marks=run.trainer.changes[-50:],
        baselines=background.baselines(run).result or [],
        stage=stage,
    )
    per_epoch = run.chars_per_epoch
    rows = loss_rows(history, per_epoch, options)
    st.vega_lite_chart(
        rows,
        loss_spec(options.x, options.unit, frozenset(rows["part"])),
        width="stretch",
        key="loss_chart",
        alt="Training and validation loss over the run",
    )
    if widgets.shows_side_charts():
        for column in ("grad_norm", "lr"):
            st.vega_lite_chart(
                column_rows(history, per_epoch, column, options),
                column_spec(options.x, column),
                width="stretch",
                key=f"{column}_chart",
                alt=f"{COLUMN_TITLES[column]} over the run",
            )


def _advice(run: Run, status: Status) -> None:
    """One sentence on what the curve shows, and a button that does what it advises."""
    history, changes = run.solver.history, run.trainer.changes
    if status.diverging_rate is not None:
        found = diagnose_divergence(status.diverging_rate)
    elif len(history):
        found = diagnose_solver(run.solver, changes[-1].iteration if changes else 0)
    else:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="advice"):
        st.markdown(f":material/stethoscope: {found.sentence} {found.advice}", width="stretch")
        if found.button and st.button(
            found.button, on_click=settings_callbacks.apply_advice, args=(found.action,)
        ):
            st.rerun()  # the widgets outside this part must show it
    passed = [
        f"{base.name} at {duration(passed_at)}"
        for base in background.baselines(run).result or []
        if (passed_at := history.seconds_below(base.nats)) is not None
    ]
    if passed:
        st.caption(f"On validation it has passed: {', '.join(passed)}.")


def _stages(seed_text: str, entries: list[Entry], stage: int | None) -> None:
    """From babble to prose: a slider through what was written at each stage."""
    if stage is None:
        return
    by_iteration = {entry.iteration: entry for entry in entries}
    if len(entries) > 1:
        st.select_slider(
            "Stage",
            [*list(by_iteration)[:-1], widgets.NEWEST],
            format_func=lambda n: n if n == widgets.NEWEST else f"{n:,}",
            key="stage",
            help="Iterations after which this was written, each time with the same seed text and "
            "the same random numbers.",
        )
    entry = by_iteration[stage]
    st.caption(
        f"What it wrote after {counted(entry.iteration, 'iteration')}, at a loss of "
        f"{entry.loss:.2f} (the upright line on the curve):"
    )
    st.html(markup.text_box(seed_text, entry.text, (), 9, 13, label="Sample at this stage"))


def drawing() -> None:
    """How a person wants to see the curve."""
    with st.expander("How the chart is drawn"):
        st.segmented_control("Across", list(X_AXES), key="chart_x", required=True)
        st.segmented_control("Up", UNITS, key="chart_unit", required=True)
        st.select_slider(
            "Smoothing, in iterations",
            widgets.options("chart_smoothing", SMOOTHINGS),
            key="chart_smoothing",
        )
        st.toggle("Gradient norm and learning rate below", key="chart_more")
