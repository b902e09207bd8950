"""One owner for a folder: a lock that the system takes back when its holder dies.

The lock is the system's own on an open file, so a killed process leaves nothing stale
behind. The number of the process stands in the file for people to read, no more.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from rnncore import RnnCoreError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_FAR = 1 << 30  # Windows locks a byte out here, so that the number stays readable


class RunInUseError(RnnCoreError):
    """Another process, or another window of this one, works on the run."""


class FolderLock:
    """The lock of one folder. Threads of one process are not told apart by it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.certain = False  # whether the file system has locks at all

    @property
    def held(self) -> bool:
        """Whether this object holds the lock, and the file is still the folder's."""
        return self._file is not None and _is_at(self._file, self._path)

    def take(self) -> None:
        """Own the folder; a RunInUseError if somebody else does, an OSError if none can."""
        if self.held:
            return
        self.release()
        file = open(self._path, "a+b")  # noqa: SIM115 (it stays open as long as it is held)
        try:
            locked = _lock(file)
            if locked is False:
                raise RunInUseError(
                    f"This run is in use by another window or program{_process(file)}: "
                    "go on there, or close it there first."
                )
            if not _is_at(file, self._path):  # deleted between opening and locking
                raise FileNotFoundError(f"{self._path} is gone")
        except BaseException:
            file.close()
            raise
        self._file, self.certain = file, locked is True
        with contextlib.suppress(OSError):  # a full disk does not matter here
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()

    def release(self) -> None:
        """Let others own the folder."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file, self.certain = None, False


def _lock(file: BinaryIO) -> bool | None:
    """Whether the file's lock is ours, until it is closed; None where there are no locks."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # better to work unguarded than not at all
        return None
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def _process(file: BinaryIO) -> str:
    try:
        file.seek(0)
        return f" (process {int(file.read(20))})"
    except (OSError, ValueError):
        return ""
