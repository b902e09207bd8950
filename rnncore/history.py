"""What happened at each iteration, in plain columns.

One row an iteration, appended in order. A column that has no value at an
iteration (validation, most of the time) holds NaN there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLUMNS = (
    "iteration",  # 1 for the first update
    "chars",  # characters of training text seen so far
    "seconds",  # seconds of training so far, pauses not counted
    "loss",  # training loss of this batch, nats per character
    "val_loss",  # validation loss, nats per character, or NaN
    "grad_norm",  # global norm of the gradient before clipping
    "lr",  # learning rate that this update used
)


class History:
    """Columns of float64 that grow in place; ``history["loss"]`` is a read-only view."""

    def __init__(self) -> None:
        self._rows = np.empty((len(COLUMNS), 1024))
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, **values: float) -> None:
        """Add a row; columns that are not named hold NaN."""
        if self._length == self._rows.shape[1]:
            # Doubling keeps the cost of an append constant, however long the run.
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)], axis=1)
        self._rows[:, self._length] = [values.get(name, np.nan) for name in COLUMNS]
        self._length += 1

    def set_last(self, name: str, value: float) -> None:
        """Fill in a column of the newest row (a validation measured after its update)."""
        self._rows[COLUMNS.index(name), self._length - 1] = value

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        column = self._rows[COLUMNS.index(name), : self._length]
        column.flags.writeable = False
        return column

    def last(self, name: str) -> float:
        """The newest value of a column, or NaN."""
        return float(self[name][-1]) if self._length else float("nan")

    def validations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Iterations at which validation was measured, and its losses."""
        rows = self._rows[:, : self._length]  # one look: another thread may append between two
        iterations, val_loss = rows[COLUMNS.index("iteration")], rows[COLUMNS.index("val_loss")]
        measured = ~np.isnan(val_loss)
        return iterations[measured], val_loss[measured]

    def seconds_below(self, nats: float) -> float | None:
        """Seconds of training after which validation first came below so many nats, or None."""
        val_loss = self["val_loss"]
        below = np.flatnonzero(val_loss < nats)  # NaN is below nothing
        return float(self["seconds"][below[0]]) if len(below) else None

    def to_array(self) -> NDArray[np.float64]:
        """A copy of all rows, (columns, iterations)."""
        return self._rows[:, : self._length].copy()

    @classmethod
    def from_array(cls, rows: NDArray[np.float64]) -> History:
        """A history from what ``to_array`` gave."""
        history = cls()
        history._length = rows.shape[1]
        room = max(1024, rows.shape[1])
        history._rows = np.empty((len(COLUMNS), room))
        history._rows[:, : rows.shape[1]] = rows
        return history
