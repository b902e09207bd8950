"""The start and end of the server: trainings go on without a page, and the browser opens."""

from __future__ import annotations

import asyncio
import signal
import webbrowser
from dataclasses import asdict

import pytest
import streamlit as st

from dashboard.runs import training_record
from dashboard.runs.json_record import write_record
from dashboard.runs.registry import _create, get_registry
from dashboard.runs.store import Store
from dashboard.runs.training_record import TrainingRecord
from dashboard.training.status import Phase
from dashboard.web import lifespan
from tests.browser.conftest import Server
from tests.support.runs import TrackedStore, small_run
from tests.support.trainers import until


def interrupted_run(folder):
    """Store a run as a server leaves it that was killed while the run trained overnight."""
    store = TrackedStore(folder)
    run = small_run(store, 3)
    store.close()
    record = TrainingRecord(keeps_training=True, phase=Phase.RUNNING, at=1.0)
    write_record(folder / run.id / training_record.NAME, asdict(record))
    return run


def test_a_restarted_server_trains_on_without_a_page_and_says_so_later(tmp_path):
    run = interrupted_run(tmp_path / "runs")
    server = Server(tmp_path / "runs", tmp_path / "log.txt", RNNCORE_THREADS="1")
    try:
        store = Store(tmp_path / "runs")
        until(lambda: store.list_runs()[0].iteration > 3)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(60)
    finally:
        server.stop()
    opened = store.open(run.id)
    opened.autosaver.discard()
    assert opened.trainer.status().phase is Phase.INTERRUPTED  # and goes on at the next start
    assert opened.keeps_training


@pytest.fixture
def options(monkeypatch, tmp_path):
    """Return Streamlit's settings, to be changed; no runs are stored."""
    monkeypatch.setenv("LSTM_WORKBENCH_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(lifespan, "_BROWSER_SECONDS", 0.0)
    found = {
        "server.headless": False,
        "server.sslCertFile": None,
        "server.address": "127.0.0.1",
        "server.baseUrlPath": "",
        "server.port": 8501,
    }
    monkeypatch.setattr(st, "get_option", found.__getitem__)
    monkeypatch.setattr(lifespan.hang_up, "treat_as_termination", lambda: None)
    _create.cache_clear()
    yield found
    get_registry().close()
    _create.cache_clear()


def opened_addresses(monkeypatch):
    """Start and end the server; return the addresses that the browser was sent to."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)

    async def live():
        async with lifespan.lifespan(None):
            await asyncio.sleep(0.05)

    asyncio.run(live())
    return opened


@pytest.mark.parametrize(
    ("changes", "address"),
    [
        ({}, "http://localhost:8501/"),
        ({"server.address": "0.0.0.0", "server.port": 80}, "http://localhost:80/"),
        ({"server.address": "::1"}, "http://[::1]:8501/"),
        ({"server.address": None, "server.baseUrlPath": "/lab/"}, "http://localhost:8501/lab"),
        ({"server.address": "lab", "server.sslCertFile": "c.pem"}, "https://lab:8501/"),
    ],
)
def test_the_browser_opens_the_page(options, monkeypatch, changes, address):
    options |= changes
    assert opened_addresses(monkeypatch) == [address]


def test_no_browser_opens_on_a_server_without_a_screen(options, monkeypatch):
    options["server.headless"] = True
    assert opened_addresses(monkeypatch) == []
