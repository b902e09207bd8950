"""The index: the rows of all runs on disk, so that a list of thousands opens at once.

It is an SQLite file beside the runs' folders, which stay the truth. A row is read again when its
folder has changed. A lost, older or damaged index is made anew; without one (a read-only or full
disk) the rows are kept in memory. Several processes may use one file.

Rows hold the runs' ids, which open them: show rows where ``Store.list_runs`` may be shown.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dashboard.runs.folder import RunFolder
from dashboard.runs.run_row import RunRow, read_row
from dashboard.runs.store import RUN_ID

NAME = "lstm-workbench-index.sqlite"
VERSION = 2  # raise it when rows of the old version can no longer be read
_RECENT = 3.0  # seconds; a change this close to the reading may not show in the folder's time
_BUSY = 2.0  # seconds to wait while another process writes

logger = logging.getLogger(__name__)


class _OtherVersionError(Exception):
    """The file was made by a later version, which may be running: it is left alone."""


@dataclass(frozen=True)
class Listing:
    """The rows that are known, the last saved first, and how many folders are still unread."""

    rows: list[RunRow]
    unread: int


class Index:
    """The rows of the runs in one folder. ``list_rows`` may be called from any thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._file = root / NAME
        self._lock = threading.Lock()
        self._known: dict[str, tuple[str, RunRow | None]] | None = None  # stamps and rows by id

    def list_rows(self, seconds: float = 1.0) -> Listing:
        """Return the rows of all runs; read changed folders for at most about ``seconds``.

        What is left unread then is read by the next calls.
        """
        with self._lock:
            if self._known is None:
                self._known = self._load()
            known, stamps = self._known, self._stamps()
            gone = [run_id for run_id in known if run_id not in stamps]
            changed = [i for i, stamp in stamps.items() if i not in known or known[i][0] != stamp]
            # The newest first: a person most likely looks for those.
            changed.sort(key=lambda run_id: stamps[run_id], reverse=True)
            for run_id in gone:
                del known[run_id]
            deadline, read = time.monotonic() + seconds, []
            for run_id in changed:
                recent = time.time() - _RECENT < _changed_at(stamps[run_id])
                row = read_row(RunFolder(self.root / run_id))
                known[run_id] = ("" if recent else stamps[run_id], row)
                read.append(run_id)
                if time.monotonic() > deadline:
                    break
            if gone or read:
                self._save(gone, read)
            rows = [row for run_id, (_, row) in known.items() if row and run_id in stamps]
        rows.sort(key=lambda row: row.saved, reverse=True)
        return Listing(rows, len(changed) - len(read))

    # -- the folders --------------------------------------------------------------------------

    def _stamps(self) -> dict[str, str]:
        """Return a text for each folder that changes with its files."""
        found = {}
        with contextlib.suppress(OSError), os.scandir(self.root) as entries:
            for entry in entries:
                if RUN_ID.fullmatch(entry.name):
                    with contextlib.suppress(OSError):
                        found[entry.name] = _stamp(entry.path)
        return found

    # -- the file -----------------------------------------------------------------------------

    def _load(self) -> dict[str, tuple[str, RunRow | None]]:
        """Return the rows in the file; make it anew if it is older or damaged."""
        try:
            with self._connected() as base:
                if base.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                    raise sqlite3.DatabaseError("the index is damaged")
                records = base.execute("SELECT id, stamp, row FROM runs").fetchall()
                return {run_id: (stamp, _parse(row)) for run_id, stamp, row in records}
        except sqlite3.OperationalError as error:  # a read-only or full disk, or a busy file
            logger.warning("the index of runs cannot be read: %s", error)
        except _OtherVersionError:
            pass
        except (sqlite3.DatabaseError, KeyError, TypeError, ValueError):
            self._remove()
        return {}

    def _save(self, gone: list[str], read: list[str]) -> None:
        """Write rows that were read and delete those of folders that are gone, if possible."""
        known = self._known or {}
        records = [(i, stamp, _text(row)) for i in read for stamp, row in [known[i]] if stamp]
        if not records and not gone:
            return
        try:
            with self._connected() as base:
                base.executemany("DELETE FROM runs WHERE id = ?", [(run_id,) for run_id in gone])
                base.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", records)
        except sqlite3.OperationalError as error:
            logger.warning("the index of runs cannot be written: %s", error)
        except _OtherVersionError:
            pass
        except sqlite3.DatabaseError:
            self._remove()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction, to a file that is created if it is missing."""
        if not self.root.is_dir():
            raise sqlite3.OperationalError("there is no folder of runs yet")
        try:
            # Only the user may read the ids; SQLite gives its further files the same mode.
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise sqlite3.OperationalError(str(error)) from error
        base = sqlite3.connect(self._file, timeout=_BUSY, isolation_level=None)
        try:
            version = base.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise _OtherVersionError
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute("BEGIN IMMEDIATE")
            if version < VERSION:
                base.execute("DROP TABLE IF EXISTS runs")
                base.execute(f"PRAGMA user_version = {VERSION}")
            columns = "id TEXT PRIMARY KEY, stamp TEXT, row TEXT"
            base.execute(f"CREATE TABLE IF NOT EXISTS runs ({columns})")
            yield base
            base.execute("COMMIT")
        finally:
            base.close()  # without a COMMIT nothing is changed

    def _remove(self) -> None:
        """Delete a damaged file; the next call makes it anew from the folders."""
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                self._file.with_name(NAME + suffix).unlink()


def _stamp(path: str) -> str:
    """Return the folder's time of change, and time and size of its record.

    Every file is written under another name and renamed, which changes the folder's time.
    """
    changed = os.stat(path).st_mtime_ns
    try:
        record = os.stat(os.path.join(path, "run.json"))
    except OSError:
        return f"{changed:020d}"
    return f"{changed:020d} {record.st_mtime_ns} {record.st_size}"


def _changed_at(stamp: str) -> float:
    """Return the newest time of a stamp, in seconds since 1970."""
    return max(int(part) for part in stamp.split()[:2]) / 1e9


def _text(row: RunRow | None) -> str:
    return json.dumps(None if row is None else row.to_values())


def _parse(text: str) -> RunRow | None:
    values = json.loads(text)
    return None if values is None else RunRow.from_values(values)
