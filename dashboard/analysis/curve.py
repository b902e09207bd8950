"""Curve: what is known of a run when its training is judged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from dashboard.analysis.curve_statistics import Trend, Values, fit_validations, recent_trend


@dataclass(frozen=True)
class Curve:
    """A run's curve and the settings that shaped it.

    iteration, loss, grad_norm: (n,), one row for each iteration or for evenly spaced ones;
    losses in nats per character, norms before clipping. val_iteration, val_loss: (m,), finite.
    lr: the base learning rate, before the schedule. clip: None for no clipping.
    rate: (n,), the learning rate of each row; None if it is always ``lr``.
    uniform, frequencies: losses of guessing uniformly and from letter frequencies, or NaN.
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
    def guessing(self) -> float:
        """Loss of guessing from letter frequencies; if it is unknown, of guessing uniformly."""
        return self.uniform if math.isnan(self.frequencies) else self.frequencies

    @property
    def gap(self) -> float:
        """Share by which the last validation lies above the training loss of that time; or NaN."""
        if not len(self.val_loss):
            return math.nan
        until = int(np.searchsorted(self.iteration, self.val_iteration[-1], side="right"))
        recent = self.loss[max(0, until - 50) : until]
        return float(self.val_loss[-1] / np.median(recent) - 1) if len(recent) else math.nan

    @property
    def lowered(self) -> bool:
        """Whether the schedule has lowered the learning rate to less than a tenth."""
        return self.rate is not None and len(self.rate) > 0 and self.rate[-1] < 0.1 * self.lr

    @property
    def validated(self) -> bool:
        """Whether validation was measured often enough to show a trend."""
        return len(self.val_loss) > 1

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
