"""Free memory: of the machine, and of the container or service that this process runs in.

psutil measures the machine. It does not know the limits of containers: those of Linux control
groups (cgroups, versions 1 and 2) are read here.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

_IF_UNKNOWN = 4 * 2**30
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
# For versions 2 and 1: the files with limit and use in bytes, and the field of memory.stat with
# the part of the use that is file cache, which the kernel frees when memory is needed.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class Reservation:
    """Bytes that a training will allocate soon, during its first iterations.

    They count as used until ``release`` or until the reservation is garbage-collected.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        with _lock:
            _reservations.add(self)

    def release(self) -> None:
        """Count the bytes no longer: they are allocated by now, or will not be needed."""
        self.size = 0


_reservations: weakref.WeakSet[Reservation] = weakref.WeakSet()
_lock = threading.Lock()


def available() -> int:
    """Return the bytes of memory that are free and not reserved."""
    with _lock:
        return max(0, free() - sum(reservation.size for reservation in _reservations))


def free() -> int:
    """Return the bytes of memory that are free: the least of the machine and the control groups."""
    return min([_free_on_machine(), *_free_in_groups()])


def _free_on_machine() -> int:
    try:
        return int(psutil.virtual_memory().available)
    except OSError:  # Linux without /proc
        return _IF_UNKNOWN


def _free_in_groups() -> Iterator[int]:
    """Yield the bytes that are free in each control group of this process that has a limit."""
    for folder in _folders():
        for limit, used, cache in _FILES:
            # OSError: no such file. ValueError: the limit is "max", which means none.
            with suppress(OSError, ValueError, KeyError):
                left = _number(folder / limit) - _number(folder / used)
                yield max(0, left + _table(folder / "memory.stat")[cache])


def _folders() -> Iterator[Path]:
    """Yield the folders of this process's control groups and of their parents, whose limits
    also apply."""
    with suppress(OSError, ValueError):
        for line in _OWN_GROUPS.read_text(encoding="utf-8").splitlines():
            _, kind, path = line.split(":", 2)
            if kind in ("", "memory"):
                own = Path(path.lstrip("/"))
                yield from (_GROUPS / kind / folder for folder in (own, *own.parents))


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _table(path: Path) -> dict[str, int]:
    """Return the numbers in a file of lines "name number", by name."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {words[0]: int(words[1]) for line in lines if len(words := line.split()) > 1}
