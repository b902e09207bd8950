"""One row of the list of runs: what the small files of a run's folder tell about it."""

from __future__ import annotations

import contextlib
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from dashboard.runs import figures, labels, marker, summary, titles
from dashboard.runs.figures import Figures
from dashboard.runs.folder import RunFolder
from dashboard.runs.labels import Labels
from dashboard.runs.snapshot import Journal
from dashboard.settings import ModelSettings
from rnncore import RnnCoreError
from rnncore.errors import FileFormatError
from rnncore.storage import checkpoint

_NO_FIGURES = Figures(0, 0.0, 0, ())


@dataclass(frozen=True)
class RunRow:
    """Figures of a run. Show the id to its owner only: anyone who has it can open the run.

    Losses are in nats per character, NaN if unknown; times in seconds since 1970.
    """

    id: str
    text_name: str
    settings: ModelSettings | None  # None if they are damaged
    began_as: str
    made_by: str  # "race", "sweep" or ""
    labels: Labels
    created: float
    saved: float
    iteration: int
    progress: str  # iterations and goal in words
    loss: float
    best_val: float
    figures: Figures
    size: int  # bytes on disk
    damaged: str  # why it cannot be opened, or ""
    has_network: bool  # whether a network can be taken from it nevertheless

    @property
    def title(self) -> str:
        """The name that a person gave the run, or its text and network."""
        subject = titles.subject(self.text_name, self.began_as, self.iteration)
        return titles.title(self.labels.name, subject, self.settings)

    @property
    def chars_per_second(self) -> float:
        """Characters of training text read per second of training, NaN if unknown."""
        seconds = self.figures.seconds
        return self.figures.chars / seconds if seconds else math.nan

    @property
    def trained(self) -> bool:
        """Whether the run has learnt anything; a damaged one may have."""
        return self.iteration > 0 or bool(self.damaged)

    def to_values(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> RunRow:
        """Return the row that ``values`` describe; KeyError, TypeError or ValueError otherwise."""
        own = {field.name: values[field.name] for field in fields(cls)}
        settings = own["settings"]
        curve = tuple(map(float, own["figures"]["curve"]))
        return cls(
            **own
            | {
                "settings": None if settings is None else ModelSettings(**settings),
                "labels": Labels(**own["labels"]),
                "figures": Figures(**own["figures"] | {"curve": curve}),
            }
        )


def read_row(folder: RunFolder) -> RunRow | None:
    """Return the row of a run's folder; None if it is not a run, or no longer."""
    try:
        numbers = folder.list_saves()
        exists = bool(numbers) or (folder.path / "run.json").exists()
        if not exists or not marker.is_own(folder.path):
            return None
        modified = folder.path.stat().st_mtime
    except OSError:
        return None
    name, began_as, made_by, settings, created = "", "", "", None, modified
    damaged = folder.read_damage()
    try:
        facts = folder.read_facts()
        name, settings = str(facts.text["name"]), facts.settings
        created, began_as, made_by = facts.created, facts.began_as, facts.made_by
    except (RnnCoreError, KeyError) as error:
        damaged = str(error)
    number, journal = _newest(folder, numbers)
    if journal is None:
        damaged = damaged or "This run has no complete save."
    return RunRow(
        id=folder.path.name,
        text_name=name,
        settings=settings,
        began_as=began_as,
        made_by=made_by,
        labels=labels.read(folder.path),
        created=created,
        saved=modified if journal is None else journal.saved,
        iteration=0 if journal is None else journal.iteration,
        progress="" if journal is None else summary.describe_progress(journal),
        loss=math.nan if journal is None else journal.loss,
        best_val=math.nan if journal is None else journal.best_val,
        figures=_NO_FIGURES if journal is None else _figures(folder, number, journal),
        size=folder.size(),
        damaged=damaged,
        has_network=bool(numbers),
    )


def _newest(folder: RunFolder, numbers: list[int]) -> tuple[int, Journal | None]:
    """Return the newest readable save's number and journal."""
    for number in numbers:
        with contextlib.suppress(FileFormatError):
            return number, folder.read_journal(number)
    return 0, None


def _figures(folder: RunFolder, number: int, journal: Journal) -> Figures:
    """Return the figures of a save; those of earlier versions are in the network's file only."""
    if journal.figures is not None:
        return journal.figures
    with contextlib.suppress(FileFormatError):
        progress = checkpoint.load_progress(folder.network_path(number))
        return figures.of_history(progress.history, progress.num_params)
    return _NO_FIGURES
