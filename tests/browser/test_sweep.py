"""A sweep in a real browser, on worker processes that the workbench starts and ends."""

from __future__ import annotations

import re
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.browser.conftest import SMALL, Server, Visit
from tests.browser.steps import button, fill, until
from tests.browser.steps import iterations as shown_iterations
from tests.browser.visitors import visit as open_page
from tests.browser.visitors import visitor
from tests.support.dask_cluster import Cluster

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SECONDS = 120  # in which workers start and twelve tiny runs train, on a busy computer


def start_sweep(page: Page, iterations: int, known: str) -> None:
    """Start a sweep of three sizes, two cells and two seeds, when the page says what is known."""
    page.get_by_role("link", name="Sweep").first.click()
    fill(page, "Hidden size", "4, 8, 12")
    fill(page, "Iterations", str(iterations))
    page.get_by_text(re.compile(known)).first.wait_for()
    button(page, "Start sweep").click()
    page.get_by_text(re.compile("^(Being prepared|Running)")).wait_for()
    assert not button(page, "Start sweep").count()


def open_best(page: Page, iterations: int) -> None:
    """Wait until the sweep has ended, and open its best run on the workbench."""
    page.get_by_text(re.compile(r"^Finished · 12 finished")).wait_for(timeout=1000 * SECONDS)
    page.get_by_text("Which setting mattered").wait_for()
    best = page.get_by_text(re.compile(r"^Best: hidden size \d+, cell \w+, seed \d")).inner_text()
    size = re.search(r"hidden size (\d+)", best)[1]
    opens = button(page, "Open the best run")
    until(opens.is_enabled, SECONDS, "the best run was not stored")
    opens.click()
    until(lambda: shown_iterations(page) == iterations, 30, "the best run was not opened")
    page.get_by_text(re.compile(rf"verses · \w+ {size}$")).first.wait_for()


def test_a_sweep_ends_and_its_best_run_opens_on_the_workbench(visit: Visit) -> None:
    pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")
    page = visit()
    # Nothing but the click redraws the page then: the measurement is over.
    start_sweep(page, 20, "12 runs: about")
    open_best(page, 20)


@pytest.mark.slow
def test_a_sweep_on_a_cluster_goes_on_without_a_killed_worker(
    browser: Browser, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")
    with closing(Cluster(tmp_path)) as cluster:
        workers = [cluster.start_worker(), cluster.start_worker()]
        server = Server(
            tmp_path / "runs", tmp_path / "log.txt", LSTM_WORKBENCH_DASK=cluster.address
        )
        with ExitStack() as exits:
            exits.callback(server.stop)
            context = exits.enter_context(visitor(browser))
            page = open_page(context, f"{server.url}?{urlencode(SMALL)}")
            start_sweep(page, 2_000, "12 runs on tcp")
            page.get_by_text(re.compile("^Running · .*[12] running")).wait_for()
            workers[0].kill()
            page.get_by_text("One worker was lost; its run continues on another").wait_for()
            open_best(page, 2_000)
