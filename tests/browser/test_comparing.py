"""Comparing runs and racing networks, in a real browser."""

from __future__ import annotations

import os
import re
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from PIL import Image

from dashboard.runs.store import Store
from tests.browser.conftest import SMALL, Server
from tests.browser.steps import button, until, wait_until_drawn
from tests.browser.visitors import BY_PATH, visit, visitor
from tests.support.many_runs import copy_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

_HEAD, _ROW = 36, 36  # pixels


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a server with four runs."""
    folder = tmp_path_factory.mktemp("comparing")
    store = Store(folder / "runs")
    copy_runs(store, 4, steps=30)
    started = Server(store.root, folder / "log.txt")
    yield started
    started.stop()


def open_runs(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/runs")
    page.get_by_role("heading", name="Runs", exact=True).wait_for()
    page.get_by_test_id("stDataFrame").wait_for()
    page.get_by_test_id("data-grid-canvas").wait_for()


def select_row(page: Page, row: int, then: str) -> None:
    """Click the check box of a row, until the page has answered with these words."""
    box = page.get_by_test_id("stDataFrame").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 16, box["y"] + _HEAD + _ROW * row + _ROW / 2)
    page.locator(".st-key-runs_actions").get_by_text(then).wait_for()


def test_three_runs_are_selected_named_and_compared(server: Server, browser: Browser) -> None:
    with visitor(browser, *BY_PATH) as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        open_runs(page, server)
        page.wait_for_timeout(1_000)  # the grid draws its rows
        select_row(page, 0, "units per layer")
        name = page.get_by_role("textbox", name="Name")
        name.fill("the first")
        name.press("Enter")
        until(
            lambda: (server.runs / "copy000000000003" / "run.json").read_text().count("the first"),
            10,
            "the name was not saved",
        )
        select_row(page, 1, "2 selected")
        select_row(page, 3, "3 selected")
        button(page, "Compare 3").click()
        page.get_by_role("heading", name="Compare", exact=True).wait_for()
        table = page.get_by_role("region", name="Table of runs").first
        table.wait_for()
        heads = table.get_by_role("columnheader").all_inner_texts()
        assert heads == ["the first", "cat · LSTM 2 × 6", "cat · LSTM 2 × 6 (2)"]
        assert page.get_by_role("region", name=re.compile("^Sample writing of run")).count() == 3
        assert "copy000000000003" in page.locator("code").last.inner_text()
        chart = page.get_by_test_id("stVegaLiteChart").first
        for axis in ("Epochs", "Characters", "Seconds"):
            page.get_by_role("radio", name=axis, exact=True).click()
            title = "Characters read" if axis == "Characters" else axis
            chart.get_by_text(title, exact=True).wait_for()
        with page.expect_download() as download:
            button(page, "Losses (CSV)").click()
        rows = download.value.path().read_text().splitlines()
        assert len(rows) > 90
        with page.expect_download() as download:
            button(page, "Chart (SVG)").click()
        drawing = ElementTree.parse(download.value.path()).getroot()
        words = {element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")}
        assert {*heads, "Seconds", "Loss (nats per character)"} <= words
        with page.expect_download() as download:
            button(page, "Chart (PNG)").click()
        with Image.open(download.value.path()) as picture:
            assert picture.size == tuple(
                2 * float(drawing.get(side)) for side in ("width", "height")
            )
            counts = picture.convert("RGB").getcolors(2**24)
            coloured = [count for count, pixel in counts if max(pixel) - min(pixel) > 100]
            assert sum(coloured) > 500  # the curves, on a ground without colour
            assert max(counts)[1] == (255, 255, 255)
        # The address opens the same comparison on another page.
        other = context.new_page()
        other.goto(page.url)
        other.get_by_role("region", name="Table of runs").first.wait_for()
        shown = other.get_by_role("region", name="Table of runs").first
        assert shown.get_by_role("columnheader").all_inner_texts() == heads


def test_a_comparison_follows_a_run_that_trains(server: Server, browser: Browser) -> None:
    with visitor(browser, *BY_PATH) as context:
        page = visit(context, f"{server.url}?{urlencode(SMALL | {'iterations': 10**7})}")
        button(page, "Train").click()
        page.wait_for_url(re.compile("run="))
        run_id = parse_qs(urlsplit(page.url).query)["run"][0]
        page.goto(f"{server.url}/compare?runs={run_id},copy000000000000")
        row = page.get_by_role("row", name="Iterations", exact=False).first
        row.wait_for()
        page.get_by_role("row", name="State training saved").wait_for()
        chart = page.locator(".st-key-comparison_area svg.marks")
        first, drawn = _iterations(row), chart.inner_html()
        until(lambda: _iterations(row) > first, 30, "the table did not follow the training")
        until(lambda: chart.inner_html() != drawn, 30, "the chart did not follow the training")
        box = page.get_by_role("textbox", name="Seed text")
        box.fill("the ")
        box.press("Enter")
        for number in (1, 2):
            sample = page.get_by_role("region", name=f"Sample writing of run {number}")
            sample.get_by_text("the ", exact=True).first.wait_for()
        before = _written_after(page)
        button(page, "Write again").click()
        until(lambda: _written_after(page) > before, 30, "the network did not write as it is now")


@pytest.mark.slow
def test_a_list_of_2_000_runs_opens_within_two_seconds(browser: Browser, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    copy_runs(store, 2_000)
    server = Server(store.root, tmp_path / "log.txt")
    try:
        times = [_open_list(browser, server) for _ in range(6)]
    finally:
        server.stop()
    first, *later = times
    opens, answers = (statistics.median(found) for found in zip(*later, strict=True))
    print(
        f"\nthe list of 2,000 runs opens in {first[0]:.1f} s without an index, and then "
        f"in {opens:.2f} s; the first row answers a click after {answers:.2f} s "
        f"(medians of {len(later)} visitors, load {os.getloadavg()[0]:.1f})"
    )
    assert opens < 2.0
    assert answers < 2.0


def _open_list(browser: Browser, server: Server) -> tuple[float, float]:
    """Return the seconds from a click on Runs to the first row, and until it is selected."""
    with visitor(browser) as context:
        page = visit(context, server.url)
        wait_until_drawn(page)
        began = time.perf_counter()
        page.get_by_role("link", name="Runs").first.click()
        page.get_by_text("2,000 runs on this computer").wait_for()
        cells = page.locator("[data-testid=data-grid-canvas] [role=gridcell]")
        cells.filter(has_text="cat · LSTM 2 × 6").first.wait_for(state="attached")
        opened = time.perf_counter() - began
        select_row(page, 0, "units per layer")
        return opened, time.perf_counter() - began - opened


def _iterations(row: Locator) -> int:
    """Return the iterations of the first run in this row of the table."""
    return int(row.get_by_role("cell").first.inner_text().replace(",", ""))


def _written_after(page: Page) -> int:
    """Return after how many iterations the first run's sample was written."""
    said = page.get_by_text(re.compile(r"^after [\d,]+ iterations?")).first.inner_text()
    return int(re.sub(r"\D", "", said.partition(" iteration")[0]))


@pytest.mark.slow
def test_a_race_on_the_brackets_runs_to_its_end_and_says_who_won(
    server: Server, browser: Browser
) -> None:
    with visitor(browser, *BY_PATH) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{server.url}?text=brackets&hidden=16&sequence=25&batch=8")
        button(page, "Train").wait_for()
        page.get_by_role("link", name="Race").first.click()
        page.get_by_text("A race of your own").click()
        page.get_by_role("button", name="Remove GRU").click()
        iterations = page.get_by_role("spinbutton", name="Iterations each")
        iterations.fill("120")
        iterations.press("Enter")
        page.get_by_text(re.compile(r"^LSTM 16 \(")).wait_for()
        button(page, "Start this race").click()
        verdict = page.locator(".st-key-race_verdict")
        verdict.get_by_text(re.compile("won: best validation loss|A draw between")).wait_for()
        said = verdict.inner_text()
        assert "brackets · LSTM 16" in said
        assert re.search(r"brackets · Vanilla RNN \d+", said)
        assert re.search(r"\d\.\d{3} \(", said)
        assert len(re.findall(r"\. ", said)) >= 1  # a reason follows the result
        progress = page.locator(".st-key-race_progress").inner_text()
        assert progress.count("120 iterations") == 2
        assert page.get_by_role("region", name=re.compile("^Sample writing of run")).count() == 2
        button(page, "Compare in detail").click()
        page.get_by_role("heading", name="Compare", exact=True).wait_for()
