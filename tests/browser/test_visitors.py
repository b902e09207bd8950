"""What fails a test of a page, whatever it looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.visitors import LOST, visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser


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
    with pytest.raises(AssertionError, match=said), visitor(browser, *caused) as context:
        page = context.new_page()
        page.evaluate(script)
        page.wait_for_timeout(300)


def test_what_the_test_caused_does_not_fail_it(browser: Browser) -> None:
    with visitor(browser, *LOST) as context:
        page = context.new_page()
        page.route("**/*", lambda route: route.abort())
        page.evaluate("fetch('http://127.0.0.1/x').catch(() => null)")
        page.wait_for_timeout(300)
