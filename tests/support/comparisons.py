"""Runs to compare, made up or of a few iterations."""

from __future__ import annotations

from typing import Any

from dashboard.comparison.compared import Compared
from dashboard.settings import Goal, ModelSettings
from dashboard.training.goals import Plan
from dashboard.training.sample_log import Entry
from tests.support.charts import CHARS_PER_EPOCH, history_of

SETTINGS = {
    "seq_length": 10, "batch_size": 4, "lr": 0.008, "update_rule": "adam", "num_iters": 500,
    "val_fraction": 0.1, "schedule": "cosine", "warmup": 0, "clip": 5.0, "eval_every": 50,
    "seed": 0, "fresh_after": 256,
}  # fmt: skip


def compared(length: int = 200, **changes: Any) -> Compared:
    """Return a run with a made-up history; ``changes`` are fields of it."""
    fields = {
        "id": "a" * 16,
        "title": "verses · LSTM 16",
        "text_name": "verses.txt",
        "digest": "d",
        "text": None,
        "model": ModelSettings(hidden_dim=16),
        "settings": SETTINGS,
        "num_params": 1234,
        "history": history_of(length),
        "entries": tuple(Entry(n, 2.0, f"text {n}") for n in range(20, length + 1, 20)),
        "changes": (),
        "plan": Plan(Goal("iterations", 500)),
        "seed_text": "The ",
        "chars_per_epoch": CHARS_PER_EPOCH,
        "began_as": "",
    }
    return Compared(**fields | changes)
