"""The list of runs: its filters, and which of its runs are selected."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.page import error_boundary, messages, open_run, state
from dashboard.page.session import values
from dashboard.runs.registry import get_registry
from dashboard.runs.run_row import RunRow
from dashboard.settings import CELL_NAMES

SEARCH, TEXTS, CELLS, STARRED = "runs_search", "runs_texts", "runs_cells", "runs_starred"
ALL = "runs_all"  # whether runs of races and sweeps are shown, too


def cell_name(row: RunRow) -> str:
    """Return the name of a run's cell, or "" if it is damaged."""
    kind = "" if row.settings is None else row.settings.cell_type
    return CELL_NAMES.get(kind, kind)


def prepare_filters(rows: Sequence[RunRow]) -> tuple[list[str], list[str]]:
    """Return the texts and the cells that can be chosen; forget chosen ones that are gone."""
    texts = sorted({row.text_name for row in rows if row.text_name})
    cells = sorted({name for row in rows if (name := cell_name(row))})
    for key, offered in ((TEXTS, texts), (CELLS, cells)):
        values()[key] = [name for name in values()[key] if name in offered]
    return texts, cells


def set_apart(rows: Sequence[RunRow]) -> set[str]:
    """Return the ids of the runs of races and sweeps, which are listed only on request.

    Those that the workbench shows, or that have a name, a note or a star, are not among them.
    """
    here = None if (run := state.run()) is None else run.id
    return {r.id for r in rows if r.made_by and not r.labels.protected and r.id != here}


def leaves_out(rows: Sequence[RunRow]) -> bool:
    """Return whether some of the rows are left out because a race or a sweep started the runs."""
    return not values()[ALL] and bool(set_apart(rows))


def filtered(rows: Sequence[RunRow]) -> list[RunRow]:
    """Return the rows that match all filters, the run that was started last first.

    Not by their last save: rows must not move while a person selects some.
    """
    words = str(values()[SEARCH]).casefold().split()
    texts, cells, starred = values()[TEXTS], values()[CELLS], values()[STARRED]
    apart = set() if values()[ALL] else set_apart(rows)
    kept = [
        row
        for row in rows
        if (not texts or row.text_name in texts)
        and (not cells or cell_name(row) in cells)
        and (not starred or row.labels.starred)
        and row.id not in apart
        and all(word in _searched(row) for word in words)
    ]
    return sorted(kept, key=lambda row: row.created, reverse=True)


def _searched(row: RunRow) -> str:
    return f"{row.title} {row.text_name} {cell_name(row)} {row.labels.note}".casefold()


# -- the selection -----------------------------------------------------------------------------


def selected(rows: Sequence[RunRow]) -> list[RunRow]:
    """Return the selected runs among all ``rows``, in the order of the list."""
    chosen = values().get("_runs_selected", ())
    return [row for row in rows if row.id in chosen]


def mark_shown(rows: Sequence[RunRow]) -> tuple[str, list[int]]:
    """Remember which runs the table shows; return its key, and the rows selected in it at first.

    The browser knows a selection by the positions of its rows, so other runs need a new table.
    """
    ids = tuple(row.id for row in rows)
    if ids != values().get("_runs_shown"):
        chosen = values().get("_runs_selected", ())
        values()["_runs_shown"] = ids
        values()["_runs_first"] = [i for i, run_id in enumerate(ids) if run_id in chosen]
        values()["_runs_tables"] = values().get("_runs_tables", 0) + 1
    return f"runs_table_{values()['_runs_tables']}", values()["_runs_first"]


@error_boundary.callback
def select(key: str) -> None:
    """Remember the runs whose rows are selected in the table; those that it hides stay selected."""
    shown = values().get("_runs_shown", ())
    rows = values()[key]["selection"]["rows"]
    hidden = [run_id for run_id in values().get("_runs_selected", ()) if run_id not in shown]
    values()["_runs_selected"] = (*hidden, *(shown[row] for row in rows if row < len(shown)))


@error_boundary.callback
def clear_selection() -> None:
    """Select nothing."""
    _forget_selection()


def _forget_selection() -> None:
    values()["_runs_selected"] = ()
    values()["_runs_shown"] = None  # a new table, without checked boxes


# -- what is done with the selected runs -------------------------------------------------------


@error_boundary.callback
def star(run_ids: Sequence[str], starred: bool) -> None:
    """Star runs, or remove their stars."""
    with messages.errors_at("runs"):
        for run_id in run_ids:
            get_registry().set_labels(run_id, starred=starred)


def label_key(kind: str, run_id: str) -> str:
    """Return the key of the widget for a run's "name" or "note"."""
    return f"runs_{kind}_{run_id}"


@error_boundary.callback
def rename(run_id: str) -> None:
    """Give a run the name in the widget; an empty one brings back its automatic title."""
    with messages.errors_at("runs"):
        get_registry().set_labels(run_id, name=values()[label_key("name", run_id)] or "")


@error_boundary.callback
def annotate(run_id: str) -> None:
    """Give a run the note in the widget."""
    with messages.errors_at("runs"):
        get_registry().set_labels(run_id, note=values()[label_key("note", run_id)] or "")


@error_boundary.callback
def delete(run_ids: Sequence[str]) -> None:
    """Delete runs from memory and from disk."""
    _forget_selection()
    for run_id in run_ids:
        open_run.delete_run(run_id)
        if messages.get("runs"):
            return
