"""Take the README's pictures: ``python -m tests.browser.screenshots [folder]``."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, Server
from tests.browser.steps import button, iterations, open_tab, until
from tests.conftest import find_chromium
from tests.support.paths import ROOT

WIDTH, HEIGHT = 1280, 800


def main(folder: Path) -> None:
    """Train on the sample story and take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        cores = str(os.cpu_count())  # as for a user; the tests use one core
        server = Server(Path(scratch) / "runs", Path(scratch) / "log.txt", RNNCORE_THREADS=cores)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        try:
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
            page.goto(server.url)
            button(page, "Train").click()
            until(lambda: iterations(page) > 1_200, 300, "training is too slow")
            _picture(page, folder / "training.png")
            _writing(page, folder / "writing.png")
            button(page, "Pause").click()
            page.get_by_role("link", name="How it works").click()
            page.get_by_role("heading", name="What temperature is").wait_for(timeout=60_000)
            page.wait_for_timeout(1_500)
            _picture(page, folder / "how.png")
            _network(browser, folder / "network.png")
        finally:
            browser.close()
            server.stop()


def _writing(page: Page, path: Path) -> None:
    """Take a picture of the tab Write together, some characters after its start."""
    page.get_by_label("Seed text").fill("The lamp ")
    open_tab(page, "Write together")
    button(page, "Start with the seed text").click()
    button(page, "Finish word").wait_for()
    button(page, "Finish word").click()
    page.wait_for_timeout(1_500)
    page.locator(".st-key-tabs_area").scroll_into_view_if_needed()
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, main.scrollHeight)")
    _picture(page, path)
    page.get_by_test_id("stMain").evaluate("main => main.scrollTo(0, 0)")


def _network(browser: Browser, path: Path) -> None:
    """Take a picture of the example of an exported page, with the odds of a character."""
    page = browser.new_page(viewport={"width": WIDTH, "height": 800})
    page.goto((ROOT / "docs" / "examples" / "pride.html").as_uri())
    page.get_by_text("Computed at").wait_for()
    page.locator("#text").evaluate("box => box.scrollTop = 0")
    # A character at which the network had a choice.
    page.evaluate(
        "writing.showOdds(writing.written.findIndex(({p}, i) => i > 100 && p > 0.1 && p < 0.3))"
    )
    _picture(page, path)


def _picture(page: Page, path: Path) -> None:
    page.wait_for_timeout(500)
    page.screenshot(path=path)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images")
