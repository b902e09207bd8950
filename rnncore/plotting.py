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

    iteration, loss = history["iteration"], history["loss"]
    lines = {
        "training": (iteration, loss),
        "training, smoothed": (iteration, smooth(loss)),
        "validation": history.validations(),
    }
    downsampled = {name: (_downsample(x), _downsample(y)) for name, (x, y) in lines.items()}
    rows = pd.DataFrame(
        {
            "iteration": np.concatenate([x for x, _ in downsampled.values()]),
            "loss": np.concatenate([y for _, y in downsampled.values()]),
            "line": np.repeat(list(downsampled), [len(x) for x, _ in downsampled.values()]),
        }
    )
    colours = alt.Scale(domain=list(lines), range=["#c6dbef", "#2171b5", "#d94801"])
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


def _downsample(values: np.ndarray) -> np.ndarray:
    """Return at most ``_MAX_POINTS`` evenly spaced values, always with the newest."""
    every = max(1, -(-len(values) // _MAX_POINTS))
    return values[::-1][::every][::-1]


def smooth(values: np.ndarray, window: int = 100) -> np.ndarray:
    """Return the mean of the last ``window`` values at each index (fewer at the beginning)."""
    if len(values) == 0:
        return values
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - window)
    return (total[end] - total[start]) / (end - start)
