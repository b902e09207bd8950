"""Write files atomically: after a crash, a file is complete or it is the old one.

The bytes are written to a ``.part`` file in the same folder and forced to the disk. Then
``os.replace`` gives it the target's name in one step. A program that is killed leaves the old
file as it was, and perhaps a ``.part`` file, which ``delete_partial_files`` removes.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import IO, BinaryIO

from rnncore.errors import SaveError

try:
    import fcntl
except ImportError:  # Windows, which refuses to delete open files, so needs no lock for it
    fcntl = None  # type: ignore[assignment]

_PART = re.compile(r".+\.[0-9a-f]{16}\.part")


def replace_file(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Replace the file at ``path`` by one that ``write`` fills.

    After any error the old file is unchanged and no partial file is left.
    SaveError: the file cannot be written.
    """
    # A symbolic link stays one: the file that it points to is replaced.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise SaveError(f"{target} was not saved: it is not a regular file.")
    part = target.with_name(f"{target.name}.{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb") as file:
            with contextlib.suppress(OSError):  # some network file systems have no locks
                _lock(file)
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, target)
        _sync_folder(target.parent)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            raise save_error(target, error) from error
        raise


def save_error(name: object, error: OSError) -> SaveError:
    """Return the SaveError for an error of the operating system while writing ``name``."""
    reason = error.strerror or str(error)
    return SaveError(
        f"{name} was not saved ({reason}); any older file is unchanged. "
        "Free disk space or choose another folder, then save again."
    )


def delete_partial_files(folder: str | os.PathLike[str]) -> int:
    """Delete the ``.part`` files that no running program is writing; return how many."""
    removed = 0
    for part in Path(folder).glob("*.part"):
        if not _PART.fullmatch(part.name):
            continue
        # Skip a file that is deleted already, being written, or protected.
        with contextlib.suppress(OSError):
            if fcntl is None:
                part.unlink()
            else:
                with open(part, "rb+") as file:
                    _lock(file)
                    part.unlink()
            removed += 1
    return removed


def _lock(file: IO[bytes]) -> None:
    """Lock the file until it is closed; raise OSError if another program holds the lock."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk, on systems that can do so for a folder."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
