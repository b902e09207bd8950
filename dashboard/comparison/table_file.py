"""A comparison as a CSV file: one row for each run and row of its history."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from dashboard.comparison.compared import Compared
from rnncore.history import COLUMNS, VALIDATION_COLUMNS

_TITLES = ("run", "line", "iteration", "chars", "epochs", "seconds", "nats_per_character")


def comparison_csv(runs: Sequence[Compared]) -> str:
    """Return the training and validation losses of all runs, the runs one after another.

    The oldest iterations of very long runs are means, as the history keeps them.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_TITLES)
    for run in runs:
        history = run.history
        losses = history.to_array()[[COLUMNS.index(name) for name in (*_KEPT, "loss")]]
        validations = history.validation_table()
        order = [VALIDATION_COLUMNS.index(name) for name in (*_KEPT, "val_loss")]
        for line, table in (("training", losses), ("validation", validations[order])):
            for iteration, chars, seconds, loss in table.T.tolist():
                epochs = chars / run.chars_per_epoch
                values = (iteration, chars, epochs, seconds, loss)
                numbers = ("" if math.isnan(value) else f"{value:.10g}" for value in values)
                writer.writerow([_safe(run.title), line, *numbers])
    return out.getvalue()


_KEPT = ("iteration", "chars", "seconds")


def _safe(title: str) -> str:
    """Return a title that no spreadsheet takes for a formula."""
    return f"'{title}" if title[:1] in "=+-@\t\r" else title
