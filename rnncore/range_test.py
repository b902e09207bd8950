"""Learning rate range test: the loss while the rate rises from far too low to far too high.

Smith (2017), "Cyclical learning rates for training neural networks", section 3.3. The test trains
a copy of the network, so the network and its run stay as they are.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncore import checks, learning_rates
from rnncore.errors import DivergedError
from rnncore.solver import Solver

Floats = NDArray[np.float64]

SECONDS = 10.0
STEPS = 300  # iterations of a test that has the time for them
# The middle of the rates that are tested, by update rule; they span a factor of ``_SPAN`` to both
# sides.
_MIDDLE = {
    "sgd": 1.0, "momentum": 0.1, "adagrad": 0.2, "rmsprop": 0.02, "adam": 0.02, "adamw": 0.02,
}  # fmt: skip
_SPAN = 100.0
_MEMORY = 30  # the running mean remembers about one in so many iterations of a whole test
# The test ends when the mean has risen from its lowest by these shares of its fall and of its
# first value, but not in the first iterations, when the mean is still noisy.
_RISE_OF_FALL, _RISE_OF_FIRST = 0.3, 0.1
_FEW = 20
_ENOUGH = 40  # iterations over all rates, without which the mean is too coarse for a suggestion
# Too high is the rate at which the mean is so many nats above its lowest: there the loss rises
# clearly, while the lowest mean may lie anywhere in a wide valley. docs/quality.md ("Which rate")
# says how both numbers were chosen.
_RISE = 0.15
_SHARE = 0.1  # of the rate that is too high


@dataclass(frozen=True)
class RangeTest:
    """What a test has found.

    rates: (n,), the rate of each iteration, rising.
    losses: (n,), the running mean of the losses in nats per character.
    too_high: the rate from which on the loss clearly rises. suggested: a base learning rate. Both
        are None if the loss never rose, or if there was time for a few iterations only.
    """

    rates: Floats
    losses: Floats
    too_high: float | None = None
    suggested: float | None = None


def run_range_test(
    solver: Solver,
    seconds: float = SECONDS,
    *,
    wanted: Callable[[], bool] = lambda: True,
    report: Callable[[float], object] = lambda share: None,
    clock: Callable[[], float] = time.perf_counter,
) -> RangeTest | None:
    """Return the losses of a copy of ``solver.model`` at rising rates, and the suggested rate.

    solver: gives network, text and settings, and stays as it is. The copy begins with the present
        weights, so a rate for a whole training needs a solver at iteration 0.
    seconds: the test ends after so many, or before.
    wanted: asked before each iteration; if it returns False, the test ends and returns None.
    report: called before each iteration with the share of the rates that are done, 0 to 1.
    clock: returns the time in seconds.
    SettingError: ``seconds`` is not above 0.
    """
    checks.check_number("seconds", seconds, 0.0, open_low=True)
    end = clock() + seconds
    trial = _copy(solver)
    started, low = clock(), _MIDDLE[solver.update_rule] / _SPAN
    rates: list[float] = []
    losses: list[float] = []
    progress = 0.0
    while progress <= 1.0:
        if not wanted():
            return None
        report(progress)
        trial.lr = low * _SPAN ** (2 * progress)
        try:
            loss = trial.step()
        except DivergedError:
            break
        rates.append(trial.lr)
        losses.append(loss)
        if len(losses) > _FEW and _has_risen(_running_mean(losses)):
            break
        # A slow machine takes longer steps over the rates, and reaches the same end.
        passed = (clock() - started) / max(1e-9, end - started)
        progress = max(len(rates) / (STEPS - 1), passed)
    return _evaluate(np.array(rates), np.array(losses))


def _copy(solver: Solver) -> Solver:
    """Return a new solver of a copy of the model, with no schedule and no validation."""
    changed = {"schedule": "constant", "warmup": 0, "eval_every": 0, "num_iters": 10 * STEPS}
    return Solver(solver.ids, solver.model.copy(), **(solver.settings() | changed))


def _running_mean(losses: Floats | list[float], iterations: float = STEPS) -> Floats:
    """Return the mean (n,) of the losses (n,) so far, the older of less weight.

    iterations: so many would take the test over all rates.
    """
    memory = 1 - 1 / max(3.0, iterations / _MEMORY)
    mean, means = 0.0, []
    for i, loss in enumerate(losses, 1):
        mean = memory * mean + (1 - memory) * loss
        means.append(mean / (1 - memory**i))  # as in Adam: the mean begins at zero
    return np.array(means)


def _has_risen(means: Floats) -> bool:
    """Return whether the last mean is far above the lowest."""
    lowest = float(means.min())
    far = max(_RISE_OF_FALL * (means[0] - lowest), _RISE_OF_FIRST * means[0])
    return bool(means[-1] - lowest > far)


def _evaluate(rates: Floats, losses: Floats) -> RangeTest:
    if len(rates) < 2:
        return RangeTest(rates, losses)
    # Those that the test would have, had it not ended before the highest rate.
    iterations = len(rates) * 2 * math.log(_SPAN) / math.log(rates[-1] / rates[0])
    means = _running_mean(losses, iterations)
    lowest = int(means.argmin())
    risen = np.flatnonzero(means[lowest:] > means[lowest] + _RISE)
    if iterations < _ENOUGH or not len(risen):
        return RangeTest(rates, means)
    too_high = float(rates[lowest + risen[0]])
    # With fewer iterations, the network meets each rate earlier in its training, when it bears
    # higher ones.
    share = _SHARE * min(1.0, math.sqrt(iterations / STEPS))
    return RangeTest(rates, means, too_high, learning_rates.round_rate(share * too_high))
