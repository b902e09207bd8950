"""Whether a page is open on the computer that runs the server: only then are past runs listed.

The server's address alone does not prove it. Another site can let its own host name point to
127.0.0.1, and a browser then lets that site read the page ("DNS rebinding"); the Host header shows
that name. A proxy on this computer can forward visitors from elsewhere; it adds headers that say
so.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Beginnings of the headers by which proxies, tunnels and content networks name the visitor.
_PROXY_HEADERS = (
    "forwarded",
    "x-forwarded-",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-",
    "x-envoy-",
    "via",
    "cf-",  # Cloudflare
    "true-client-ip",
    "fastly-",
    "fly-",
    "tailscale-",
    "x-azure-",
    "x-amzn-",
)


def is_private(address: str | None, headers: Mapping[str, str], shared: str) -> bool:
    """Return whether only this computer can open the server, and this page is open on it.

    address: the address on which the server listens.
    headers: of the page's request.
    shared: the owner's setting; "" or "0" means that the server is not shared.
    """
    proxied = any(name.lower().startswith(_PROXY_HEADERS) for name in headers)
    host = _hostname(headers.get("Host", ""))
    return address in _LOOPBACK and host in _LOOPBACK and not proxied and shared in ("", "0")


def _hostname(host: str) -> str | None:
    """Return the name in a Host header, without its port, or None if it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # unbalanced brackets
        return None
