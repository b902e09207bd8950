"""An Altair chart of a training run, for notebooks.

Altair and pandas are optional, so they are imported inside the function that needs them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.history import History

_MAX_POINTS = 1500  # of each of the three lines: Altair refuses more than 5,000 rows


def loss_chart(history: History) -> Any:
    """Return a chart of training loss, its running mean and validation loss, in nats/character."""
    import altair as alt
    import pandas as pd

    history = history.view()
    iteration, loss, ends = history["iteration"], history["loss"], history.ends
    at = _pick_evenly(ends)
    val_iteration, val_loss = history.validations()
    val_at = _pick_evenly(np.arange(1, len(val_loss) + 1))
    downsampled = {
        "training": (iteration[at], loss[at]),
        "training, smoothed": (iteration[at], smooth(loss, ends=ends)[at]),
        "validation": (val_iteration[val_at], val_loss[val_at]),
    }
    rows = pd.DataFrame(
        {
            "iteration": np.concatenate([x for x, _ in downsampled.values()]),
            "loss": np.concatenate([y for _, y in downsampled.values()]),
            "line": np.repeat(list(downsampled), [len(x) for x, _ in downsampled.values()]),
        }
    )
    colours = alt.Scale(domain=list(downsampled), range=["#c6dbef", "#2171b5", "#d94801"])
    return (
        alt.Chart(rows)
        .mark_line()
        .encode(
            x=alt.X("iteration:Q"),
            y=alt.Y("loss:Q", title="loss (nats per character)", scale=alt.Scale(zero=False)),
            color=alt.Color("line:N", title=None, scale=colours),
        )
        .properties(width=600, height=300)
    )


def _pick_evenly(ends: np.ndarray) -> np.ndarray:
    """Return at most ``_MAX_POINTS`` rows, evenly spaced in iterations, always with the newest.

    ends: the number of iterations up to and including each row.
    """
    if not len(ends):
        return np.arange(0)
    every = max(1, -(-int(ends[-1]) // _MAX_POINTS))
    return np.unique(np.searchsorted(ends, np.arange(ends[-1], 0, -every)))


def smooth(values: np.ndarray, window: int = 100, ends: np.ndarray | None = None) -> np.ndarray:
    """Return the mean of the last ``window`` iterations at each row (fewer at the beginning).

    ends: as for ``_pick_evenly``; None if each row stands for one iteration. The mean of a row
    that stands for more than ``window`` is its own.
    """
    if len(values) == 0:
        return values
    if ends is None:
        ends = np.arange(1, len(values) + 1)
    counts = np.diff(ends, prepend=0)
    total = np.concatenate([[0.0], np.cumsum(values * counts)])
    whole = np.concatenate([[0], ends])
    end = np.arange(1, len(values) + 1)
    start = np.minimum(np.searchsorted(ends, ends - window, side="right"), end - 1)
    return (total[end] - total[start]) / (whole[end] - whole[start])
