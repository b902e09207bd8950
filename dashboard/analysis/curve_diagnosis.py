"""What a training curve says, and what one would try next.

Losses of single batches are noisy and differ from chapter to chapter, so nothing here looks
at single values: a stretch of the curve is cut into blocks, each block counts by its median,
and a trend has to stand out against the scatter of the blocks around it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnncore import Solver

Values = NDArray[np.float64]

MOST = 5_000  # rows that are looked at, however long the run
EARLY = 100  # iterations before which nothing is said
SETTLING = 200  # iterations that a change needs at least to show
FAST, SLOW = 0.03, 0.007  # share of the loss lost over a quarter of the run
RISEN = 0.15  # share by which a loss above its best is no longer chance
JUMP, JUMPS = 0.5, 0.02  # a batch so far above the median is a jump; so many are too many
CLIPPED = 0.95  # share of clipped steps that is nearly every one
OVERFIT = 0.01  # share by which validation has to rise above its best


@dataclass(frozen=True)
class Diagnosis:
    """What was seen and what it suggests.

    action: a setting and the value to try, or None. "lr", "clip" and "num_iters" act on the
    run as it goes; "dropout" needs a new run.
    """

    key: str
    sentence: str
    advice: str
    action: tuple[str, float] | None = None

    @property
    def button(self) -> str:
        """What a button says that does it, or ""."""
        if self.action is None:
            return ""
        name, value = self.action
        return _BUTTONS.get(self.key, _BUTTONS[name]).format(value)


# By the setting; "diverged" is a finding that has its own.
_BUTTONS = {
    "lr": "Set the learning rate to {:g}",
    "clip": "Set clipping to {:g}",
    "num_iters": "Go on to {:,.0f}",
    "dropout": "Begin again with dropout {:g}",
    "diverged": "Lower the rate to {:g} and go on",
}


@dataclass(frozen=True)
class _Trend:
    """A straight line through the block medians of a stretch."""

    begin: float
    end: float
    length: int
    clear: bool

    @property
    def fall(self) -> float:
        """Share of the loss lost over the stretch; negative if it rose."""
        return (self.begin - self.end) / max(abs(self.begin), 1e-12)

    @property
    def falls(self) -> bool:
        """Whether it falls, beyond chance, by an amount worth a word."""
        return self.clear and self.fall >= SLOW


def diagnose_solver(solver: Solver, changed: int = 0) -> Diagnosis:
    """The diagnosis of a training as it stands; its settings were changed last at ``changed``."""
    history = solver.history
    n = len(history)
    few = np.arange(n - 1, -1, -max(1, -(-n // MOST)))[::-1]  # evenly, the newest among them
    return diagnose(
        history["iteration"][few],
        history["loss"][few],
        *history.validations(),
        history["grad_norm"][few],
        lr=solver.lr,
        clip=solver.clip,
        num_iters=solver.num_iters,
        dropout=solver.model.dropout,
        changed=changed,
    )


def diagnose_divergence(lr: float) -> Diagnosis:
    """Of a training that ended because its loss was no longer a number."""
    slower = _nice(lr / 3)
    return Diagnosis(
        "diverged", f"A learning rate of {lr:g} was too high.", f"Try {slower:g}.", ("lr", slower)
    )


def diagnose(
    iteration: ArrayLike,
    loss: ArrayLike,
    val_iteration: ArrayLike,
    val_loss: ArrayLike,
    grad_norm: ArrayLike,
    *,
    lr: float,
    clip: float | None,
    num_iters: int,
    dropout: float = 0.0,
    changed: int = 0,
) -> Diagnosis:
    """The one thing most worth saying about a run.

    iteration, loss, grad_norm: (n,), a row an iteration (or evenly thinned); losses in nats
    per character, norms before clipping. val_iteration, val_loss: (m,). lr: the base learning
    rate, before the schedule. clip: None for none. changed: the iteration at which a setting
    was changed last; what its change does must show before the next is advised.
    """
    at, losses, norms = (np.asarray(a, np.float64) for a in (iteration, loss, grad_norm))
    val_at, val = np.asarray(val_iteration, np.float64), np.asarray(val_loss, np.float64)
    val_at, val = val_at[np.isfinite(val)], val[np.isfinite(val)]
    if not len(losses):
        return _early(0)
    done, is_number = int(at[-1]), math.isfinite(losses[-1])
    found = _unstable(at, losses, lr)
    if found is None and done >= EARLY:
        good = np.isfinite(losses)  # what is bad long ago is overcome
        at, losses = at[good], losses[good]
        found = _overfitting(at, losses, val_at, val, dropout)
    if found is None and done >= num_iters:
        found = _finished(losses, num_iters)
    if found is None and done < EARLY:
        found = _early(done)
    if found is None:
        found = _clipped(at, norms, clip, lr)
    if found is None:
        found = _progress(at, losses, lr, num_iters)
    if changed and is_number and found.action is not None and found.action[0] in ("lr", "clip"):
        patience = max(SETTLING, changed // 10)
        if done < changed + patience:
            sentence = f"A setting was changed at iteration {changed:,}."
            return Diagnosis("changed", sentence, f"Give it {patience:,} iterations to show.")
    return found


# -- one kind of finding each ---------------------------------------------------------------


def _early(done: int) -> Diagnosis:
    return Diagnosis(
        "early",
        f"After {done:,} iteration{'s' * (done != 1)} it is too early to say.",
        f"Look again after {EARLY} or so.",
    )


def _unstable(at: Values, losses: Values, lr: float) -> Diagnosis | None:
    slower = _nice(lr / 3)
    advice = f"Lower the learning rate from {lr:g} to {slower:g}."
    recent = losses[-_quarter(len(losses)) :]
    bad = ~np.isfinite(recent)
    if bad.any():
        since = int(at[np.argmax(bad) - len(recent)])
        sentence = f"The loss stopped being a number at iteration {since:,}."
        return Diagnosis("unstable", sentence, advice, ("lr", slower))
    losses = losses[np.isfinite(losses)]
    if len(losses) < EARLY // 2:
        return None
    blocks = _block_medians(losses, 20)
    best, last = float(blocks.min()), float(blocks[-2:].min())
    noise = _scatter(losses) / math.sqrt(len(losses) / 20)
    if last > best * (1 + RISEN) + 4 * noise:
        sentence = f"The loss is diverging: it rose to {last:.2f} from {best:.2f} at its best."
        return Diagnosis("unstable", sentence, advice, ("lr", slower))
    usual = float(np.median(recent))
    jumps = float(np.mean(recent > usual + max(JUMP * usual, 8 * _scatter(recent))))
    if jumps > JUMPS:
        sentence = (
            f"Training is unstable: one batch in {max(2, round(1 / jumps))} "
            f"has a loss far above the usual {usual:.2f}."
        )
        return Diagnosis("unstable", sentence, advice, ("lr", slower))
    return None


def _overfitting(
    at: Values, losses: Values, val_at: Values, val: Values, dropout: float
) -> Diagnosis | None:
    if len(val) < 6:
        return None
    smooth = np.median(np.lib.stride_tricks.sliding_window_view(val, 3), axis=1)
    best = int(np.argmin(smooth))
    now, lowest = float(np.median(val[-3:])), float(smooth[best])
    noise = _scatter(np.diff(val)) / math.sqrt(2)
    if best + 3 >= len(smooth) or now < lowest * (1 + OVERFIT) + 2 * noise:
        return None
    since = val_at[best + 1]  # the middle of the three
    width = max(20, min(len(losses) // 10, int(np.sum(at > since))))
    place = int(np.searchsorted(at, since))
    then = np.median(losses[max(0, place - width // 2) : place + width // 2])
    if np.median(losses[-width:]) >= then:
        return None  # both rise: unstable rather than overfitted
    sentence = (
        f"Overfitting since about iteration {int(since):,}: validation rose from {lowest:.3f} "
        f"to {now:.3f} while the training loss went on falling."
    )
    if dropout >= 0.5:
        return Diagnosis("overfitting", sentence, "Try a smaller network, or give it more text.")
    more = 0.2 if dropout < 0.2 else round(min(0.5, dropout + 0.1), 2)
    advice = f"Start again with dropout {more:g} or a smaller network, or give it more text."
    return Diagnosis("overfitting", sentence, advice, ("dropout", more))


def _finished(losses: Values, num_iters: int) -> Diagnosis:
    trend = _recent_trend(losses)
    if not trend.falls:
        sentence = f"Finished: all {num_iters:,} iterations are done and the curve is flat."
        return Diagnosis("finished", sentence, "A larger network or more text may go lower.")
    sentence = f"Finished: all {num_iters:,} iterations are done, and the loss was still falling."
    more = float(_nice(2 * num_iters))
    return Diagnosis("finished", sentence, f"Go on to {more:,.0f}.", ("num_iters", more))


def _clipped(at: Values, norms: Values, clip: float | None, lr: float) -> Diagnosis | None:
    recent = norms[-_quarter(len(norms)) :]
    recent = recent[np.isfinite(recent)]
    if clip is None or not math.isfinite(clip) or not len(recent):
        return None
    share = float(np.mean(recent > clip))
    if share < CLIPPED:
        return None
    usual = float(np.median(recent))
    sentence = (
        f"The gradient was clipped at {100 * share:.0f} % of the last "
        f"{round(len(recent) * _spacing(at)):,} steps: "
        f"its norm is usually {usual:.2g}, the limit {clip:g}."
    )
    if usual > 20 * clip:
        slower = _nice(lr / 2)
        advice = f"Such gradients are a sign of instability: lower the learning rate to {slower:g}."
        return Diagnosis("clipped", sentence, advice, ("lr", slower))
    wider = _nice(1.5 * float(np.quantile(recent, 0.9)))
    advice = f"Raise the limit to {wider:g}, so that it holds back only the exceptions."
    return Diagnosis("clipped", sentence, advice, ("clip", wider))


def _progress(at: Values, losses: Values, lr: float, num_iters: int) -> Diagnosis:
    trend = _recent_trend(losses)
    last = f"over the last {round(trend.length * _spacing(at)):,} iterations"
    moved = f"from {trend.begin:.3f} to {trend.end:.3f} {last}"
    quarters = max(1.0, trend.length / _quarter(len(losses)))
    if trend.falls and trend.fall >= FAST * quarters:
        return Diagnosis("falling", f"Still falling fast: {moved}.", "Let it run.")
    if trend.falls:
        return Diagnosis("slow", f"Falling slowly: {moved}.", "Let it run; patience pays here.")
    sentence = f"A plateau: the loss has stayed near {trend.end:.3f} {last}."
    if at[-1] > 0.7 * num_iters:
        return Diagnosis("plateau", sentence, "Let it end, then try a larger network or more text.")
    slower = _nice(lr / 2)
    advice = f"Lower the learning rate from {lr:g} to {slower:g}; if that is no help, more units."
    return Diagnosis("plateau", sentence, advice, ("lr", slower))


# -- statistics -----------------------------------------------------------------------------


def _spacing(at: Values) -> float:
    """Iterations from one row to the next: 1, or more if they were thinned."""
    return float(at[-1] - at[0]) / max(1, len(at) - 1)


def _quarter(n: int) -> int:
    return max(min(n, 50), n // 4)


def _recent_trend(losses: Values) -> _Trend:
    """The trend of the last quarter, unless another stretch tells more.

    The last tenth sees a fall that has only just begun behind a long plateau. The last half
    sees one too slow to stand out in a quarter, which has to go on falling all the same.
    """
    n = len(losses)
    quarter = _trend(losses[-_quarter(n) :])
    tenth = _trend(losses[-max(min(n, 50), n // 10) :])
    if tenth.clear and tenth.fall > max(FAST, quarter.fall):
        return tenth
    half = _trend(losses[-max(min(n, 100), n // 2) :])
    if not quarter.clear and half.clear and min(quarter.fall, half.fall / 2) > SLOW:
        return half
    return quarter


def _trend(stretch: Values) -> _Trend:
    medians = _block_medians(stretch, 10)
    x = np.arange(len(medians)) - (len(medians) - 1) / 2
    middle = float(medians.mean())
    if len(medians) < 4:
        return _Trend(middle, middle, len(stretch), clear=False)
    slope = float(x @ medians / (x @ x))
    residual = medians - middle - slope * x
    error = math.sqrt(float(residual @ residual) / (len(x) - 2) / float(x @ x))
    change = slope * len(x)
    clear = abs(slope) > 2.5 * error
    return _Trend(middle - change / 2, middle + change / 2, len(stretch), clear)


def _block_medians(values: Values, blocks: int) -> Values:
    parts = np.array_split(values, min(blocks, len(values)))
    return np.array([np.median(part) for part in parts])


def _scatter(values: Values) -> float:
    """Standard deviation, from the median absolute deviation: outliers do not count."""
    if not len(values):
        return 0.0
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _nice(value: float) -> float:
    """The nearest of 1, 2, 3, 5, 7 times a power of ten, as one would type it."""
    power = 10.0 ** math.floor(math.log10(value))
    digit = min((1, 2, 3, 5, 7, 10), key=lambda d: abs(math.log(value / power / d)))
    return float(f"{digit * power:.1g}")
