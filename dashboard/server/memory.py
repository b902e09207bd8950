"""How much memory is free: on this machine, and in the container or service that this is in.

What a training was granted it takes with its first iterations: until then it is promised to it.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_IF_UNKNOWN = 4 * 2**30
_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
# Limit, use, and what of the use is a cache of files that gives way; in groups of version 2 and 1.
_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


class Reservation:
    """So many bytes for somebody who will take them soon: until it is over, or its holder gone."""

    def __init__(self, size: int) -> None:
        self.size = size
        with _lock:
            _reservations.add(self)

    def release(self) -> None:
        """They are taken, and no longer free."""
        self.size = 0


_reservations: weakref.WeakSet[Reservation] = weakref.WeakSet()
_lock = threading.Lock()


def available() -> int:
    """Bytes of memory that are free now and promised to nobody."""
    with _lock:
        return max(0, free() - sum(reservation.size for reservation in _reservations))


def free() -> int:
    """Bytes of memory that are free now (Linux), or a cautious guess elsewhere."""
    return min([_of_machine(), *_of_groups()])


def _of_machine() -> int:
    with suppress(OSError, ValueError, KeyError):
        return 1024 * _table(Path("/proc/meminfo"))["MemAvailable:"]
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, OSError, ValueError):
        return _IF_UNKNOWN


def _of_groups() -> Iterator[int]:
    """What is left to each control group that this process is in."""
    for folder in _folders():
        for limit, used, cache in _FILES:
            with suppress(OSError, ValueError, KeyError):  # no such file, or no limit: "max"
                left = _number(folder / limit) - _number(folder / used)
                yield max(0, left + _table(folder / "memory.stat")[cache])


def _folders() -> Iterator[Path]:
    """The folders of the groups and of those around them, whose limits hold as well."""
    with suppress(OSError, ValueError):
        for line in _OWN_GROUPS.read_text(encoding="utf-8").splitlines():
            _, kind, path = line.split(":", 2)
            if kind in ("", "memory"):
                own = Path(path.lstrip("/"))
                yield from (_GROUPS / kind / around for around in (own, *own.parents))


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _table(path: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    lines = path.read_text(encoding="ascii").splitlines()
    return {words[0]: int(words[1]) for line in lines if len(words := line.split()) > 1}
