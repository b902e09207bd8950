"""Errors in a browser's console fail a test; errors that the test causes do not."""

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
    ("script", "message"),
    [
        ("console.error('not like this')", "not like this"),
        ("setTimeout(() => { throw new Error('not caught') })", "not caught"),
        ("fetch('data:,').then(() => console.error('404 (Not Found)'))", "404"),
    ],
)
def test_an_error_in_the_console_fails_the_test(
    browser: Browser, caused: tuple[str, ...], script: str, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        run_script(browser, script, *caused)


def test_an_error_that_the_test_caused_does_not_fail_it(browser: Browser) -> None:
    # No server listens at this port: the system has just assigned it to the probe.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    run_script(browser, f"fetch('{address}').catch(() => null)", *LOST)
