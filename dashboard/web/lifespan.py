"""The start and the end of the server.

Streamlit calls ``lifespan`` when the server starts, before any page is open, and continues it
when the server ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from dashboard.runs.registry import get_registry
from dashboard.server import access, hang_up
from dashboard.sweeps import manager as sweeps

_BROWSER_SECONDS = 1.0  # the server answers by then

logger = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Continue interrupted trainings and open the browser; at the end save all runs."""
    hang_up.treat_as_termination()
    if access.hides_runs_from_all(os.environ.get(access.SHARED_VARIABLE, "")):
        logger.warning(
            "Other people have accounts on this computer and can open the page, so past runs are "
            "not listed. If you trust these people, set %s=0.",
            access.SHARED_VARIABLE,
        )
    await asyncio.to_thread(get_registry)
    if not st.get_option("server.headless"):
        # Streamlit opens the browser only for a script that is not an ``st.App``.
        opener = threading.Timer(_BROWSER_SECONDS, webbrowser.open, (_url(),))
        opener.daemon = True
        opener.start()
    yield
    # Afterwards the signal that ends the server may end Python without its exit handlers.
    await asyncio.to_thread(sweeps.close)
    await asyncio.to_thread(get_registry().close)


def _url() -> str:
    """Return the page's address on this computer."""
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    address = st.get_option("server.address")
    host = "localhost" if address in (None, "", "0.0.0.0", "::", "127.0.0.1") else address
    host = f"[{host}]" if ":" in host else host
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"{scheme}://{host}:{st.get_option('server.port')}/{path}"
