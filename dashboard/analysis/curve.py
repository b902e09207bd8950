"""Curve: what is known of a run when its training is judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from dashboard.analysis.curve_statistics import Trend, Values, fit_validations, recent_trend
from dashboard.analysis.validation_rise import best_is_better
from rnncore.history import RECENT_LOSSES

SHOWN = RECENT_LOSSES  # iterations whose mean is compared


@dataclass(frozen=True)
class Curve:
    """A run's curve and the settings that shaped it.

    iteration, loss, grad_norm: (n,), one row for each iteration or for evenly spaced ones;
    losses in nats per character, norms before clipping. val_iteration, val_loss: (m,), finite.
    lr: the base learning rate, before the schedule. clip: None for no clipping.
    rate: (n,), the learning rate of each row; None if it is always ``lr``.
    uniform, frequencies: losses of guessing uniformly and from letter frequencies, or NaN.
    changed: the iteration at which a setting was last changed, 0 for never.
    best_iteration: of the best weights, if they are kept; else 0.
    every_iteration, every_loss: (k,), all rows; None if ``iteration`` and ``loss`` are all.
    """

    iteration: Values
    loss: Values
    grad_norm: Values
    val_iteration: Values
    val_loss: Values
    lr: float
    clip: float | None
    num_iters: int
    dropout: float = 0.0
    update_rule: str = ""
    rate: Values | None = None
    uniform: float = math.nan
    frequencies: float = math.nan
    changed: int = 0
    best_iteration: int = 0
    every_iteration: Values | None = None
    every_loss: Values | None = None

    @property
    def done(self) -> int:
        """Iterations that are done."""
        return int(self.iteration[-1]) if len(self.iteration) else 0

    @property
    def spacing(self) -> float:
        """Iterations from one row to the next."""
        return float(self.iteration[-1] - self.iteration[0]) / max(1, len(self.iteration) - 1)

    def finite(self) -> Curve:
        """Return the curve without the rows whose loss is not a number."""
        good = np.isfinite(self.loss)
        return replace(
            self,
            iteration=self.iteration[good],
            loss=self.loss[good],
            grad_norm=self.grad_norm[good],
            rate=None if self.rate is None else self.rate[good],
        )

    @property
    def now(self) -> float:
        """Mean training loss of the last 50 iterations: after 500, what the page shows."""
        _, losses = self._every
        return float(losses[-SHOWN:].mean())

    @property
    def lowest(self) -> float:
        """Lowest mean training loss of 50 successive iterations."""
        _, losses = self._every
        total = np.concatenate([[0.0], np.cumsum(losses)])
        width = min(SHOWN, len(losses))
        return float((total[width:] - total[:-width]).min() / width)

    @property
    def before(self) -> float:
        """Mean training loss of the 50 iterations before the last change of a setting; or NaN."""
        iterations, losses = self._every
        until = int(np.searchsorted(iterations, self.changed, side="right"))
        return float(losses[max(0, until - SHOWN) : until].mean()) if until else math.nan

    @property
    def since(self) -> Values:
        """Training losses since the last change of a setting."""
        return self.loss[np.searchsorted(self.iteration, self.changed, side="right") :]

    def after_change(self) -> Curve:
        """Return the curve of the iterations after the last change of a setting."""
        rows = self.iteration > self.changed
        return replace(
            self,
            iteration=self.iteration[rows],
            loss=self.loss[rows],
            grad_norm=self.grad_norm[rows],
            rate=None if self.rate is None else self.rate[rows],
            every_iteration=None,
            every_loss=None,
        )

    @property
    def _every(self) -> tuple[Values, Values]:
        """Iterations and losses of all rows whose loss is a number."""
        iterations, losses = self.every_iteration, self.every_loss
        if iterations is None or losses is None:
            iterations, losses = self.iteration, self.loss
        good = np.isfinite(losses)
        return iterations[good], losses[good]

    @property
    def guessing(self) -> float:
        """Loss of guessing from letter frequencies; if it is unknown, of guessing uniformly."""
        return self.uniform if math.isnan(self.frequencies) else self.frequencies

    def loss_at(self, iteration: float) -> float:
        """Return the median training loss of the 50 rows until this iteration, or NaN."""
        until = int(np.searchsorted(self.iteration, iteration, side="right"))
        recent = self.loss[max(0, until - SHOWN) : until]
        return float(np.median(recent)) if len(recent) else math.nan

    @property
    def gap(self) -> float:
        """Share by which the last validation lies above the training loss of that time; or NaN."""
        if not len(self.val_loss):
            return math.nan
        return float(self.val_loss[-1] / self.loss_at(self.val_iteration[-1]) - 1)

    @property
    def lowered(self) -> bool:
        """Whether the schedule has lowered the learning rate to less than a tenth."""
        return self.rate is not None and len(self.rate) > 0 and self.rate[-1] < 0.1 * self.lr

    @property
    def validated(self) -> bool:
        """Whether validation was measured often enough to show a trend."""
        return len(self.val_loss) > 1

    @property
    def memorises(self) -> bool:
        """Whether the best network is better than the latest, but had a higher training loss."""
        if not best_is_better(self.val_loss):
            return False
        best = float(self.val_iteration[self.val_loss.argmin()])
        return self.loss_at(self.done) < self.loss_at(best)

    def trend(self, share: float = 0.25) -> Trend:
        """Return the recent trend: of validation, or of the training loss if that is not known.

        share: of the iterations, at the end, whose validations count, but at least the last four.
        """
        if not self.validated:
            return recent_trend(self.loss)
        since = self.done * (1 - share)
        # Two or three have no measurable scatter, and the first of them is of the steep fall.
        count = max(4, int(np.sum(self.val_iteration > since))) if len(self.val_loss) > 3 else 2
        val, at = self.val_loss[-count:], self.val_iteration[-count:]
        length = round((at[-1] - at[0]) / max(1.0, self.spacing))
        return replace(fit_validations(val), length=max(1, length))
