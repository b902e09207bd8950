"""History -> an Altair chart, for notebooks. Altair is imported here, only when asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.history import History

_MOST_POINTS = 2000


def loss_chart(history: History) -> Any:
    """Training loss pale, its running mean on top, validation in its own colour (nats/char)."""
    import altair as alt
    import pandas as pd

    iteration, loss = history["iteration"], history["loss"]
    every = max(1, len(loss) // _MOST_POINTS)
    at, val = history.validations()
    rows = pd.DataFrame(
        {
            "iteration": np.concatenate([iteration[::every], iteration[::every], at]),
            "loss": np.concatenate([loss[::every], smooth(loss)[::every], val]),
            "line": ["training"] * len(loss[::every])
            + ["training, smoothed"] * len(loss[::every])
            + ["validation"] * len(val),
        }
    )
    colours = alt.Scale(
        domain=["training", "training, smoothed", "validation"],
        range=["#c6dbef", "#2171b5", "#d94801"],
    )
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


def smooth(values: np.ndarray, window: int = 100) -> np.ndarray:
    """Mean of the last ``window`` values at each place (fewer at the beginning)."""
    if len(values) == 0:
        return values
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - window)
    return (total[end] - total[start]) / (end - start)
