"""Whether a page is open on the computer that runs the server: only then are past runs listed.

The server's address alone does not prove it. Another site can let its own host name point to
127.0.0.1, and a browser then lets that site read the page ("DNS rebinding"); the Host header shows
that name. A proxy on this computer can forward visitors from elsewhere; it adds headers that say
so. Other accounts of this computer can connect, too (``accounts``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from dashboard.server.accounts import LISTS_CONNECTIONS, OTHER, OWN, UNKNOWN, others_exist

# Set for each page by the server (``web.visitors``): the account that opens it.
ACCOUNT_HEADER = "X-Workbench-Account"
SHARED_VARIABLE = "LSTM_WORKBENCH_SHARED"
BROWSER_COOKIE = "lstm-workbench-browser"  # set by the server, too: a random value
TOUR_COOKIE = "lstm-workbench-tour"  # set by the page's script: the tour was taken or dismissed

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


def is_private(
    address: str | None,
    headers: Mapping[str, str],
    shared: str,
    others: Callable[[], bool] = others_exist,
) -> bool:
    """Return whether only this account of this computer can open the page, and has opened it.

    address: the address on which the server listens.
    headers: of the page's request.
    shared: the owner's setting; "0" means that all accounts of this computer are trusted, "" that
        they are not, and anything else that the server is shared.
    others: returns whether this computer has accounts of other people.
    """
    proxied = any(name.lower().startswith(_PROXY_HEADERS) for name in headers)
    host = _hostname(headers.get("Host", ""))
    if address not in _LOOPBACK or host not in _LOOPBACK or proxied or shared not in ("", "0"):
        return False
    account = headers.get(ACCOUNT_HEADER, UNKNOWN)
    return shared == "0" or account == OWN or (account != OTHER and not others())


def hides_runs_from_all(shared: str) -> bool:
    """Return whether no page lists past runs because of other accounts on this computer."""
    return shared == "" and not LISTS_CONNECTIONS and others_exist()


def _hostname(host: str) -> str | None:
    """Return the name in a Host header, without its port, or None if it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # unbalanced brackets
        return None
