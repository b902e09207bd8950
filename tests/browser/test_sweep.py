"""A sweep in a real browser, on worker processes that the workbench starts and ends."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit
from tests.browser.steps import button, iterations, until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SECONDS = 120  # in which workers start and twelve tiny runs train, on a busy computer


def fill(page: Page, label: str, value: str) -> None:
    box = page.locator(f"input[aria-label='{label}']")
    box.fill(value)
    box.press("Enter")


def test_a_sweep_ends_and_its_best_run_opens_on_the_workbench(visit: Visit) -> None:
    pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")
    page = visit()
    page.get_by_role("link", name="Sweep").first.click()
    fill(page, "Hidden size", "4, 8, 12")
    fill(page, "Iterations", "20")
    page.get_by_text("12 runs").first.wait_for()
    button(page, "Start sweep").click()
    page.get_by_text(re.compile(r"^Finished · 12 finished")).wait_for(timeout=1000 * SECONDS)
    page.get_by_text("Which setting mattered").wait_for()
    best = page.get_by_text(re.compile(r"^Best: hidden size \d+, cell \w+, seed \d")).inner_text()
    size = re.search(r"hidden size (\d+)", best)[1]
    opens = button(page, "Open the best run")
    until(opens.is_enabled, SECONDS, "the best run was not stored")
    opens.click()
    until(lambda: iterations(page) == 20, 30, "the best run was not opened")
    page.get_by_text(re.compile(rf"verses · \w+ {size}$")).first.wait_for()
