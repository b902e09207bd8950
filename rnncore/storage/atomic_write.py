"""Files that are whole or not there: written beside the target, then moved over it.

The bytes go to a ``.part`` file in the same folder, which is forced to the disk before
``os.replace`` gives it the target's name in one step. A program that is killed leaves the
old file as it was, and perhaps a ``.part`` file, which ``delete_partial_files`` removes.
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
except ImportError:  # Windows, which does not remove files that are open anyway
    fcntl = None  # type: ignore[assignment]

_PART = re.compile(r".+\.[0-9a-f]{16}\.part")


def replace_file(path: str | os.PathLike[str], write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a file that then replaces ``path``; a SaveError if that cannot be done.

    After any error the old file is as it was, and nothing is left beside it.
    """
    # A link stays a link: what it points to is replaced.
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise SaveError(f"{target} was not saved: it is not a file that could be replaced.")
    part = target.with_name(f"{target.name}.{secrets.token_hex(8)}.part")
    try:
        with open(part, "xb") as file:
            with contextlib.suppress(OSError):  # some network folders know no locks
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
    """The sentence for a person when the system refuses to write."""
    reason = error.strerror or str(error)
    return SaveError(
        f"{name} was not saved ({reason}); what was there before is unchanged: "
        "make room or choose another folder, then save again."
    )


def delete_partial_files(folder: str | os.PathLike[str]) -> int:
    """Remove ``.part`` files that no running program is writing; returns how many."""
    removed = 0
    for part in Path(folder).glob("*.part"):
        if not _PART.fullmatch(part.name):
            continue
        # Gone already, being written, or not ours to remove: leave it.
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
    """Hold the file until it is closed or the program ends; an OSError if another one does."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Force the new name to the disk; some systems have no such call for folders."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
