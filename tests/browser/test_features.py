"""Features that only a browser shows: live updates, drawings, downloads, hostile texts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dashboard.charts.loss import STAGE
from rnncore import RNN, Vocab, load
from rnncore.storage.model_pickle import dump_model
from tests.browser.conftest import Server, Visit
from tests.browser.steps import (
    button,
    download,
    figure,
    generated_text,
    is_training,
    iterations,
    loss_chart,
    open_section,
    open_tab,
    settings,
    until,
    upload,
    wait_until_drawn,
)
from tests.browser.visitors import visit as open_in_new_tab
from tests.browser.visitors import visitor
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser

# Each part has an effect on a page that treats text as markup.
HOSTILE = (
    "<img src=x onerror=alert(1)> $$\\alpha$$ :red[x] ![](http://evil.example/a.png) "
    "<script>alert(2)</script> [link](http://evil.example) :material/bolt: `b`\n"
)


def start_training(page: Page) -> None:
    """Press Train and wait until training has started."""
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 0, 30, "training did not start")


def open_part(page: Page, label: str) -> None:
    """Open the expander with this label."""
    page.get_by_text(label, exact=True).click()


def move_slider(page: Page, label: str, key: str) -> None:
    """Press a key on a slider, and wait until it has moved."""
    thumb = slider(page, label)
    before = thumb.get_attribute("aria-valuetext")
    thumb.press(key)
    until(lambda: thumb.get_attribute("aria-valuetext") != before, 10, f"{label} did not move")


def change_on_chart(page: Page) -> Locator:
    """Return the dotted line by which the loss chart marks a changed setting."""
    return loss_chart(page).locator('[stroke-dasharray="2,3"]').first


def stage_on_chart(page: Page) -> float:
    """Return where the loss chart marks the shown sample, from 0 to 1; NaN without a mark."""
    return loss_chart(page).evaluate(
        """(chart, colour) => {
            const mark = chart.querySelector(`svg [stroke="${colour}"]`)
            if (mark === null) return NaN
            const {x, width} = chart.getBoundingClientRect()
            return (mark.getBoundingClientRect().x - x) / width
        }""",
        STAGE,
    )


def stage_caption(page: Page) -> str:
    """Return the title of the sample beside the curve."""
    return page.get_by_text("What it wrote after").inner_text()


def stage_iteration(page: Page) -> int:
    """Return the iteration after which the sample beside the curve was written."""
    found = re.search(r"after ([\d,]+) iteration", stage_caption(page))
    assert found is not None
    return int(found[1].replace(",", ""))


def slider(page: Page, label: str) -> Locator:
    """Return the slider whose name begins with the label (Streamlit repeats some names)."""
    return page.get_by_role("slider", name=re.compile(f"^{label}"))


# -- live updates ------------------------------------------------------------------------------


def test_reaching_the_goal_enables_train_without_a_click(visit: Visit) -> None:
    page = visit(iterations=60)
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    until(lambda: button(page, "Train").is_enabled(), 10, "Train stayed disabled")
    assert not is_training(page)
    assert iterations(page) == 60
    button(page, "Train").click()
    until(
        lambda: iterations(page) == 120 and not is_training(page), 30, "training did not continue"
    )


@pytest.mark.slow
def test_training_continues_live_after_the_advice_is_taken(visit: Visit) -> None:
    page = visit(iterations=150, hidden=32)
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    page.get_by_role("button", name=re.compile("^Continue to iteration")).click()
    until(lambda: is_training(page) and iterations(page) > 160, 30, "the page stands still")
    button(page, "Pause").click()
    until(lambda: not is_training(page), 20, "Pause has no effect")
    assert iterations(page) > 160


def test_train_immediately_after_a_preset_uses_the_preset(visit: Visit) -> None:
    page = visit(hidden=16, iterations=100_000)
    preset = page.get_by_text("The original", exact=True).element_handle()
    # The second click still sends the sliders' old values.
    page.evaluate(
        """async ([first, second]) => {
            first.click()
            await new Promise(done => setTimeout(done, 25))
            second.click()
        }""",
        [preset, button(page, "Train").element_handle()],
    )
    until(lambda: is_training(page) and iterations(page) > 0, 30, "training did not start")

    def hidden_size() -> str | None:
        open_section(page, "network")  # it folds when training begins
        shown = slider(page, "Hidden size")
        return shown.get_attribute("aria-valuetext") if shown.count() else None

    until(lambda: hidden_size() == "200", 20, "the network is not the preset's")
    page.get_by_text("one LSTM of 200").wait_for()


@pytest.mark.slow
def test_a_changed_learning_rate_is_marked_on_the_chart(visit: Visit) -> None:
    page = visit(iterations=100_000)
    start_training(page)
    open_tab(page, "Live settings")
    move_slider(page, "Learning rate", "ArrowRight")
    change_on_chart(page).wait_for(state="attached")
    before = iterations(page)
    until(lambda: iterations(page) > before, 20, "the change stopped training")
    assert is_training(page)


def test_the_chart_shows_baselines_and_tooltips(visit: Visit) -> None:
    page = visit(iterations=60)
    chart = loss_chart(page)
    # The baselines appear without training and without a click.
    chart.get_by_text("Uniform 4.13").wait_for()
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    chart.get_by_text(re.compile(r"^Letter frequencies \d\.\d\d$")).wait_for()
    assert chart.locator('[stroke-dasharray="5,4"]').count() >= 2
    button(page, "Chart options").click()
    page.get_by_text("perplexity", exact=True).click()
    page.get_by_text("Perplexity per character").wait_for()
    page.keyboard.press("Escape")
    uniform = chart.get_by_text(re.compile(r"^Uniform \d\d\.00$"))
    uniform.wait_for()  # the number of characters
    tip = page.locator("#vg-tooltip-element")
    uniform.hover()
    until(lambda: "equally likely" in tip.inner_text(), 5, "the baseline has no explanation")

    def tooltip_at(share: float) -> str:
        plot = chart.bounding_box()
        assert plot is not None
        page.mouse.move(plot["x"] + share * plot["width"], plot["y"] + 0.5 * plot["height"])
        return tip.inner_text()

    def shows_both_losses(words: str) -> bool:
        parts = (r"Iterations\s*\d+", r"Training\s*\d+", r"Validation\s*(–|\d+)")
        return all(re.search(part, words) for part in parts)

    until(
        lambda: shows_both_losses(tooltip_at(0.4)) or shows_both_losses(tooltip_at(0.5)),
        10,
        "there is no tooltip between the lines",
    )


def test_samples_over_time_can_be_browsed_during_training(visit: Visit) -> None:
    page = visit(iterations=20_000)
    start_training(page)
    stage = page.get_by_role("region", name="Sample at this stage")
    stages = slider(page, "Stage")
    until(lambda: iterations(page) > 1_500, 90, "training is too slow")
    until(lambda: stage_on_chart(page) > 0.15, 20, "the chart does not mark the newest sample")
    stages.press("Home")
    until(lambda: stages.get_attribute("aria-valuetext") != "newest", 10, "it did not move")
    until(lambda: stage_iteration(page) < 100, 10, "the slider changed nothing")
    first = stage_caption(page)
    begins = stage.inner_text()
    assert len(begins) > 200
    # When new samples arrive, the page and the chart still show the chosen one.
    seen = iterations(page)
    until(lambda: iterations(page) > seen + 300, 60, "training is too slow")
    assert stage_caption(page) == first
    assert stage.inner_text() == begins
    until(lambda: stage_on_chart(page) < 0.1, 5, "the chart does not mark the chosen stage")
    slider(page, "Stage").press("End")
    until(lambda: stage.inner_text() != begins, 10, "the page does not return to the newest sample")
    now = stage_caption(page)
    until(
        lambda: stage_caption(page) != now,
        60,
        "at its right end the slider does not follow the newest sample",
    )
    assert is_training(page)


def test_a_long_text_appears_while_it_is_generated_and_can_be_cancelled(visit: Visit) -> None:
    page = visit(hidden=512)
    open_part(page, "More options")
    move_slider(page, "Length", "End")
    button(page, "Generate").click()
    button(page, "Cancel").wait_for()
    until(lambda: len(generated_text(page)) > 100, 20, "no text was generated")
    few = len(generated_text(page))
    until(lambda: len(generated_text(page)) > few, 20, "the text did not grow")
    button(page, "Cancel").click()
    page.get_by_text("characters after the seed text").wait_for()
    assert len(generated_text(page)) < 20_000
    until(lambda: button(page, "Cancel").count() == 0, 10, "Cancel is still there")


@pytest.mark.slow
def test_write_together_adds_and_removes_characters(visit: Visit) -> None:
    page = visit(iterations=60, seed="The ")
    button(page, "Step").click()
    until(lambda: iterations(page) == 1, 20, "the step was not done")
    open_tab(page, "Write together")
    button(page, "Start with the seed text").click()
    text = page.get_by_role("region", name="Text written together")
    until(lambda: text.inner_text() == "The ", 20, "the seed text did not appear")
    page.locator('[class*="st-key-next_"] button').first.click()
    until(lambda: len(text.inner_text()) == 5, 10, "the character was not added")
    button(page, "Undo").click()
    until(lambda: text.inner_text() == "The ", 10, "the character was not removed")
    open_tab(page, "Write")
    page.get_by_label("Seed text").fill("日本語")
    open_tab(page, "Write together")
    button(page, "Restart").click()
    page.get_by_text("knows none of the characters").wait_for()
    assert text.inner_text() == "The "


# -- downloads and settings --------------------------------------------------------------------


def test_train_on_a_pasted_text_and_download_everything(visit: Visit, tmp_path: Path) -> None:
    page = visit(iterations=40)
    button(page, "Paste text").click()
    page.get_by_role("textbox", name="Text", exact=True).fill("The cat sat on the mat. " * 40)
    button(page, "Use this text").click()
    page.get_by_text("pasted text · 960 B").wait_for()
    page.keyboard.press("Escape")
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    button(page, "Generate").click()
    until(lambda: len(generated_text(page)) > 300, 20, "no text was generated")
    piece = generated_text(page)
    page.get_by_text(re.compile("copied word for word|characters was copied")).wait_for()
    wait_until_drawn(page)

    def download_of(name: str) -> Path:
        file = download(page, name)
        path = tmp_path / file.suggested_filename
        file.save_as(path)
        return path

    assert download_of("Save text").read_text(encoding="utf-8").split() == piece.split()
    open_tab(page, "Downloads")
    assert load(download_of("Whole run (.npz)")).iteration == 40
    assert len(download_of("History (CSV)").read_text(encoding="utf-8").splitlines()) == 41
    assert "--- after 40 iterations" in download_of("Samples over time").read_text(encoding="utf-8")
    open_tab(page, "Write")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button(page, "Copy text").click()
    page.get_by_text(re.compile(r"Copied \d+ characters")).wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.split() == piece.split()
    button(page, "Reset").click()
    until(lambda: iterations(page) == 0, 20, "the run was not reset")


@pytest.mark.slow
def test_the_report_downloads_and_is_complete(visit: Visit, tmp_path: Path) -> None:
    page = visit(iterations=40)
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    open_tab(page, "Downloads")
    wait_until_drawn(page)
    file = download(page, "Report")
    assert file.suggested_filename == "verses.html"
    file.save_as(tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "A network that learnt to write verses.txt" in report
    assert "<svg" in report
    assert "<script" not in report


@pytest.mark.slow
def test_a_link_carries_all_settings_to_another_visitor(
    page: Page, server: Server, browser: Browser
) -> None:
    open_settings(page)
    first = everything(page)
    page.get_by_role("radio", name="Verses", exact=True).click()
    page.get_by_role("radio", name="GRU", exact=True).click()
    wait_until_drawn(page, 0.3)  # as a person would wait before the next choice
    slider(page, "Hidden size").press("End")
    wait_until_drawn(page, 0.3)
    slider(page, "Dropout").press("ArrowRight")
    wait_until_drawn(page, 0.3)
    fill(page, "Initialisation seed", "7")
    changed = ["Sample text", "Cell", "Hidden size", "Dropout", "Initialisation seed"]
    slider(page, "Learning rate").press("ArrowLeft")
    wait_until_drawn(page, 0.3)
    page.get_by_role("radio", name="step", exact=True).click()
    wait_until_drawn(page, 0.3)
    slider(page, "Warm-up iterations").press("ArrowRight")
    changed += ["Learning rate", "Schedule", "Warm-up iterations"]
    open_tab(page, "Write")
    slider(page, "Length").press("Home")
    wait_until_drawn(page, 0.3)
    slider(page, "Temperature").press("ArrowRight")
    fill(page, "Top-k", "12")
    fill(page, "Seed text", 'The sea & "100 %"?\n#1')
    changed += ["Length", "Temperature", "Top-k", "Seed text"]
    button(page, "Chart options").click()
    page.get_by_role("radio", name="Epochs", exact=True).click()
    page.get_by_role("radio", name="bits", exact=True).click()
    wait_until_drawn(page, 0.3)
    page.keyboard.press("Escape")
    wait_until_drawn(page, 0.5)
    chosen = everything(page)
    assert [name for name in changed if chosen[name] == first[name]] == []
    button(page, "Share").click()
    link = page.locator(".st-key-settings_link").get_by_test_id("stCode")
    link.get_by_text("up=bits").wait_for()
    with visitor(browser) as context:
        other = open_in_new_tab(context, link.inner_text())
        open_settings(other)
        assert everything(other) == chosen


def fill(page: Page, label: str, words: str) -> None:
    """Fill a field, and leave it, so that the page reads it."""
    field = page.get_by_label(label, exact=True)
    field.fill(words)
    field.press("Tab")
    wait_until_drawn(page, 0.5)


@pytest.mark.slow
def test_settings_survive_a_look_at_another_page(visit: Visit) -> None:
    page = visit(iterations=300)
    slider(page, "Hidden size").press("ArrowRight")
    wait_until_drawn(page, 0.3)
    fill(page, "Seed text", "The boat")
    chosen = slider(page, "Hidden size").get_attribute("aria-valuetext")
    page.get_by_role("link", name="How it works").first.click()
    page.get_by_role("heading", name="What temperature is").wait_for()
    page.get_by_role("link", name="Workbench").first.click()
    button(page, "Train").wait_for()
    until(
        lambda: slider(page, "Hidden size").get_attribute("aria-valuetext") == chosen,
        10,
        "the hidden size is another",
    )
    until(lambda: page.get_by_label("Seed text").input_value() == "The boat", 10, "no seed text")


def open_settings(page: Page) -> None:
    """Open the parts that hold settings: the browser has no widgets of a part never opened."""
    open_section(page, "text")
    open_section(page, "network")
    open_part(page, "More settings")
    open_part(page, "More options")
    open_tab(page, "Live settings")
    page.locator("summary").get_by_text("Advanced", exact=True).click()
    wait_until_drawn(page, 0.5)


def everything(page: Page) -> dict[str, list[str | bool]]:
    """Return the values of all widgets by label; closed sections and tabs keep theirs."""
    wait_until_drawn(page, 0.5)
    return settings(page)


@pytest.mark.slow
def test_a_preset_moves_the_sliders(visit: Visit) -> None:
    page = visit()
    page.get_by_text("The original", exact=True).click()
    page.get_by_text("one LSTM of 200, RMSprop at 0.01").wait_for()
    slider = page.get_by_test_id("stSlider").filter(has_text="Hidden size")
    until(lambda: "200" in slider.inner_text(), 10, "the slider did not move")


@pytest.mark.slow
def test_a_bad_file_gets_a_message_and_the_previous_text_stays(
    visit: Visit, tmp_path: Path
) -> None:
    page = visit()
    empty = tmp_path / "empty.txt"
    empty.touch()
    upload(page, empty)
    page.get_by_text("empty.txt is empty; a text needs at least 2 distinct characters.").wait_for()
    page.get_by_role("region", name="Beginning of the text").get_by_text(
        "THE CLOCKMAKER"
    ).wait_for()
    start_training(page)


# -- failures ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_much_too_high_learning_rate_gets_advice_that_a_click_applies(visit: Visit) -> None:
    page = visit(cell="vanilla", rule="sgd", rate=50, clip="off", iterations=100_000)
    start_training(page)
    advice = page.get_by_role("button", name=re.compile("^Set the learning rate to|^Set clipping"))
    advice.wait_for()
    advice.click()
    change_on_chart(page).wait_for(state="attached")
    assert is_training(page)


@pytest.mark.slow
def test_after_diverged_training_the_page_is_usable(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    text = (ROOT / "sample_texts" / "verses.txt").read_text(encoding="utf-8")
    vocab = Vocab.from_text(text)
    model = RNN(len(vocab), vocab.idx_to_char, input_dim=4, hidden_dim=8)
    model.flat[:] = np.where(model.flat > 0, 3e38, -3e38)  # the largest finite values
    (tmp_path / "wild.pkl").write_bytes(dump_model(model))
    open_part(page, "Start from a trained model")
    page.get_by_test_id("stFileUploader").filter(has_text="Upload model").locator(
        "input[type=file]"
    ).set_input_files(tmp_path / "wild.pkl")
    page.get_by_role("link", name="Download model").wait_for()
    button(page, "Train").click()
    page.get_by_text("Training diverged at iteration").wait_for()
    until(lambda: button(page, "Train").is_enabled(), 10, "Train stayed disabled")
    open_section(page, "network")
    page.get_by_text("The original", exact=True).click()  # another network, by a preset
    button(page, "Train").click()
    button(page, "Start new run").click()
    until(
        lambda: is_training(page) and figure(page, "Loss") > 0,
        30,
        "training does not start any more",
    )


# -- hostile text ------------------------------------------------------------------------------


def test_hostile_names_and_texts_are_shown_as_plain_text(
    visit: Visit, server: Server, tmp_path: Path
) -> None:
    page = visit(iterations=40, seed="<img src=x onerror=alert(1)>![](http://evil.example/a.png)")
    foreign: list[str] = []
    dialogs: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(
                (server.url, server.url.replace("http", "ws"), "data:", "blob:")
            )
            else foreign.append(request.url)
        ),
    )
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    book = tmp_path / "![](x) <img src=x onerror=alert(4)> :red[x] $$a$$.txt"
    book.write_text(HOSTILE * 40, encoding="utf-8")
    upload(page, book)
    page.get_by_text("<img src=x onerror=alert(4)> :red[x] $$a$$").first.wait_for()
    page.get_by_text("![](http://evil.example/a.png)").first.wait_for()
    open_part(page, "Characters in this text")
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    button(page, "Generate").click()
    until(
        lambda: "<img src=x onerror=alert(1)>" in generated_text(page), 20, "no text was generated"
    )
    open_tab(page, "Write together")
    button(page, "Start with the seed text").click()
    page.get_by_role("region", name="Text written together").wait_for()
    empty = tmp_path / "<img src=x onerror=alert(5)> ![](y).txt"
    empty.touch()
    open_section(page, "text")
    wait_until_drawn(page, 0.5)
    upload(page, empty)
    page.get_by_text("<img src=x onerror=alert(5)> ![](y).txt is empty").wait_for()
    assert (foreign, dialogs) == ([], [])
    assert page.locator("img[src='x'], img[src='y'], img[src*='evil']").count() == 0
    assert page.locator(".katex, a[href*='evil']").count() == 0


# -- keyboard and phone ------------------------------------------------------------------------


@pytest.mark.slow
def test_training_starts_and_pauses_by_keyboard(visit: Visit) -> None:
    page = visit(iterations=100_000)

    def tab_to(name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.innerText || ''")
            if focused.split("\n")[-1] == name:
                return
        raise AssertionError(f"Tab never reaches {name}")

    tab_to("Train")
    page.keyboard.press("Enter")
    until(lambda: is_training(page) and iterations(page) > 0, 30, "Enter did not train")
    tab_to("Pause")
    page.keyboard.press("Enter")
    page.get_by_text("Paused", exact=True).wait_for()


def test_a_phone_needs_no_horizontal_scrolling(visit: Visit, tab: Page) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    page = visit(iterations=40)
    button(page, "Train").click()
    page.get_by_text("Finished", exact=True).wait_for()
    button(page, "Generate").click()
    until(lambda: len(generated_text(page)) > 300, 20, "no text was generated")
    widest = page.evaluate(
        """() => Math.max(document.documentElement.scrollWidth,
            document.querySelector('[data-testid=stMain]').scrollWidth)"""
    )
    assert widest <= 390
