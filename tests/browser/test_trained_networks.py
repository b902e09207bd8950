"""Real clicks on a trained network: teach it another text, choose among its weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit
from tests.browser.steps import button, is_training, iterations, until, upload

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


def train_to_the_end(page: Page) -> None:
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for(timeout=60_000)


def test_a_trained_network_is_taught_an_uploaded_text(visit: Visit, tmp_path: Path) -> None:
    page = visit(iterations=60)
    train_to_the_end(page)
    book = tmp_path / "book.txt"
    book.write_text("The sea and the ŝip, ĉiam. " * 200, encoding="utf-8")
    upload(page, book)
    page.get_by_text("book.txt").first.wait_for()
    button(page, "Train").click()
    share = page.get_by_text(re.compile(r"of the text are characters it has never seen"))
    share.wait_for()
    assert "7 % of the text" in share.inner_text()
    button(page, "Teach this network the new text").click()
    page.get_by_text("Began as a network trained on verses.txt for 60 iterations.").wait_for()
    until(lambda: iterations(page) > 0, 30, "the taught network does not train")
    until(lambda: not is_training(page), 60, "the taught network does not finish")
    assert iterations(page) == 60
    page.reload()
    page.get_by_text("Began as a network trained on verses.txt for 60 iterations.").wait_for()
