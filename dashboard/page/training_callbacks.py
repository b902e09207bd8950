"""Callbacks of the Train section's buttons."""

from __future__ import annotations

from dashboard.page import current_run, error_boundary, state, teaching, widgets
from dashboard.runs.registry import get_registry
from dashboard.server import limits


@error_boundary.callback
def train() -> None:
    """Start or continue training; ask first if the page's settings differ from the run's, or if
    the network does not know all characters of the text."""
    with current_run.train_errors():
        run = state.run()
        if (
            run is not None
            and run.has_progress
            and (current_run.settings_differ() or teaching.must_ask(run))
        ):
            state.set_confirming_new_run(True)
        else:
            current_run.continue_training(current_run.get_or_create())


@error_boundary.callback
def start_new_run() -> None:
    """Create a run of a new network with the text and settings on the page, and train it."""
    state.set_confirming_new_run(False)
    with current_run.train_errors():
        teaching.show_whole_text()
        current_run.continue_training(current_run.replace_run())


@error_boundary.callback
def close_question() -> None:
    """Close the question whether to start a new run; change nothing."""
    state.set_confirming_new_run(False)


@error_boundary.callback
def continue_run() -> None:
    """Restore the run's own text and settings on the page, and continue training it."""
    state.set_confirming_new_run(False)
    if (run := state.run()) is not None:
        with current_run.train_errors():
            current_run.show_settings_of(run)
            current_run.continue_training(run)


@error_boundary.callback
def pause() -> None:
    """Pause training after the present iterations."""
    run = state.run()
    if run is not None:
        run.trainer.pause()


@error_boundary.callback
def keep_training() -> None:
    """Let the run train without a page, or no longer than the usual time."""
    run = state.run()
    if run is not None:
        run.keep_training(widgets.keeps_training())


@error_boundary.callback
def step() -> None:
    """Train one iteration."""
    with current_run.train_errors():
        run = current_run.get_or_create()
        get_registry().add(run)  # the registry may have put it away while the page was idle
        if run.solver.finished:
            current_run.apply_settings(run, current_run.start_from_here(run))
        run.trainer.step(limits.UNATTENDED_SECONDS)


@error_boundary.callback
def reset() -> None:
    """Start over from the same initial weights, with the page's settings."""
    state.set_confirming_new_run(False)
    with current_run.train_errors():
        current_run.replace_run()
