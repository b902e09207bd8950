"""The store: all runs on disk, each in a folder of its own.

    <root>/<run id>/            mode 0700; the id is 16 characters of A-Z a-z 0-9 - _
        lstm-workbench-run.txt  the marker: this folder is the workbench's own (``marker``)
        run.json                what never changes: id, creation time, network settings, facts
                                about the text, what the first network was (key "began_as"),
                                whether a race or sweep started it (key "made_by"); and what
                                does: name, note, star, notice of removal (``labels``)
        text.npz                the text's ids (uint8, 16 or 32) and its vocabulary's code
                                points (uint32); written once
        text-copy.npz           the same again, in case text.npz is damaged
        first.npz               the weights of the trained network that the run started from,
                                if any; written once
        00000017.npz            save 17: the solver without the text (rnncore.storage.checkpoint)
        00000017.json           its journal: time, iteration, losses, samples (key "diary"),
                                changes, plan, figures for the list of runs, the facts of
                                run.json, and the size of the .npz; written after it, so a
                                save is complete if both exist
        last-training.json      whether it trains, or why that ended (``training_record``)
        lock                    locked by the process that has the run open (``lock``)
        *.part                  being written, or left by a killed program and deleted later
        damaged.json            why the run cannot be opened, if it cannot
        *.damaged               a file that was found damaged and written again
    <root>/.new-*               being created
    <root>/.deleted-*           being deleted
    <root>/lstm-workbench-index.sqlite   a copy of the small files' figures (``index``)

Up to three saves are kept: the last two and the one with the lowest validation loss.
``run.json`` is the last of a new run's files. A run that has lost it is opened from its saves,
which have a copy. Folders that are not the workbench's own are never changed or deleted.
A ``.json`` is one line of JSON and a line with its SHA-256; an ``.npz`` ends with the SHA-256 of
the rest. Every file is written under a temporary name, flushed to disk and renamed
(rnncore.storage.atomic_write).

Raise the number in ``json_record.FORMAT`` when folders of the old number can no longer be read
correctly, and keep a reader for each released number. (The first journals have no plan: it is the
number of iterations that they contain. The first run.json files lack "began_as", "made_by".)
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from dashboard.runs import labels, marker, training_record
from dashboard.runs.autosave import Autosaver
from dashboard.runs.folder import DELETED, NEW, RunFolder
from dashboard.runs.labels import Labels, describe_removal
from dashboard.runs.run import Run, run_from_solver
from dashboard.runs.run_info import RunInfo, read_info
from dashboard.runs.text_files import DamagedTextError
from dashboard.server import limits
from rnncore import RNN, RnnCoreError
from rnncore.errors import FileFormatError
from rnncore.storage import atomic_write

RUN_ID = re.compile(r"[A-Za-z0-9_-]{16}")
_LEFTOVER = re.compile(r"\.(?:new|deleted)-[A-Za-z0-9_-]{16}-[0-9a-f]{8}")


class NoSuchRunError(RnnCoreError):
    """There is no run with this id."""


def default_root() -> Path:
    """Return the folder of all runs: ``LSTM_WORKBENCH_RUNS``, or one in the user's data folder.

    Not from ``platformdirs``: on macOS it follows XDG_DATA_HOME, where older runs are not.
    """
    if chosen := os.environ.get("LSTM_WORKBENCH_RUNS"):
        return Path(chosen).expanduser().absolute()
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        if not base.is_absolute():  # the XDG specification says to ignore it
            base = home / ".local" / "share"
    return base / "lstm-workbench" / "runs"


class Store:
    """The runs in one folder. Every method may be called from any thread."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = default_root() if root is None else root
        self._cleaning = threading.Lock()

    def start_autosave(self, run: Run) -> Autosaver:
        """Save this new run from now on; errors appear in the autosaver's ``problem``."""
        autosaver = Autosaver(run, folder := self.folder(run.id))
        training_record.Recorder(run, folder)
        autosaver.start()
        return autosaver

    def open(self, run_id: str) -> Run:
        """Return the run as last saved, paused and locked by this process.

        Raises NoSuchRunError, RunInUseError, FileFormatError (nothing can be read) or
        limits.TooLargeError. Lesser damage is described in the run's ``notes``.
        """
        folder = self._locked_folder(run_id)
        try:
            atomic_write.delete_partial_files(folder.path)
            facts = folder.read_facts()
            text = folder.read_text(facts)
            limits.check_memory(facts.settings.memory(len(text.vocab), facts.itemsize))
            problem: RnnCoreError = FileFormatError("This run has no complete save.")
            for number in folder.list_saves():
                try:
                    journal = folder.read_journal(number)
                    solver = folder.load_solver(number, text)
                    break
                except RnnCoreError as error:
                    folder.unusable.add(number)
                    problem = error
            else:
                raise FileFormatError(f"None of this run's saves can be opened. {problem}")
        except BaseException as error:
            if isinstance(error, DamagedTextError):
                folder.write_damage(str(error))
            folder.lock.release()
            raise
        folder.write_damage("")
        # A damaged newer save must not look like a save that another process added.
        folder.newest = max([number, *folder.unusable])
        run = run_from_solver(run_id, text, facts.settings, solver)
        run.created, run.began_as, run.made_by = facts.created, facts.began_as, facts.made_by
        run.set_plan(journal.plan)
        run.sample_log.restore(journal.entries)
        run.trainer.changes.extend(journal.changes)
        if folder.repair(facts, text):
            run.notes += ("A damaged file of this run was restored from its copy.",)
        if folder.unusable:
            run.notes += (
                "The newest save of this run is damaged. The run continues from the save "
                f"before it, at iteration {solver.iteration:,}.",
            )
        try:
            run.initial_model = folder.read_initial_model(solver.model)
        except RnnCoreError:
            run.notes += (
                "The file of the pretrained network that this run started from is damaged. "
                "Reset will start from a new network.",
            )
        self._keep_opened(run)
        Autosaver(run, folder).mark_saved(journal.saved)
        training_record.restore(run, folder, journal.saved)
        return run

    def _keep_opened(self, run: Run) -> None:
        """Withdraw the notice that a run which is opened will be removed, and say so."""
        run.labels = before = labels.read(self.root / run.id)
        if before.remove_after:
            with contextlib.suppress(OSError, RnnCoreError):  # a read-only or full disk
                run.labels = self.set_labels(run.id, remove_after=0.0, kept_at=time.time())
                run.notes += (f"{describe_removal(before)} Now that it was opened, it is kept.",)

    def set_labels(self, run_id: str, **changes: Any) -> Labels:
        """Change labels of a run on disk; return all of them.

        Raises NoSuchRunError, FileFormatError or SaveError. Another process may have it open.
        """
        folder = self.folder(run_id)
        if not folder.path.is_dir() or not marker.is_own(folder.path):
            raise NoSuchRunError("There is no run under this link; it may have been deleted.")
        changed = replace(labels.read(folder.path), **changes)
        labels.write(folder.path, changed)
        return changed

    def load_network(self, run_id: str) -> RNN:
        """Return the newest network of a run, for one whose text cannot be read.

        Raises NoSuchRunError, RunInUseError or FileFormatError.
        """
        folder = self._locked_folder(run_id)
        try:
            return folder.load_network()
        finally:
            folder.lock.release()

    def interrupted_runs(self) -> list[str]:
        """Return the ids of the runs that trained when the server stopped and should go on."""
        return [path.name for path in self._paths() if training_record.read(path).resumes]

    def list_runs(self) -> list[RunInfo]:
        """Return all runs on disk, the last saved first; damaged runs have ``damaged`` set."""
        found = [info for path in self._paths() if (info := read_info(RunFolder(path)))]
        return sorted(found, key=lambda info: info.saved, reverse=True)

    def delete(self, run_id: str) -> None:
        """Delete a run from disk; NoSuchRunError, RunInUseError or SaveError if that fails."""
        self._locked_folder(run_id).remove()

    def size(self) -> int:
        """Return the total size of all runs, in bytes."""
        return sum(RunFolder(path).size() for path in self._paths())

    def clean_up(self) -> int:
        """Delete left-overs and the oldest unused runs beyond the limits; return how many runs.

        A run is deleted only some time after ``Labels.remove_after`` was set, which the page
        shows. Named and starred runs are never deleted.
        Call it when the program starts and from time to time; it is safe at any time.
        """
        with self._cleaning:
            self._delete_leftovers()
            infos = self.list_runs()
            infos.sort(key=lambda info: max(info.saved, info.labels.kept_at), reverse=True)
            total, removed, now = 0, 0, time.time()
            for rank, info in enumerate(infos):
                total += info.size
                due = info.labels.remove_after
                fits = rank < limits.MAX_STORED_RUNS and total <= limits.MAX_STORE_BYTES
                if fits or info.labels.protected or (info.damaged and info.has_network):
                    if due:
                        self._try_to_label(info.id, 0.0)
                elif not due:
                    self._try_to_label(info.id, now + _notice_seconds(rank, total))
                elif now >= due and self._remove_unused(info.id):
                    total -= info.size
                    removed += 1
            return removed

    def _try_to_label(self, run_id: str, remove_after: float) -> None:
        with contextlib.suppress(OSError, RnnCoreError):  # a damaged or deleted run
            self.set_labels(run_id, remove_after=remove_after)

    # -- inside -------------------------------------------------------------------------------

    def _delete_leftovers(self) -> None:
        for prefix in (NEW, DELETED):
            for path in self.root.glob(f"{prefix}*"):
                if not _LEFTOVER.fullmatch(path.name):
                    continue
                if marker.exists(path):
                    marker.remove(path)
                else:
                    marker.remove_unfinished(path)
        for path in self._paths():
            atomic_write.delete_partial_files(path)
            if not (path / "run.json").exists() and not RunFolder(path).list_saves():
                self._remove_unused(path.name)

    def _remove_unused(self, run_id: str) -> bool:
        """Delete a run unless it is or may be in use; return whether it was deleted."""
        with contextlib.suppress(RnnCoreError):
            folder = self._locked_folder(run_id)
            is_safe = marker.is_own(folder.path) and not marker.has_foreign_files(folder.path)
            if is_safe and folder.lock.enforced:  # otherwise another process may have it open
                folder.remove()
                return True
            folder.lock.release()
        return False

    def _locked_folder(self, run_id: str) -> RunFolder:
        """Return the folder of an existing run, locked."""
        folder = self.folder(run_id)
        if not folder.path.is_dir() or not marker.is_own(folder.path):
            raise NoSuchRunError("There is no run under this link; it may have been deleted.")
        try:
            folder.lock.acquire()
        except FileNotFoundError:
            raise NoSuchRunError("This run is being deleted.") from None
        except OSError:
            pass  # a read-only disk: no process can write, so no lock is needed
        return folder

    def folder(self, run_id: str) -> RunFolder:
        """Return the folder for this id, after checking that the id is safe in a path."""
        if not isinstance(run_id, str) or RUN_ID.fullmatch(run_id) is None:
            raise NoSuchRunError("This is not the link of a run: a run's id has 16 characters.")
        return RunFolder(self.root / run_id)

    def _paths(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self.root))
        except OSError:
            return []
        paths = [self.root / name for name in names if RUN_ID.fullmatch(name)]
        return [path for path in paths if marker.is_own(path)]


def _notice_seconds(rank: int, total: int) -> float:
    """Return how long before a run is deleted the page says so.

    rank, total: number and bytes of the runs that were used later.
    """
    if rank < 2 * limits.MAX_STORED_RUNS and total <= 2 * limits.MAX_STORE_BYTES:
        return limits.REMOVAL_NOTICE_SECONDS
    return min(limits.REMOVAL_NOTICE_SECONDS, limits.SWEEP_SECONDS)  # the disk may fill up
