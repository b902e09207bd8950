"""The tour by keyboard: it moves nothing of the stage, and is offered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit
from tests.browser.steps import button, is_training, until
from tests.browser.test_reach import is_visible

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def focused(page: Page) -> str:
    """Return the words of the element that has the focus."""
    words: str = page.evaluate("document.activeElement.innerText")
    return words.strip()


@pytest.mark.slow
def test_the_tour_moves_nothing_and_is_offered_once(visit: Visit) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(iterations=100_000)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator(".st-key-chart_panel svg.marks").first.wait_for()
    stage, tour = page.locator(".st-key-stage_area"), page.locator(".st-key-tour")
    before = stage.bounding_box()
    button(page, "Take the tour").press("Enter")
    for number in range(1, 6):
        step = page.get_by_text(f"Tour, step {number} of 5.")
        step.wait_for()
        last = {2: "Start training", 5: "Done"}.get(number, "Next")
        until(lambda last=last: focused(page) == last, 10, "the focus left the tour")
        assert stage.bounding_box() == before
        until(lambda: is_visible(page, tour), 10, "the step is not in view")
        if number == 2:
            assert not is_training(page)
        page.keyboard.press("Enter")
    step.wait_for(state="detached")
    assert is_training(page)
    button(page, "Pause").click()
    page.get_by_role("link", name="How it works").first.click()
    button(page, "Take the tour").click()
    page.get_by_text("Tour, step 1 of 5.").wait_for()
    page.set_viewport_size({"width": 390, "height": 844})
    until(lambda: is_visible(page, tour), 10, "the step is not in view on a phone")
    assert Axe().run(page, ".st-key-tour").response["violations"] == []
    page.goto(page.url.split("?")[0])
    button(page, "Train").wait_for()
    assert button(page, "Take the tour").count() == 0
