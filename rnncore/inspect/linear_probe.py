"""Linear probe: how well all units together show a mark.

The probe is a ridge regression: the weighted sum of the units that comes closest to the mark, with
a small penalty on the weights. It is fitted on the first half of a text and scored on the second,
which it has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.errors import SettingError
from rnncore.inspect.ranking import (
    Array,
    check_mark,
    flatten_units,
    moved_marks,
    score_units,
    to_strength,
)


@dataclass(frozen=True)
class Probe:
    """A fitted probe over U units of a text of T characters.

    weights: (U,), for units scaled to mean 0 and deviation 1. output: (T,), the weighted sum.
    score: AUC of a yes/no mark or correlation of an amount, on the second half.
    control: mean strength of probes fitted to the moved mark; NaN without a control.
    cut: the first character of the second half.
    """

    weights: NDArray[np.float64]
    output: NDArray[np.float64]
    score: float
    control: float
    cut: int


def probe(values: Array, mark: Any, ridge: float = 1e-3, control: int = 5, seed: int = 0) -> Probe:
    """Fit a probe on the first half of a text and score it on the second.

    values: (T, ...), such as ``activations``. mark: (T,), bool for a yes/no mark, else numbers.
    ridge: penalty on the squared weights. control: how often the mark is moved, as in
        ``rank_units``.
    SettingError: the mark is the same at every character of one half.
    """
    checks.check_number("ridge", ridge, 0, open_low=True)
    values = flatten_units(values)
    mark = check_mark(mark, len(values))
    cut = len(mark) // 2
    for half in (mark[:cut], mark[cut:]):
        if not _varies(half):
            raise SettingError(
                "In one half of the text the mark is the same at every character, so a probe "
                "cannot be fitted on one half and scored on the other; use a longer text."
            )
    marks = np.vstack([mark[None], moved_marks(mark, control, seed)])
    marks = marks[[_varies(m[:cut]) and _varies(m[cut:]) for m in marks]]
    x, y = values[:cut], marks[:, :cut].astype(np.float64)
    mean = x.mean(axis=0, dtype=np.float64)
    deviation = x.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 1e-6, deviation, 1)
    x = (x - mean) / scale
    products = x.T @ x / cut
    products[np.diag_indices_from(products)] += ridge
    weights = np.linalg.solve(products, x.T @ (y - y.mean(axis=1, keepdims=True)).T / cut)
    # The scale of the weights, not that of the values: then no scaled copy of them is needed.
    output = values @ (weights / scale[:, None]) - mean @ (weights / scale[:, None])
    scores = [
        score_units(output[cut:, i : i + 1], marks[i : i + 1, cut:])[0, 0]
        for i in range(len(marks))
    ]
    chance = [float(to_strength(np.array(score), mark.dtype == bool)) for score in scores[1:]]
    return Probe(
        weights[:, 0], output[:, 0], float(scores[0]),
        float(np.mean(chance)) if chance else float("nan"), cut,
    )  # fmt: skip


def _varies(mark: NDArray[Any]) -> bool:
    return len(mark) > 0 and bool((mark != mark[0]).any())
