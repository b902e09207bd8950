"""Visitors of the page: each has a browser context of their own and shares nothing.

An error in the browser's console or an uncaught exception in a script fails the test. A test names
the errors that it causes on purpose: ``visitor(browser, *LOST)``.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.browser.steps import (
    button,
    is_training,
    iterations,
    iterations_at_rest,
    open_section,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

# Regular expressions of errors in the console, each with its address.
# After a killed server or a cut connection, requests fail and Streamlit reports it.
LOST = (
    r"Failed to load resource: net::ERR_(FAILED|EMPTY_RESPONSE|CONNECTION_(REFUSED|RESET)) at \S+",
    r"WebSocket is already in CLOSING or CLOSED state\. at \S+",
    r"WebSocket connection to 'ws://\S+/_stcore/stream' failed: .*",
    r"Cannot send rerun backMessage when disconnected from server\. at \S+",
    r"Client Error in reaching server endpoint - No response received .*/_stcore/\S+ at \S+",
    r"Streamlit server is not responding\. Are you connected to the internet\? at \S+",
)
# For a page that is opened by its path, Streamlit tries server addresses below that path first.
BY_PATH = (r"Failed .* 404 \(Not Found\) at \S+/\w+/_stcore/(health|host-config)",)
# The same for a path that names no page.
NO_PAGE = (*BY_PATH, r"The page that you have requested does not seem to exist\. .* at \S+")

# Measure from the press of the mouse to the first frame that shows the words at the place.
_WATCH = """
([place, words]) => {
    const shows = () => (document.querySelector(place)?.textContent || '').includes(words);
    window.__shown = new Promise(done => addEventListener('pointerdown', () => {
        const pressed = performance.now();
        const look = () => shows() ? done(performance.now() - pressed)
            : performance.now() - pressed > 10000 ? done(null) : requestAnimationFrame(look);
        look();
    }, {once: true, capture: true}));
}
"""


@contextmanager
def visitor(browser: Browser, *caused: str) -> Iterator[BrowserContext]:
    """Yield a new browser context; fail if its console has errors other than those ``caused``."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} at {message.location.get('url')}")

    context.on("console", note)
    context.on("weberror", lambda uncaught: errors.append(str(uncaught.error)))
    try:
        yield context
    except BaseException:
        for page in context.pages:
            print(page_text(page))
        raise
    finally:
        context.close()
    unexpected = [e for e in errors if not any(re.fullmatch(known, e) for known in caused)]
    assert not unexpected, unexpected


def page_text(page: Page) -> str:
    """Return the page's address and text, to explain the failure of a test."""
    from playwright.sync_api import Error

    try:
        return f"{page.url}:\n{page.locator('body').inner_text(timeout=5_000)}\n"
    except Error as error:
        return f"{page.url} has no text: {error}\n"


def new_tab(context: BrowserContext) -> Page:
    """Return an empty tab, in which a busy computer has time to answer."""
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    return tab


def open_page(tab: Page, address: str) -> Page:
    """Open the workbench at an address in this tab and wait until it is usable."""
    tab.goto(address)
    tab.get_by_role("button", name=re.compile("^(Train|Pause)$")).wait_for()
    return tab


def visit(context: BrowserContext, address: str) -> Page:
    """Open the workbench at an address in a new tab and wait until it is usable."""
    return open_page(new_tab(context), address)


def train(page: Page, text: str = "Verses", least: int = 20) -> None:
    """Train on a sample text until some iterations are done, with settings that take minutes."""
    open_section(page, "text")
    open_section(page, "network")
    page.get_by_text("The original", exact=True).click()
    size = page.get_by_test_id("stSlider").filter(has_text="Hidden size")
    until(lambda: "200" in size.inner_text(), 20, "the preset did not take effect")
    page.get_by_text(text, exact=True).click()
    page.locator(".st-key-section_text").get_by_text(f"{text.lower()}.txt").wait_for()
    goal = page.locator(".st-key-goal_open button").first
    goal.click()  # with the preset's own number, training ends when validation stalls
    page.get_by_role("slider", name="Iterations").press("ArrowRight")
    page.keyboard.press("Escape")
    until(lambda: "50,000" in goal.inner_text(), 10, "the goal did not change")
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) >= least, 60, "training did not start")


def pause(page: Page) -> int:
    """Pause; return the iterations done, after the page has shown the last ones."""
    button(page, "Pause").click()
    page.get_by_text("Paused", exact=True).wait_for()
    until(lambda: button(page, "Train").is_enabled(), 10, "Train stayed disabled")
    return iterations_at_rest(page)


def run_id(page: Page) -> str:
    """Return the id of the run in the page's address."""
    found = re.search(r"[?&]run=([\w-]{16})(&|$)", page.url)
    assert found is not None, page.url
    return found[1]


def seconds_to_show(page: Page, where: Locator, place: str, words: str) -> float:
    """Click, and return the seconds until the words appear at the place (a CSS selector).

    The page measures from the press of the mouse to the frame that shows the words. The result is
    infinite if they do not appear within ten seconds.
    """
    page.evaluate(_WATCH, [place, words])
    where.click()
    shown = page.evaluate("window.__shown")
    return math.inf if shown is None else shown / 1000


def percentile(values: list[float], share: float) -> float:
    """Return the lowest of the values that at least this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
