"""Silence units: what the network loses without them, beside what it loses without others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.analysis.inside.reading import Reading, unit_values
from dashboard.analysis.inside.surprise import Cost, measure_cost
from rnncore import RNN, Sampler, inspect

OTHERS = 5  # random choices of as many units, for comparison
SAMPLE, TEMPERATURE = 300, 0.7


@dataclass(frozen=True, eq=False)
class Effect:
    """What a text costs with and without some units.

    others: mean bits per character without as many random units, one for each random choice.
    sample, changed: what both networks write after the same seed text with the same numbers.
    """

    before: Cost
    after: Cost
    others: tuple[float, ...]
    seed_text: str
    sample: str
    changed: str


def most_active(network: RNN, reading: Reading, layer: int) -> int:
    """Return the unit of a layer whose output changes most on a text."""
    return int(unit_values(network, reading, layer, "h").std(axis=0).argmax())


def silence(
    network: RNN,
    reading: Reading,
    layer: int,
    units: Sequence[int],
    value: float,
    seed_text: str,
    progress: inspect.Progress | None = None,
) -> Effect:
    """Measure the network with these units of a layer fixed to a value."""
    changed = inspect.patched(network, {(layer, unit): value for unit in units})
    before, after = measure_cost(network, reading), measure_cost(changed, reading)
    rest = np.setdiff1d(np.arange(network.hidden_dim), units)
    rng = np.random.default_rng(0)
    others = []
    for done in range(OTHERS if len(rest) >= len(units) else 0):
        chosen = rng.choice(rest, len(units), replace=False)
        other = inspect.patched(network, {(layer, int(unit)): value for unit in chosen})
        others.append(measure_cost(other, reading).mean)
        if progress is not None:
            progress(done + 1)
    samples = [
        Sampler(n).sample(seed_text, SAMPLE, TEMPERATURE, seed=0) for n in (network, changed)
    ]
    return Effect(before, after, tuple(others), seed_text, samples[0], samples[1])


def describe(effect: Effect, units: Sequence[int], value: float) -> str:
    """Return sentences on how much the loss changes, and how much it changes for other units."""
    names = ", ".join(str(unit) for unit in units)
    which = f"unit {names}" if len(units) == 1 else f"units {names}"
    fixed = "silenced" if value == 0 else f"fixed to {value:g}"
    rise = effect.after.mean - effect.before.mean
    text = (
        f"{effect.before.mean:.3f} bits per character, and {effect.after.mean:.3f} with {which} "
        f"{fixed}: {rise:+.3f}."
    )
    if not effect.others:
        return text
    other = float(np.mean(effect.others)) - effect.before.mean
    what = "another unit" if len(units) == 1 else f"{len(units)} other units"
    return f"{text} With {what}, chosen at random: {other:+.3f} (mean of {len(effect.others)})."
