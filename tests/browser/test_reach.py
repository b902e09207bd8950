"""Accessibility: axe-core finds no serious problem at any width, in either theme."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from dashboard.runs.store import Store
from tests.browser.conftest import Server, Visit
from tests.browser.steps import (
    button,
    open_section,
    open_tab,
    pause_and_train_another_cell,
    until,
    wait_until_drawn,
)
from tests.browser.visitors import visit as open_in_new_tab
from tests.browser.visitors import visitor
from tests.support.many_runs import copy_runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

SERIOUS = ("serious", "critical")


LOOKS = [(width, scheme) for scheme in ("light", "dark") for width in (390, 1400)]
TWO_LOOKS = ((390, "dark"), (1400, "light"))


def serious(page: Page, looks: Iterable[tuple[int, str]] = LOOKS) -> dict[str, list[str]]:
    """Return the serious problems that axe-core finds, by width and theme.

    axe-core passes over what is not shown, such as the content of closed tabs.
    """
    found = {}
    for width, scheme in looks:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1000})
        until(lambda scheme=scheme: is_dark(page) == (scheme == "dark"), 10, f"not {scheme}")
        page.wait_for_timeout(300)  # elements that fade in do not have their colours yet
        if _problems(page):  # on a busy computer that takes longer
            page.wait_for_timeout(2_000)
            found[f"{width} px, {scheme}"] = _problems(page)
    return {look: problems for look, problems in found.items() if problems}


def _problems(page: Page) -> list[str]:
    """Return the serious problems of the page as it is now."""
    from axe_playwright_python.sync_playwright import Axe

    rules: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} at {node['target']}: {node['failureSummary']}\n{node['html'][:300]}"
        for rule in rules
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]


def is_dark(page: Page) -> bool:
    """Return whether the page has light text on a dark background."""
    red = page.get_by_test_id("stApp").evaluate("app => getComputedStyle(app).color")
    return int(red.removeprefix("rgb(").split(",")[0]) > 128


@pytest.mark.parametrize(
    ("all_looks", "tab_looks"),
    [
        (TWO_LOOKS, [[look] for look in TWO_LOOKS]),
        pytest.param(LOOKS, [LOOKS], marks=pytest.mark.slow),
    ],
    ids=["two looks", "all looks"],
)
def test_axe_finds_no_serious_problem(
    visit: Visit, all_looks: list[tuple[int, str]], tab_looks: list[list[tuple[int, str]]]
) -> None:
    page = visit(iterations=200)
    assert serious(page, TWO_LOOKS) == {}
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    for section in ("text", "network"):
        open_section(page, section)
    for part in ("Clean up the text", "Characters in this text", "More settings",
                 "Start from a trained model", "More options"):  # fmt: skip
        page.locator("summary").filter(has_text=part).click()
    button(page, "Generate").click()
    page.get_by_text("characters after the seed text").wait_for()
    page.get_by_role("slider", name="Hidden size").press("End")
    page.get_by_text("The current run is unaffected").wait_for()
    button(page, "Train").click()
    button(page, "Start new run").wait_for()
    assert serious(page, all_looks) == {}
    tabs = ("Write together", "Inside", "Live settings", "Downloads")
    for tab, looks in zip(tabs, itertools.cycle(tab_looks), strict=False):
        open_tab(page, tab)
        page.get_by_role("tab", name=tab, selected=True).wait_for()
        wait_until_drawn(page)
        assert serious(page, looks) == {}, tab


def test_axe_finds_no_serious_problem_in_how_it_works(visit: Visit) -> None:
    page = visit()
    page.get_by_role("link", name="How it works").click()
    page.get_by_role("heading", name="What temperature is").wait_for()
    drawn = page.get_by_test_id("stVegaLiteChart").locator("svg")
    until(lambda: drawn.count() == 3, 20, "How it works does not draw its figures")
    assert serious(page, TWO_LOOKS[:1]) == {}


def is_visible(page: Page, part: Locator) -> bool:
    """Return whether the whole element is on the screen without scrolling."""
    box, size = part.bounding_box(), page.viewport_size
    assert box is not None
    assert size is not None
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    return min(box["x"], box["y"]) >= 0 and right <= size["width"] and bottom <= size["height"]


@pytest.mark.parametrize(
    ("width", "height"), [(390, 844), pytest.param(320, 640, marks=pytest.mark.slow)]
)
def test_on_a_phone_the_training_buttons_and_progress_are_visible_without_scrolling(
    visit: Visit, width: int, height: int
) -> None:
    page = visit(iterations=200_000)
    page.set_viewport_size({"width": width, "height": height})
    for name in ("Train", "Step", "Reset", "Until 200,000"):
        assert is_visible(page, button(page, name)), name
    button(page, "Train").click()
    progress = page.get_by_test_id("stProgress")
    progress.wait_for()
    assert is_visible(page, progress)
    assert is_visible(page, button(page, "Pause"))
    pause_and_train_another_cell(page)
    answer = button(page, "Continue this run")
    answer.wait_for()
    assert is_visible(page, answer)


@pytest.mark.slow
def test_runs_are_accessible_by_keyboard(browser: Browser, tmp_path: Path) -> None:
    store = Store(tmp_path / "runs")
    copy_runs(store, 3)
    server = Server(store.root, tmp_path / "log.txt")
    try:
        with visitor(browser) as context:
            page = open_in_new_tab(context, server.url)
            page.get_by_role("link", name="Runs", exact=True).first.click()
            grid = page.get_by_test_id("data-grid-canvas")
            grid.wait_for()
            page.wait_for_timeout(1_000)  # the grid draws its rows
            assert serious(page) == {}
            grid.focus()
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Shift+Space")
            page.locator(".st-key-runs_actions").get_by_text("units per layer").wait_for()
            assert serious(page) == {}
            press_by_keyboard(page, "open_in_newOpen")
            button(page, "Train").wait_for()
    finally:
        server.stop()


def press_by_keyboard(page: Page, words: str) -> None:
    """Tab from the top of the page to the element that starts with these words; press Enter."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.click(2, 2)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").startswith(words):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab never reaches {words}")
