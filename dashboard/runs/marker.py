"""The marker in each run's folder, by which the workbench knows that the folder is its own.

Only folders with a marker, or with a record that was written for them, are opened, cleaned up
or deleted. A name that looks like a run's id proves nothing.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

from dashboard.runs.json_record import read_record
from rnncore.errors import FileFormatError, SaveError
from rnncore.storage import atomic_write

NAME = "lstm-workbench-run.txt"
_FIRST_LINE = b"A run of the LSTM workbench\n"
_REST = b"The workbench may change or delete this folder. Keep your own files elsewhere.\n"

_UNFINISHED = re.compile(re.escape(NAME) + r"\.[0-9a-f]{16}\.part")

# The names of all files that the workbench writes into a run's folder; ``store`` lists them.
_OWN_NAME = re.compile(
    rf"{re.escape(NAME)}|lock|run\.json|text\.npz|text-copy\.npz|first\.npz|\d{{8}}\.(?:npz|json)"
    r"|damaged\.json|last-training\.json|.+\.[0-9a-f]{16}\.part"
    r"|(?:run\.json|text\.npz|text-copy\.npz)\.damaged"
)


def write(folder: Path) -> None:
    """Mark a folder as the workbench's own; OSError or SaveError if that fails."""
    if not exists(folder):
        atomic_write.replace_file(folder / NAME, lambda file: file.write(_FIRST_LINE + _REST))


def exists(folder: Path) -> bool:
    """Return whether the folder has a marker."""
    try:
        with open(folder / NAME, "rb") as file:
            return file.read(len(_FIRST_LINE)) == _FIRST_LINE
    except OSError:
        return False


def is_own(folder: Path) -> bool:
    """Return whether the workbench has made this folder.

    Folders of earlier versions have no marker; they are recognised by a record in them.
    """
    if exists(folder):
        return True
    with contextlib.suppress(FileFormatError):
        return bool(read_record(folder / "run.json").get("id") == folder.name)
    for path in sorted(folder.glob("????????.json")):
        with contextlib.suppress(FileFormatError):
            return bool(read_record(path)) and path.with_suffix(".npz").is_file()
    return False


def has_foreign_files(folder: Path) -> bool:
    """Return whether the folder holds anything that the workbench has not written."""
    with os.scandir(folder) as entries:
        return any(not e.is_file() or not _OWN_NAME.fullmatch(e.name) for e in entries)


def remove_unfinished(folder: Path) -> None:
    """Delete a folder that is empty but for a marker that was being written, if it is."""
    with contextlib.suppress(OSError):
        if all(_UNFINISHED.fullmatch(path.name) for path in folder.iterdir()):
            atomic_write.delete_partial_files(folder)
            folder.rmdir()


def remove(folder: Path) -> None:
    """Delete a folder with all its files, the marker last: a part of it is still recognised."""
    with contextlib.suppress(OSError, SaveError):
        write(folder)
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name != NAME:
                path.unlink()
        (folder / NAME).unlink()
        folder.rmdir()
