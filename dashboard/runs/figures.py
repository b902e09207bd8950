"""Figures of a run that each save records for the list of runs.

Without them, the list would have to read every network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncore import Solver
from rnncore.errors import FileFormatError
from rnncore.history import History

CURVE_POINTS = 40  # as many as a cell of the table can show


@dataclass(frozen=True)
class Figures:
    """What was trained, for how long, and the loss on the way."""

    params: int  # of the network
    seconds: float  # of training
    chars: int  # characters of training text read
    curve: tuple[float, ...]  # mean losses of equal stretches, in nats per character

    def to_values(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**vars(self), "curve": list(self.curve)}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Figures:
        """Return the figures that ``values`` describe; FileFormatError if they are damaged."""
        try:
            curve = tuple(float(loss) for loss in values["curve"])
            found = cls(
                int(values["params"]), float(values["seconds"]), int(values["chars"]), curve
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FileFormatError(f"The run's figures are damaged: {error!r}.") from None
        if len(curve) > CURVE_POINTS or not all(map(math.isfinite, (found.seconds, *curve))):
            raise FileFormatError("The run's figures are damaged.")
        return found


def of_solver(solver: Solver) -> Figures:
    """Return the figures of a solver."""
    return of_history(solver.history, solver.model.num_params)


def of_history(history: History, params: int) -> Figures:
    """Return the figures of a history, of a network with so many parameters."""
    history = history.view()
    if not len(history):
        return Figures(params, 0.0, 0, ())
    seconds, chars = history.last("seconds"), int(history.last("chars"))
    return Figures(params, round(seconds, 3), chars, _curve(history))


def _curve(history: History) -> tuple[float, ...]:
    """Return the mean losses of at most ``CURVE_POINTS`` equal stretches of iterations."""
    loss, counts, ends = history["loss"], history["iterations"], history.ends
    edges = np.linspace(0, ends[-1], min(len(loss), CURVE_POINTS) + 1)
    starts = np.unique(np.searchsorted(ends, edges[:-1], side="right"))
    means = np.add.reduceat(loss * counts, starts) / np.add.reduceat(counts, starts)
    return tuple(round(float(mean), 4) for mean in means)
