"""What the list of past runs says of each: its network, how far it came, and what its goal was."""

from __future__ import annotations

import math
import time

from dashboard.formatting import ago, byte_size, counted, three_decimals
from dashboard.runs.folder import RunFolder
from dashboard.runs.store import RunInfo, Store
from dashboard.settings import CELL_NAMES, ModelSettings
from dashboard.training.goals import Plan
from rnncore import RnnCoreError


def describe(store: Store, info: RunInfo) -> str:
    """One run in a line; of a damaged one, why it cannot be opened."""
    if info.damaged:
        return info.damaged
    folder = RunFolder(store.root / info.id)
    parts = []
    try:
        plan = next((journal.plan for journal in folder.journals().values()), None)
        parts += [_network(folder.facts().settings), _progress(info, plan)]
    except (RnnCoreError, OSError):  # it is being deleted, or was damaged just now
        parts += [_progress(info, None)]
    if not math.isnan(info.best_val):
        parts += [f"best validation {three_decimals(info.best_val)}"]
    return " · ".join([*parts, describe_age(info), byte_size(info.size)])


def describe_age(info: RunInfo) -> str:
    """When it was saved: what tells two runs of one text apart in a word or two."""
    return f"saved {ago(time.time() - info.saved)}"


def _network(settings: ModelSettings) -> str:
    cell = CELL_NAMES.get(settings.cell_type, settings.cell_type)
    layers = f", {settings.num_layers} layers" if settings.num_layers > 1 else ""
    return f"{cell}{layers} of {settings.hidden_dim}"


def _progress(info: RunInfo, plan: Plan | None) -> str:
    """Iterations, and the goal as it was chosen: not every goal is a number of iterations."""
    done = counted(info.iteration, "iteration")
    if plan is None:
        return done
    if plan.open_ended:
        return f"{done}, until validation stops falling"
    if plan.goal.kind == "minutes":
        return f"{done}, goal {plan.goal.amount:g} min"
    return f"{info.iteration:,} of {counted(info.num_iters, 'iteration')}"
