"""A window zoomed to 200 %, and a visitor who wants less motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit
from tests.browser.steps import (
    button,
    is_training,
    iterations,
    pause_and_train_another_cell,
    until,
)
from tests.browser.test_reach import is_visible

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# What moves or fades in two seconds, and how often Streamlit drew a part anew in that time.
_MOTION = """
() => new Promise(done => {
    const end = performance.now() + 2000, found = new Set()
    let stale = 0
    const look = () => {
        for (const moving of document.getAnimations()) found.add(moving.effect.target.outerHTML)
        for (const part of document.querySelectorAll('[data-stale=true]')) {
            stale++
            if (getComputedStyle(part).opacity !== '1') found.add(part.outerHTML)
        }
        if (performance.now() < end) requestAnimationFrame(look)
        else done({stale, found: [...found].map(html => html.slice(0, 200))})
    }
    look()
})
"""


def zoom(page: Page) -> None:
    """Give the page the size that a window of 1280 x 800 has at 200 %."""
    page.set_viewport_size({"width": 640, "height": 400})


@pytest.mark.slow
def test_each_step_of_the_tour_is_in_view_at_200_percent(visit: Visit) -> None:
    page = visit(iterations=100_000)
    zoom(page)
    button(page, "Take the tour").click()
    tour = page.locator(".st-key-tour")
    for number in range(1, 6):
        page.get_by_text(f"Tour, step {number} of 5.").wait_for()
        until(lambda: is_visible(page, tour), 10, f"step {number} is not in view")
        following = {2: "Start training", 5: "Done"}.get(number, "Next")
        button(page, following).click()
    tour.wait_for(state="detached")


@pytest.mark.slow
def test_the_question_before_a_new_run_is_below_train_at_200_percent(visit: Visit) -> None:
    page = visit(iterations=100_000)
    zoom(page)
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 0, 30, "training did not start")
    pause_and_train_another_cell(page)
    question = page.locator(".st-key-train_question")
    question.wait_for()
    until(lambda: is_visible(page, question), 10, "the question is not in view")
    asked, train = question.bounding_box(), button(page, "Train").bounding_box()
    assert asked is not None
    assert train is not None
    assert 0 <= asked["y"] - train["y"] - train["height"] <= 20


@pytest.mark.slow
def test_nothing_moves_or_flickers_for_a_visitor_who_wants_less_motion(visit: Visit) -> None:
    page = visit(iterations=100_000)
    page.emulate_media(reduced_motion="reduce")
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 5, 30, "training did not start")
    stale = 0
    for _ in range(5):
        motion = page.evaluate(_MOTION)
        assert motion["found"] == []
        stale += motion["stale"]
    assert stale > 0  # parts were drawn anew meanwhile
