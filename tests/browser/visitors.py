"""Visitors of the page: each in a browser window of their own, with nothing shared.

What such a browser writes to its console as an error, or a script there leaves uncaught, fails
the test. What a test itself must cause is named by it: ``visitor(browser, *LOST)``.
"""

from __future__ import annotations

import math
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.browser.steps import button, is_training, iterations, iterations_at_rest, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page

# Regular expressions for errors in the console, each with the address that it is about.
# A server that is killed, or a connection that is cut: requests fail, and Streamlit says so.
LOST = (
    r"Failed to load resource: net::ERR_(FAILED|EMPTY_RESPONSE|CONNECTION_(REFUSED|RESET)) at \S+",
    r"WebSocket connection to 'ws://\S+/_stcore/stream' failed: .*",
    r"Cannot send rerun backMessage when disconnected from server\. at \S+",
    r"Client Error in reaching server endpoint - No response received .*/_stcore/\S+ at \S+",
    r"Streamlit server is not responding\. Are you connected to the internet\? at \S+",
)
# A page opened by its path: Streamlit looks for its server below that path, then at the root.
BY_PATH = (r"Failed .* 404 \(Not Found\) at \S+/\w+/_stcore/(health|host-config)",)
# The same of a path that names no page.
NO_PAGE = (*BY_PATH, r"The page that you have requested does not seem to exist\. .* at \S+")

# From the press of the mouse to the first frame in which the words stand at the place.
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
    """Somebody with a browser of their own, whose console has no errors but those caused."""
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
            print(account(page))
        raise
    finally:
        context.close()
    unforeseen = [e for e in errors if not any(re.fullmatch(known, e) for known in caused)]
    assert not unforeseen, unforeseen


def account(page: Page) -> str:
    """What stands on a page, for whoever has to find out why a test failed there."""
    from playwright.sync_api import Error

    try:
        return f"{page.url} says:\n{page.locator('body').inner_text(timeout=5_000)}\n"
    except Error as error:
        return f"{page.url} says nothing: {error}\n"


def visit(context: BrowserContext, address: str) -> Page:
    """The workbench at an address, ready to click."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    button(page, "Train").wait_for()
    return page


def train(page: Page, text: str = "Verses", least: int = 20) -> None:
    """Train on a sample text until some iterations are done, by a preset that takes minutes."""
    page.get_by_text("The original", exact=True).click()
    page.get_by_text("one LSTM of 200 units").wait_for()
    page.get_by_text(text, exact=True).click()
    page.locator(".st-key-section_text").get_by_text(f"{text.lower()}.txt").wait_for()
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) >= least, 60, "training did not begin")


def pause(page: Page) -> int:
    """Pause; returns the iterations done, once the page has told of the last ones."""
    button(page, "Pause").click()
    page.get_by_text("Paused", exact=True).wait_for()
    until(lambda: button(page, "Train").is_enabled(), 10, "Train stayed out of reach")
    return iterations_at_rest(page)


def run_id(page: Page) -> str:
    """The id of the run that the page's address names."""
    found = re.search(r"[?&]run=([\w-]{16})(&|$)", page.url)
    assert found is not None, page.url
    return found[1]


def seconds_to_show(page: Page, where: Locator, place: str, words: str) -> float:
    """Click, and wait for these words at the place (a CSS selector); infinite if they never came.

    Taken by the page itself, from the press of the mouse to the frame that has the words.
    """
    page.evaluate(_WATCH, [place, words])
    where.click()
    shown = page.evaluate("window.__shown")
    return math.inf if shown is None else shown / 1000


def percentile(values: list[float], share: float) -> float:
    """The least value that so large a share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
