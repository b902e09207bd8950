"""Main effects: how much each swept setting changes the validation loss, compared with the seed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

from rnncore.sweep.results import FAILED, Trial, show

_BINS = 4  # groups of about equal size into which the values of a range are put


@dataclass(frozen=True)
class Level:
    """One value of a setting, or a group of neighbouring values.

    mean: of the validation loss over all runs with it, in nats per character. low, high: the
    same mean for the seed with the lowest and for that with the highest. runs: their number.
    """

    label: str
    mean: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True)
class Effect:
    """A setting's effect.

    size: the difference between the highest and the lowest mean of its values, in nats per
    character. noise: the largest difference between two seeds at one of its values; NaN with one
    seed only.
    """

    setting: str
    levels: tuple[Level, ...]
    size: float
    noise: float

    @property
    def matters(self) -> bool | None:
        """Whether the effect is larger than that of the seed; None if that is not known."""
        return None if math.isnan(self.noise) else self.size > self.noise


def main_effects(trials: Sequence[Trial]) -> list[Effect]:
    """Return the effect of each swept setting, the largest first.

    Runs that halving has stopped are compared where all runs were: at the first comparison.
    Failed runs, and runs without a validation loss, are left out.
    """
    losses = {trial.number: _comparable_loss(trial) for trial in trials}
    measured = [t for t in trials if t.result.status != FAILED and math.isfinite(losses[t.number])]
    if not measured:
        return []
    effects = []
    for setting in measured[0].run.changed:
        groups = _group(setting, measured)
        if len(groups) < 2:
            continue
        levels = [_level(label, members, losses) for label, members in groups.items()]
        means = [level.mean for level in levels]
        several = [g for g in groups.values() if len({t.run.seed for t in g}) > 1]
        spreads = [level.high - level.low for level in levels]
        noise = max(spreads) if several else math.nan
        effects.append(Effect(setting, tuple(levels), max(means) - min(means), noise))
    return sorted(effects, key=lambda effect: -effect.size)


def _comparable_loss(trial: Trial) -> float:
    scores = trial.result.scores
    return scores[0] if len(scores) else math.nan


def _group(setting: str, trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """Return the runs of each value; if many values differ, of groups of neighbouring values."""
    by_value: dict[Any, list[Trial]] = {}
    for trial in trials:
        by_value.setdefault(trial.run.changed[setting], []).append(trial)
    numeric = all(isinstance(value, (int, float)) for value in by_value)
    ordered = sorted(by_value) if numeric else list(by_value)
    if not numeric or len(ordered) <= 2 * _BINS:
        return {show(value): by_value[value] for value in ordered}
    groups = {}
    cuts = [len(ordered) * i // _BINS for i in range(_BINS + 1)]
    for start, end in pairwise(cuts):
        values = ordered[start:end]
        label = f"{show(values[0])} to {show(values[-1])}"
        groups[label] = [trial for value in values for trial in by_value[value]]
    return groups


def _level(label: str, trials: Sequence[Trial], losses: dict[int, float]) -> Level:
    by_seed: dict[int, list[float]] = {}
    for trial in trials:
        by_seed.setdefault(trial.run.seed, []).append(losses[trial.number])
    means = [fmean(values) for values in by_seed.values()]
    mean = fmean(losses[trial.number] for trial in trials)
    return Level(label, mean, min(means), max(means), len(trials))
