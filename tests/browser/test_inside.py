"""The tab Inside in Chromium: a painted text is one text node, also when it is hostile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser.steps import button, is_training, iterations, open_tab, until
from tests.browser.test_features import HOSTILE
from tests.browser.test_screen import PHONE, WIDE, assert_nothing_is_covered

if TYPE_CHECKING:
    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

# What each of the other views states, with a figure.
FIGURES = {
    "Find units for …": r"(AUC|correlation) 0\.\d\d.+chance reaches 0\.\d\d",
    "Silence units": r"bits per character, and \d\.\d+ with unit \d+ silenced",
    "Reach": r"depends on characters up to [\d,]+ back",
    "Match a pattern": r"On in “[^”]+”: units|No unit switches on",
    "Characters": r"first two principal components hold \d+ % of the variance",
    "Check the maths": r"All gradients are right",
}


def test_a_text_is_painted_picked_and_never_markup_while_training_goes_on(visit: Visit):
    page = visit(iterations=50_000)
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 0, 30, "training did not start")
    open_tab(page, "Inside")
    text = page.locator(".inside-text")
    text.wait_for(timeout=30_000)
    count = "[...CSS.highlights].reduce((n, [name, h]) => n + (name !== 'inside-at') * h.size, 0)"
    until(lambda: page.evaluate(count) > 10, 20, "the text is not coloured")
    assert text.evaluate("e => [e.childNodes.length, e.children.length]") == [1, 0]
    text.click(position={"x": 60, "y": 60})
    status, strip = page.locator(".inside-status"), page.locator(".inside-strip")
    until(lambda: re.search(r"\d\.\d\d", status.inner_text()), 10, "no value is shown")
    strip.wait_for(state="visible", timeout=20_000)  # drawn by the server's answer to the click
    page.keyboard.press("ArrowDown")
    unit = page.get_by_label("Unit", exact=True).last  # while it is drawn anew, there are two
    until(lambda: unit.input_value() == "1", 20, "no next unit")

    page.get_by_text("Surprise", exact=True).click()
    page.get_by_role("combobox", name="Text").click()
    page.get_by_role("option", name="Your own text").click()
    box = page.get_by_role("textbox", name="Your own text")
    box.fill(HOSTILE)
    box.press("Control+Enter")
    until(lambda: text.evaluate("e => e.textContent") == HOSTILE, 30, "the own text is not shown")
    assert text.evaluate("e => e.children.length") == 0
    assert page.locator("img[src=x], script:has-text('alert')").count() == 0

    for view, words in FIGURES.items():
        page.get_by_role("radio", name=view, exact=True).click()
        if view == "Match a pattern":
            page.get_by_text("Select a word or phrase").wait_for(timeout=20_000)
            text.dblclick(position={"x": 60, "y": 20})  # selects a word
        page.get_by_text(re.compile(words)).first.wait_for(timeout=40_000)
        if view.startswith("Find"):
            page.get_by_role("button", name=re.compile("^Silence unit")).click()
    before = iterations(page)
    until(lambda: iterations(page) > before, 30, "training does not go on")


def test_a_phrase_is_selected_by_touch_as_the_words_above_the_text_say(visit: Visit):
    page = visit()
    button(page, "Step").click()
    open_tab(page, "Inside")
    page.get_by_role("radio", name="Match a pattern", exact=True).click()
    text, words = page.locator(".inside-text"), page.get_by_text("On a touch screen, hold a word")
    words.wait_for()
    until(lambda: text.inner_text(), 20, "the text is not shown")
    assert words.bounding_box()["y"] < text.bounding_box()["y"]
    text.evaluate(
        """text => {
            text.dispatchEvent(new PointerEvent("pointerdown", {pointerType: "touch"}))
            getSelection().setBaseAndExtent(text.firstChild, 20, text.firstChild, 30)
        }"""
    )
    page.get_by_text(re.compile(FIGURES["Match a pattern"])).first.wait_for()


@pytest.mark.slow
def test_the_buttons_of_the_chart_of_characters_cover_nothing(visit: Visit):
    page = visit()
    button(page, "Step").click()
    open_tab(page, "Inside")
    page.get_by_role("radio", name="Characters", exact=True).click()
    chart = page.locator(".st-key-tabs").get_by_test_id("stVegaLiteChart").first
    chart.locator("svg").first.wait_for()
    for width, height in (WIDE[0], PHONE):
        page.set_viewport_size({"width": width, "height": height})
        assert_nothing_is_covered(page, chart)
