"""One screen: what matters is in view without scrolling, and nothing moves while it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import Visit
from tests.browser.steps import (
    button,
    is_training,
    iterations,
    loss_chart,
    until,
    wait_until_drawn,
)

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

WIDE = ((1280, 800), (1440, 900))
PHONE = (390, 844)
MOST_SHIFT = 0.02  # the sum of the layout shifts that the browser reports

# Which parts lie wholly in the window, between the bar at its head and, on a phone, the controls
# at its foot; and the lines of writing that are in view there.
_IN_VIEW = """
() => {
    const named = name => [...document.querySelectorAll('button')].find(
        button => button.innerText.trim().endsWith(name))
    const first = selector => document.querySelector(selector)
    const head = first('[data-testid=stHeader]').getBoundingClientRect().bottom - 1
    const foot = innerWidth <= 900
        ? first('.st-key-progress').getBoundingClientRect().top : innerHeight
    const inside = (part, top, bottom) => {
        const box = part.getBoundingClientRect()
        return box.width > 0 && box.top >= top && box.bottom <= bottom + 1
            && box.left >= 0 && box.right <= innerWidth
    }
    const writing = first('.st-key-writing_panel [role=region]')
    const style = getComputedStyle(writing), box = writing.getBoundingClientRect()
    const room = Math.min(box.bottom, foot) - Math.max(box.top, head) - parseFloat(style.paddingTop)
    const parts = {
        chart: first('.st-key-chart_panel svg.marks'),
        'stage slider': first('.st-key-stage_row [data-testid=stSlider]'),
        doctor: first('.st-key-doctor p'),
    }
    const atFoot = {
        'Train or Pause': named('Pause') || named('Train'),
        progress: first('.st-key-progress [role=progressbar]'),
    }
    const seen = Object.entries(parts).filter(([, part]) => inside(part, head, foot))
        .concat(Object.entries(atFoot).filter(([, part]) => inside(part, 0, innerHeight)))
    const sampling = ['Generate', 'Seed text', 'Temperature'].filter(label => {
        const part = label === 'Generate' ? first('.st-key-generate button')
            : first(`.st-key-section_sample [aria-label="${label}"]`)
        return part && inside(part, head, foot)
    })
    return {parts: seen.map(([name]) => name).sort(), sampling,
        lines: Math.floor(room / parseFloat(style.lineHeight))}
}
"""
_WATCH_SHIFTS = """
() => {
    window.shifts = []
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push([
            entry.value, entry.sources.slice(0, 3).map(source =>
                `${source.node?.className || source.node?.nodeName} ` +
                `${source.previousRect.top} > ${source.currentRect.top}`)])
    }).observe({type: 'layout-shift', buffered: false})
}
"""
# The words that lie under a chart's buttons, which appear while the pointer is on the chart.
_COVERED = """
chart => {
    const frame = chart.closest('[data-testid=stFullScreenFrame]')
    const buttons = frame.querySelector('[data-testid=stElementToolbarButtonContainer]')
    if (!buttons) return null
    const bar = buttons.getBoundingClientRect(), covered = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const over = node.parentElement.closest('[data-testid=stMain]')
        if (!over || buttons.contains(node) || !node.textContent.trim()) continue
        const part = document.createRange()
        part.selectNodeContents(node)
        for (const box of part.getClientRects())
            if (box.width && box.left < bar.right && box.right > bar.left
                && box.top < bar.bottom - 1 && box.bottom > bar.top + 1
                && node.parentElement.checkVisibility({visibilityProperty: true})
                && !node.parentElement.closest('details:not([open])'))
                covered.push(node.textContent.trim())
    }
    return covered
}
"""
ALL = sorted(["chart", "stage slider", "doctor", "Train or Pause", "progress"])


def assert_in_view(page: Page, state: str) -> None:
    """Assert that the parts of the stage are in view, with enough lines of writing."""
    page.locator(".st-key-chart_panel svg.marks").first.wait_for()
    if state == "before training":
        wait_until_drawn(page)  # the fields below the stage come last
    seen = page.evaluate(_IN_VIEW)
    assert seen["parts"] == ALL, f"{state}: only {seen['parts']} are in view"
    size = page.viewport_size
    assert size is not None
    assert seen["lines"] >= (4 if size["width"] < 900 else 8), f"{state}: {seen['lines']} lines"
    if (size["width"], size["height"]) == WIDE[0]:
        assert len(seen["sampling"]) == 3, f"{state}: only {seen['sampling']} are in view"


@pytest.mark.parametrize(
    ("size", "seconds"),
    [
        (WIDE[0], 10),
        (PHONE, 10),
        *(pytest.param(size, 60, marks=pytest.mark.slow) for size in (*WIDE, PHONE)),
    ],
)
def test_the_stage_is_in_view_and_still(visit: Visit, size: tuple[int, int], seconds: int) -> None:
    page = visit(iterations=100_000)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.wait_for_timeout(1_000)
    assert_in_view(page, "before training")
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 5, 30, "training did not start")
    page.wait_for_timeout(2_500)  # the rail folds, the phone scrolls to the stage
    page.evaluate(_WATCH_SHIFTS)
    page.wait_for_timeout(1_000 * seconds)
    assert_in_view(page, "during training")
    shifts = page.evaluate("window.shifts")
    assert sum(shift for shift, _ in shifts) <= MOST_SHIFT, shifts
    button(page, "Pause").click()
    page.get_by_text("Paused", exact=True).wait_for()
    assert_in_view(page, "after training")


def test_the_keyboard_trains_pauses_and_generates(visit: Visit) -> None:
    page = visit(iterations=100_000)
    wait_until_drawn(page)  # the script that listens to keys comes last
    pressed = 0
    while not page.evaluate("document.activeElement.innerText || ''").strip().endswith("Train"):
        pressed += 1
        assert pressed <= 5, "Train is more than 5 Tabs away"
        page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    until(lambda: is_training(page) and iterations(page) > 0, 30, "Space did not train")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    until(lambda: not is_training(page), 20, "Space did not pause")
    page.get_by_label("Seed text").fill("The ")
    page.keyboard.press("Space")  # a blank in a field
    page.keyboard.press("Control+Enter")
    piece = page.get_by_role("region", name="Generated text")
    piece.wait_for()
    until(lambda: piece.inner_text().startswith("The  "), 10, "not the text that was typed")
    assert not is_training(page)


def test_a_click_on_the_curve_shows_what_was_written_then(visit: Visit) -> None:
    page = visit(iterations=400)
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    title = page.get_by_text("What it wrote after")
    until(lambda: "after 400 iterations" in title.inner_text(), 20, "the newest is not shown")
    chart = page.locator(".st-key-chart_panel svg.marks").first
    wait_until_drawn(page)  # while it is drawn anew, it has no place on the page
    plot = chart.bounding_box()
    assert plot is not None
    page.mouse.click(plot["x"] + 0.2 * plot["width"], plot["y"] + 0.5 * plot["height"])
    until(lambda: "after 400 iterations" not in title.inner_text(), 20, "the click chose nothing")
    assert page.title().startswith("✓ 400 · ")
    for axis in ("Iterations", "Epochs"):
        button(page, "Chart options").click()
        page.get_by_role("radio", name=axis, exact=True).click()
        page.keyboard.press("Escape")
        chart.get_by_text("400" if axis == "Iterations" else "1.0", exact=True).wait_for()
        for x, y in ((0.5, 0.25), (0.5, 0.7), (0.35, 0.3), (0.8, 0.6)):
            wait_until_drawn(page)
            page.mouse.move(0, 0)
            page.mouse.move(plot["x"] + x * plot["width"], plot["y"] + y * plot["height"])
            tip = page.locator("#vg-tooltip-element.visible").get_by_role("row").last
            named = tip.inner_text().removeprefix("Sample at iteration").strip()
            page.mouse.down()
            page.mouse.up()
            until(
                lambda named=named: f"after {named} iterations" in title.inner_text(),
                20,
                f"not the sample that the tooltip names: {named}",
            )


def assert_nothing_is_covered(page: Page, chart: Locator) -> None:
    """Point at a chart; assert that its buttons cover no words of the page."""
    chart.evaluate("chart => chart.scrollIntoView({block: 'center'})")
    wait_until_drawn(page)
    page.mouse.move(2, 2)
    chart.hover()
    for _ in range(50):  # after a change of the window's size the chart is drawn anew
        covered = chart.evaluate(_COVERED)
        if covered == []:
            break
        page.wait_for_timeout(200)
    assert covered == [], page.viewport_size


@pytest.mark.slow
def test_the_buttons_of_a_chart_cover_no_words(visit: Visit) -> None:
    page = visit()
    for width, height in (WIDE[0], (960, 700), PHONE):
        page.set_viewport_size({"width": width, "height": height})
        page.locator(".st-key-chart_panel svg.marks").first.wait_for()
        assert_nothing_is_covered(page, loss_chart(page))
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="How it works").last.click()
    page.get_by_role("heading", name="What temperature is").wait_for()
    figures = page.get_by_test_id("stVegaLiteChart")
    until(lambda: figures.locator("svg").count() == 3, 20, "How it works draws no figures")
    for n in range(3):
        assert_nothing_is_covered(page, figures.nth(n))


@pytest.mark.slow
def test_a_message_on_a_phone_covers_no_control_at_the_foot(visit: Visit) -> None:
    page = visit()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    button(page, "Step").click()
    page.get_by_text("Paused", exact=True).wait_for()
    page.reload()
    message = page.get_by_test_id("stToast").filter(has_text="Welcome back")
    message.wait_for()
    page.locator(".st-key-progress").wait_for()
    box = message.bounding_box()
    for part in ("progress", "controls"):
        assert box["y"] + box["height"] <= page.locator(f".st-key-{part}").bounding_box()["y"]
