"""Progress of a training run: status, figures, loss curve, diagnosis and samples.

``show`` is drawn in a fragment that ticks while the run trains.
"""

from __future__ import annotations

import math
from dataclasses import replace

import streamlit as st

from dashboard.analysis.curve_diagnosis import diagnose_divergence, diagnose_solver
from dashboard.charts.chart_options import SMOOTHINGS, UNITS, X_AXES
from dashboard.charts.history_column import COLUMN_TITLES, column_chart
from dashboard.charts.history_line import describe_thinning
from dashboard.charts.loss import loss_chart
from dashboard.formatting import counted, duration, escape_markdown, three_decimals
from dashboard.page import background, current_run, settings_callbacks, state, widgets
from dashboard.runs.run import SCHEDULER, Run
from dashboard.server import limits
from dashboard.training.sample_log import Entry
from dashboard.training.status import Phase, Status
from dashboard.views import markup

# On two cores each redraw costs the training about 0.1 s. In the first minute, when the curve
# changes most, the page is redrawn more often.
FAST_TICK_SECONDS, SLOW_TICK_SECONDS = 1.0, 2.0
FAST_TICKS_FOR_SECONDS = 60

_BADGES = {
    Phase.READY: ("Ready", "gray"),
    Phase.RUNNING: ("Training", "green"),
    Phase.WAITING: ("Waiting", "orange"),
    Phase.PAUSED: ("Paused", "orange"),
    Phase.TIMED_OUT: ("Timed out", "orange"),
    Phase.INTERRUPTED: ("Interrupted", "orange"),
    Phase.FINISHED: ("Finished", "blue"),
    Phase.FAILED: ("Stopped", "red"),
}


def show() -> None:
    """Draw the progress, and keep the run training for as long as a page shows it."""
    run = state.run()
    if run is None:
        st.caption(
            "Press Train to see the loss fall here, live.",
            help="The loss measures how badly the network predicts the next character of the text. "
            "Lower is better.",
        )
        return
    status = current_run.watch(run)
    _draw_status(run, status)
    if run.autosaver is not None and run.autosaver.problem:
        st.warning(escape_markdown(run.autosaver.problem), icon=":material/save:")
    _draw_figures(status)
    entries = list(run.sample_log.entries)  # a copy: the trainer may append to the log meanwhile
    stage = widgets.stage([entry.iteration for entry in entries])
    _draw_curve(run, stage)
    _draw_stages(run.sample_log.seed_text, entries, stage)
    _draw_diagnosis(run, status)
    # The whole page must be redrawn when training ends (for the buttons), and when the fragment
    # should stop ticking or tick more slowly.
    baselines_running = background.baselines(run).running
    changes = [
        state.flag_change("training", status.thread_active),
        state.flag_change("baselines", baselines_running),
    ]
    slow = state.flag_change("slow", ticks_slowly(status))
    if state.take_redraw_request() or False in changes or slow:
        st.rerun()


def ticks_slowly(status: Status) -> bool:
    """Return whether the run is past the time in which the page is redrawn often."""
    return status.elapsed > FAST_TICKS_FOR_SECONDS


def _draw_status(run: Run, status: Status) -> None:
    label, colour = _BADGES[status.phase]
    limit = duration(limits.UNATTENDED_SECONDS)
    sentence = {
        Phase.RUNNING: f"{_describe_remaining(run, status)} · keeps training for {limit} if you "
        "close this page",
        Phase.WAITING: f"number {status.queue_position} in the queue for this computer",
        Phase.TIMED_OUT: f"paused because no page was open for {limit}; press Train to continue",
        Phase.FINISHED: "press Train to continue",
        Phase.PAUSED: "press Train to continue",
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


def _describe_remaining(run: Run, status: Status) -> str:
    """Return the time until the goal, which depends on how many runs share the computer."""
    if run.plan.open_ended:
        return "until validation stalls"
    if math.isnan(status.remaining):
        return "measuring the speed …"
    others = len(SCHEDULER) - 1
    shared = f", sharing the computer with {counted(others, 'other run')}" if others > 0 else ""
    early = ", less if validation stalls" if run.plan.goal.patience else ""
    return f"about {duration(status.remaining)} left{early}{shared}"


def _draw_figures(status: Status) -> None:
    validated = not math.isnan(status.val_loss)
    with st.container(horizontal=True):
        st.metric(
            "Loss",
            three_decimals(status.loss),
            help="How badly the network predicts the next character of the training text: the mean "
            "of the last 50 iterations in nats per character. A nat is 1.44 bits; lower is better.",
        )
        st.metric(
            "Validation",
            three_decimals(status.val_loss),
            help="The loss on the end of the text, which the network never trains on. If it rises "
            "while the loss falls, the network is memorising the text.",
        )
        st.metric(
            "Bits per character",
            three_decimals((status.val_loss if validated else status.loss) / math.log(2)),
            help="Bits needed to store a character with the network's predictions, for example 2.1 "
            "where a plain text file takes 8. It is the validation loss in bits, or the training "
            "loss before the first validation.",
        )
        st.metric(
            "Characters/s",
            f"{status.chars_per_second:,.0f}" if status.chars_per_second else "–",
            help="Characters of the text read per second of training.",
        )
        st.metric(
            "Time",
            duration(status.elapsed),
            help="Time spent on this run, without pauses and without the time of other runs that "
            "share the computer. The time left includes the time of other runs.",
        )
        st.metric(
            "Epoch",
            f"{status.epoch:.2f}",
            help="Passes over the training text so far, for example 0.50 for half of it.",
        )


def _draw_curve(run: Run, stage: int | None) -> None:
    history = run.solver.history
    if not len(history):
        return
    st.space("xsmall")  # room for the chart's toolbar, which appears above it
    options = replace(
        widgets.chart_options(),
        marks=run.trainer.changes[-50:],
        baselines=background.baselines(run).result or [],
        stage=stage,
    )
    per_epoch = run.chars_per_epoch
    rows, spec = loss_chart(history, per_epoch, options)
    st.vega_lite_chart(
        rows,
        spec,
        width="stretch",
        key="loss_chart",
        alt="Training and validation loss over the run",
    )
    if thinning := describe_thinning(history):
        st.caption(thinning)
    if widgets.shows_side_charts():
        for column in ("grad_norm", "lr"):
            rows, spec = column_chart(history, per_epoch, column, options)
            st.vega_lite_chart(
                rows,
                spec,
                width="stretch",
                key=f"{column}_chart",
                alt=f"{COLUMN_TITLES[column]} over the run",
            )


def _draw_stages(seed_text: str, entries: list[Entry], stage: int | None) -> None:
    """Draw the sample written at the selected stage of training, and the slider that selects it."""
    if stage is None:
        return
    by_iteration = {entry.iteration: entry for entry in entries}
    if len(entries) > 1:
        st.select_slider(
            "Stage",
            [*list(by_iteration)[:-1], widgets.NEWEST],
            format_func=lambda n: n if n == widgets.NEWEST else f"{n:,}",
            key="stage",
            help="Iterations after which a sample was written, for example 100. All samples start "
            "from the same seed text and use the same random numbers.",
        )
    entry = by_iteration[stage]
    st.caption(
        f"What it wrote after {counted(entry.iteration, 'iteration')}, at a loss of "
        f"{entry.loss:.2f} (vertical line on the chart):"
    )
    st.html(markup.text_box(seed_text, entry.text, (), 9, 13, label="Sample at this stage"))


def _draw_diagnosis(run: Run, status: Status) -> None:
    """Draw what the curve shows, a button that applies the advice, and the baselines passed."""
    history, changes = run.solver.history, run.trainer.changes
    if status.diverging_rate is not None:
        found = diagnose_divergence(status.diverging_rate, run.solver.update_rule)
    elif len(history):
        changed = changes[-1].iteration if changes else 0
        found = diagnose_solver(run.solver, changed, background.baselines(run).result or [])
    else:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="advice"):
        st.markdown(f":material/stethoscope: {found.sentence} {found.advice}", width="stretch")
        if found.button:
            st.button(found.button, on_click=settings_callbacks.apply_advice, args=(found.action,))
    beaten = [
        f"{base.name} ({duration(seconds)})"
        for base in background.baselines(run).result or []
        if (seconds := history.seconds_below(base.nats)) is not None
    ]
    if beaten:
        st.caption(
            f"Beaten so far: {', '.join(beaten)}.",
            help="Simpler models that the validation loss has passed, with the training time it "
            "took. Uniform guesses every character with the same probability, letter frequencies "
            "uses their counts in the text, the 5-gram also looks at the 4 characters before "
            "(smoothed by the Witten–Bell method), and the compressor is a program that packs "
            "files. They are the dashed lines on the chart.",
        )


def show_chart_options() -> None:
    """Draw the expander with the options of the loss chart."""
    with st.expander("Chart options"):
        st.segmented_control("X axis", list(X_AXES), key="chart_x", required=True)
        st.segmented_control(
            "Y axis",
            UNITS,
            key="chart_unit",
            required=True,
            help="Nats and bits are units of the loss: a nat is 1.44 bits. The perplexity is the "
            "same as a number of choices: 8 means that the network is as unsure as if 8 "
            "characters were equally likely.",
        )
        st.select_slider(
            "Smoothing",
            widgets.options("chart_smoothing", SMOOTHINGS),
            key="chart_smoothing",
            format_func=lambda n: counted(n, "iteration"),
            help="Iterations over which the thick training curve is averaged, for example 100.",
        )
        st.toggle(
            "Gradient norm and learning rate",
            key="chart_more",
            help="Two small charts below the loss. The gradient norm is the overall length of the "
            "gradient; a sudden peak warns that the learning rate may be too high.",
        )
