"""Snapshots: copies of a run between two chunks, which are saved while training continues."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dashboard.runs import figures
from dashboard.runs.figures import Figures
from dashboard.settings import GOAL_TITLES, Goal
from dashboard.training.goals import Plan, TrainingStart
from dashboard.training.live_settings import Change
from dashboard.training.sample_log import Entry
from rnncore import Solver
from rnncore.errors import FileFormatError

MAX_AMOUNT = 10**8  # iterations, epochs or minutes of a goal, as many as an address may set


@dataclass(frozen=True)
class Journal:
    """What a save records beside the network. Losses are in nats per character, NaN if unknown."""

    saved: float  # seconds since 1970
    iteration: int
    num_iters: int
    loss: float  # ``History.recent_loss``
    val_loss: float  # the last validation
    best_val: float  # the lowest validation loss of the run so far
    entries: tuple[Entry, ...]
    changes: tuple[Change, ...]
    plan: Plan
    figures: Figures | None = None  # None in saves of earlier versions

    def to_values(self) -> dict[str, Any]:
        """Return plain values for JSON, with None for NaN."""
        return {
            "saved": self.saved,
            "iteration": self.iteration,
            "num_iters": self.num_iters,
            "loss": _or_null(self.loss),
            "val_loss": _or_null(self.val_loss),
            "best_val": _or_null(self.best_val),
            "diary": [  # the samples; the key is that of the first version
                [e.iteration, _or_null(e.loss), e.text] for e in self.entries
            ],
            "changes": [[c.iteration, c.text] for c in self.changes],
            "plan": {**asdict(self.plan.goal), **asdict(self.plan.since)},
            "figures": None if self.figures is None else self.figures.to_values(),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Journal:
        """Return the journal that ``values`` describe; FileFormatError if it is damaged."""
        try:
            return cls(
                saved=float(values["saved"]),
                iteration=int(values["iteration"]),
                num_iters=int(values["num_iters"]),
                loss=_or_nan(values["loss"]),
                val_loss=_or_nan(values["val_loss"]),
                best_val=_or_nan(values["best_val"]),
                entries=tuple(
                    Entry(int(at), _or_nan(loss), str(text)) for at, loss, text in values["diary"]
                ),
                changes=tuple(Change(int(at), str(text)) for at, text in values["changes"]),
                plan=_plan(values),
                figures=None
                if (found := values.get("figures")) is None
                else Figures.from_values(found),
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise FileFormatError(f"The run's journal is damaged: {error!r}.") from None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A copy of a solver, to be saved and not trained, with its journal."""

    solver: Solver
    journal: Journal


def take(solver: Solver, entries: list[Entry], changes: list[Change], plan: Plan) -> Snapshot:
    """Return a copy of all that training changes; the caller holds the trainer's lock."""
    twin = copy.copy(solver)  # shares the text's ids and the settings, which training only reads
    twin.on_validation_chunk = None
    twin.model = solver.model.copy()
    twin.optimizer = copy.deepcopy(solver.optimizer)
    twin.batches = copy.copy(solver.batches)
    twin.rng = copy.deepcopy(solver.rng)
    twin.state = [part.copy() for part in solver.state]
    twin.history = solver.history.copy()
    _, val = twin.history.validations()
    journal = Journal(
        saved=time.time(),
        iteration=solver.iteration,
        num_iters=solver.num_iters,
        loss=twin.history.recent_loss(),
        val_loss=float(val[-1]) if len(val) else math.nan,
        best_val=float(val.min()) if len(val) else math.nan,
        entries=tuple(entries),
        changes=tuple(changes),
        plan=plan,
        figures=figures.of_solver(twin),
    )
    return Snapshot(twin, journal)


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_nan(value: Any) -> float:
    return math.nan if value is None else float(value)


def _plan(values: Mapping[str, Any]) -> Plan:
    """Return the plan; the first journals have only a number of iterations."""
    if "plan" not in values:
        return Plan(Goal("iterations", int(values["num_iters"])))
    of = values["plan"]
    if of["kind"] not in GOAL_TITLES:
        raise ValueError(of["kind"])
    if not (0 < of["amount"] <= MAX_AMOUNT and 0 <= of["iteration"] <= 1 << 53):
        raise ValueError(f"a goal of {of['amount']} after {of['iteration']} iterations")
    amount = int(of["amount"]) if float(of["amount"]).is_integer() else float(of["amount"])
    patience = max(0, int(of.get("patience", 0)))  # the first plans have none
    since = TrainingStart(int(of["iteration"]), float(of["seconds"]))
    return Plan(Goal(of["kind"], amount, patience), since)
