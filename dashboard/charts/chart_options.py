"""How a person wants to see the curve: what may be chosen, and what is drawn beside the losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dashboard.charts.downsampling import Floats
from dashboard.training.live_settings import Change

X_AXES = {"Iterations": "iteration", "Epochs": "epoch", "Characters": "chars", "Seconds": "seconds"}
SMOOTHINGS = (1, 10, 50, 100, 200, 500)  # iterations
UNITS = ("nats", "bits", "perplexity")


@dataclass(frozen=True)
class Level:
    """A loss to compare with, drawn as a dashed line: its name and nats per character.

    note: what it is, for whoever points at it.
    """

    name: str
    nats: float
    note: str = ""


@dataclass(frozen=True)
class ChartOptions:
    """How a person wants to see the curve."""

    x: str = "Iterations"
    unit: str = "nats"
    smoothing: int = 100  # iterations
    levels: Sequence[Level] = field(default_factory=tuple)
    marks: Sequence[Change] = field(default_factory=tuple)
    stage: int | None = None  # the iteration whose sample is shown beside the curve


def in_unit(nats: Floats | float, unit: str) -> Floats | float:
    """Nats per character in another unit."""
    if unit == "bits":
        return nats / math.log(2)
    # Of a run that shot up: beyond e^100 a perplexity is nothing that a chart could show.
    return np.exp(np.minimum(nats, 100.0)) if unit == "perplexity" else nats
