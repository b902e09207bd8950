"""Figures of a run on disk, read from its small files."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass

from dashboard.runs import labels
from dashboard.runs.folder import RunFolder
from dashboard.runs.labels import Labels
from rnncore import RnnCoreError
from rnncore.errors import FileFormatError


@dataclass(frozen=True)
class RunInfo:
    """Figures of a run on disk. Show the id to its owner only: anyone who has it can open it."""

    id: str
    text_name: str
    created: float  # seconds since 1970, like ``saved``
    saved: float
    iteration: int
    num_iters: int
    best_val: float  # nats per character, or NaN
    size: int  # bytes
    labels: Labels
    damaged: str = ""  # why it cannot be opened, if that is known
    has_network: bool = True  # whether a network can be taken from it nevertheless


def read_info(folder: RunFolder) -> RunInfo | None:
    """Return figures from a run's small files; None if the folder is not a run, or no longer."""
    size = folder.size()
    try:
        if not (folder.path / "run.json").exists() and not folder.list_saves():
            return None
        modified = folder.path.stat().st_mtime
        numbers = folder.list_saves()
    except OSError:
        return None
    name, created, damaged = "", modified, folder.read_damage()
    marks = labels.read(folder.path)
    try:
        facts = folder.read_facts()
        name, created = str(facts.text["name"]), facts.created
    except (RnnCoreError, KeyError) as error:
        damaged = str(error)
    for number in numbers:
        with contextlib.suppress(FileFormatError):
            j = folder.read_journal(number)
            return RunInfo(
                folder.path.name, name, created, j.saved, j.iteration, j.num_iters,
                j.best_val, size, marks, damaged,
            )  # fmt: skip
    damaged = damaged or "This run has no complete save."
    return RunInfo(
        folder.path.name, name, created, modified, 0, 0, math.nan, size, marks, damaged,
        bool(numbers),
    )  # fmt: skip
