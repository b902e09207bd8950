"""A lock on a folder, which only one process can hold and which ends when the process dies.

It is the operating system's lock on an open file, so a killed process leaves no stale lock.
The process number in the file is there only for error messages.

Not ``filelock`` (4.3): it creates a missing folder again, counts a lock as held after its
folder was moved away, and on Windows locks the byte that starts the process number.
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

_FAR = 1 << 30  # on Windows the byte at this offset is locked, so the number stays readable


class RunInUseError(RnnCoreError):
    """The run is open in another process, or on another page of this one."""


class FolderLock:
    """The lock of one folder. It is not for threads: they share the lock of their process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.enforced = False  # whether the file system supports locks

    @property
    def held(self) -> bool:
        """Whether this object holds the lock, and its file has not been moved or deleted."""
        return self._file is not None and _is_at(self._file, self._path)

    def acquire(self) -> None:
        """Lock the folder; RunInUseError if it is locked, OSError if it cannot be written to."""
        if self.held:
            return
        self.release()
        file = open(self._path, "a+b")  # noqa: SIM115 (stays open while the lock is held)
        try:
            locked = _lock(file)
            if locked is False:
                raise RunInUseError(
                    f"This run is in use by another window or program{_process(file)}. "
                    "Continue there, or close it there first."
                )
            if not _is_at(file, self._path):  # deleted between opening and locking
                raise FileNotFoundError(f"{self._path} is gone")
        except BaseException:
            file.close()
            raise
        self._file, self.enforced = file, locked is True
        with contextlib.suppress(OSError):  # the lock holds even if a full disk takes no number
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()

    def release(self) -> None:
        """Unlock the folder, if this object holds the lock."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file, self.enforced = None, False


def _lock(file: BinaryIO) -> bool | None:
    """Lock the file until it is closed; False if it is locked, None if locks are unsupported."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # some network disks: an unlocked run is better than none
        return None
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except OSError:
        return False


def _process(file: BinaryIO) -> str:
    """Return the process that holds the lock, as words for a message; "" if unknown."""
    try:
        file.seek(0)
        return f" (process {int(file.read(20))})"
    except (OSError, ValueError):
        return ""
