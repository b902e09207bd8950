"""Callbacks that choose the stage: the sample of the training that is shown beside the curve."""

from __future__ import annotations

from dashboard.page import error_boundary, state, widgets
from dashboard.page.session import values

COMPANION = "companion_state"  # key of the component that reports clicks on the curve


@error_boundary.callback
def follow_newest() -> None:
    """Follow the newest sample again if the slider was moved to its place or beyond."""
    widgets.show_stage(values()["stage"], _sampled())


@error_boundary.callback
def show_newest() -> None:
    """Follow the newest sample again."""
    widgets.select_newest_stage()


@error_boundary.callback
def choose_on_curve() -> None:
    """Show the sample nearest to the iteration that was clicked on the curve."""
    clicked = (values().get(COMPANION) or {}).get("stage")
    sampled = _sampled()
    if clicked is not None and sampled:
        widgets.show_stage(min(sampled, key=lambda n: abs(n - clicked)), sampled)


def _sampled() -> list[int]:
    """Return the iterations after which the run's samples were written."""
    run = state.run()
    return [] if run is None else [entry.iteration for entry in list(run.sample_log.entries)]
