"""Learning rates that suit an update rule and a network: the default of ``Solver``.

For Adam and AdamW the rate follows a rule that was fitted to trainings with many rates:

    log rate = log at + size log(H / 128) + batch log(N / 32) + depth log(layers)

``docs/quality.md`` ("Which rate") says how it was fitted; docs/data/rates.json has the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from rnncore import checks
from rnncore.cells import CELLS
from rnncore.optim import UPDATE_RULES


@dataclass(frozen=True)
class Fit:
    """The fitted values of a cell.

    at: the rate at H = 128, N = 32 and one layer.
    size, batch, depth: exponents of H / 128, N / 32 and the number of layers.
    """

    at: float
    size: float
    batch: float
    depth: float


# Three quarters of the fitted rates: a rate that is too high costs more than one that is too low.
FITS = {
    "lstm": Fit(at=0.018, size=-0.64, batch=0.43, depth=-0.81),
    "gru": Fit(at=0.0080, size=-0.55, batch=0.58, depth=-0.16),
    "vanilla": Fit(at=0.0068, size=-0.69, batch=0.72, depth=-0.33),
}
# H from 64 to 256 and N from 16 to 64 were measured, and the rule is used for a factor of two more.
# Beyond, the rate stays as it is at the nearest: a power law says little about sizes far away.
RULE_HIDDEN = (64, 512)
RULE_BATCH = (8, 128)
# The gradient's scale sets the rates of the first two; the others divide by it.
FIXED = {"sgd": 1.0, "momentum": 0.1, "adagrad": 0.05, "rmsprop": 2e-3}
ADAPTED = ("adam", "adamw")  # the update rules that ``suggest_rate`` is for


def suggest_rate(cell_type: str, hidden_dim: int, num_layers: int, batch_size: int) -> float:
    """Return a base learning rate for Adam or AdamW, with two significant digits.

    cell_type, hidden_dim, num_layers: C, H and the layers of the network.
    batch_size: N, the streams of a batch.
    SettingError: one of them is not possible.
    """
    checks.check_choice("cell_type", cell_type, CELLS)
    H = _within(checks.check_whole("hidden_dim", hidden_dim, 1), RULE_HIDDEN)
    N = _within(checks.check_whole("batch_size", batch_size, 1), RULE_BATCH)
    layers = checks.check_whole("num_layers", num_layers, 1)
    # A new cell has no data yet: it starts carefully.
    fit = FITS.get(cell_type) or min(FITS.values(), key=lambda known: known.at)
    log_rate = (
        math.log(fit.at)
        + fit.size * math.log(H / 128)
        + fit.batch * math.log(N / 32)
        + fit.depth * math.log(layers)
    )
    return round_rate(math.exp(log_rate))


class Shape(Protocol):
    """A network, or its settings, as far as the learning rate depends on them."""

    @property
    def cell_type(self) -> str:
        """A name in ``rnncore.CELLS``."""

    @property
    def hidden_dim(self) -> int:
        """H, the width of each recurrent layer."""

    @property
    def num_layers(self) -> int:
        """The number of recurrent layers."""


def default_rate(update_rule: str, network: Shape, batch_size: int) -> float:
    """Return the base learning rate that a ``Solver`` takes if it is given none.

    It is ``suggest_rate`` for Adam and AdamW, and a fixed rate for the other update rules.
    SettingError: the update rule or the batch size is not possible.
    """
    checks.check_choice("update_rule", update_rule, UPDATE_RULES)
    suggested = suggest_rate(network.cell_type, network.hidden_dim, network.num_layers, batch_size)
    return FIXED.get(update_rule, suggested)


def round_rate(rate: float) -> float:
    """Return a positive rate with two significant digits, as a person would type it."""
    return float(f"{rate:.2g}")


def _within(value: int, limits: tuple[int, int]) -> int:
    return min(max(value, limits[0]), limits[1])
