"""The learning rate that suits the network that Train would train, by the rule and by a test."""

from __future__ import annotations

from dataclasses import replace

from dashboard.page import background, current_run, error_boundary, messages, state, widgets
from dashboard.page.settings_callbacks import apply_train_settings
from dashboard.runs import rate_probe
from dashboard.runs.rate_probe import Candidate
from dashboard.runs.run import SCHEDULER
from dashboard.server.background_job import Job
from rnncore.range_test import RangeTest

PLACE = "rates"  # of the message about a test that was refused
_KIND = "rates"


def candidate() -> Candidate | None:
    """Return the network that Train would train; None without a text."""
    run, text = state.run(), state.text()
    # As ``current_run.get_or_create``: the live settings act on a run that has begun.
    if run is not None and (run.has_progress or not current_run.settings_differ()):
        return Candidate.of_run(run)
    if text is None:
        return None
    return Candidate.of_settings(text, widgets.model_settings(), widgets.train_settings())


def job_of(about: Candidate) -> Job[RangeTest | None] | None:
    """Return the test of this network, if the user has started one; drop that of another."""
    return background.find(_KIND, about)


def refusal() -> str:
    """Return why the last click started no test, or ""."""
    return messages.get(PLACE, len(SCHEDULER) > 0)


@error_boundary.callback
def start_test(about: Candidate) -> None:
    """Test the learning rates of this network in the background."""
    with messages.errors_at(PLACE, lambda: len(SCHEDULER) > 0):
        rate_probe.check(about)
        background.forget(_KIND)
        background.job(_KIND, about, lambda: rate_probe.measure(about))


@error_boundary.callback
def stop_test(about: Candidate) -> None:
    """Stop the test; it has no result then."""
    if (job := job_of(about)) is not None:
        job.cancel()
        background.forget(_KIND)


@error_boundary.callback
def use(rate: float) -> None:
    """Set the learning rate, also of the run at hand."""
    widgets.show_settings(None, replace(widgets.train_settings(), lr=rate))
    apply_train_settings()
