"""Networks of other runs, which the tab Inside compares with the one at hand."""

from __future__ import annotations

from dashboard.comparison.writing import networks
from dashboard.formatting import training_stage
from dashboard.page import error_boundary, inside_state, messages
from dashboard.page.inside_state import Subject
from dashboard.page.session import values
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run
from dashboard.runs.run_row import RunRow
from rnncore.errors import FileFormatError

CHOSEN = "inside_other_run"  # key of the list
MOST = 50  # runs on offer


def offered(run: Run) -> dict[str, RunRow]:
    """Return the newest runs other than this one, by id.

    Only for a page that may show the list of runs: anyone who has an id can open the run.
    """
    rows = [
        row
        for row in get_registry().index.list_rows().rows
        if row.trained and not row.damaged and row.id != run.id
    ]
    rows.sort(key=lambda row: row.created, reverse=True)
    return {row.id: row for row in rows[:MOST]}


def name(row: RunRow, iteration: int) -> str:
    """Return the name of a run's network, such as "lighthouse · GRU 64, after 900 iterations"."""
    return f"{row.title}, {training_stage(iteration)}"


@error_boundary.callback
def keep(rows: dict[str, RunRow]) -> None:
    """Keep the newest network of the chosen run for comparison. rows: see ``offered``."""
    row = rows.get(values().get(CHOSEN, ""))
    if row is None:
        return
    with messages.errors_at("inside"):
        found = networks(get_registry(), row.id)
        if not found:
            raise FileFormatError("No weights of this run are saved; choose another one.")
        network, iteration = found[-1].load()
        subject = Subject(row.id, network, iteration, "latest", name(row, iteration))
        messages.show("inside", inside_state.keep(subject))
