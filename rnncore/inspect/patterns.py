"""Patterns: which units switch on in a phrase, and where else the same units are on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.errors import SettingError
from rnncore.inspect.ranking import Array, flatten_units


@dataclass(frozen=True)
class Passage:
    """Characters start to stop - 1 of a text, and the mean share of the units that are on there."""

    start: int
    stop: int
    share: float


@dataclass(frozen=True)
class Pattern:
    """The units that are on throughout a phrase, and the passages where they are on again.

    units: (k,). signs: (k,), 1 for a unit that is on with a positive value, -1 with a negative.
    passages: the best first, without the phrase itself.
    """

    units: NDArray[np.intp]
    signs: NDArray[np.intp]
    passages: list[Passage]


def find_pattern(
    values: Array,
    start: int,
    stop: int,
    threshold: float = 0.3,
    share: float = 0.8,
    count: int = 20,
) -> Pattern:
    """Return the units that switch on in a phrase, and where in the text they are on together.

    values: (T, ...), such as the outputs h of ``activations``. start, stop: the phrase.
    threshold: a unit is on where its value is above it, or below its negative.
    share: of these units that must be on at each character of a passage.
    count: passages to return, those closest to the phrase's length first.

    A unit belongs to the pattern if it is on at each character of the phrase and was off at the
    character before it. At the beginning of the text no character comes before.
    """
    values = flatten_units(values)
    units, signs = switched_on(values, start, stop, threshold)
    shares = share_on(values, units, signs, threshold)
    return Pattern(units, signs, find_passages(shares, (start, stop), stop - start, share, count))


def switched_on(
    values: Array, start: int, stop: int, threshold: float = 0.3
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the units that switch on in a phrase and stay on, and their signs, (k,) each.

    The arguments and the rule are those of ``find_pattern``. SettingError: no unit does.
    """
    values = flatten_units(values)
    T = len(values)
    start = checks.check_whole("start", start, 0, T - 1)
    stop = checks.check_whole("stop", stop, start + 1, T)
    on = _switched_on(values, start, stop, checks.check_number("threshold", threshold, 0))
    units = np.flatnonzero(on)
    if not len(units):
        raise SettingError(
            f"No unit switches on at the beginning of this phrase and stays above {threshold:g} "
            "to its end; choose a shorter phrase or a lower threshold."
        )
    return units, on[units]


def share_on(
    values: Array, units: NDArray[np.intp], signs: NDArray[np.intp], threshold: float
) -> NDArray[np.float64]:
    """Return the share of these units that are on, (...), in values (..., U)."""
    shares = np.zeros(values.shape[:-1])
    for unit, sign in zip(units, signs, strict=True):
        shares += values[..., unit] * sign > threshold
    return shares / len(units)


def find_passages(
    shares: Array, phrase: tuple[int, int] | None, length: int, share: float, count: int
) -> list[Passage]:
    """Return the passages where shares (T,) are at least ``share``, closest to ``length`` first.

    phrase: (start, stop) of a passage that is left out, or None.
    """
    start, stop = phrase or (0, 0)
    found = [
        Passage(int(a), int(b), float(shares[a:b].mean()))
        for a, b in zip(*find_runs(shares >= share), strict=True)
        if b <= start or a >= stop
    ]
    found.sort(key=lambda p: (abs(p.stop - p.start - length), -p.share, p.start))
    return found[:count]


def find_runs(on: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the starts and stops of the runs of True in a mark (T,)."""
    edges = np.diff(np.concatenate([[False], on, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def find_extremes(values: Array, count: int, width: int) -> tuple[list[int], list[int]]:
    """Return places in values (T,) of the largest and of the smallest, at least ``width`` apart."""
    order = np.argsort(values, kind="stable")
    return _spread(order[::-1], count, width), _spread(order, count, width)


def _switched_on(values: Array, start: int, stop: int, threshold: float) -> NDArray[np.intp]:
    """Return 1 or -1 for each unit that switches on with this sign at the phrase, else 0, (U,)."""
    phrase = values[start:stop]
    before = values[start - 1] if start else np.zeros(values.shape[1], values.dtype)
    up = (phrase > threshold).all(axis=0) & (before <= threshold)
    down = (phrase < -threshold).all(axis=0) & (before >= -threshold)
    return up.astype(np.intp) - down


def _spread(order: NDArray[np.intp], count: int, width: int) -> list[int]:
    free = np.ones(len(order), bool)
    chosen: list[int] = []
    for place in order:
        if len(chosen) == count:
            break
        if free[place]:
            chosen.append(int(place))
            free[max(0, place - width + 1) : place + width] = False
    return chosen
