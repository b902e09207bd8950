"""Short names of the networks in a race: only what differs between them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.comparison.compared import Compared
from dashboard.comparison.tables import settings_that_differ
from dashboard.runs import titles
from dashboard.settings import CELL_NAMES


def short_names(runs: Sequence[Compared]) -> list[str]:
    """Return a name for each run, such as "LSTM", "GRU 64" or "Vanilla RNN without clipping".

    If a person has named one of them, all keep their titles.
    """
    full = [run.title for run in runs]
    made = [titles.title("", run.text_name, run.model) for run in runs]
    if not all(title.startswith(own) for title, own in zip(full, made, strict=True)):
        return full
    cells = [CELL_NAMES.get(run.model.cell_type, run.model.cell_type) for run in runs]
    sizes = [titles.describe_cells(run.model) for run in runs]
    offered = [cells, sizes]
    if set(settings_that_differ(runs)) == {"Gradient clipping"}:
        clipping = ["with" if run.settings["clip"] else "without" for run in runs]
        offered.append(
            [f"{cell} {word} clipping" for cell, word in zip(cells, clipping, strict=True)]
        )
    for names in offered:
        if len(set(names)) == len(runs):
            return names
    parts = zip(full, made, sizes, strict=True)
    return [size + title.removeprefix(own) for title, own, size in parts]
