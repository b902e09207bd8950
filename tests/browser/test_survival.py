"""Runs outlive pages, connections and the server itself.

``pytest tests/browser/test_survival.py --run-slow -s`` kills the server ten times and prints
what each kill cost.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dashboard.runs.run import new_run
from dashboard.runs.store import Store
from dashboard.server import limits
from rnncore.compute import blas
from tests.browser.conftest import Server
from tests.browser.steps import (
    button,
    curve_points,
    figure,
    is_training,
    iterations,
    until,
)
from tests.browser.visitors import LOST, pause, run_id, train, visit, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

# Beyond the interval: for a slow machine's last chunk, copy and write.
PATIENCE = 5.0
_REMEMBER_SOCKETS = """
const Real = WebSocket;
window.__sockets = [];
window.WebSocket = class extends Real {
    constructor(...given) { super(...given); window.__sockets.push(this); }
};
"""


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that a test may stop."""
    # As many threads as here, where its run is done again bit for bit.
    running = Server(
        tmp_path / "runs", tmp_path / "log.txt", RNNCORE_THREADS=str(blas.info().workers)
    )
    yield running
    running.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    with visitor(browser) as context:
        yield context


@pytest.fixture
def losing_context(browser: Browser) -> Iterator[BrowserContext]:
    """Of somebody whose server is killed or whose connection is cut."""
    with visitor(browser, *LOST) as context:
        yield context


def said(page: Page) -> str:
    """The line at the top of the page that says how it came to show this run."""
    alert = page.get_by_test_id("stAlert").first
    return alert.get_by_test_id("stMarkdownContainer").inner_text().strip()


def begin(context: BrowserContext, server: Server) -> Page:
    """A training with settings that are not the page's first ones."""
    page = visit(context, server.url)
    train(page)
    return page


def check_all_there(page: Page) -> None:
    """Chart, samples, settings, text and model are on the page."""
    until(lambda: curve_points(page) > 2, 30, "the curve is not back")
    page.get_by_text("What it wrote after").wait_for()
    assert page.get_by_role("region", name="Sample at this stage").inner_text().strip()
    hidden_size = page.get_by_role("slider", name="Hidden size")
    assert hidden_size.get_attribute("aria-valuetext") == "200"
    page.locator(".st-key-section_text").get_by_text("verses.txt").wait_for()
    with page.expect_download() as download:
        button(page, "Download model").click()
    assert download.value.suggested_filename == "verses.pkl"


def goes_on(page: Page) -> None:
    before = iterations(page)
    until(lambda: iterations(page) > before, 30, "the run does not go on")
    assert is_training(page)


def test_a_refreshed_page_has_its_run_back_which_went_on_meanwhile(
    server: Server, context: BrowserContext
) -> None:
    page = begin(context, server)
    before = iterations(page)
    page.reload()
    button(page, "Train").wait_for()
    assert said(page) == "Welcome back: training continued while the page was closed."
    assert iterations(page) >= before
    goes_on(page)
    check_all_there(page)
    pause(page)


def test_a_lost_connection_comes_back_to_the_run_as_it_went_on(
    server: Server, losing_context: BrowserContext
) -> None:
    context = losing_context
    context.add_init_script(_REMEMBER_SOCKETS)
    page = begin(context, server)
    # Not context.set_offline: it also holds up the close that the socket waits for.
    context.route("**/_stcore/**", lambda route: route.abort())
    page.evaluate("window.__sockets.forEach(socket => socket.close())")
    page.locator(
        "[data-test-connection-state]:not([data-test-connection-state=CONNECTED])"
    ).wait_for()
    before = iterations(page)
    time.sleep(3)
    assert iterations(page) == before, "the connection is not gone"
    context.unroute_all()
    until(lambda: iterations(page) > before + 1, 60, "the connection did not come back")
    goes_on(page)
    check_all_there(page)
    pause(page)


def test_a_closed_tab_is_opened_again_by_its_link_elsewhere(
    server: Server, browser: Browser
) -> None:
    with visitor(browser) as context:
        page = begin(context, server)
        link, before = page.url, iterations(page)
    time.sleep(2)
    with visitor(browser) as elsewhere:
        page = visit(elsewhere, link)
        assert said(page) == "Welcome back: training continued while the page was closed."
        assert iterations(page) > before
        goes_on(page)
        check_all_there(page)
        pause(page)


def test_addresses_that_name_no_run_get_a_sentence(server: Server, context: BrowserContext) -> None:
    for named in ("A" * 16, "../../etc/passwd", "%00" * 16, "<b>bold</b>", "a" * 5000):
        page = visit(context, f"{server.url}/?run={named}")
        assert said(page) == "The run in this page's address is not here; it may have been deleted."
        assert "run=" not in page.url
        assert page.get_by_test_id("stProgress").count() == 0
    train(page)  # and the page is as good as any
    pause(page)


# -- the server is killed ----------------------------------------------------------------------


def kill_and_open(page: Page, server: Server, context: BrowserContext) -> tuple[Page, float]:
    """Kill the server under a training page and open its link; the seconds of training lost."""
    link, before = page.url, iterations(page)
    server.stop()
    page.close()
    server.start()
    page = visit(context, link)
    assert said(page).startswith("This run was opened from disk, saved")
    assert said(page).endswith("Press Train to go on.")
    assert not is_training(page)
    at, spent = iterations(page), figure(page, "Time")
    lost = max(0, before - at) * spent / at
    assert lost <= limits.AUTOSAVE_SECONDS + PATIENCE
    return page, lost


def check_never_bent(server: Server, page: Page, at: int) -> None:
    """What is on disk is, bit for bit, a run of so many iterations that was never stopped."""
    server.stop()
    run = Store(server.runs).open(run_id(page))
    assert run.solver.iteration == at, "what was paused was not saved"
    whole = new_run(run.text, run.model_settings, run.train_settings).solver
    while whole.iteration < run.solver.iteration:
        whole.step()
    np.testing.assert_array_equal(run.solver.history["loss"], whole.history["loss"])
    np.testing.assert_array_equal(run.solver.model.flat, whole.model.flat)
    assert run.autosaver is not None
    run.autosaver.discard()


def test_a_run_outlives_its_server_and_goes_on_exactly(
    own_server: Server, losing_context: BrowserContext
) -> None:
    page = begin(losing_context, own_server)
    saved = figure(page, "Time") + limits.AUTOSAVE_SECONDS + 1
    until(lambda: figure(page, "Time") > saved, 60, "training stands still")
    page, _ = kill_and_open(page, own_server, losing_context)
    assert iterations(page) > 0
    check_all_there(page)
    button(page, "Train").click()
    goes_on(page)
    check_never_bent(own_server, page, pause(page))


@pytest.mark.slow
def test_ten_killed_servers(own_server: Server, losing_context: BrowserContext) -> None:
    rng, losses = random.Random(0), []
    page = begin(losing_context, own_server)
    for _ in range(10):
        time.sleep(5 + rng.uniform(0, 5))
        page, lost = kill_and_open(page, own_server, losing_context)
        losses.append(lost)
        button(page, "Train").click()
        goes_on(page)
    at = pause(page)
    check_never_bent(own_server, page, at)
    print(
        f"\n10 servers killed while a page trained: each run opened by its link; lost at most "
        f"{max(losses):.1f} s of training, {statistics.median(losses):.1f} s in the median "
        f"(autosave every {limits.AUTOSAVE_SECONDS:g} s); after {at:,} iterations every loss and "
        "weight is that of a run that was never stopped"
    )
