"""A run as a comparison needs it: from memory, if it is there, otherwise as last saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.runs import titles
from dashboard.runs.run import Run, default_seed_text
from dashboard.runs.saved_run import SavedRun
from dashboard.settings import ModelSettings
from dashboard.text.loading import LoadedText
from dashboard.training.goals import Plan
from dashboard.training.live_settings import Change
from dashboard.training.sample_log import Entry
from dashboard.training.status import Status
from rnncore.history import History


@dataclass(frozen=True, eq=False)
class Compared:
    """A run in a comparison.

    settings: of the solver, as ``Solver.settings`` returns them.
    text: None if it is damaged.
    status: of its training in this process; None for a run that is only on disk.
    """

    id: str
    title: str
    text_name: str
    digest: str  # of the text
    text: LoadedText | None
    model: ModelSettings
    settings: Mapping[str, Any]
    num_params: int
    history: History
    entries: Sequence[Entry]
    changes: Sequence[Change]
    plan: Plan
    seed_text: str
    chars_per_epoch: float
    began_as: str
    status: Status | None = None

    @property
    def active(self) -> bool:
        """Whether it trains here, or waits in the queue to train."""
        return self.status is not None and self.status.active


def of_run(run: Run) -> Compared:
    """Return a run in memory; it may train meanwhile."""
    solver, text = run.solver, run.text
    return Compared(
        id=run.id,
        title=titles.title(run.labels.name, text.name, run.model_settings),
        text_name=text.name,
        digest=text.digest,
        text=text,
        model=run.model_settings,
        settings=solver.settings(),
        num_params=solver.model.num_params,
        history=solver.history.view(),
        entries=tuple(run.sample_log.entries),
        changes=tuple(run.trainer.changes),
        plan=run.plan,
        seed_text=run.sample_log.seed_text,
        chars_per_epoch=run.chars_per_epoch,
        began_as=run.began_as,
        status=run.trainer.status(),
    )


def of_save(saved: SavedRun) -> Compared:
    """Return a run on disk."""
    facts, progress, model = saved.facts, saved.progress, saved.facts.settings
    N, T = progress.settings["batch_size"], progress.settings["seq_length"]
    # As in ``Batches``: N streams of equal length, cut into windows of T characters.
    held_out = round(progress.length * progress.settings["val_fraction"])
    stream = (progress.length - held_out - 1) // N
    return Compared(
        id=facts.id,
        title=titles.title(saved.labels.name, str(facts.text["name"]), model),
        text_name=str(facts.text["name"]),
        digest=str(facts.text["digest"]),
        text=saved.text,
        model=model,
        settings=progress.settings,
        num_params=progress.num_params,
        history=progress.history,
        entries=saved.journal.entries,
        changes=saved.journal.changes,
        plan=saved.journal.plan,
        seed_text="" if saved.text is None else default_seed_text(saved.text),
        chars_per_epoch=max(1, stream // T) * T * N,
        began_as=facts.began_as,
    )
