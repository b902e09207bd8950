"""File names appear on the page as plain text, never as links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.steps import button, iterations, until, upload

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NAMES = ["www.evil.example.txt", "you@evil.example", "[evil](evil.example).txt"]


@pytest.mark.parametrize(
    "name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]
)
def test_a_file_name_is_not_a_link(page: Page, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("The sea was calm, the lamp was lit. " * 64)
    (tmp_path / f"bad {name}").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    section = page.locator(".st-key-section_text")
    upload(page, tmp_path / name)
    section.get_by_text("2.3 kB").first.wait_for()
    button(page, "Step").click()
    until(lambda: iterations(page) == 1, 30, "the step was not done")
    upload(page, tmp_path / f"bad {name}")
    section.get_by_text("is a PNG image").wait_for()
    assert page.get_by_text("evil").count() > 2
    assert page.locator("a[href*=evil]").count() == 0
