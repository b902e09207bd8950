"""How to draw the loss curve: the user's choices, and what is drawn beside the losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dashboard.analysis.baselines import Baseline
from dashboard.charts.downsampling import Floats
from dashboard.training.live_settings import Change

# Name of an x axis: column of the history. Epochs are computed from the characters read.
X_AXES = {"Iterations": "iteration", "Epochs": "epoch", "Characters": "chars", "Seconds": "seconds"}
SMOOTHINGS = (1, 10, 50, 100, 200, 500)  # iterations
UNITS = ("nats", "bits", "perplexity")


@dataclass(frozen=True)
class ChartOptions:
    """The axes and the smoothing of the loss chart, and what it shows beside the losses."""

    x: str = "Iterations"  # a key of X_AXES
    unit: str = "nats"  # one of UNITS
    smoothing: int = 100  # iterations
    baselines: Sequence[Baseline] = field(default_factory=tuple)
    marks: Sequence[Change] = field(default_factory=tuple)
    stage: int | None = None  # the iteration of the sample shown with the curve
    samples: Sequence[int] = ()  # iterations of the samples that a click on the curve can choose
    length: int = 0  # iterations at the right end of the x axis; 0: as far as the curve
    chars_per_iteration: float = 0.0  # read by an iteration; 0 if unknown


def in_unit(nats: Floats | float, unit: str) -> Floats | float:
    """Return a loss, given in nats per character, in one of ``UNITS``."""
    if unit == "bits":
        return nats / math.log(2)
    # A diverging run can exceed e^100, which no axis can show.
    return np.exp(np.minimum(nats, 100.0)) if unit == "perplexity" else nats
