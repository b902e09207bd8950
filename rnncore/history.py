"""The measurements of a training run: one row per iteration, in columns of numbers.

A column without a value at an iteration holds NaN there, as the validation loss mostly does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLUMNS = (
    "iteration",  # 1 for the first update
    "chars",  # characters of training text read so far
    "seconds",  # seconds of training so far, without pauses
    "loss",  # training loss of this batch, nats per character
    "val_loss",  # validation loss, nats per character, or NaN
    "grad_norm",  # global norm of the gradient before clipping
    "lr",  # learning rate of this update
)


class History:
    """Growing columns of float64; ``history["loss"]`` is a read-only view (iterations,)."""

    def __init__(self) -> None:
        self._rows = np.empty((len(COLUMNS), 1024))
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def reserve(self) -> None:
        """Allocate the memory for the next row, so that ``append`` cannot fail for lack of it."""
        if self._length == self._rows.shape[1]:
            # Doubling keeps the mean cost of an append constant.
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)], axis=1)

    def append(self, **values: float) -> None:
        """Add a row; columns without a value get NaN."""
        self.reserve()
        self._rows[:, self._length] = [values.get(name, np.nan) for name in COLUMNS]
        self._length += 1

    def set_last(self, name: str, value: float) -> None:
        """Set a column of the newest row, such as a validation loss measured after its update."""
        self._rows[COLUMNS.index(name), self._length - 1] = value

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        column = self._rows[COLUMNS.index(name), : self._length]
        column.flags.writeable = False
        return column

    def last(self, name: str) -> float:
        """Return the newest value of a column, or NaN if there are no rows."""
        return float(self[name][-1]) if self._length else float("nan")

    def validations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the iterations at which validation loss was measured, and those losses."""
        rows = self._rows[:, : self._length]  # read once: another thread may append meanwhile
        iterations, val_loss = rows[COLUMNS.index("iteration")], rows[COLUMNS.index("val_loss")]
        measured = ~np.isnan(val_loss)
        return iterations[measured], val_loss[measured]

    def seconds_below(self, nats: float) -> float | None:
        """Return the training seconds until validation loss first fell below ``nats``, or None."""
        val_loss = self["val_loss"]
        below = np.flatnonzero(val_loss < nats)  # a comparison with NaN is False
        return float(self["seconds"][below[0]]) if len(below) else None

    def to_array(self) -> NDArray[np.float64]:
        """Return a copy of all rows, (columns, iterations)."""
        return self._rows[:, : self._length].copy()

    @classmethod
    def from_array(cls, rows: NDArray[np.float64]) -> History:
        """Return a history with copies of the rows of ``to_array``."""
        history = cls()
        history._length = rows.shape[1]
        room = max(1024, rows.shape[1])
        history._rows = np.empty((len(COLUMNS), room))
        history._rows[:, : rows.shape[1]] = rows
        return history
