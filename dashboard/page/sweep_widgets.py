"""The widgets of the Sweep page: their keys and defaults, and the form that their values make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.sweeps.form import SETTINGS, SweepForm

AXES, SEEDS, SEARCH, DRAWS = "sweep_axes", "sweep_seeds", "sweep_search", "sweep_draws"
BUDGET, LIMIT, RATES = "sweep_budget", "sweep_limit", "sweep_suggested_rates"
AMOUNTS = {"iterations": "sweep_iterations", "minutes": "sweep_minutes"}
SHOWN = "sweep_shown"  # the id of the sweep whose results are shown


def values_key(name: str) -> str:
    """Return the key of the widget with the values of a swept setting."""
    return f"sweep_values_{name}"


# The value of each widget at the start of a visit.
DEFAULTS: dict[str, Any] = {
    AXES: ["hidden_dim", "cell_type"],
    **{
        values_key(name): setting.first if isinstance(setting.first, str) else list(setting.first)
        for name, setting in SETTINGS.items()
    },
    SEEDS: 2,
    SEARCH: "grid",
    DRAWS: 10,
    BUDGET: "iterations",
    AMOUNTS["iterations"]: 1_000,
    AMOUNTS["minutes"]: 2.0,
    LIMIT: None,  # no limit
    RATES: True,
}


def read_form(widgets: Mapping[Any, Any]) -> SweepForm:
    """Return what is chosen."""
    chosen = {name: widgets[values_key(name)] for name in widgets[AXES]}
    axes = {name: v if isinstance(v, str) else tuple(v) for name, v in chosen.items()}
    budget = widgets[BUDGET] or "iterations"
    return SweepForm(
        axes,
        seeds=widgets[SEEDS],
        search=widgets[SEARCH] or "grid",
        draws=widgets[DRAWS],
        budget=budget,
        amount=widgets[AMOUNTS[budget]],
        total_minutes=widgets[LIMIT] or None,
        suggested_rates=bool(widgets[RATES]),
    )
