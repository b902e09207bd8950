"""Live settings: those that take effect while training runs, and a record of their changes."""

from __future__ import annotations

from collections.abc import Sequence
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
_TO = " → "  # between the value before and the new one


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
            text = f"{label} {_shown(name, before)}{_TO}{_shown(name, value)}"
            changes.append(Change(solver.iteration, text))
    return changes if solver.iteration else []


def merge(record: Sequence[Change], new: Sequence[Change]) -> list[Change]:
    """Return the record with new changes.

    Changes of one setting at one iteration become one, from the first value to the last: moving a
    slider by keys sets every value on the way. A setting that is back at its first value is left
    out.
    """
    merged = list(record)
    for change in new:
        label, before, after = _parts(change.text)
        for at in range(len(merged) - 1, -1, -1):
            if merged[at].iteration != change.iteration:
                break
            if (known := _parts(merged[at].text))[0] == label:
                before = known[1]
                del merged[at]
                break
        if before != after:
            merged.append(Change(change.iteration, f"{label} {before}{_TO}{after}"))
    return merged


def _parts(text: str) -> tuple[str, str, str]:
    """Return a change's label and its two values; older records may have other texts."""
    label = next((label for label in _LABELS.values() if text.startswith(f"{label} ")), text)
    before, _, after = text.removeprefix(label).strip().partition(_TO)
    return label, before, after


def last_effective(changes: Sequence[Change]) -> int:
    """Return the iteration of the last change that acts on the loss, 0 if there is none."""
    without = f"{_LABELS['eval_every']} "
    return next((c.iteration for c in reversed(changes) if not c.text.startswith(without)), 0)


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
