"""Read a run from its newest save without opening it: no lock, no network, no optimizer.

Another process may have the run open and train it meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from dashboard.runs import labels, marker, text_files
from dashboard.runs.facts import Facts
from dashboard.runs.folder import RunFolder
from dashboard.runs.labels import Labels
from dashboard.runs.snapshot import Journal
from dashboard.runs.store import NoSuchRunError, Store
from dashboard.text.loading import LoadedText
from rnncore.errors import FileFormatError
from rnncore.storage import checkpoint
from rnncore.storage.history_values import Progress


@dataclass(frozen=True, eq=False)
class SavedRun:
    """What a run's files tell about it. ``text`` is None if it is damaged."""

    facts: Facts
    labels: Labels
    journal: Journal
    progress: Progress
    text: LoadedText | None


def read_saved(store: Store, run_id: str) -> SavedRun:
    """Return a run as last saved; NoSuchRunError or FileFormatError if that fails."""
    folder = store.folder(run_id)
    if not folder.path.is_dir() or not marker.is_own(folder.path):
        raise NoSuchRunError("There is no run under this link; it may have been deleted.")
    facts = folder.read_facts()
    problem = FileFormatError("This run has no complete save.")
    for number in folder.list_saves():
        try:
            journal, progress = _read_save(folder.path, number)
        except FileFormatError as error:
            problem = error  # damaged, or replaced by a newer save just now
        else:
            text = _read_text(folder.path)
            return SavedRun(facts, labels.read(folder.path), journal, progress, text)
    raise problem


# Cached, because a page that compares runs asks every two seconds: files of a save never change.
@lru_cache(maxsize=32)
def _read_save(path: Path, number: int) -> tuple[Journal, Progress]:
    folder = RunFolder(path)
    return folder.read_journal(number), checkpoint.load_progress(folder.network_path(number))


@lru_cache(maxsize=8)
def _read_text(path: Path) -> LoadedText | None:
    """Return a run's text, which never changes either."""
    facts = RunFolder(path).read_facts()
    for name in text_files.NAMES:
        try:
            return text_files.read(path / name, facts.text)
        except FileFormatError:
            continue
    return None
