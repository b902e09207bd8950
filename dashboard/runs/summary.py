"""One-line descriptions of saved runs, for the list of past runs."""

from __future__ import annotations

import math
import time
from pathlib import PurePath

from dashboard.formatting import ago, byte_size, counted, three_decimals
from dashboard.runs.folder import RunFolder
from dashboard.runs.labels import describe_removal
from dashboard.runs.run import Run
from dashboard.runs.run_info import RunInfo
from dashboard.runs.store import Store
from dashboard.settings import CELL_NAMES, ModelSettings
from dashboard.training.goals import Plan
from rnncore import RnnCoreError
from rnncore.reading.file_names import display_name


def describe(store: Store, info: RunInfo) -> str:
    """Return one line about a run; for a damaged one, why it cannot be opened."""
    if info.damaged:
        return info.damaged
    folder = RunFolder(store.root / info.id)
    parts = []
    try:
        plan = next((journal.plan for journal in folder.read_journals().values()), None)
        facts = folder.read_facts()
        parts += [describe_network(facts.settings), _progress(info, plan)]
        if facts.began_as:
            parts += [f"began as {facts.began_as}"]
    except (RnnCoreError, OSError):  # it is being deleted, or was damaged just now
        parts += [_progress(info, None)]
    if not math.isnan(info.best_val):
        parts += [f"best validation {three_decimals(info.best_val)}"]
    parts += [describe_age(info), byte_size(info.size)]
    if notice := describe_removal(info.labels):
        parts += [f"{notice} Star it or open it to keep it."]
    return " · ".join(parts)


def describe_age(info: RunInfo) -> str:
    """Return when the run was saved, such as "saved 5 min ago"."""
    return f"saved {ago(time.time() - info.saved)}"


def name_run(run: Run) -> str:
    """Return the name that a person gave the run, or one such as "lighthouse · LSTM 128"."""
    if run.labels.name:
        return run.labels.name
    settings = run.model_settings
    cell = CELL_NAMES.get(settings.cell_type, settings.cell_type)
    layers = f"{settings.num_layers} × " if settings.num_layers > 1 else ""
    stem = display_name(PurePath(run.text.name).stem) or "text"
    return f"{stem} · {cell} {layers}{settings.hidden_dim}"


def describe_network(settings: ModelSettings) -> str:
    """Return the network in words, such as "One-layer LSTM, 128 units"."""
    cell = CELL_NAMES.get(settings.cell_type, settings.cell_type)
    if settings.num_layers == 1:
        return f"One-layer {cell}, {settings.hidden_dim} units"
    return f"{settings.num_layers}-layer {cell}, {settings.hidden_dim} units per layer"


def _progress(info: RunInfo, plan: Plan | None) -> str:
    """Return iterations and goal; the goal in the unit in which it was chosen."""
    done = counted(info.iteration, "iteration")
    if plan is None:
        return done
    if plan.open_ended:
        return f"{done}, until validation stalls"
    if plan.goal.kind == "minutes":
        return f"{done}, goal {plan.goal.amount:g} min"
    return f"{info.iteration:,} of {counted(info.num_iters, 'iteration')}"
