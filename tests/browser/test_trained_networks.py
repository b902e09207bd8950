"""Real clicks on a trained network: teach it another text, choose among its weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rnncore import RNN, Solver, Vocab, load
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.steps import (
    button,
    is_training,
    iterations,
    open_section,
    open_tab,
    until,
    upload,
    wait_until_drawn,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# A text of random letters: the network can only learn the training part by heart.
NOISE = "".join(np.random.default_rng(0).choice(list("abcd"), 400))


def train_to_the_end(page: Page) -> None:
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for(timeout=60_000)


@pytest.mark.slow
def test_a_trained_network_is_taught_an_uploaded_text(visit: Visit, tmp_path: Path) -> None:
    page = visit(iterations=60)
    train_to_the_end(page)
    book = tmp_path / "book.txt"
    book.write_text("The sea and the ŝip, ĉiam. " * 200, encoding="utf-8")
    open_section(page, "text")  # training folds it
    wait_until_drawn(page)  # a file that is chosen before the section is drawn anew is lost
    upload(page, book)
    page.get_by_text("book.txt · ").wait_for()
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


@pytest.mark.slow
def test_the_best_network_writes_and_is_downloaded_once_validation_has_risen(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit(
        hidden=32, embedding=4, sequence=20, batch=4, held_out=0.2, weights=1, validate=10,
        schedule="constant", iterations=200,
    )  # fmt: skip
    noise = tmp_path / "noise.txt"
    noise.write_text(NOISE, encoding="utf-8")
    upload(page, noise)
    page.get_by_text("noise.txt · ").wait_for()
    train_to_the_end(page)
    choice = page.locator(".st-key-network_sample")
    best = choice.get_by_role("radio", name=re.compile(r"Best \(iteration \d+\)"))
    best.wait_for()
    assert best.is_checked()
    at = re.search(r"iteration (\d+)", best.inner_text())[1]
    assert int(at) < 150
    button(page, "Generate").click()
    page.get_by_text(f"by the network after {at} iterations.").wait_for()
    choice.get_by_role("radio", name="Latest").click()
    button(page, "Generate").click()
    page.get_by_text("by the network after 200 iterations.").wait_for()

    wait_until_drawn(page)
    best_file = download(page, tmp_path / "best.pkl")
    open_tab(page, "Downloads")  # a role is not found in a closed tab
    page.locator(".st-key-network_download").get_by_role("radio", name="Latest").click()
    wait_until_drawn(page)
    latest_file = download(page, tmp_path / "latest.pkl")
    text = Vocab.from_text(NOISE).encode(NOISE)
    losses = [validation_loss(load(path), text) for path in (best_file, latest_file)]
    assert losses[0] < losses[1] - 0.05

    page.reload()
    page.locator(".st-key-network_sample").get_by_text(f"Best (iteration {at})").wait_for()


def download(page: Page, path: Path) -> Path:
    steps.download(page, "Download model").save_as(path)
    return path


def validation_loss(model: RNN, ids: np.ndarray) -> float:
    return Solver(ids, model, 20, 4, val_fraction=0.2).evaluate()
