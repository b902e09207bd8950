"""What a person does on the page, and what they read off it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


# Of each widget with a label: its choice, or what its slider, box or switch says.
_SETTINGS = """
() => {
    const found = {};
    for (const label of document.querySelectorAll('[data-testid=stWidgetLabel]')) {
        const widget = label.closest('[data-testid=stElementContainer]');
        const parts = widget.querySelectorAll('[role=slider], [role=radio], input, textarea');
        const said = [...parts].filter(part => part.ariaChecked !== 'false').map(part =>
            part.ariaValueText || (part.ariaChecked && part.innerText)
                || (part.type === 'checkbox' ? part.checked : part.value));
        if (said.length) found[label.innerText] = said;
    }
    return found;
}
"""


def button(page: Page, name: str) -> Locator:
    """The button of this name."""
    return page.get_by_role("button", name=name, exact=True)


def figure(page: Page, label: str) -> float:
    """The number that a figure of the page shows; NaN while it shows a dash."""
    metric = page.get_by_test_id("stMetric").filter(has_text=label).first
    shown = metric.get_by_test_id("stMetricValue").inner_text().replace(",", "")
    return float("nan") if shown == "–" else float(shown.split()[0])


def iterations(page: Page) -> int:
    """Iterations done, by the progress bar."""
    bar = page.locator(".st-key-section_train").get_by_test_id("stProgress").first
    return int(bar.inner_text().split(" of ")[0].replace(",", ""))


def iterations_at_rest(page: Page) -> int:
    """The same, once a paused page has told of the last iterations at hand."""
    shown = -1
    while shown != (shown := iterations(page)):
        page.wait_for_timeout(1_500)  # three ticks
    return shown


def until(what: Callable[[], bool], seconds: float, message: str) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


def drawn(page: Page, seconds: float = 1.0) -> None:
    """Wait until nothing has been drawn for so long.

    A file that is made at a click is gone at the second redraw of anything on the server, before
    it is fetched if that is just under way: when training has ended, or where others train.
    """
    running = page.locator("[data-test-script-state=running]")
    still = 0
    deadline = time.monotonic() + 30
    while still < 10 * seconds:
        assert time.monotonic() < deadline, "the page is drawn without end"
        still = 0 if running.count() else still + 1
        time.sleep(0.1)


def is_training(page: Page) -> bool:
    """Whether the page says that it trains (Pause can be pressed)."""
    return button(page, "Pause").is_enabled()


def written(page: Page) -> str:
    """The text that was generated last."""
    piece = page.get_by_role("region", name="Generated text")
    return piece.inner_text() if piece.count() else ""


def set_slider(page: Page, label: str, value: float) -> None:
    """Move a slider with the keyboard until it shows the value."""
    slider = page.get_by_role("slider", name=label)
    for _ in range(200):
        now = float(slider.input_value())
        if abs(now - value) < 1e-6:
            return
        slider.press("ArrowLeft" if now > value else "ArrowRight")
    raise AssertionError(f"{label} could not be set to {value}")


def curve_points(page: Page) -> int:
    """Points of the longest line of the loss chart, counted in the drawing itself."""
    section = page.locator(".st-key-section_train")
    paths = section.get_by_test_id("stVegaLiteChart").first.locator("path")
    drawn = paths.evaluate_all(
        "paths => paths.map(p => (p.getAttribute('d') || '').split('L').length)"
    )
    return max(drawn, default=0)


def open_all(page: Page) -> None:
    """Open every closed part of the page, and those that come meanwhile."""
    parts = page.locator("details")
    at = 0
    while at < parts.count():
        if parts.nth(at).get_attribute("open") is None:
            parts.nth(at).locator("summary").click()
            page.wait_for_timeout(300)  # it unfolds, and may bring others
            at = 0
        else:
            at += 1


def settings(page: Page) -> dict[str, list[str | bool]]:
    """All that can be chosen on the page, by its label, as it is chosen now."""
    return page.evaluate(_SETTINGS)


def upload(page: Page, path: Path) -> None:
    """Put a file into the uploader called "Text file"."""
    page.get_by_test_id("stFileUploader").filter(has_text="Text file").locator(
        "input[type=file]"
    ).set_input_files(path)
