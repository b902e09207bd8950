"""Steps of a visitor: click, choose, upload, and read the page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Download, Locator, Page


# For each widget with a label: its choice, or the value of its slider, box or switch.
_SETTINGS = """
() => {
    const found = {};
    for (const label of document.querySelectorAll('[data-testid=stWidgetLabel]')) {
        const widget = label.closest('[data-testid=stElementContainer]');
        const parts = widget.querySelectorAll('[role=slider], [role=radio], input, textarea');
        const values = [...parts].filter(part => part.ariaChecked !== 'false').map(part =>
            part.ariaValueText || (part.ariaChecked && part.innerText)
                || (part.type === 'checkbox' ? part.checked : part.value));
        if (values.length) found[label.innerText] = values;
    }
    return found;
}
"""


def button(page: Page, name: str) -> Locator:
    """Return the button with this name."""
    return page.get_by_role("button", name=name, exact=True)


def download(page: Page, name: str) -> Download:
    """Click the link of this name, which downloads a file, and return the file."""
    with page.expect_download() as caught:
        page.get_by_role("link", name=name, exact=True).click()
    return caught.value


def figure(page: Page, label: str) -> float:
    """Return the number that a metric of the page shows; NaN while it shows a dash."""
    metric = page.get_by_test_id("stMetric").filter(has_text=label).first
    shown = metric.get_by_test_id("stMetricValue").inner_text().replace(",", "")
    return float("nan") if shown == "–" else float(shown.split()[0])


def progress(page: Page) -> Locator:
    """Return the row with the progress of the training."""
    return page.locator(".st-key-progress")


def iterations(page: Page) -> int:
    """Return the iterations that the progress shows, 0 before training."""
    found = re.search(r"([\d,]+)(?: of [\d,]+)? iterations", progress(page).inner_text())
    return int(found[1].replace(",", "")) if found else 0


def iterations_at_rest(page: Page) -> int:
    """Return the iterations of a paused run, after the page has shown the last ones."""
    shown = -1
    while shown != (shown := iterations(page)):
        page.wait_for_timeout(1_500)  # three updates of the page
    return shown


def until(condition: Callable[[], bool], seconds: float, message: str) -> None:
    """Wait until the condition is true; fail with the message after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)


def wait_until_drawn(page: Page, seconds: float = 1.0) -> None:
    """Wait until the page has not been redrawn for so many seconds.

    Streamlit deletes a file that was made at a click when anything on the server has been drawn
    twice. During redraws the browser may fetch the file too late.
    """
    running = page.locator("[data-test-script-state=running]")
    still = 0
    deadline = time.monotonic() + 30
    while still < 10 * seconds:
        assert time.monotonic() < deadline, "the page is redrawn all the time"
        still = 0 if running.count() else still + 1
        time.sleep(0.1)


def is_training(page: Page) -> bool:
    """Return whether the page shows a running training (it has Pause in the place of Train)."""
    return button(page, "Pause").count() > 0


def generated_text(page: Page) -> str:
    """Return the text that was generated last."""
    pieces = page.get_by_role("region", name="Generated text")
    # While it is drawn anew, there are two of them, or none.
    return (pieces.all_inner_texts() or [""])[-1]


def set_slider(page: Page, label: str, value: float) -> None:
    """Move a slider with the keyboard until it shows the value."""
    slider = page.get_by_role("slider", name=label)
    for _ in range(200):
        now = float(slider.input_value())
        if abs(now - value) < 1e-6:
            return
        slider.press("ArrowLeft" if now > value else "ArrowRight")
    raise AssertionError(f"{label} could not be set to {value}")


def fill(page: Page, label: str, value: str) -> None:
    """Enter a value into the box with this label."""
    box = page.locator(f"input[aria-label='{label}']")
    box.fill(value)
    box.press("Enter")


def loss_chart(page: Page) -> Locator:
    """Return the chart of the loss."""
    return page.locator(".st-key-chart_panel").get_by_test_id("stVegaLiteChart").first


def curve_points(page: Page) -> int:
    """Return the number of points of the longest line in the loss chart, counted in its SVG."""
    points = (
        loss_chart(page)
        .locator("path")
        .evaluate_all("paths => paths.map(p => (p.getAttribute('d') || '').split('L').length)")
    )
    return max(points, default=0)


def open_section(page: Page, name: str) -> None:
    """Open a section of the rail, "text" or "network", if it is folded or about to be.

    When training begins, the page folds it with its next redraw. So it must stay open for a second
    in which the page is not redrawn.
    """
    details = page.locator(f".st-key-{name}_open details").first
    running = page.locator("[data-test-script-state=running]")
    deadline, still = time.monotonic() + 30, 0
    while still < 10:
        assert time.monotonic() < deadline, f"the section {name} does not stay open"
        if details.get_attribute("open") is None:
            still = 0
            details.locator("summary").first.click()
            page.wait_for_timeout(600)
        elif not running.count():
            still += 1
        page.wait_for_timeout(100)


def open_tab(page: Page, title: str) -> None:
    """Open a tab below the stage."""
    page.get_by_role("tab", name=title, exact=True).click()


def open_all(page: Page) -> None:
    """Open every expander of the page, including those that appear inside others."""
    parts = page.locator("details")
    at = 0
    while at < parts.count():
        if parts.nth(at).get_attribute("open") is None:
            parts.nth(at).locator("summary").click()
            page.wait_for_timeout(300)  # opening it may add others
            at = 0
        else:
            at += 1


def settings(page: Page) -> dict[str, list[str | bool]]:
    """Return the current values of all widgets by label."""
    return page.evaluate(_SETTINGS)


def pause_and_train_another_cell(page: Page) -> None:
    """Pause the run, choose a GRU and press Train: the page asks what to do with the run."""
    button(page, "Pause").click()
    page.get_by_text("Paused", exact=True).wait_for()
    open_section(page, "network")
    page.get_by_role("radio", name="GRU", exact=True).click()
    page.get_by_text("The current run is unaffected").wait_for()
    button(page, "Train").click()


def upload(page: Page, path: Path) -> None:
    """Upload a file to "Text file"."""
    page.get_by_test_id("stFileUploader").filter(has_text="Text file").locator(
        "input[type=file]"
    ).set_input_files(path)
