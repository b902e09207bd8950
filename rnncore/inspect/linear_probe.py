"""Linear probe: how well all units together show a mark.

The probe is a ridge regression: the weighted sum of the units that comes closest to the mark, with
a small penalty on the weights. It is scored on a text that it was not fitted on: ``probe`` splits
one text in halves, ``probe_text`` is fitted on another text, which may be long. An LSTM's cell
states drift, so a probe needs some hundred thousand characters to follow what lasts long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncore import checks
from rnncore.errors import SettingError
from rnncore.inspect.long_text import read_pieces
from rnncore.inspect.ranking import (
    Array,
    check_mark,
    flatten_units,
    moved_marks,
    score_units,
    to_strength,
)
from rnncore.inspect.unit_values import Progress
from rnncore.network import Ids, Network


@dataclass(frozen=True)
class Probe:
    """A fitted probe over U units of a text of T characters.

    weights: (U,), for units scaled to mean 0 and deviation 1. output: (T,), the weighted sum.
    score: AUC of a yes/no mark or correlation of an amount, on the characters from ``cut`` on.
    control: mean strength of probes fitted to the moved mark; NaN without a control.
    cut: the first character that the probe was not fitted on.
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
    return _score(weights, output, marks, cut)


def probe_text(
    network: Network,
    ids: Ids,
    mark: Any,
    values: Array,
    values_mark: Any,
    part: str = "h",
    ridge: float = 1e-3,
    control: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> Probe:
    """Fit a probe on a text and score it on the values of another.

    ids, mark: the text, (T,), such as the training text, and its mark. It is read by
        ``read_pieces``; memory grows by 8 (1 + control) bytes a character.
    values, values_mark: (S, ...), of ``part`` on a text that the probe is not fitted on, and its
        mark.
    ridge, control, seed, progress: as in ``probe`` and ``read_pieces``.
    SettingError: one of the marks is the same at every character.
    """
    checks.check_number("ridge", ridge, 0, open_low=True)
    values = flatten_units(values)
    mark, values_mark = check_mark(mark, len(ids)), check_mark(values_mark, len(values))
    fitted = np.vstack([mark[None], moved_marks(mark, control, seed)]).astype(np.float64)
    scored = np.vstack([values_mark[None], moved_marks(values_mark, control, seed)])
    U = values.shape[1]
    products, sums, with_marks = np.zeros((U, U)), np.zeros(U), np.zeros((U, len(fitted)))
    for places, block in read_pieces(network, ids, part, progress):
        at = places + np.arange(len(block))[:, None]
        inside = at < len(ids)
        x = block[inside].astype(np.float64)
        products += x.T @ x
        sums += x.sum(axis=0)
        with_marks += x.T @ fitted[:, at[inside]].T
    mean = sums / len(ids)
    products = products / len(ids) - np.outer(mean, mean)
    with_marks = with_marks / len(ids) - np.outer(mean, fitted.mean(axis=1))
    deviation = np.sqrt(np.maximum(np.diag(products), 0))
    scale = np.where(deviation > 1e-6, deviation, 1)
    products /= np.outer(scale, scale)
    products[np.diag_indices_from(products)] += ridge
    weights = np.linalg.solve(products, with_marks / scale[:, None])
    output = (values - mean) @ (weights / scale[:, None])
    return _score(weights, output, scored, 0)


def _score(weights: Array, output: Array, marks: NDArray[Any], cut: int) -> Probe:
    """Return the probe of the first mark (M, T); the others are its control."""
    scores = [
        score_units(output[cut:, i : i + 1], marks[i : i + 1, cut:])[0, 0]
        for i in range(len(marks))
    ]
    chance = [float(to_strength(np.array(score), marks.dtype == bool)) for score in scores[1:]]
    return Probe(
        weights[:, 0].astype(np.float64), output[:, 0].astype(np.float64), float(scores[0]),
        float(np.mean(chance)) if chance else float("nan"), cut,
    )  # fmt: skip


def _varies(mark: NDArray[Any]) -> bool:
    return len(mark) > 0 and bool((mark != mark[0]).any())
