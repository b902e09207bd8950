"""The two tables of a comparison: the settings that differ, and the results.

A table maps a row's label to one text for each run, in their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dashboard.comparison.compared import Compared
from dashboard.formatting import counted, duration, three_decimals
from dashboard.settings import CELL_NAMES
from dashboard.training.goals import Plan
from dashboard.training.status import Phase

Table = dict[str, list[str]]

_PHASES = {
    Phase.READY: "not started",
    Phase.RUNNING: "training",
    Phase.WAITING: "waiting for its turn",
    Phase.PAUSED: "paused",
    Phase.TIMED_OUT: "paused: no page was open",
    Phase.INTERRUPTED: "interrupted",
    Phase.FINISHED: "finished",
    Phase.FAILED: "stopped",
}


def _plain(name: str) -> Callable[[Compared], Any]:
    return lambda run: run.settings[name]


# Label of each setting, and how a run's value is found.
_SETTINGS: dict[str, Callable[[Compared], Any]] = {
    "Text": lambda run: run.text_name,
    "Began as": lambda run: run.began_as or "a new network",
    "Cell": lambda run: CELL_NAMES.get(run.model.cell_type, run.model.cell_type),
    "Hidden size": lambda run: run.model.hidden_dim,
    "Layers": lambda run: run.model.num_layers,
    "Embedding size": lambda run: run.model.input_dim or "automatic",
    "Dropout": lambda run: run.model.dropout or "none",
    "Initialisation seed": lambda run: run.model.seed,
    "Sequence length": _plain("seq_length"),
    "Batch size": _plain("batch_size"),
    "Validation share": lambda run: f"{run.model.val_fraction:.0%}",
    "Learning rate": _plain("lr"),
    "Update rule": _plain("update_rule"),
    "Schedule": _plain("schedule"),
    "Warm-up iterations": _plain("warmup"),
    "Gradient clipping": lambda run: run.settings["clip"] or "off",
    "Iterations between validations": lambda run: run.settings["eval_every"] or "never",
    "Iterations until a fresh start": lambda run: run.settings["fresh_after"] or "never",
    "Goal": lambda run: describe_goal(run.plan),
    "Changed while training": lambda run: (
        "; ".join(f"{c.text} (iteration {c.iteration:,})" for c in run.changes) or "–"
    ),
}


def settings_that_differ(runs: Sequence[Compared]) -> Table:
    """Return the settings that are not the same in all runs."""
    table = {label: [_text(value(run)) for run in runs] for label, value in _SETTINGS.items()}
    differ = {label: values for label, values in table.items() if len(set(values)) > 1}
    if "Text" not in differ and len({run.digest for run in runs}) > 1:
        lengths = ["damaged" if run.text is None else f"{len(run.text):,}" for run in runs]
        differ = {"Text, characters": lengths, **differ}
    return differ


def results(runs: Sequence[Compared]) -> Table:
    """Return what the runs have reached."""
    rows: Table = {}
    for run in runs:
        for label, value in _results_of(run).items():
            rows.setdefault(label, []).append(value)
    return rows


def _results_of(run: Compared) -> dict[str, str]:
    history = run.history
    iterations, seconds, chars = history.iterations, _last(run, "seconds"), _last(run, "chars")
    at, val = history.validations()
    best = int(np.argmin(val)) if len(val) else None
    lowest = math.nan if best is None else float(val[best])
    state = "saved"
    if run.status is not None:
        state = _PHASES[Phase.FINISHED if run.status.ended else run.status.phase]
    return {
        "State": state,
        "Parameters": f"{run.num_params:,}",
        "Iterations": f"{iterations:,}",
        "Characters read": f"{chars:,.0f}",
        "Epochs": f"{chars / run.chars_per_epoch:.2f}",
        "Training time": duration(seconds),
        "Characters per second": f"{chars / seconds:,.0f}" if seconds else "–",
        "Best validation loss": three_decimals(lowest),
        "… in bits per character": three_decimals(lowest / math.log(2)),
        "… at iteration": "–" if best is None else f"{at[best]:,.0f}",
        "Last validation loss": three_decimals(float(val[-1]) if len(val) else math.nan),
        "Last training loss": three_decimals(history.recent_loss()),
    }


def describe_goal(plan: Plan) -> str:
    """Return the goal in a few words, such as "2,000 iterations" or "5 minutes"."""
    goal = plan.goal
    if goal.kind == "plateau":
        return f"{counted(int(goal.amount), 'validation')} without a new best"
    noun = {"iterations": "iteration", "epochs": "epoch", "minutes": "minute"}[goal.kind]
    amount = f"{goal.amount:,.10g}"
    return f"{amount} {noun}{'s' * (goal.amount != 1)}"


def _last(run: Compared, column: str) -> float:
    return run.history.last(column) if len(run.history) else 0.0


def _text(value: Any) -> str:
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)
