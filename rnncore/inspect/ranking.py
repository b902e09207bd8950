"""Ranking: how well each unit by itself shows a mark.

A yes/no mark is measured by the AUC, the area under the ROC curve: the probability that the unit
is higher at a marked character than at another one. 0.5 is chance; 1 and 0 are perfect. An amount
is measured by Pearson's correlation. The control is the same mark moved along the text by a random
distance: it keeps the mark's runs, but has nothing to do with the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.errors import SettingError

Array = NDArray[np.floating]

_VALUES = 1 << 20  # values that are ranked at once


@dataclass(frozen=True)
class Ranking:
    """How well each of U units shows a mark.

    scores: (U,), AUC of a yes/no mark or correlation of an amount.
    strength: (U,), max(AUC, 1 - AUC) or |correlation|: a unit that is low at the mark shows it
        as well.
    order: (U,), the units, the strongest first.
    control: the mean of the largest strength with the moved mark; NaN without a control.
    """

    yes_no: bool
    scores: NDArray[np.float64]
    strength: NDArray[np.float64]
    order: NDArray[np.intp]
    control: float

    @property
    def best(self) -> int:
        """The strongest unit."""
        return int(self.order[0])


def rank_units(values: Array, mark: Any, control: int = 5, seed: int = 0) -> Ranking:
    """Return how well each unit shows a mark.

    values: (T, ...), such as ``activations``; units are counted along all axes but the first.
    mark: (T,), bool for a yes/no mark, else numbers.
    control: how often the mark is moved; 0 leaves the control out. seed: of the distances.
    SettingError: the mark is the same at every character, or has another length.
    """
    values = flatten_units(values)
    mark = check_mark(mark, len(values))
    marks = np.vstack([mark[None], moved_marks(mark, control, seed)])
    yes_no = mark.dtype == bool
    scores = score_units(values, marks)
    strength = to_strength(scores, yes_no)
    chance = float(strength[1:].max(axis=1).mean()) if control else float("nan")
    return Ranking(
        yes_no, scores[0], strength[0], np.argsort(-strength[0], kind="stable"), chance
    )  # fmt: skip


def score_units(values: Array, marks: Any) -> NDArray[np.float64]:
    """Return the AUC (bool marks) or correlation of each mark with each unit, (M, U).

    values: (T, U). marks: (M, T).
    """
    measure = auc if marks.dtype == bool else correlation
    width = max(1, _VALUES // len(values))
    blocks = range(0, values.shape[1], width)
    return np.hstack([measure(values[:, start : start + width], marks) for start in blocks])


def auc(values: Array, marks: Any) -> NDArray[np.float64]:
    """Return the AUC of each mark with each unit, (M, U), from the ranks of the values.

    values: (T, U). marks: (M, T), bool, each true at some characters and false at others.
    Equal values count half (Mann and Whitney, 1947).
    """
    marks = np.atleast_2d(marks).astype(np.float64)
    positive = marks.sum(axis=1, keepdims=True)
    negative = marks.shape[1] - positive
    return (marks @ _ranks(values) - positive * (positive + 1) / 2) / (positive * negative)


def correlation(values: Array, marks: Any) -> NDArray[np.float64]:
    """Return Pearson's correlation of each mark with each unit, (M, U); 0 for a constant unit.

    values: (T, U). marks: (M, T), numbers.
    """
    x = values - values.mean(axis=0, dtype=np.float64)
    y = np.atleast_2d(marks).astype(np.float64)
    y -= y.mean(axis=1, keepdims=True)
    scale = np.linalg.norm(y, axis=1)[:, None] * np.linalg.norm(x, axis=0)
    # Rounding leaves a constant unit a deviation of about 1e-7 of its value.
    flat = np.linalg.norm(x, axis=0) <= 1e-6 * np.linalg.norm(values, axis=0)
    return np.where(flat | (scale == 0), 0.0, y @ x / np.where(scale == 0, 1, scale))


def to_strength(scores: NDArray[np.float64], yes_no: bool) -> NDArray[np.float64]:
    """Return scores without their direction."""
    return np.maximum(scores, 1 - scores) if yes_no else np.abs(scores)


def flatten_units(values: Array) -> Array:
    """Return values (T, ...) as (T, U)."""
    if np.ndim(values) < 2 or np.size(values) == 0:
        raise SettingError(f"values has shape {np.shape(values)}; it must be (T, units), T > 0.")
    return values.reshape(len(values), -1)


def check_mark(mark: Any, length: int) -> NDArray[Any]:
    """Return the mark as an array (length,) of bool or float64.

    SettingError: it has another length, or the same value at every character.
    """
    mark = np.asarray(mark)
    if mark.shape != (length,) or mark.dtype.kind not in "biuf":
        raise SettingError(
            f"mark has shape {mark.shape} and dtype {mark.dtype}; it must be ({length},), of bool "
            "or numbers."
        )
    if mark.dtype != bool:
        mark = mark.astype(np.float64)
        if not np.isfinite(mark).all():
            raise SettingError("mark holds values that are not finite; give a number for each.")
    if length < 2 or (mark == mark[0]).all():
        value = {True: "true", False: "false"}.get(mark[0], "") if mark.dtype == bool else ""
        raise SettingError(
            f"The mark is {value or f'{mark[0]:g}'} at each of {length:,} characters, so there is "
            "nothing to tell apart; choose another mark or a longer text."
        )
    return mark


def moved_marks(mark: NDArray[Any], count: int, seed: int) -> NDArray[Any]:
    """Return ``count`` copies of a mark (T,), each moved by a random distance, (count, T).

    What is moved beyond the end comes in again at the beginning.
    """
    checks.check_whole("control", count, 0)
    T = len(mark)
    low = max(1, T // 8)
    rng = np.random.default_rng(seed)
    distances = rng.integers(low, max(low + 1, T - low), count)
    return np.array([np.roll(mark, d) for d in distances], mark.dtype).reshape(count, T)


def _ranks(values: Array) -> NDArray[np.float64]:
    """Return the rank of each value (T, U) in its column, from 1; equal values share a mean."""
    T = len(values)
    order = np.argsort(values, axis=0)
    ordered = np.take_along_axis(values, order, axis=0)
    places = np.broadcast_to(np.arange(T)[:, None], values.shape)
    new = np.ones(values.shape, bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    first = np.maximum.accumulate(np.where(new, places, 0), axis=0)
    ends = np.ones_like(new)
    ends[:-1] = new[1:]
    last = np.minimum.accumulate(np.where(ends, places, T)[::-1], axis=0)[::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2 + 1, axis=0)
    return ranks
