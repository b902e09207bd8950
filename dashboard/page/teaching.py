"""Teach the page's network another text: what to offer, and the callback."""

from __future__ import annotations

from dashboard.page import current_run, error_boundary, messages, network_choice, state, widgets
from dashboard.runs import teaching
from dashboard.runs.network_choice import BEST
from dashboard.runs.run import Run
from dashboard.text.loading import LoadedText


def new_text(run: Run) -> LoadedText | None:
    """Return the text that the run's network could be taught, or None if it trains on all of it.

    This is the page's text if it is not the run's, or else the whole text of a run that leaves
    out or replaces the characters that its network does not know.
    """
    text = state.text()
    return text if text is not None and text != run.text else run.whole_text


def must_ask(run: Run) -> bool:
    """Return whether Train must ask first, because the run would leave out part of its text."""
    return teaching.count_left_out(run) > 0 and run.solver.iteration == 0


def show_whole_text() -> None:
    """Choose the whole text of a run that changes it for its network, if the page shows that."""
    run = state.run()
    if run is not None and run.whole_text is not None and state.text() == run.text:
        state.set_text(run.whole_text, state.text_signature())


@error_boundary.callback
def teach() -> None:
    """Start a run that teaches the present network the new text, and train it."""
    state.set_confirming_new_run(False)
    run = state.run()
    if run is not None and (text := new_text(run)) is not None:
        with current_run.train_errors():
            current_run.continue_training(_show_taught(run, text, "teach"))


@error_boundary.callback
def start_from_this_run() -> None:
    """Start a run from a network of the present one, on the page's text, without training it."""
    state.set_confirming_new_run(False)
    run, text = state.run(), state.text()
    if run is not None and text is not None:
        with messages.errors_at("model"):
            _show_taught(run, text, "start")


def continue_from_best() -> None:
    """Start and train a run of the present run's best network, with its text and settings."""
    run = state.run()
    if run is not None:
        with current_run.train_errors():
            current_run.show_settings_of(run)
            current_run.continue_training(_show_network(run, run.text, BEST))


def _show_taught(run: Run, text: LoadedText, place: str) -> Run:
    """Show and return a new run of the network that is chosen at this place."""
    return _show_network(run, text, network_choice.chosen(run, place))


def _show_network(run: Run, text: LoadedText, which: str) -> Run:
    """Show and return a new run that starts from the best or the latest network of ``run``."""
    training = state.next_train_settings() or widgets.train_settings()
    taught = teaching.teach(run, text, widgets.model_settings(), training, which)
    current_run.show_taught(taught)
    return taught
