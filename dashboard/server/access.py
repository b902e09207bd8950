"""Whether a page is open on the very computer that runs it: then its past runs may be listed.

The server's address alone does not tell. A page of another site can make a name of its own point
to 127.0.0.1, and then reads what it gets from here as its own ("DNS rebinding"); a proxy on this
computer brings in visitors from elsewhere. The first calls the server by the site's name, the
second says for whom it asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FROM_A_PROXY = ("forwarded", "x-forwarded-", "x-real-ip", "via")


def is_private(address: str | None, headers: Mapping[str, str], shared: str) -> bool:
    """Whether only this computer can open the server, and this page is open on it.

    address: where the server listens. headers: of the page's request.
    shared: what the owner has set, "" or "0" for "not shared".
    """
    proxied = any(name.lower().startswith(_FROM_A_PROXY) for name in headers)
    called = _hostname(headers.get("Host", ""))
    return address in _LOOPBACK and called in _LOOPBACK and not proxied and shared in ("", "0")


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # a bracket too many
        return None
