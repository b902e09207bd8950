"""Store: all runs on disk, each in a folder that opens again, whatever happened.

    <root>/<run id>/            mode 0700; the id is 16 characters of A-Z a-z 0-9 - _
        run.json                id, creation, network settings, facts of the text; written once
        text.npz                the text's ids (uint8, 16 or 32) and its vocabulary's code
                                points (uint32); written once
        first.npz               the weights that it began with, if they had learnt something
                                elsewhere; written once
        00000017.npz            save 17: the solver without the text (rnncore.storage.checkpoint)
        00000017.json           its journal: time, iteration, losses, diary, changes, plan, and
                                the size of the .npz; written after it, so a save is whole if
                                both are there
        lock                    owned by the process that trains the run (ownership)
        *.part                  being written, or left by a killed program: swept
    <root>/.deleted-*           being deleted

Up to three saves stay: the last two and the one with the lowest validation loss. ``run.json``
comes last of a run's first files: a folder without one never became a run. A ``.json`` is one
line of JSON and a line with its SHA-256; an ``.npz`` ends with the SHA-256 of the rest.
Every file is written beside its name, forced to the disk and moved into place
(rnncore.storage.atomic_write).

Rule for ``records.FORMAT``: raise its number whenever a folder of the old number would be read
wrongly or not at all, and keep a reader for each number that was ever released. (The first
journals have no plan; the run's length, which they have, is theirs.)
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from dashboard.runs.autosave import Autosaver
from dashboard.runs.folder import DELETED, RunFolder
from dashboard.runs.run import Run, run_from_solver
from dashboard.server import limits
from rnncore import RnnCoreError
from rnncore.errors import FileFormatError
from rnncore.storage import atomic_write

_ID = re.compile(r"[A-Za-z0-9_-]{16}")


class NoSuchRunError(RnnCoreError):
    """No run of this id is here."""


@dataclass(frozen=True)
class RunInfo:
    """A run on disk, in figures. Whoever knows an id can open its run: show it to its owner."""

    id: str
    text_name: str
    created: float  # seconds since 1970, like ``saved``
    saved: float
    iteration: int
    num_iters: int
    best_val: float  # nats per character, or NaN
    size: int  # bytes
    damaged: str = ""  # why it cannot be opened, if that shows without opening it


def default_root() -> Path:
    """Where runs are kept: ``LSTM_WORKBENCH_RUNS``, or the system's place for a user's data."""
    if chosen := os.environ.get("LSTM_WORKBENCH_RUNS"):
        return Path(chosen).expanduser().absolute()
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        if not base.is_absolute():  # which XDG says to ignore
            base = home / ".local" / "share"
    return base / "lstm-workbench" / "runs"


class Store:
    """The runs below one folder. Every method may be called from any thread."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = default_root() if root is None else root
        self._tidying = threading.Lock()

    def start_autosave(self, run: Run) -> Autosaver:
        """Save this new run from now on. Disk trouble shows in the keeper's ``problem``."""
        autosaver = Autosaver(run, self._folder(run.id))
        autosaver.start()
        return autosaver

    def open(self, run_id: str) -> Run:
        """The run as it was saved last, paused and owned by this process from now on.

        NoSuchRunError, RunInUseError, FileFormatError (nothing of it can be read) or
        limits.TooLargeError. ``notes`` of the run say what was amiss.
        """
        folder = self._owned(run_id)
        try:
            atomic_write.delete_partial_files(folder.path)
            facts = folder.facts()
            text = folder.text(facts)
            limits.check_memory(facts.settings.memory(len(text.vocab), facts.itemsize))
            problem: RnnCoreError = FileFormatError("This run holds no save that is whole.")
            for number in folder.numbers():
                try:
                    journal = folder.journal(number)
                    solver = folder.solver(number, text)
                    break
                except RnnCoreError as error:
                    folder.unusable.add(number)
                    problem = error
            else:
                raise FileFormatError(f"None of this run's saves can be opened. {problem}")
        except BaseException:
            folder.lock.release()
            raise
        # A damaged newer one must not look like progress that was made elsewhere.
        folder.newest = max([number, *folder.unusable])
        run = run_from_solver(run_id, text, facts.settings, solver)
        run.created = facts.created
        run.set_plan(journal.plan)
        run.sample_log.restore(journal.entries)
        run.trainer.changes.extend(journal.changes)
        if folder.unusable:
            run.notes += (
                "The newest save of this run was damaged, so it goes on from the one before, "
                f"at iteration {solver.iteration:,}.",
            )
        try:
            run.initial_model = folder.first(solver.model)
        except RnnCoreError:
            run.notes += (
                "The network that this run began with is damaged: Reset begins with a new one.",
            )
        Autosaver(run, folder).mark_saved(journal.saved)
        return run

    def list_runs(self) -> list[RunInfo]:
        """What is on disk, the newest first; damaged runs are listed as such."""
        found = [info for path in self._paths() if (info := _info(RunFolder(path))) is not None]
        return sorted(found, key=lambda info: info.saved, reverse=True)

    def delete(self, run_id: str) -> None:
        """Remove a run from disk; NoSuchRunError, RunInUseError or SaveError if that cannot be."""
        self._owned(run_id).remove()

    def size(self) -> int:
        """Bytes of all runs."""
        return sum(RunFolder(path).size() for path in self._paths())

    def tidy(self) -> int:
        """Remove left-overs, and the oldest unused runs beyond the limits; returns how many runs.

        For the start of the program and now and then; it does no harm at any time.
        """
        with self._tidying:
            self._sweep()
            infos, total, removed = self.list_runs(), 0, 0
            for place, info in enumerate(infos):
                total += info.size
                if place < limits.MAX_STORED_RUNS and total <= limits.MAX_STORE_BYTES:
                    continue
                if self._remove_unused(info.id):
                    total -= info.size
                    removed += 1
            return removed

    # -- inside -------------------------------------------------------------------------------

    def _sweep(self) -> None:
        with contextlib.suppress(OSError):
            for path in self.root.glob(f"{DELETED}*"):
                shutil.rmtree(path, ignore_errors=True)
        for path in self._paths():
            atomic_write.delete_partial_files(path)
            if not (path / "run.json").exists():
                self._remove_unused(path.name)

    def _remove_unused(self, run_id: str) -> bool:
        """Whether the run could be removed: not if it is in use, or may be for all we know."""
        with contextlib.suppress(RnnCoreError):
            folder = self._owned(run_id)
            if folder.lock.certain:
                folder.remove()
                return True
            folder.lock.release()
        return False

    def _owned(self, run_id: str) -> RunFolder:
        """The folder of a run that is there, with its lock."""
        folder = self._folder(run_id)
        if not folder.path.is_dir():
            raise NoSuchRunError("There is no run under this link; it may have been deleted.")
        try:
            folder.lock.take()
        except FileNotFoundError:
            raise NoSuchRunError("This run is being deleted.") from None
        except OSError:
            pass  # on a disk that cannot be written to there is nothing that a lock would guard
        return folder

    def _folder(self, run_id: str) -> RunFolder:
        """Where a run is or will be; the id is checked before it is part of a path."""
        if not isinstance(run_id, str) or _ID.fullmatch(run_id) is None:
            raise NoSuchRunError("This is not the link of a run: ids have 16 letters and digits.")
        return RunFolder(self.root / run_id)

    def _paths(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self.root))
        except OSError:
            return []
        return [self.root / name for name in names if _ID.fullmatch(name)]


def _info(folder: RunFolder) -> RunInfo | None:
    """What a run's folder says without being opened; None if it is no run (any more)."""
    size = folder.size()
    try:
        if not (folder.path / "run.json").exists():
            return None
        modified = folder.path.stat().st_mtime
        numbers = folder.numbers()
    except OSError:
        return None
    name, created, damaged = "", modified, ""
    try:
        facts = folder.facts()
        name, created = str(facts.text["name"]), facts.created
    except (RnnCoreError, KeyError) as error:
        damaged = str(error)
    for number in numbers:
        with contextlib.suppress(FileFormatError):
            j = folder.journal(number)
            return RunInfo(
                folder.path.name, name, created, j.saved, j.iteration, j.num_iters,
                j.best_val, size, damaged,
            )  # fmt: skip
    damaged = damaged or "This run holds no save that is whole."
    return RunInfo(folder.path.name, name, created, modified, 0, 0, math.nan, size, damaged)
