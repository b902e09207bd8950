"""Checks of a training curve: each looks for one problem or state and advises what to change.

To add a check, write a function that takes a ``Curve`` and returns a ``Diagnosis`` or None, and
list it in ``CHECKS`` in the order of importance.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from dashboard.analysis.change_checks import (
    RISEN,
    check_change,
    check_rate,
    check_recovery,
    has_risen,
)
from dashboard.analysis.curve import Curve
from dashboard.analysis.curve_statistics import (
    FAST,
    block_medians,
    last_quarter,
    recent_trend,
    robust_deviation,
)
from dashboard.analysis.diagnosis import Diagnosis
from dashboard.analysis.learning_rates import HIGHEST_RATES, lower_rate, round_to_typical
from dashboard.analysis.validation_rise import CLEAR_RISE

EARLY = 100  # iterations before which a curve is too short to judge
JUMP, JUMPS = 0.5, 0.02  # a batch so far above the median has jumped; the share that is too many
CLIPPED = 0.95  # share of clipped steps that counts as nearly every step
EXPLODED = 1.5  # times the loss of uniform guessing: no ordinary batch loses that much
LATE = 0.7  # share of a run after which it is better finished than changed
CONTINUE = "Press Train to continue."
BEST_IS_KEPT = "The best network is kept: generate with it."
SMALL_GAP = 0.15  # share between training and validation that leaves room to learn more


def check_numbers(curve: Curve) -> Diagnosis | None:
    """Look for a loss that is not a number: this check alone sees such rows."""
    recent = last_quarter(curve.loss)
    bad = ~np.isfinite(recent)
    if not bad.any():
        return None
    since = int(curve.iteration[np.argmax(bad) - len(recent)])
    return _unstable(curve, f"The loss became NaN (not a number) at iteration {since:,}.")


def check_instability(curve: Curve) -> Diagnosis | None:
    """Look for a loss that diverges or often jumps; the advice is a lower rate."""
    losses = curve.loss
    if len(losses) < EARLY // 2:
        return None
    if has_risen(curve):
        lowest, now = curve.lowest, curve.now
        blocks = block_medians(losses, 20)
        peak = float(blocks[int(blocks.argmin()) :].max())
        if peak > now and recent_trend(losses).falls:
            return _unstable(
                curve, f"The loss rose from {lowest:.3f} to {peak:.3f}; now it falls: {now:.3f}."
            )
        return _unstable(
            curve, f"The loss is diverging: it rose from {lowest:.3f}, its lowest, to {now:.3f}."
        )
    recent = last_quarter(losses)
    usual = float(np.median(recent))
    limit = usual + max(JUMP * usual, 8 * robust_deviation(recent))
    jumps = float(np.mean(recent > limit))
    if jumps > JUMPS:
        return _unstable(
            curve,
            f"Training is unstable: one batch in {max(2, round(1 / jumps))} "
            f"has a loss far above the usual {usual:.2f}.",
        )
    return None


def _unstable(curve: Curve, sentence: str) -> Diagnosis:
    slower = lower_rate(curve.lr, curve.update_rule)
    advice = f"Lower the learning rate from {curve.lr:g} to {slower:g}."
    return Diagnosis("unstable", sentence, advice, ("lr", slower))


def check_explosion(curve: Curve) -> Diagnosis | None:
    """Look for a loss that exploded and left the network worse than guessing, or badly spoilt.

    The weights are then so large that a lower rate alone hardly helps: start again.
    """
    if curve.done < EARLY or math.isnan(curve.guessing):
        return None
    now = float(np.median(last_quarter(curve.loss)[-50:]))
    val = float(np.median(curve.val_loss[-3:])) if len(curve.val_loss) else now
    exploded = float(curve.loss.max()) > EXPLODED * curve.uniform
    worse = float(block_medians(curve.loss, 20).min()) * (1 + RISEN) < now
    slower = lower_rate(curve.lr, curve.update_rule)
    advice = f"Set the learning rate from {curve.lr:g} to {slower:g}, then press Reset."
    # A network that learns by heart is also worse than guessing on validation, but not here.
    if val > curve.guessing and now > 0.8 * curve.guessing and (exploded or worse):
        way = "at random" if math.isnan(curve.frequencies) else "from letter frequencies"
        sentence = (
            f"Training has blown up: the loss is {val:.2f}, worse than that of guessing {way} "
            f"({curve.guessing:.2f})."
        )
        return Diagnosis("exploded", sentence, advice, ("lr", slower))
    if exploded and curve.lr > HIGHEST_RATES.get(curve.update_rule, math.inf):
        peak = int(curve.loss.argmax())
        sentence = (
            f"The loss exploded to {curve.loss[peak]:.1f} at iteration "
            f"{int(curve.iteration[peak]):,}, and the network has not made up for it."
        )
        return Diagnosis("exploded", sentence, advice, ("lr", slower))
    return None


def check_overfitting(curve: Curve) -> Diagnosis | None:
    """Look for a validation loss that rises while the training loss falls."""
    val = curve.val_loss
    if curve.done < EARLY or len(val) < 6 or not curve.memorises:
        return None
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(val, 3), axis=1)
    best = int(np.argmin(smooth))
    now, lowest = float(np.median(val[-3:])), float(smooth[best])
    noise = robust_deviation(np.diff(val, 2)) / math.sqrt(6)  # a steady change counts as none
    if best + 3 >= len(smooth) or now < lowest * (1 + CLEAR_RISE) + 2 * noise:
        return None
    since = curve.val_iteration[best + 1]  # the middle of the three
    losses = curve.loss
    width = max(20, min(len(losses) // 10, int(np.sum(curve.iteration > since))))
    place = int(np.searchsorted(curve.iteration, since))
    then = np.median(losses[max(0, place - width // 2) : place + width // 2])
    if np.median(losses[-width:]) >= then:
        return None  # both rise: that is instability, not overfitting
    sentence = (
        f"Overfitting since about iteration {int(curve.val_iteration[val.argmin()]):,}: the "
        f"validation loss rose from {val.min():.3f} to {val[-1]:.3f} while the training loss kept "
        "falling."
    )
    if curve.dropout >= 0.5:
        return Diagnosis("overfitting", sentence, "Try a smaller network or more text.")
    more = 0.2 if curve.dropout < 0.2 else round(min(0.5, curve.dropout + 0.1), 2)
    advice = f"Start again with dropout {more:g}, a smaller network or more text."
    return Diagnosis("overfitting", sentence, advice, ("dropout", more))


def check_finished(curve: Curve) -> Diagnosis | None:
    """Tell whether a finished run could have gone lower, by its validation loss if it has one."""
    if curve.done < curve.num_iters:
        return None
    loss = "validation loss" if curve.validated else "loss"
    finished = f"Finished: all {curve.num_iters:,} iterations are done, and the {loss}"
    # A schedule ends every fall as it lowers the rate. If training and validation are close, the
    # network can still learn: the half before shows how it went.
    cut_short = curve.lowered and curve.gap < SMALL_GAP and curve.trend(0.5).falls
    trend, more = curve.trend(), round_to_typical(2 * curve.num_iters)
    action, advice = ("num_iters", more), f"Continue to iteration {more:,.0f}."
    if trend.falls or cut_short:
        return Diagnosis("finished", f"{finished} was still falling.", advice, action)
    if trend.unclear:
        sentence = f"{finished} varies too much to tell whether it still falls."
        return Diagnosis("finished", sentence, advice, action)
    advice = "A larger network or more text may reach a lower loss."
    return Diagnosis("finished", f"{finished} no longer falls.", advice)


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
    """Tell whether the loss falls fast, falls slowly or stays on a plateau.

    The validation loss decides, if it was measured at least twice.
    """
    loss, trend = "validation loss" if curve.validated else "loss", curve.trend()
    smoothed = f"smoothed {loss}" if trend.smoothed else loss
    last = f"over the last {round(trend.length * curve.spacing):,} iterations"
    moved = f"from {trend.begin:.3f} to {trend.end:.3f} {last}"
    quarters = max(1.0, trend.length / len(last_quarter(curve.loss)))
    training_falls = curve.validated and recent_trend(curve.loss).falls
    if training_falls and curve.memorises:
        return _memorising(curve)
    if trend.falls and trend.fall >= FAST * quarters:
        sentence = f"The {smoothed} is falling fast: {moved}."
        return Diagnosis("falling", sentence, "Let it train.", if_paused=CONTINUE)
    if trend.falls:
        sentence = f"The {smoothed} is falling slowly: {moved}."
        advice = "Let it train; it still improves."
        return Diagnosis("slow", sentence, advice, if_paused=CONTINUE)
    if training_falls and abs(trend.fall) <= FAST:
        stayed = f"rose {moved}" if trend.rises else f"has stayed near {trend.end:.3f} {last}"
        sentence = f"The {smoothed} {stayed}, while the training loss falls."
        if curve.done > LATE * curve.num_iters:
            advice = "Let the run finish; more iterations than that would only memorise the text."
        else:
            advice = "Let it train: the best network is kept."
        return Diagnosis("memorising", sentence, advice, if_paused=BEST_IS_KEPT)
    if trend.unclear:
        sentence = f"The {loss} varies too much {last} to tell whether it still falls."
        advice = "Let it train. In a new run, a larger batch size gives a smoother curve."
        return Diagnosis("noisy", sentence, advice)
    sentence = f"Plateau: the {loss} has stayed near {trend.end:.3f} {last}."
    if curve.done > LATE * curve.num_iters:
        advice = "Let the run finish, then try a larger network or more text."
        return Diagnosis("plateau", sentence, advice)
    slower = round_to_typical(curve.lr / 2)
    advice = (
        f"Lower the learning rate from {curve.lr:g} to {slower:g}; "
        "if that doesn't help, use a larger hidden size."
    )
    return Diagnosis("plateau", sentence, advice, ("lr", slower))


def _memorising(curve: Curve) -> Diagnosis:
    """Return that validation rose from its best while the training loss falls."""
    val, best = curve.val_loss, int(curve.val_loss.argmin())
    sentence = (
        f"The validation loss rose from {val[best]:.3f}, its best, at iteration "
        f"{int(curve.val_iteration[best]):,}, to {val[-1]:.3f}, while the training loss falls: "
        "the network begins to memorise its text."
    )
    return Diagnosis(
        "memorising",
        sentence,
        "If the next validation is no lower, pause: the best network is kept.",
        if_paused=BEST_IS_KEPT,
    )


# The first check that finds something is shown. All but the first see finite losses only, because
# a loss that was not a number long ago no longer matters. The last one always finds something.
CHECKS: tuple[Callable[[Curve], Diagnosis | None], ...] = (
    check_numbers,
    check_change,
    check_rate,
    check_recovery,
    check_instability,
    check_explosion,
    check_overfitting,
    check_finished,
    check_early,
    check_clipping,
    check_progress,
)
