"""Checks of a training curve: each looks for one problem or state and advises what to change.

To add a check, write a function that takes a ``Curve`` and returns a ``Diagnosis`` or None, and
list it in ``CHECKS`` in the order of importance.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from dashboard.analysis.curve_statistics import (
    FAST,
    Values,
    block_medians,
    last_quarter,
    recent_trend,
    robust_deviation,
)
from dashboard.analysis.diagnosis import Diagnosis

EARLY = 100  # iterations before which a curve is too short to judge
RISEN = 0.15  # share above the best loss that is more than chance
JUMP, JUMPS = 0.5, 0.02  # a batch so far above the median has jumped; the share that is too many
CLIPPED = 0.95  # share of clipped steps that counts as nearly every step
OVERFIT = 0.01  # share above its best by which validation must rise


@dataclass(frozen=True)
class Curve:
    """A run's curve and the settings that shaped it.

    iteration, loss, grad_norm: (n,), one row for each iteration or for evenly spaced ones;
    losses in nats per character, norms before clipping. val_iteration, val_loss: (m,), finite.
    lr: the base learning rate, before the schedule. clip: None for no clipping.
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
        )


def check_instability(curve: Curve) -> Diagnosis | None:
    """Look for a loss that is not a number, diverges or often jumps; the advice is a lower rate.

    This check alone sees rows whose loss is not a number.
    """
    slower = round_to_typical(curve.lr / 3)
    advice = f"Lower the learning rate from {curve.lr:g} to {slower:g}."

    def unstable(sentence: str) -> Diagnosis:
        return Diagnosis("unstable", sentence, advice, ("lr", slower))

    recent = last_quarter(curve.loss)
    bad = ~np.isfinite(recent)
    if bad.any():
        since = int(curve.iteration[np.argmax(bad) - len(recent)])
        return unstable(f"The loss became NaN (not a number) at iteration {since:,}.")
    losses = curve.finite().loss
    if len(losses) < EARLY // 2:
        return None
    blocks = block_medians(losses, 20)
    best, last = float(blocks.min()), float(blocks[-2:].min())
    noise = robust_deviation(losses) / math.sqrt(len(losses) / 20)
    if last > best * (1 + RISEN) + 4 * noise:
        return unstable(f"The loss is diverging: it rose from {best:.2f}, its best, to {last:.2f}.")
    usual = float(np.median(recent))
    limit = usual + max(JUMP * usual, 8 * robust_deviation(recent))
    jumps = float(np.mean(recent > limit))
    if jumps > JUMPS:
        return unstable(
            f"Training is unstable: one batch in {max(2, round(1 / jumps))} "
            f"has a loss far above the usual {usual:.2f}."
        )
    return None


def check_overfitting(curve: Curve) -> Diagnosis | None:
    """Look for a validation loss that rises while the training loss falls."""
    val = curve.val_loss
    if curve.done < EARLY or len(val) < 6:
        return None
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(val, 3), axis=1)
    best = int(np.argmin(smooth))
    now, lowest = float(np.median(val[-3:])), float(smooth[best])
    noise = robust_deviation(np.diff(val)) / math.sqrt(2)
    if best + 3 >= len(smooth) or now < lowest * (1 + OVERFIT) + 2 * noise:
        return None
    since = curve.val_iteration[best + 1]  # the middle of the three
    losses = curve.loss
    width = max(20, min(len(losses) // 10, int(np.sum(curve.iteration > since))))
    place = int(np.searchsorted(curve.iteration, since))
    then = np.median(losses[max(0, place - width // 2) : place + width // 2])
    if np.median(losses[-width:]) >= then:
        return None  # both rise: that is instability, not overfitting
    sentence = (
        f"Overfitting since about iteration {int(since):,}: the validation loss rose from "
        f"{lowest:.3f} to {now:.3f} while the training loss kept falling."
    )
    if curve.dropout >= 0.5:
        return Diagnosis("overfitting", sentence, "Try a smaller network or more text.")
    more = 0.2 if curve.dropout < 0.2 else round(min(0.5, curve.dropout + 0.1), 2)
    advice = f"Start again with dropout {more:g}, a smaller network or more text."
    return Diagnosis("overfitting", sentence, advice, ("dropout", more))


def check_finished(curve: Curve) -> Diagnosis | None:
    """Tell whether a finished run could have gone lower."""
    if curve.done < curve.num_iters:
        return None
    finished = f"Finished: all {curve.num_iters:,} iterations are done, and the loss"
    if not recent_trend(curve.loss).falls:
        advice = "A larger network or more text may reach a lower loss."
        return Diagnosis("finished", f"{finished} no longer falls.", advice)
    more = round_to_typical(2 * curve.num_iters)
    advice = f"Continue to iteration {more:,.0f}."
    return Diagnosis("finished", f"{finished} was still falling.", advice, ("num_iters", more))


def check_early(curve: Curve) -> Diagnosis | None:
    """Tell that a run has only just begun."""
    done = curve.done
    if done >= EARLY:
        return None
    sentence = f"After {done:,} iteration{'s' * (done != 1)} it is too early to judge the curve."
    return Diagnosis("early", sentence, f"Check again after {EARLY} iterations.")


def check_clipping(curve: Curve) -> Diagnosis | None:
    """Look for a gradient that nearly every step clips."""
    recent = last_quarter(curve.grad_norm)
    recent = recent[np.isfinite(recent)]
    if curve.clip is None or not math.isfinite(curve.clip) or not len(recent):
        return None
    share = float(np.mean(recent > curve.clip))
    if share < CLIPPED:
        return None
    usual = float(np.median(recent))
    sentence = (
        f"The gradient was clipped in {100 * share:.0f} % of the last "
        f"{round(len(recent) * curve.spacing):,} steps: "
        f"its norm is usually {usual:.2g}, the limit is {curve.clip:g}."
    )
    if usual > 20 * curve.clip:
        slower = round_to_typical(curve.lr / 2)
        advice = (
            "Gradients this large are a sign of instability: "
            f"lower the learning rate to {slower:g}."
        )
        return Diagnosis("clipped", sentence, advice, ("lr", slower))
    wider = round_to_typical(1.5 * float(np.quantile(recent, 0.9)))
    advice = f"Raise the limit to {wider:g}, so that only unusually large gradients are clipped."
    return Diagnosis("clipped", sentence, advice, ("clip", wider))


def check_progress(curve: Curve) -> Diagnosis:
    """Tell whether the loss falls fast, falls slowly or stays on a plateau."""
    trend = recent_trend(curve.loss)
    last = f"over the last {round(trend.length * curve.spacing):,} iterations"
    moved = f"from {trend.begin:.3f} to {trend.end:.3f} {last}"
    quarters = max(1.0, trend.length / len(last_quarter(curve.loss)))
    if trend.falls and trend.fall >= FAST * quarters:
        return Diagnosis("falling", f"The loss is falling fast: {moved}.", "Let it train.")
    if trend.falls:
        sentence = f"The loss is falling slowly: {moved}."
        return Diagnosis("slow", sentence, "Let it train; it still improves.")
    sentence = f"Plateau: the loss has stayed near {trend.end:.3f} {last}."
    if curve.done > 0.7 * curve.num_iters:
        advice = "Let the run finish, then try a larger network or more text."
        return Diagnosis("plateau", sentence, advice)
    slower = round_to_typical(curve.lr / 2)
    advice = (
        f"Lower the learning rate from {curve.lr:g} to {slower:g}; "
        "if that doesn't help, use a larger hidden size."
    )
    return Diagnosis("plateau", sentence, advice, ("lr", slower))


# The first check that finds something is shown. All but the first see finite losses only, because
# a loss that was not a number long ago no longer matters. The last one always finds something.
CHECKS: tuple[Callable[[Curve], Diagnosis | None], ...] = (
    check_instability,
    check_overfitting,
    check_finished,
    check_early,
    check_clipping,
    check_progress,
)


def round_to_typical(value: float) -> float:
    """Return the nearest of 1, 2, 3, 5 and 7 times a power of ten, as a person would type it."""
    power = 10.0 ** math.floor(math.log10(value))
    digit = min((1, 2, 3, 5, 7, 10), key=lambda d: abs(math.log(value / power / d)))
    return float(f"{digit * power:.1g}")
