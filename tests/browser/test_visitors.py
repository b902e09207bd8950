"""What fails a test of a page, whatever it looks at."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.browser.visitors import LOST, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


def run_script(browser: Browser, script: str, *caused: str) -> None:
    with visitor(browser, *caused) as context:
        page = context.new_page()
        page.evaluate(script)
        page.wait_for_timeout(300)


@pytest.mark.parametrize("caused", [(), LOST])
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("console.error('not like this')", "not like this"),
        ("setTimeout(() => { throw new Error('not caught') })", "not caught"),
        ("fetch('data:,').then(() => console.error('404 (Not Found)'))", "404"),
    ],
)
def test_an_error_in_the_console_fails_what_looks_elsewhere(
    browser: Browser, caused: tuple[str, ...], script: str, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        run_script(browser, script, *caused)


def test_what_the_test_caused_does_not_fail_it(browser: Browser) -> None:
    # Nothing listens at this port: it was the system's to give away a moment ago.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    run_script(browser, f"fetch('{address}').catch(() => null)", *LOST)
