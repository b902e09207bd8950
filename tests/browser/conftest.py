"""Fixtures of the browser tests: a running server, a Chromium and pages."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.browser.visitors import new_tab, open_page, page_text, visitor
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


# One thread for training leaves one of two cores to the server and the browser. Tests that compare
# speeds give both sides the same setting.
os.environ.setdefault("RNNCORE_THREADS", "1")
SMALL = {"hidden": 16, "sequence": 10, "batch": 4, "text": "verses"}
Visit = Callable[..., "Page"]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Server:
    """The app started by ``streamlit run``, on a free port and with its own folder of runs.

    ``options`` are added to its command line, ``environment`` to its environment variables.
    """

    def __init__(self, runs: Path, log: Path, *options: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.runs, self.log = runs, log
        self.options, self.environment = options, environment
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
        options = ["--server.headless", "true", "--server.port", str(self.port), *self.options]
        environment = os.environ | {"LSTM_WORKBENCH_RUNS": str(self.runs)} | self.environment
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command + options, cwd=ROOT, env=environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"the server did not answer; its log: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """Kill the server, so that it cannot clean up."""
        self.process.kill()
        self.process.wait()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the page's text and the end of the server's log to the report of a failure."""
    report = yield
    if call.when == "call" and report.failed and "tab" in item.funcargs:
        report.sections.append(("The page", page_text(item.funcargs["tab"])))
        log = item.funcargs["server"].log.read_text(encoding="utf-8", errors="replace")
        report.sections.append(("The server's log", log[-3_000:]))
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield one server for all tests that do not stop it."""
    folder = tmp_path_factory.mktemp("server")
    running = Server(folder / "runs", folder / "log.txt")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """Yield one Chromium for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser, server: Server) -> Iterator[Page]:
    """Yield an empty tab of a new visitor. Errors in its console fail the test."""
    with visitor(browser) as context:
        tab = new_tab(context)
        yield tab
        _leave(tab)


@pytest.fixture
def page(tab: Page, server: Server) -> Page:
    """Return the page as a new visitor sees it."""
    return open_page(tab, server.url)


@pytest.fixture
def visit(tab: Page, server: Server) -> Visit:
    """Return a function that opens the page with these settings and those of a small network."""

    def open_with(**settings: object) -> Page:
        return open_page(tab, f"{server.url}?{urlencode(SMALL | settings)}")

    return open_with


def _leave(page: Page) -> None:
    """Pause a running training: it would continue without the page and slow the next tests."""
    from playwright.sync_api import Error

    pause = page.get_by_role("button", name="Pause", exact=True)
    with contextlib.suppress(Error):  # training may have ended, or the page be another one
        if pause.count() and pause.is_enabled():
            pause.click(timeout=5_000)
            page.get_by_text("Paused", exact=True).wait_for(timeout=5_000)
