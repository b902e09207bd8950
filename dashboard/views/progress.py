"""The ticking part of the workbench: progress, figures, stage, diagnosis and the ladder.

``show`` is drawn in a fragment that ticks while the run trains.
"""

from __future__ import annotations

import math

import streamlit as st

from dashboard.analysis.curve_diagnosis import diagnose_divergence, diagnose_solver
from dashboard.formatting import counted, duration, escape_markdown, three_decimals
from dashboard.page import (
    background,
    current_run,
    entry,
    settings_callbacks,
    state,
    steady_advice,
    tour,
    widgets,
)
from dashboard.reports.terms import TERMS
from dashboard.runs.run import SCHEDULER, Run
from dashboard.server import limits
from dashboard.server.redraw_pace import PACE
from dashboard.training import live_settings
from dashboard.training.status import Phase, Status
from dashboard.views import before, browser_tab, companion, ladder, stage

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
        _draw(None)
        return
    with PACE.measure(run.id):
        _draw(run)


def _draw(run: Run | None) -> None:
    text = state.text()
    status = None if run is None else current_run.watch(run)
    training = None  # before anything was trained, the page shows what is known of the run to come
    if run is not None and status is not None:
        ready = status.phase is Phase.READY and not status.iteration
        training = None if ready else (run, status)
    with st.container(key="progress"):
        if training is not None:
            _draw_status(*training)
        else:
            before.draw_progress(run)
    with st.container(key="figures", horizontal=True):
        if training is not None:
            _draw_figures(training[1])
        else:
            before.draw_figures(run)
    baselines = before.levels(text) if run is None else background.baselines(run).result or []
    stage.show(run, baselines)
    with st.container(
        key="doctor", horizontal=True, horizontal_alignment="right", vertical_alignment="center"
    ):
        if training is not None:
            _draw_diagnosis(*training)
        else:
            before.draw_invitation(run)
    with st.container(key="live_notices"):
        if training is not None:
            _draw_problems(*training)
            stage.show_side_charts(training[0])
    ladder.show(baselines, run)
    _show_outside(run, status)
    # The whole page must be redrawn when training ends (for the buttons), and when the fragment
    # should stop ticking or tick more slowly.
    changes = [
        state.flag_change("training", status is not None and status.thread_active),
        state.flag_change("baselines", is_measuring(run)),
    ]
    tick = state.flag_change("tick", tick_seconds(run, status))
    if state.take_redraw_request() or False in changes or tick is not None:
        st.rerun()


def is_measuring(run: Run | None) -> bool:
    """Return whether something that the page shows before training is not ready yet."""
    if run is None:
        return before.is_measuring()
    begun = run.solver.iteration or run.trainer.status().thread_active
    waits = not begun and (background.is_running("first") or before.is_measuring_speed())
    return waits or background.baselines(run).running


def _show_outside(run: Run | None, status: Status | None) -> None:
    """Show progress and end of the training outside the page: tab, toast, notification."""
    percent = None
    if run is not None and status is not None and not run.plan.open_ended:
        percent = min(100, status.iteration * 100 // max(1, status.num_iters))
    browser_tab.show(status, percent)
    phase = "ready" if status is None else str(_shown_phase(status))
    end = "" if status is None else browser_tab.describe_end(status)
    companion.show(
        phase,
        "Training has ended",
        end,
        widgets.notifies(),
        tour.cookie(),
    )
    ended = state.flag_change("active", status is not None and status.active) is False
    if ended and status is not None and status.ended:
        st.toast(f"Training has ended {end}.", icon=":material/check:")


def tick_seconds(run: Run | None, status: Status | None) -> float:
    """Return the seconds between two redraws while the run trains or is measured."""
    if run is None or status is None:
        return FAST_TICK_SECONDS
    slow = status.elapsed > FAST_TICKS_FOR_SECONDS
    return PACE.interval(run.id, SLOW_TICK_SECONDS if slow else FAST_TICK_SECONDS)


def _draw_status(run: Run, status: Status) -> None:
    label, colour = _BADGES[_shown_phase(status)]
    sentence, alone = _describe_phase(run, status), ""
    if status.phase is Phase.RUNNING:
        limit = "" if run.keeps_training else f" for {duration(limits.UNATTENDED_SECONDS)}"
        alone = f"keeps training{limit} if you close this page"
    on = f"on {escape_markdown(run.text.name)}"
    if run.plan.open_ended:
        done, count = 0.0, f"**{status.iteration:,}** iterations"
    else:
        done = min(1.0, status.iteration / max(1, status.num_iters))
        count = f"**{status.iteration:,}** of {status.num_iters:,} iterations"
    # A narrow screen cuts the end of the line: the name of the text is in the bar, too.
    line = " · ".join(part for part in (count, sentence, alone, on) if part)
    st.markdown(f":{colour}-badge[{label}] {line}")
    st.progress(done)


def _describe_phase(run: Run, status: Status) -> str:
    """Return what the training does now, or when and why it ended and what Train does."""
    limit = duration(limits.UNATTENDED_SECONDS)
    at = entry.local_time(status.stopped_at)
    ended, on = (f"on {at}; ", f" on {at}") if at else ("", "")
    return {
        Phase.RUNNING: _describe_remaining(run, status),
        Phase.WAITING: f"number {status.queue_position} in the queue for this computer",
        Phase.TIMED_OUT: f"paused{on} because no page was open for {limit}; press Train to "
        "continue",
        Phase.INTERRUPTED: f"the server stopped{on}; press Train to continue",
        Phase.FINISHED: f"{ended}Train continues {_describe_goal(run)}",
        Phase.PAUSED: f"{ended}press Train to continue",
        Phase.FAILED: on.strip(),
    }.get(_shown_phase(status), "")


def _shown_phase(status: Status) -> Phase:
    """Return the phase to name: a run that its stop rule ended is finished for its user."""
    return Phase.FINISHED if status.ended else status.phase


def _describe_goal(run: Run) -> str:
    """Return for how long Train would train again."""
    goal = widgets.goal()
    return {
        "iterations": f"for another {goal.amount:,.0f}",
        "epochs": f"for another {counted(int(goal.amount), 'epoch')}",
        "minutes": f"for another {goal.amount:g} min",
        "plateau": "until validation stalls",
    }[goal.kind]


def _draw_problems(run: Run, status: Status) -> None:
    """Draw why training ended, and why the run could not be saved."""
    if status.message:
        show_message = st.error if status.phase is Phase.FAILED else st.info
        show_message(escape_markdown(status.message))
    if run.autosaver is not None and run.autosaver.problem:
        st.warning(escape_markdown(run.autosaver.problem), icon=":material/save:")


def _describe_remaining(run: Run, status: Status) -> str:
    """Return the time until the goal, which depends on how many runs share the computer."""
    if run.plan.open_ended:
        return "until validation stalls"
    if math.isnan(status.remaining):
        return "measuring the speed …"
    others = len(SCHEDULER) - 1
    shared = f", sharing the computer with {counted(others, 'other run')}" if others > 0 else ""
    about = "at most" if run.plan.goal.patience else "about"  # a stalled validation ends it
    return f"{about} {duration(status.remaining)} left{shared}"


def _draw_figures(status: Status) -> None:
    validated = not math.isnan(status.val_loss)
    st.metric(
        "Loss",
        three_decimals(status.loss),
        help=f"{TERMS['Loss']} The mean of the last iterations, at most 50, in nats per character. "
        f"{TERMS['Nats per character']}",
    )
    st.metric(
        "Validation",
        three_decimals(status.val_loss),
        help=TERMS["Validation loss"],
    )
    st.metric(
        "Best",
        three_decimals(status.best_val),
        help="The lowest validation loss of the run so far.",
    )
    st.metric(
        "Bits per character",
        three_decimals((status.val_loss if validated else status.loss) / math.log(2)),
        help=f"{TERMS['Bits per character']} It is the validation loss in bits, or the training "
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
        help=f"{TERMS['Epochs']} 0.50 stands for half of it.",
    )


def _draw_diagnosis(run: Run, status: Status) -> None:
    """Draw what the curve shows, and a button that applies the advice."""
    history, changes = run.solver.history, run.trainer.changes
    if status.diverging_rate is not None:
        found = diagnose_divergence(status.diverging_rate, run.solver.update_rule)
    elif len(history):
        changed = live_settings.last_effective(changes)
        found = diagnose_solver(run.solver, changed, background.baselines(run).result or [])
        if status.active:
            found = steady_advice.steady(found, (run.id, len(changes)))
    else:  # Streamlit does not draw an empty row, and what is below would move
        st.markdown(
            ":material/stethoscope: The first loss comes after one iteration.", width="stretch"
        )
        return
    advice = found.advise(status.active)
    st.markdown(f":material/stethoscope: {found.sentence} {advice}", width="stretch")
    if found.button:
        st.button(found.button, on_click=settings_callbacks.apply_advice, args=(found.action,))
