"""What tests of charts share: a made-up history, and the fields that a specification reads."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnncore.history import COLUMNS, History

CHARS_PER_EPOCH = 1000.0


def history_of(length: int, val_every: int = 50) -> History:
    """Return a history with a falling, noisy loss and a validation every ``val_every`` rows."""
    rows = np.full((len(COLUMNS), length), np.nan)
    iteration = np.arange(1, length + 1)
    noise = np.random.default_rng(0).normal(0, 0.05, length)
    columns = {
        "iteration": iteration,
        "chars": iteration * 100,
        "seconds": iteration * 0.01,
        "loss": 1.5 + 3 / np.sqrt(iteration) + noise,
        "val_loss": np.where(iteration % val_every, np.nan, 1.6 + 3 / np.sqrt(iteration)),
        "grad_norm": np.abs(noise),
        "lr": np.full(length, 0.004),
    }
    for name, values in columns.items():
        rows[COLUMNS.index(name)] = values
    return History.from_array(rows)


def fields(spec: Any) -> set[str]:
    """Return every field that the marks, tooltips and filters of a specification read."""
    if isinstance(spec, list):
        return set().union(*map(fields, spec))
    if not isinstance(spec, dict):
        return set()
    own = {spec["field"]} if isinstance(spec.get("field"), str) else set()
    return own.union(*map(fields, spec.values()))
