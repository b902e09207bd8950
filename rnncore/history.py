"""The measurements of a training run, in a bounded number of rows.

A row stands for one iteration. Of a run with more than ``MAX_RECENT`` iterations, the oldest
rows are thinned: they stand for stretches of 2, 4, 8, … iterations, the older the longer. ``loss``,
``grad_norm`` and ``lr`` of a thinned row are means over its stretch; the other columns are those
of the stretch's last iteration. At least the last ``KEPT_RECENT`` iterations have their own rows.
Validations are kept exactly, up to ``MAX_VALIDATIONS`` of the thinned stretches. ``layers`` has
figures of each layer at validations.

A column without a value at an iteration holds NaN there, as the validation loss mostly does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore.layer_table import LayerTable

Rows = NDArray[np.float64]

COLUMNS = (
    "iteration",  # 1 for the first update
    "chars",  # characters of training text read so far
    "seconds",  # seconds of training so far, without pauses
    "loss",  # training loss of this batch, nats per character
    "val_loss",  # validation loss, nats per character, or NaN; NaN in thinned rows
    "grad_norm",  # global norm of the gradient before clipping
    "lr",  # learning rate of this update
)
# Further columns of thinned rows. A row of one iteration has the iteration's own values.
RANGES = ("iterations", "loss_min", "loss_max", "grad_norm_min", "grad_norm_max")
VALIDATION_COLUMNS = ("iteration", "chars", "seconds", "val_loss")

RECENT_LOSSES = 50  # at most so many iterations are averaged as the current training loss
MAX_RECENT, KEPT_RECENT = 65_536, 32_768  # rows of one iteration, before and after thinning
MAX_LEVEL, KEPT_LEVEL = 2_048, 1_024  # rows of each longer stretch, before and after thinning
MAX_VALIDATIONS = 65_536  # of thinned stretches

_LOSS, _VAL, _NORM = (COLUMNS.index(name) for name in ("loss", "val_loss", "grad_norm"))
_OF_VALIDATION = [COLUMNS.index(name) for name in VALIDATION_COLUMNS]
_MEANS = [COLUMNS.index(name) for name in ("loss", "grad_norm", "lr")]
_COUNT = len(COLUMNS)  # row of "iterations" in a table of COLUMNS and RANGES
_MINIMA, _MAXIMA = [_COUNT + 1, _COUNT + 3], [_COUNT + 2, _COUNT + 4]


@dataclass
class _Table:
    """All values of a history. Thinning makes a new table, so a reader's table stays whole."""

    rows: Rows  # (columns, capacity)
    length: int  # rows in use
    ranges: Rows  # (ranges, thinned rows); thinned rows come first
    validations: Rows  # (validation columns, n), those of the thinned rows

    @property
    def thinned(self) -> int:
        return self.ranges.shape[1]

    @property
    def used(self) -> Rows:
        return self.rows[:, : self.length]


class History:
    """Bounded columns of float64; ``history["loss"]`` is a read-only array (rows,).

    Another thread may read while one appends. Columns that belong together are read from one
    ``view``.

    layers: figures of each layer at validations, such as ``layers["gradient 1"]``
        (``rnncore.layer_figures`` has the names).
    """

    def __init__(self) -> None:
        none, no_validations = np.empty((len(RANGES), 0)), np.empty((len(VALIDATION_COLUMNS), 0))
        self._table = _Table(np.empty((len(COLUMNS), 1024)), 0, none, no_validations)
        self.layers = LayerTable()

    def __len__(self) -> int:
        """Return the number of rows; ``iterations`` is that of iterations."""
        return self._table.length

    @property
    def iterations(self) -> int:
        """Number of iterations that the rows stand for."""
        table = self._table
        return int(table.ranges[0].sum()) + table.length - table.thinned

    @property
    def thinned(self) -> int:
        """Number of thinned rows; they come first."""
        return self._table.thinned

    @property
    def thinned_until(self) -> int:
        """The last iteration without a row of its own, or 0."""
        table = self._table
        return int(table.rows[0, table.thinned - 1]) if table.thinned else 0

    def reserve(self) -> None:
        """Allocate the memory for the next row, so that ``append`` cannot fail for lack of it."""
        table = self._table
        if table.length - table.thinned >= MAX_RECENT:
            self._table = _thin(table)
        elif table.length == table.rows.shape[1]:
            # Doubling keeps the mean cost of an append constant.
            table.rows = np.concatenate([table.rows, np.empty_like(table.rows)], axis=1)

    def append(self, **values: float) -> None:
        """Add a row; columns without a value get NaN."""
        self.reserve()
        table = self._table
        table.rows[:, table.length] = [values.get(name, np.nan) for name in COLUMNS]
        table.length += 1

    def set_last(self, name: str, value: float) -> None:
        """Set a column of the newest row, such as a validation loss measured after its update."""
        self._table.rows[COLUMNS.index(name), self._table.length - 1] = value

    def __getitem__(self, name: str) -> Rows:
        """Return a column of COLUMNS or RANGES."""
        table = self._table
        if name in COLUMNS:
            column = table.used[COLUMNS.index(name)]
        else:
            own = table.used[:, table.thinned :]
            recent = (np.ones(own.shape[1]), own[_LOSS], own[_LOSS], own[_NORM], own[_NORM])
            at = RANGES.index(name)
            column = np.concatenate([table.ranges[at], recent[at]])
        column.flags.writeable = False
        return column

    @property
    def ends(self) -> NDArray[np.int64]:
        """Number of iterations up to and including each row, (rows,)."""
        return np.cumsum(self["iterations"]).astype(np.int64)

    def last(self, name: str) -> float:
        """Return the newest value of a column, or NaN if there are no rows."""
        return float(self[name][-1]) if len(self) else float("nan")

    def recent_loss(self) -> float:
        """Return the mean training loss of the last iterations, or NaN if there are none.

        They are the last tenth, at most ``RECENT_LOSSES``: at first the loss falls so fast that a
        mean of many is far above it.
        """
        losses = self["loss"]
        n = min(RECENT_LOSSES, -(-len(losses) // 10))
        return float(losses[-n:].mean()) if n else float("nan")

    def validation_table(self) -> Rows:
        """Return VALIDATION_COLUMNS of all validations, (4, validations), the oldest first."""
        table = self._table  # read once: another thread may append meanwhile
        return np.concatenate([table.validations, _validations(table.used)], axis=1)

    def validations(self) -> tuple[Rows, Rows]:
        """Return the iterations at which validation loss was measured, and those losses."""
        table = self.validation_table()
        return table[0], table[-1]

    def seconds_below(self, nats: float) -> float | None:
        """Return the training seconds until validation loss first fell below ``nats``, or None."""
        _, _, seconds, val_loss = self.validation_table()
        below = np.flatnonzero(val_loss < nats)
        return float(seconds[below[0]]) if len(below) else None

    def view(self) -> History:
        """Return the history as it is now, without copying; later rows are not in it."""
        table, view = self._table, History()
        rows = table.used
        view._table = _Table(rows, rows.shape[1], table.ranges, table.validations)
        view.layers = self.layers
        return view

    def copy(self) -> History:
        """Return an independent copy."""
        table = self._table
        return History.from_array(table.used, table.ranges, table.validations, self.layers)

    def to_array(self) -> Rows:
        """Return a copy of COLUMNS of all rows, (columns, rows)."""
        return self._table.used.copy()

    def thinned_arrays(self) -> tuple[Rows, Rows]:
        """Return RANGES of the thinned rows, and VALIDATION_COLUMNS of their validations."""
        return self._table.ranges, self._table.validations

    @classmethod
    def from_array(
        cls,
        rows: Rows,
        ranges: Rows | None = None,
        validations: Rows | None = None,
        layers: LayerTable | None = None,
    ) -> History:
        """Return a history with copies of ``to_array`` and, if rows are thinned,
        ``thinned_arrays``. layers: the figures of each layer; None means none."""
        history = cls()
        history.layers = layers or history.layers
        table, length = history._table, rows.shape[1]
        own = np.empty((len(COLUMNS), max(1024, length)))
        own[:, :length] = rows
        history._table = _Table(
            own,
            length,
            table.ranges if ranges is None else ranges.copy(),
            table.validations if validations is None else validations.copy(),
        )
        if length - history.thinned > MAX_RECENT:
            history._table = _thin(history._table)
        return history


def estimate_bytes(iterations: int) -> int:
    """Return an upper estimate of the memory for the history of so many iterations and its copy
    for a save."""
    levels = max(0, iterations // KEPT_RECENT).bit_length()
    rows = MAX_RECENT if levels else min(2 * iterations, MAX_RECENT)  # doubled when they grow
    rows += levels * MAX_LEVEL
    validations = min(iterations, MAX_VALIDATIONS) if levels else 0
    thinned = levels * MAX_LEVEL * len(RANGES)
    values = len(COLUMNS) * rows + thinned + len(VALIDATION_COLUMNS) * validations
    return 2 * 8 * values


def _thin(table: _Table) -> _Table:
    """Return the table with ``KEPT_RECENT`` or one more rows of one iteration, the rest merged."""
    surplus = (table.length - table.thinned - KEPT_RECENT) // 2 * 2
    aged = table.used[:, table.thinned : table.thinned + surplus]
    loss, norm = aged[_LOSS], aged[_NORM]
    new = np.vstack([aged, np.ones(surplus), loss, loss, norm, norm])
    new[_VAL] = np.nan  # kept as ``validations``
    old = np.vstack([table.used[:, : table.thinned], table.ranges])
    merged, count = np.concatenate([old, new], axis=1), 1
    while count <= merged[_COUNT, 0]:  # the oldest row is the longest
        level = np.flatnonzero(merged[_COUNT] == count)  # adjacent
        limit, kept = (0, 0) if count == 1 else (MAX_LEVEL, KEPT_LEVEL)
        if len(level) > limit:
            first, end = level[0], level[0] + (len(level) - kept) // 2 * 2
            halved = _merge_pairs(merged[:, first:end])
            merged = np.concatenate([merged[:, :first], halved, merged[:, end:]], axis=1)
        count *= 2
    recent = table.used[:, table.thinned + surplus :]
    thinned, length = merged.shape[1], merged.shape[1] + recent.shape[1]
    rows = np.empty((len(COLUMNS), thinned + MAX_RECENT))
    rows[:, :thinned], rows[:, thinned:length] = merged[:_COUNT], recent
    validations = np.concatenate([table.validations, _validations(aged)], axis=1)
    return _Table(rows, length, merged[_COUNT:].copy(), _drop_validations(validations))


def _merge_pairs(rows: Rows) -> Rows:
    """Return half as many rows of COLUMNS and RANGES, each of two neighbours."""
    first, second = rows[:, ::2], rows[:, 1::2]
    merged = second.copy()
    merged[_MEANS] = first[_MEANS] / 2 + second[_MEANS] / 2
    merged[_COUNT] = first[_COUNT] + second[_COUNT]
    merged[_MINIMA] = np.minimum(first[_MINIMA], second[_MINIMA])
    merged[_MAXIMA] = np.maximum(first[_MAXIMA], second[_MAXIMA])
    return merged


def _validations(rows: Rows) -> Rows:
    """Return VALIDATION_COLUMNS of the rows that have a validation loss."""
    return rows[_OF_VALIDATION][:, ~np.isnan(rows[_VAL])]


def _drop_validations(validations: Rows) -> Rows:
    """Return at most MAX_VALIDATIONS: if there are more, without every second of the older half.

    The lowest stays.
    """
    while validations.shape[1] > MAX_VALIDATIONS:
        kept = np.ones(validations.shape[1], bool)
        kept[: len(kept) // 2 : 2] = False
        kept[np.argmin(validations[-1])] = True
        validations = validations[:, kept]
    return validations
