"""The main job from end to end: upload, train, watch, generate, download."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.steps import (
    button,
    curve_points,
    download,
    figure,
    generated_text,
    is_training,
    iterations,
    iterations_at_rest,
    set_slider,
    until,
    upload,
    wait_until_drawn,
)
from tests.browser.visitors import seconds_to_show
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

_OPEN_AND_SAMPLE = """
import pickle, sys
with open(sys.argv[1], "rb") as f:
    print(len(pickle.load(f).sample("E", T=500)))
"""


def test_upload_a_book_train_generate_and_download(
    page: Page, corpora: Path, tmp_path: Path
) -> None:
    upload(page, corpora / "pride.txt")
    page.get_by_text("pride.txt").first.wait_for()
    page.get_by_text("754,").first.wait_for()  # characters of the novel without the licence

    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 0, 20, "training did not start")
    few = curve_points(page)
    until(lambda: curve_points(page) > few, 20, "the curve did not grow")

    set_slider(page, "Temperature", 0.5)
    page.get_by_label("Seed text").fill("It is a truth")
    before = iterations(page)
    button(page, "Generate").click()
    until(lambda: generated_text(page).startswith("It is a truth"), 10, "no text was generated")
    assert len(generated_text(page)) > 400
    until(lambda: iterations(page) > before, 10, "generating stopped the training")
    assert is_training(page)

    until(lambda: figure(page, "Loss") < 2.2, 240, "the loss did not fall below 2.2")

    # The fastest of three: other programs on the machine can slow one of them.
    assert min(_pause(page) for _ in range(3)) < 0.5
    stopped_at = iterations_at_rest(page)
    time.sleep(1.5)
    assert iterations(page) == stopped_at

    wait_until_drawn(page)
    file = download(page, "Download model")
    model = tmp_path / file.suggested_filename
    file.save_as(model)
    assert model.name == "pride.pkl"
    opened = subprocess.run(
        [sys.executable, "-c", _OPEN_AND_SAMPLE, str(model)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert opened.stdout.strip() == "500"


def _pause(page: Page) -> float:
    """Start training if necessary; return the seconds from the click on Pause to its effect."""
    if not is_training(page):
        button(page, "Train").click()
        until(lambda: is_training(page), 20, "training did not continue")
    took = seconds_to_show(page, button(page, "Pause"), ".st-key-progress", "Paused")
    until(lambda: not is_training(page), 20, "Pause stays in the place of Train")
    return took


@pytest.mark.slow
def test_a_sample_text_trains_after_two_clicks(page: Page) -> None:
    page.get_by_text("Verses", exact=True).click()
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 20, 20, "training did not start")
    first = figure(page, "Loss")
    until(lambda: figure(page, "Loss") < first - 0.3, 60, "the loss did not fall")
