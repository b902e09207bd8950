"""Checks of what the last change of a setting did to the training loss.

They come before those of the whole curve: after an accident the loss is far above its lowest for
long, and what counts is whether it falls again.
"""

from __future__ import annotations

import math

import numpy as np

from dashboard.analysis.curve import SHOWN, Curve
from dashboard.analysis.curve_statistics import FAST, block_medians, recent_trend, robust_deviation
from dashboard.analysis.diagnosis import Diagnosis
from dashboard.analysis.learning_rates import HIGHEST_RATES, lower_rate

RISEN = 0.15  # share above the best loss that is more than chance
FAR = 0.5  # share above the loss before a change that needs no longer wait
_FEW, _SOME, _MANY = 3, 20, 100  # iterations after a change that show a far rise, a fall, an end
_BOLD = 10  # times the highest usual rate


def check_rate(curve: Curve) -> Diagnosis | None:
    """Look for a learning rate far above the usual that was just set, before its loss shows it."""
    highest = HIGHEST_RATES.get(curve.update_rule, math.inf)
    if not curve.changed or len(curve.since) >= _FEW or curve.lr < _BOLD * highest:
        return None
    slower = lower_rate(curve.lr, curve.update_rule)
    sentence = f"A learning rate of {curve.lr:g} will probably make the loss explode."
    return Diagnosis("rate", sentence, f"Set it to {slower:g}.", ("lr", slower))


def check_change(curve: Curve) -> Diagnosis | None:
    """Look for a loss that rose far above that before the last change of a setting."""
    since, before = curve.since, curve.before
    if not curve.changed or len(since) < _FEW or math.isnan(before):
        return None
    level = float(np.median(since[-10:]))
    blind = curve.uniform < level and level > (1 + RISEN) * before
    if not blind and level < (1 + FAR) * before:
        return None
    slower = lower_rate(curve.lr, curve.update_rule)
    shown = curve.now if len(since) >= SHOWN else level  # the mean of 50 lags behind
    blindly = f", more than by a blind guess ({curve.uniform:.2f})" if shown > curve.uniform else ""
    sentence = (
        f"Since a setting was changed at iteration {curve.changed:,}, the loss rose from "
        f"{before:.3f} to {shown:.3f}{blindly}."
    )
    advice = f"Lower the learning rate from {curve.lr:g} to {slower:g}."
    return Diagnosis("risen", sentence, advice, ("lr", slower))


def check_recovery(curve: Curve) -> Diagnosis | None:
    """Look for a loss that is still far above its lowest, but no longer rises since a change."""
    since, before = curve.since, curve.before
    if not curve.changed or len(since) < _SOME or math.isnan(before):
        return None
    now = curve.now
    # An accident widens the scatter of the losses, in which has_risen then sees no rise.
    if now < (1 + FAR) * curve.lowest and not has_risen(curve):
        return None
    if now >= before or has_risen(curve.after_change()):
        return None
    trend = recent_trend(since)
    if not trend.falls and len(since) < _MANY:
        return None
    went = f"from {before:.3f} to {now:.3f} since the change at iteration {curve.changed:,}"
    if trend.falls:
        sentence = f"The loss is recovering: it fell {went}."
    else:
        sentence = f"The loss fell {went}, but no further; its lowest was {curve.lowest:.3f}."
    val = curve.val_loss
    if curve.best_iteration and len(val) and val[-1] > val.min() * (1 + RISEN):
        advice = (
            f"The best network, of iteration {curve.best_iteration:,}, is better: its validation "
            f"loss is {val.min():.3f}, not {val[-1]:.3f}."
        )
        return Diagnosis("recovering", sentence, advice, ("best", curve.best_iteration))
    if trend.falls and trend.fall >= FAST:
        return Diagnosis("recovering", sentence, "Let it train.", if_paused="Press Train.")
    return Diagnosis("recovering", sentence, "A new run is quicker: press Reset.")


def has_risen(curve: Curve) -> bool:
    """Return whether the training loss is above its lowest by more than chance."""
    losses = curve.loss
    if len(losses) < SHOWN:
        return False
    blocks = block_medians(losses, 20)
    best, last = float(blocks.min()), float(blocks[-2:].min())
    noise = robust_deviation(losses) / math.sqrt(len(losses) / 20)
    return last > best * (1 + RISEN) + 4 * noise and curve.now > curve.lowest * (1 + RISEN)
