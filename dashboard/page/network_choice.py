"""The choice between the run's best and latest network, at each place of the page that offers it.

Until the user chooses, the choice is that of ``runs.network_choice.default``.
"""

from __future__ import annotations

from dashboard.page import error_boundary, session
from dashboard.page.session import values
from dashboard.runs import network_choice
from dashboard.runs.run import Run

PLACES = ("sample", "download", "teach", "start", "inside")


def key(place: str) -> str:
    """Return the key of the widget at a place, one of ``PLACES``."""
    return f"network_{place}"


def chosen(run: Run, place: str) -> str:
    """Return the network chosen at a place: ``network_choice.BEST`` or ``LATEST``."""
    run_id, which = values().get(f"_{key(place)}") or ("", "")
    known = run_id == run.id and which in network_choice.options(run)
    return which if known else network_choice.default(run)


def show_choice(run: Run, place: str) -> None:
    """Write the choice to the widget at a place, which is about to be drawn."""
    session.show(key(place), chosen(run, place))


@error_boundary.callback
def choose(run: Run, place: str) -> None:
    """Remember what the user has chosen at a place, for this run."""
    values()[f"_{key(place)}"] = (run.id, values()[key(place)])
