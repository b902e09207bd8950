"""Runs survive a refresh, a lost connection, a closed tab and a killed server.

``pytest tests/browser/test_survival.py --run-slow -s`` kills the server ten times and prints how
much training each kill lost.
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
    download,
    figure,
    is_training,
    iterations,
    open_section,
    until,
    upload,
)
from tests.browser.visitors import LOST, pause, run_id, train, visit, visitor
from tests.support.paths import DATA

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

# Seconds beyond the interval, for the last chunk, copy and write on a slow machine.
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
    """Yield a server that the test may stop."""
    # The same number of threads as here, where the test repeats the run bit for bit.
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
    """Yield a browser context in which errors of a lost connection are allowed."""
    with visitor(browser, *LOST) as context:
        yield context


def top_message(page: Page) -> str:
    """Return the message below the stage."""
    alert = page.locator(".st-key-notices").get_by_test_id("stAlert").first
    return alert.get_by_test_id("stMarkdownContainer").inner_text().strip()


def welcome(page: Page) -> None:
    """Wait for the note that says what became of the run, and until it has gone by itself."""
    note = page.get_by_text("Welcome back: training continued while the page was closed.")
    note.wait_for()
    note.wait_for(state="hidden", timeout=30_000)


def start_training(context: BrowserContext, server: Server) -> Page:
    """Start a training with settings other than the default ones."""
    page = visit(context, server.url)
    train(page)
    return page


def check_page_is_complete(page: Page) -> None:
    """Check that chart, samples, settings, text and model are on the page."""
    until(lambda: curve_points(page) > 2, 30, "the curve is not back")
    page.get_by_text("What it wrote after").wait_for()
    open_section(page, "network")
    assert page.get_by_role("region", name="Sample at this stage").inner_text().strip()
    hidden_size = page.get_by_role("slider", name="Hidden size")
    assert hidden_size.get_attribute("aria-valuetext") == "200"
    open_section(page, "text")
    page.locator(".st-key-section_text").get_by_text("verses.txt").wait_for()
    assert page.get_by_role("radio", name="Verses").is_checked()
    assert download(page, "Download model").suggested_filename == "verses.pkl"


def check_training_continues(page: Page) -> None:
    before = iterations(page)
    until(lambda: iterations(page) > before, 30, "training does not continue")
    assert is_training(page)


def test_a_run_continues_while_its_page_is_refreshed(
    server: Server, context: BrowserContext
) -> None:
    page = start_training(context, server)
    before = iterations(page)
    page.reload()
    button(page, "Pause").wait_for()
    welcome(page)
    assert iterations(page) >= before
    check_training_continues(page)
    pause(page)
    check_page_is_complete(page)


@pytest.mark.slow
def test_a_run_continues_while_the_connection_is_lost(
    server: Server, losing_context: BrowserContext
) -> None:
    context = losing_context
    context.add_init_script(_REMEMBER_SOCKETS)
    page = start_training(context, server)
    # Not context.set_offline: it also blocks the close frame that the socket waits for.
    context.route("**/_stcore/**", lambda route: route.abort())
    page.evaluate("window.__sockets.forEach(socket => socket.close())")
    page.locator(
        "[data-test-connection-state]:not([data-test-connection-state=CONNECTED])"
    ).wait_for()
    before = iterations(page)
    time.sleep(3)
    assert iterations(page) == before, "the connection still works"
    context.unroute_all()
    until(lambda: iterations(page) > before + 1, 60, "the connection did not return")
    check_training_continues(page)
    pause(page)
    check_page_is_complete(page)


@pytest.mark.slow
def test_the_link_of_a_closed_tab_opens_its_run_in_another_browser(
    server: Server, browser: Browser
) -> None:
    with visitor(browser) as context:
        page = start_training(context, server)
        link, before = page.url, iterations(page)
    time.sleep(2)
    with visitor(browser) as elsewhere:
        page = visit(elsewhere, link)
        welcome(page)
        assert iterations(page) > before
        check_training_continues(page)
        pause(page)
        check_page_is_complete(page)


@pytest.mark.slow
def test_an_address_without_a_run_gets_a_message_and_a_working_page(
    server: Server, context: BrowserContext
) -> None:
    for named in ("A" * 16, "../../etc/passwd", "%00" * 16, "<b>bold</b>", "a" * 5000):
        page = visit(context, f"{server.url}/?run={named}")
        assert (
            top_message(page)
            == "The run in this page's address is not here: it was deleted, or never trained."
        )
        assert "run=" not in page.url
        page.get_by_text("Train your own").wait_for()
        assert iterations(page) == 0
    train(page)  # the page works
    pause(page)


# -- the server is killed ----------------------------------------------------------------------


def kill_and_open(page: Page, server: Server, context: BrowserContext) -> tuple[Page, float]:
    """Kill the server during training and open the run's link; return the seconds lost."""
    link, before = page.url, iterations(page)
    server.stop()
    page.close()
    server.start()
    page = visit(context, link)
    assert top_message(page).startswith("This run was opened from disk, saved")
    assert top_message(page).endswith("Press Train to continue.")
    assert not is_training(page)
    at, spent = iterations(page), figure(page, "Time")
    lost = max(0, before - at) * spent / at
    assert lost <= limits.AUTOSAVE_SECONDS + PATIENCE
    return page, lost


def check_equals_uninterrupted_run(server: Server, page: Page, at: int) -> None:
    """Check that the run on disk equals, bit for bit, an uninterrupted run of this length."""
    server.stop()
    run = Store(server.runs).open(run_id(page))
    assert run.solver.iteration == at, "the paused run was not saved"
    whole = new_run(run.text, run.model_settings, run.train_settings).solver
    while whole.iteration < run.solver.iteration:
        whole.step()
    np.testing.assert_array_equal(run.solver.history["loss"], whole.history["loss"])
    np.testing.assert_array_equal(run.solver.model.flat, whole.model.flat)
    assert run.autosaver is not None
    run.autosaver.discard()


def test_a_run_survives_its_server_and_continues_exactly(
    own_server: Server, losing_context: BrowserContext
) -> None:
    page = start_training(losing_context, own_server)
    saved = figure(page, "Time") + limits.AUTOSAVE_SECONDS + 1
    until(lambda: figure(page, "Time") > saved, 60, "training does not proceed")
    page, _ = kill_and_open(page, own_server, losing_context)
    assert iterations(page) > 0
    check_page_is_complete(page)
    button(page, "Train").click()
    check_training_continues(page)
    check_equals_uninterrupted_run(own_server, page, pause(page))


_EDGE_SPACES = """
box => {
    const range = document.createRange();
    range.selectNodeContents(box);
    const pieces = [...range.getClientRects()], around = box.getBoundingClientRect();
    const line = pieces.filter(piece => piece.top === pieces[0].top);
    return [Math.min(...line.map(piece => piece.left)) - around.left,
            around.right - Math.max(...line.map(piece => piece.right))];
}
"""


def test_an_uploaded_text_that_is_gone_after_a_restart_is_not_replaced_by_another(
    own_server: Server, losing_context: BrowserContext
) -> None:
    page = visit(losing_context, own_server.url)
    upload(page, DATA / "he_right_to_left.txt")
    page.get_by_text("he_right_to_left.txt · ").wait_for()
    hebrew = page.get_by_role("region", name="Beginning of the text")
    left, right = hebrew.evaluate(_EDGE_SPACES)
    assert left > right, "Hebrew stands at the left"
    own_server.stop()
    own_server.start()
    gone = page.get_by_text("The file that was uploaded is gone")
    gone.wait_for()  # the page reconnects by itself
    button(page, "Train").click()
    page.get_by_text("There is no text to train on yet").first.wait_for()
    page.reload()
    gone.wait_for()
    assert "run=" not in page.url
    page.get_by_text("Verses", exact=True).click()
    page.get_by_text("verses.txt · ").wait_for()
    assert gone.count() == 0


@pytest.mark.slow
def test_a_run_survives_ten_killed_servers(
    own_server: Server, losing_context: BrowserContext
) -> None:
    rng, losses = random.Random(0), []
    page = start_training(losing_context, own_server)
    for _ in range(10):
        time.sleep(5 + rng.uniform(0, 5))
        page, lost = kill_and_open(page, own_server, losing_context)
        losses.append(lost)
        button(page, "Train").click()
        check_training_continues(page)
    at = pause(page)
    check_equals_uninterrupted_run(own_server, page, at)
    print(
        f"\n10 servers killed during training: each time the link opened the run; lost at most "
        f"{max(losses):.1f} s of training, {statistics.median(losses):.1f} s in the median "
        f"(autosave every {limits.AUTOSAVE_SECONDS:g} s); after {at:,} iterations every loss and "
        "weight equals that of an uninterrupted run"
    )
