"""How the page draws a comparison: the keys of its widgets, and the choices as one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.charts.comparison import Look

NEWEST = "newest"  # the last option of the slider of stages; the others are places on the x axis
COMPARISON_DEFAULTS: dict[str, Any] = {
    "compare_x": "Iterations",
    "compare_shown": "both",
    "compare_unit": "nats",
    "compare_smoothing": 100,
    "compare_log_x": False,
    "compare_log_y": False,
    "compare_seed_text": "",
    "compare_stage": NEWEST,
    "race_text": "own",
    "race_end": "iterations",
    "race_iterations": 600,
    "race_minutes": 1.0,
    "race_entrants": ["LSTM", "GRU", "Vanilla RNN"],
    "race_same_size": True,
    "race_suggested_rates": True,
}


def look(widgets: Mapping[Any, Any]) -> Look:
    """Return how the chart of a comparison is drawn."""
    fields = ("x", "unit", "smoothing", "shown", "log_x", "log_y")
    return Look(**{name: widgets[f"compare_{name}"] for name in fields})
