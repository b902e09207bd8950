"""A run in words: its name, its network and its progress."""

from __future__ import annotations

from dashboard.formatting import counted
from dashboard.runs import titles
from dashboard.runs.run import Run
from dashboard.runs.snapshot import Journal
from dashboard.settings import CELL_NAMES, ModelSettings


def name_run(run: Run) -> str:
    """Return the name that a person gave the run, or one such as "lighthouse · LSTM 128"."""
    subject = titles.subject(run.text.name, run.began_as, run.solver.iteration)
    return titles.title(run.labels.name, subject, run.model_settings)


def describe_network(settings: ModelSettings) -> str:
    """Return the network in words, such as "One-layer LSTM, 128 units"."""
    cell = CELL_NAMES.get(settings.cell_type, settings.cell_type)
    if settings.num_layers == 1:
        return f"One-layer {cell}, {settings.hidden_dim} units"
    return f"{settings.num_layers}-layer {cell}, {settings.hidden_dim} units per layer"


def describe_progress(journal: Journal) -> str:
    """Return iterations and goal; the goal in the unit in which it was chosen."""
    done, plan = counted(journal.iteration, "iteration"), journal.plan
    if plan.open_ended:
        return f"{done}, until validation stalls"
    if plan.goal.kind == "minutes":
        return f"{done}, goal {plan.goal.amount:g} min"
    return f"{journal.iteration:,} of {counted(journal.num_iters, 'iteration')}"
