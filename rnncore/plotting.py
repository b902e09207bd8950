"""History -> an Altair chart, for notebooks. Altair is imported here, only when asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.history import History

_MOST_POINTS = 1500  # of each line: Altair refuses a chart of more than 5,000 rows


def loss_chart(history: History) -> Any:
    """Training loss pale, its running mean on top, validation in its own colour (nats/char)."""
    import altair as alt
    import pandas as pd

    iteration, loss = history["iteration"], history["loss"]
    lines = {
        "training": (iteration, loss),
        "training, smoothed": (iteration, smooth(loss)),
        "validation": history.validations(),
    }
    thinned = {name: (_thin(x), _thin(y)) for name, (x, y) in lines.items()}
    rows = pd.DataFrame(
        {
            "iteration": np.concatenate([x for x, _ in thinned.values()]),
            "loss": np.concatenate([y for _, y in thinned.values()]),
            "line": np.repeat(list(thinned), [len(x) for x, _ in thinned.values()]),
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


def _thin(values: np.ndarray) -> np.ndarray:
    """Evenly spaced ones of ``values``, at most ``_MOST_POINTS``; the newest always."""
    every = max(1, -(-len(values) // _MOST_POINTS))
    return values[::-1][::every][::-1]


def smooth(values: np.ndarray, window: int = 100) -> np.ndarray:
    """Mean of the last ``window`` values at each place (fewer at the beginning)."""
    if len(values) == 0:
        return values
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    start = np.maximum(0, end - window)
    return (total[end] - total[start]) / (end - start)
