"""Adds to each request which account and which browser it comes from.

The account is a header that pages read (``access.ACCOUNT_HEADER``). The browser is a cookie: a
random value that the server gives to each browser.
"""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.server import accounts
from dashboard.server.access import ACCOUNT_HEADER, BROWSER_COOKIE


class Visitors:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or the start and end of the server."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        name = ACCOUNT_HEADER.lower().encode("ascii")
        # A request cannot choose its account.
        headers = [pair for pair in scope["headers"] if pair[0].lower() != name]
        if scope["type"] == "websocket":
            headers.append((name, _account(scope).encode("ascii")))
        known = browser_of(scope) is not None

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                if given.get("content-type", "").startswith("text/html"):
                    secure = "; Secure" if scope["scheme"] == "https" else ""
                    given.append(
                        "set-cookie",
                        f"{BROWSER_COOKIE}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; "
                        f"SameSite=Lax{secure}",
                    )
            await send(message)

        await self._app(
            {**scope, "headers": headers},
            receive,
            send if known or scope["type"] == "websocket" else send_with_cookie,
        )


def browser_of(scope: Scope) -> str | None:
    """Return the value of the browser's cookie, or None if it has none."""
    try:
        cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(BROWSER_COOKIE)
    return found.value if found is not None and found.value else None


def _account(scope: Scope) -> str:
    client, server = scope.get("client"), scope.get("server")
    if not client or not server or server[1] is None:
        return accounts.UNKNOWN
    return accounts.account_of((client[0], client[1]), (server[0], server[1]))
