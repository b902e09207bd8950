"""Figures of each layer over a training: one column for each validation, in a bounded number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

MAX_COLUMNS = 512
MAX_NAMES = 128  # a network of eight layers has 69


@dataclass(frozen=True, eq=False)
class LayerTable:
    """Named rows of figures, measured at the same iterations. It is never changed.

    names: of the rows; the first is "iteration". values: (names, columns), the oldest first.
    """

    names: tuple[str, ...] = ("iteration",)
    values: Values = field(default_factory=lambda: np.empty((1, 0)))

    def __len__(self) -> int:
        """Return the number of columns."""
        return self.values.shape[1]

    def __getitem__(self, name: str) -> Values:
        """Return the row of this name, (columns,)."""
        return self.values[self.names.index(name)]

    def extended(self, iteration: int, figures: Mapping[str, float]) -> LayerTable:
        """Return the table with one more column.

        A full table first loses every second column. Figures that are not finite are not kept,
        and figures with other names begin a new table.
        """
        names = ("iteration", *figures)
        column = np.array([float(iteration), *figures.values()])[:, None]
        if not np.isfinite(column).all():
            return self
        if names != self.names:
            return LayerTable(names, column)
        kept = self.values[:, ::2] if len(self) >= MAX_COLUMNS else self.values
        return LayerTable(names, np.concatenate([kept, column], axis=1))


def estimate_bytes(num_layers: int) -> int:
    """Return an upper estimate of the memory for a table of such a network, and its next one."""
    rows = 1 + 2 * (num_layers + 2) + 2 * 3 * num_layers
    return 2 * 8 * rows * MAX_COLUMNS
