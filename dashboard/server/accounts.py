"""Which account of this computer opens the page.

Every account can connect to 127.0.0.1, also through a tunnel (``ssh -L``). Linux lists the owner of
each connection. Elsewhere only the existence of other accounts is known.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv6Address, ip_address
from pathlib import Path

Endpoint = tuple[str, int]  # address and port

OWN, OTHER, UNKNOWN = "own", "other", "unknown"

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTS_CONNECTIONS = any(path.exists() for path in _TABLES)
_FIRST_USER, _LAST_USER = 1000, 59_999  # user ids of people on Linux (login.defs)
# Folders beside those of people's accounts on macOS and Windows.
_NOT_ACCOUNTS = {"shared", "guest", "public", "default", "default user", "all users"}


def account_of(client: Endpoint, server: Endpoint) -> str:
    """Return whether a connection comes from this process's account: OWN, OTHER or UNKNOWN.

    client, server: the two ends, as the server sees them. The administrator's account, which can
    read all files, counts as OWN.
    """
    owner = _find_owner(client, server)
    if owner is None:
        return UNKNOWN
    return OWN if owner in (0, os.getuid()) else OTHER


@cache
def others_exist() -> bool:
    """Return whether other people have accounts on this computer."""
    return len(_people()) > 1


def _find_owner(client: Endpoint, server: Endpoint) -> int | None:
    """Return the user id that the system lists for the client's end, or None."""
    try:
        wanted = _normal(*client), _normal(*server)
    except ValueError:  # a host name, or a link-local address with its interface
        return None
    for ends, owner in _connections():
        if ends == wanted:
            return owner
    return None


def _connections() -> Iterator[tuple[tuple[object, object], int]]:
    """Yield the local end, the remote end and the user id of all connections, on Linux."""
    for path in _TABLES:
        try:
            lines = path.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            yield (_parse(fields[1]), _parse(fields[2])), int(fields[7])


def _parse(end: str) -> tuple[object, int]:
    """Return the end that is written as ``0100007F:1F90``: words of 4 bytes in machine order."""
    digits, port = end.split(":")
    raw = bytes.fromhex(digits)
    if sys.byteorder == "little":
        raw = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    return _normal(ip_address(raw), int(port, 16))


def _normal(address: object, port: int) -> tuple[object, int]:
    """Return address and port, with an IPv4 address that is written as IPv6 as IPv4."""
    found = ip_address(address)  # type: ignore[arg-type]  # it takes text and its own results
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped, port
    return found, port


def _people() -> set[str]:
    """Return the names of the accounts that belong to people."""
    if sys.platform in ("darwin", "win32"):
        folder = Path.home().parent
        try:
            names = {path.name for path in folder.iterdir() if path.is_dir()}
        except OSError:
            return set()
        return {n for n in names if not n.startswith(".") and n.lower() not in _NOT_ACCOUNTS}
    import pwd

    return {e.pw_name for e in pwd.getpwall() if _FIRST_USER <= e.pw_uid <= _LAST_USER}
