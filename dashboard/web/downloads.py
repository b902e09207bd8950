"""Files of a run under addresses of their own, each for one browser only.

A page offers a file and gets its address. The file is made when the browser fetches it, so it is
up to date and takes no memory before. Only the browser that the address was made for gets it, and
only while the run exists.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote
from weakref import ReferenceType, ref

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dashboard.runs import exports
from dashboard.runs.registry import get_registry
from dashboard.runs.run import Run
from dashboard.runs.store import NoSuchRunError
from dashboard.web.visitors import browser_of
from rnncore import RnnCoreError

logger = logging.getLogger(__name__)

MAX_OFFERS = 5_000  # about 50 for each of 100 open pages
_PATH = "download"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Referrer-Policy": "no-referrer",
}

Make = Callable[[Run], str | bytes]


@dataclass(frozen=True)
class Offer:
    """A file that a browser may fetch."""

    browser: str  # the value of its cookie
    run_id: str
    label: str
    file_name: str
    make: Make
    run: ReferenceType[Run]  # a page that is closed must not keep it in memory


class Offers:
    """The files that pages offer, by the last part of their addresses."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._offers: OrderedDict[str, Offer] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, browser: str, run: Run, label: str, file_name: str, make: Make) -> str:
        """Return the address of a file; the same one for the same browser, run and label.

        make: returns the file from the run; it must not refer to the run itself.
        """
        offer = Offer(browser, run.id, label, file_name, make, ref(run))
        who = repr((browser, run.id, label)).encode("utf-8")
        ticket = hmac.digest(self._secret, who, "sha256").hex()
        with self._lock:
            self._offers[ticket] = offer
            self._offers.move_to_end(ticket)
            while len(self._offers) > MAX_OFFERS:
                self._offers.popitem(last=False)
        base = st.get_option("server.baseUrlPath").strip("/")
        return "/".join(["", *([base] if base else []), _PATH, ticket])

    def find(self, ticket: str) -> Offer | None:
        """Return the file with this ticket, or None."""
        with self._lock:
            return self._offers.get(ticket)


OFFERS = Offers()


async def fetch(request: Request) -> Response:
    """Answer a browser that follows a download's address."""
    offer = OFFERS.find(request.path_params["ticket"])
    if offer is None:
        return _refuse(404, "This download is no longer offered. Reload the workbench's page.")
    browser = browser_of(request.scope) or ""
    if not hmac.compare_digest(browser.encode(), offer.browser.encode()):
        return _refuse(403, "This download belongs to another browser. Open the run's own link.")
    try:
        data = await run_in_threadpool(_make, offer)
    except RnnCoreError as error:  # such as NoSuchRunError: it was deleted
        return _refuse(404, str(error))
    except Exception:
        logger.exception("a download failed")
        return _refuse(500, "The file could not be created. The run is unchanged.")
    name = quote(offer.file_name, safe="")
    return Response(
        data,
        media_type="application/octet-stream",
        headers={**_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


def routes() -> list[Route]:
    """Return the routes to add to Streamlit's own."""
    base = st.get_option("server.baseUrlPath").strip("/")
    prefix = f"/{base}" if base else ""
    return [Route(f"{prefix}/{_PATH}/{{ticket}}", fetch, methods=["GET"])]


def _make(offer: Offer) -> bytes:
    """Return the file's bytes; the run may have been unloaded since the page was drawn."""
    registry = get_registry()
    run = offer.run()
    if run is None:
        run = registry.open(offer.run_id)
    elif registry.is_deleted(run.id):
        raise NoSuchRunError("This run was deleted.")
    data = exports.make_file(run, offer.label, lambda: offer.make(run))
    return data.encode("utf-8") if isinstance(data, str) else data


def _refuse(status: int, sentence: str) -> Response:
    return PlainTextResponse(sentence, status, headers=_HEADERS)
