"""Where the axes of the loss chart begin and end."""

from __future__ import annotations

import math

import numpy as np

from dashboard.charts.chart_options import ChartOptions, in_unit
from dashboard.charts.chart_parts import x_values
from dashboard.charts.downsampling import Floats, pick_evenly
from rnncore.history import History

_SAMPLE = 2_000  # values that the quantile is estimated from, however long the run
_HIGH = 0.9  # quantile below which ordinary values lie
_SPIKE = 3.0  # times the height of the ordinary values by which a spike exceeds them
_DOMAIN_STEP = 0.25  # nats; the ends of the y axis are multiples of it
_MARGIN = 0.3  # times that height, above the ordinary values


def top_without_spikes(values: Floats, highest: float, begin: float = 0.0) -> float | None:
    """Return where an axis should end that shows ``values`` (n,), or None if they have no spike.

    highest: the largest value, or that of another line on the same axis.
    begin: a height that the axis always shows, such as the loss before any training.
    """
    if not len(values):
        return None
    some = values[pick_evenly(len(values), _SAMPLE)]
    low, high = float(np.min(some)), float(np.quantile(some, _HIGH))
    height = max(high - low, 1e-9)
    if highest <= max(high + _SPIKE * height, begin):
        return None
    return round_up(max(high + _MARGIN * height, begin))


def top_of_axis(history: History) -> float | None:
    """Return where the loss axis ends if the loss has a spike, in nats; else None."""
    loss, (_, val) = history["loss"], history.validations()
    if not len(loss):
        return None
    highest = max(float(history["loss_max"].max()), float(val.max(initial=0.0)))
    return top_without_spikes(loss, highest, begin=1.1 * float(loss[0]))


def round_up(value: float) -> float:
    """Return the next number with two significant digits, so that the axis seldom changes."""
    if value <= 0 or not math.isfinite(value):
        return value
    power = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / power - 1e-9) * power:.3g}")


def x_end(history: History, options: ChartOptions, chars_per_epoch: float) -> float | None:
    """Return the x at the right end of the chart; None if the axis ends with the curve."""
    if not options.length or options.x == "Seconds":
        return None  # the time until the goal is not known
    if options.x == "Iterations":
        return float(options.length)
    if not len(history):
        chars = options.length * options.chars_per_iteration
        return (chars / max(1.0, chars_per_epoch) if options.x == "Epochs" else chars) or None
    last = np.array([len(history) - 1])
    at = float(x_values(history, last, options.x, chars_per_epoch)[0])
    return at * options.length / history.iterations


def y_domain(
    history: History, options: ChartOptions, top: float | None = None
) -> tuple[float, float] | None:
    """Return both ends of the y axis, in its unit, which holds the baselines and the curve.

    top: where the axis ends in nats, if the loss has a spike. None if there is nothing to hold.
    """
    losses = np.concatenate([history["loss"], history.validations()[1]])
    losses = losses[np.isfinite(losses)]
    held = [base.nats for base in options.baselines if top is None or base.nats < top]
    held += [float(losses.min()), float(losses.max())] if len(losses) else []
    if not held:
        return None
    low = max(0.0, math.floor((min(held) - 0.1) / _DOMAIN_STEP) * _DOMAIN_STEP)
    high = math.ceil((max(held) + 0.1) / _DOMAIN_STEP) * _DOMAIN_STEP
    if top is None:
        return float(in_unit(low, options.unit)), float(in_unit(high, options.unit))
    # In perplexity the axis would end at 30 digits after an explosion, if it were not rounded.
    return float(in_unit(low, options.unit)), round_up(float(in_unit(top, options.unit)))
