"""A browser for ASGI applications: sends requests without a server and keeps cookies."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from http.cookies import SimpleCookie

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    text: str


class AsgiBrowser:
    """One browser; ``cookies`` are those that the application has set."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.cookies: dict[str, str] = {}

    def get(self, path: str, **headers: str) -> Answer:
        """Send a GET request and return the answer."""
        sent = self._send({"type": "http", "method": "GET", "scheme": "http"}, path, headers)
        given = Headers(raw=sent[0]["headers"])
        jar = SimpleCookie(given.get("set-cookie", ""))
        self.cookies |= {name: morsel.value for name, morsel in jar.items()}
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], given, body.decode())

    def receive_from_socket(self, path: str, **headers: str) -> str:
        """Open a WebSocket and return the first text that it sends."""
        sent = self._send({"type": "websocket", "scheme": "ws", "subprotocols": []}, path, headers)
        return next(message["text"] for message in sent if message["type"] == "websocket.send")

    def _send(self, scope: dict, path: str, headers: dict[str, str]) -> list[Message]:
        if self.cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers = {"cookie": pairs} | headers
        raw = [(n.replace("_", "-").encode(), v.encode("latin-1")) for n, v in headers.items()]
        sent: list[Message] = []

        async def receive() -> Message:
            kind = "websocket.connect" if scope["type"] == "websocket" else "http.request"
            return {"type": kind}

        async def send(message: Message) -> None:
            sent.append(message)

        whole = {
            "path": path,
            "query_string": b"",
            "headers": raw,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "root_path": "",
            **scope,
        }
        asyncio.run(self._app(whole, receive, send))
        return sent
