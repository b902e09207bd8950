"""Changes: settings that act on a solver while it trains, and what is said of them."""

from __future__ import annotations

from dataclasses import dataclass

from dashboard.settings import TrainSettings
from rnncore import Solver

# What of a solver may change, and what a change of it is called.
_CHANGEABLE = {
    "lr": "learning rate",
    "update_rule": "update rule",
    "schedule": "schedule",
    "clip": "clipping",
    "num_iters": "iterations",
    "warmup": "warm-up",
    "eval_every": "validation every",
    "fresh_after": "fresh start after",
}


@dataclass(frozen=True)
class Change:
    """A setting changed while training: where, and from what to what."""

    iteration: int
    text: str


def apply_settings(solver: Solver, settings: TrainSettings) -> list[Change]:
    """Let these settings act from the next iteration on; what they changed of a run under way."""
    wanted = settings.solver_arguments()
    if wanted["eval_every"] is None:
        wanted["eval_every"] = solver.choose_eval_every()
    made = []
    for name, label in _CHANGEABLE.items():
        before, value = getattr(solver, name), wanted[name]
        if before != value:
            setattr(solver, name, value)
            text = f"{label} {_shown(name, before)} → {_shown(name, value)}"
            made.append(Change(solver.iteration, text))
    return made if solver.iteration else []


def copy_settings(solver: Solver, other: Solver) -> None:
    """Let the other one train as this one does."""
    for name in _CHANGEABLE:
        setattr(other, name, getattr(solver, name))


def _shown(name: str, value: object) -> str:
    if value is None:
        return "off"
    if value == 0 and name in ("eval_every", "fresh_after"):
        return "never"
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
