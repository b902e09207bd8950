"""Learning rates to advise: lower ones, in numbers that a person would type."""

from __future__ import annotations

import math

# Learning rates above these often make the update rule explode.
HIGHEST_RATES = {"adam": 0.01, "adamw": 0.01, "rmsprop": 0.01, "adagrad": 0.1}


def lower_rate(lr: float, update_rule: str) -> float:
    """Return a rate to try after ``lr`` was too high: a third, or what suits the update rule."""
    return round_to_typical(min(lr / 3, HIGHEST_RATES.get(update_rule, math.inf)))


def round_to_typical(value: float) -> float:
    """Return the nearest of 1, 2, 3, 5 and 7 times a power of ten, as a person would type it."""
    power = 10.0 ** math.floor(math.log10(value))
    digit = min((1, 2, 3, 5, 7, 10), key=lambda d: abs(math.log(value / power / d)))
    return float(f"{digit * power:.1g}")
