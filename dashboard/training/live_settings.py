"""Live settings: those that take effect while training runs, and a record of their changes."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.settings import TrainSettings
from rnncore import Solver

# The solver's attributes that may change, and their names in the record of changes.
_LABELS = {
    "lr": "learning rate",
    "update_rule": "update rule",
    "schedule": "schedule",
    "clip": "clipping",
    "num_iters": "iterations",
    "warmup": "warm-up",
    "eval_every": "validation every",
    "fresh_after": "memory reset every",
}


@dataclass(frozen=True)
class Change:
    """A setting that was changed during training: when, and from what to what."""

    iteration: int
    text: str


def apply_settings(solver: Solver, settings: TrainSettings) -> list[Change]:
    """Apply these settings from the next iteration on.

    Return what changed, or an empty list before the first iteration.
    """
    wanted = settings.solver_arguments()
    if wanted["eval_every"] is None:
        wanted["eval_every"] = solver.choose_eval_every()
    changes = []
    for name, label in _LABELS.items():
        before, value = getattr(solver, name), wanted[name]
        if before != value:
            setattr(solver, name, value)
            text = f"{label} {_shown(name, before)} → {_shown(name, value)}"
            changes.append(Change(solver.iteration, text))
    return changes if solver.iteration else []


def copy_settings(solver: Solver, other: Solver) -> None:
    """Give ``other`` the live settings of ``solver``."""
    for name in _LABELS:
        setattr(other, name, getattr(solver, name))


def _shown(name: str, value: object) -> str:
    if value is None:
        return "off"
    if value == 0 and name in ("eval_every", "fresh_after"):
        return "never"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
