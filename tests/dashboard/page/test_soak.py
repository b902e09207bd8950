"""Endurance: 12 trainings and visitors that come and go; memory and waiting times stay flat.

``SOAK_MINUTES=10 pytest tests/dashboard/page/test_soak.py --run-slow -s`` prints the figures.
Without the variable it takes 90 minutes.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.browser.conftest import Server
from tests.browser.visitors import percentile
from tests.support.session import visiting

MINUTES = float(os.environ.get("SOAK_MINUTES", "90"))
TRAININGS = int(os.environ.get("SOAK_TRAININGS", "12"))  # by default as many as train at once
SMALL = "hidden=64&iterations=1000000&schedule=constant"
PATIENCE = 300  # seconds, on a computer that other programs keep busy
THIRDS = 3  # the last third is compared with the one before it


@pytest.fixture
def server(tmp_path):
    running = Server(tmp_path / "runs", tmp_path / "log.txt", RNNCORE_THREADS="1")
    yield running
    running.stop()


def megabytes(server: Server) -> float:
    """Return the memory of the server with its workers."""
    main = psutil.Process(server.process.pid)
    used = 0
    for process in [main, *main.children(recursive=True)]:
        used += process.memory_info().rss
    return used / 1e6


def train_until(over: threading.Event, url: str) -> None:
    with visiting(url, SMALL, PATIENCE) as session:
        session.press("Train")
        session.wait_for(over.is_set, MINUTES * 60 + 600)
        session.press("Pause")


def visit_once(url: str, i: int) -> float:
    """Open the page, choose another text and leave; return how long the choice took to show."""
    name = ("recipes", "verses", "sums")[i % 3]
    with visiting(url, patience=PATIENCE) as session:
        clicked = time.monotonic()
        session.pick("Sample text", name.capitalize())
        session.wait_for(lambda: session.says(f"{name}.txt"), PATIENCE)
        waited = time.monotonic() - clicked
        if i % 5 == 0:
            session.wait_for(lambda: session.has_button("Train"), PATIENCE)
            session.press("Train")
            left = time.monotonic() + 3
            session.wait_for(lambda: time.monotonic() > left, 10)
            session.wait_for(lambda: session.has_button("Pause"), PATIENCE)
            session.press("Pause")
            session.wait_for(lambda: session.says("[Paused]"), PATIENCE)
    return waited


@pytest.mark.slow
def test_memory_and_waiting_times_stay_flat(server):
    started = time.monotonic()
    end = started + MINUTES * 60
    over = threading.Event()
    rows: list[tuple[float, float, float]] = []  # seconds, MB, seconds of a click
    with ThreadPoolExecutor(TRAININGS) as pool:
        trainings = []
        try:
            for _ in range(TRAININGS):
                trainings.append(pool.submit(train_until, over, server.url))
                time.sleep(2.0)
            for i in itertools.count():
                waited = visit_once(server.url, i)
                rows.append((time.monotonic() - started, megabytes(server), waited))
                print(f"{rows[-1][0]:.0f} s: {rows[-1][1]:.0f} MB, {waited:.2f} s", flush=True)
                ended = [t.exception() for t in trainings if t.done()]
                assert not ended, ended
                if time.monotonic() > end:
                    break
                time.sleep(1.0)
        finally:
            over.set()
        for training in trainings:
            training.result()
    length = rows[-1][0] / THIRDS
    thirds = [[row for row in rows if int(min(row[0] / length, THIRDS - 1)) == k] for k in range(3)]
    print(f"\n{MINUTES:g} minutes, {TRAININGS} trainings, {len(rows)} visits")
    for k, part in enumerate(thirds):
        waits = [row[2] for row in part]
        print(
            f"third {k + 1}: {sum(r[1] for r in part) / len(part):.0f} MB (most "
            f"{max(r[1] for r in part):.0f}), a click shows in {percentile(waits, 0.5):.2f} s, "
            f"{percentile(waits, 0.95):.2f} s at p95, {max(waits):.2f} s at most"
        )
    means = [sum(row[1] for row in part) / len(part) for part in thirds]
    medians = [percentile([row[2] for row in part], 0.5) for part in thirds]
    log = server.log.read_text(encoding="utf-8", errors="replace")
    # Streamlit reports connections that a client without processor time has left.
    assert "dashboard/" not in log.replace("dashboard/app.py", "")
    assert "Reference" not in log
    assert means[2] < 1.1 * means[1]
    assert medians[2] < 2 * medians[1] + 0.2


@pytest.mark.slow
def test_thirty_visitors_who_left_take_little_memory(server):
    before = megabytes(server)
    for i in range(30):
        visit_once(server.url, i)
    peak = megabytes(server)
    time.sleep(75)  # memory is given back once a minute
    after = megabytes(server)
    print(f"\n{before:.0f} MB at the start, {peak:.0f} MB after 30 visits, {after:.0f} MB later")
    assert after < 2.5 * before
