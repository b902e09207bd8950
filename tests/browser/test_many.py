"""Several visitors on one server: their data stays separate, and each gets a share of the time.

With ``-s`` the test of four trainings prints how long a fifth visitor's click takes, and how evenly
the four share the machine. ``tests/dashboard/page/test_load.py`` does so for ten, without browsers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from dashboard.runs.store import Store
from tests.browser.conftest import SMALL, Server
from tests.browser.steps import (
    button,
    download,
    generated_text,
    is_training,
    iterations,
    open_section,
    until,
    upload,
    wait_until_drawn,
)
from tests.browser.visitors import (
    NO_PAGE,
    pause,
    percentile,
    run_id,
    seconds_to_show,
    train,
    visit,
    visitor,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

SEATS = 3


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a server that other computers can open and that runs few trainings at once."""
    folder = tmp_path_factory.mktemp("shared")
    running = Server(
        folder / "runs",
        folder / "log.txt",
        "--server.address",
        "0.0.0.0",
        "--server.allowedHosts",
        "127.0.0.1",
        LSTM_WORKBENCH_SEATS=str(SEATS),
    )
    yield running
    running.stop()


def train_on(page: Page, path: Path) -> None:
    """Upload a text and train on it."""
    upload(page, path)
    # The uploader shows the name too, but before the text is read.
    page.locator(".st-key-section_text").get_by_text(f"{path.name} · ").wait_for()
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) > 3, 60, "training did not start")


def test_no_data_of_one_visitor_reaches_another(
    shared: Server, browser: Browser, tmp_path: Path
) -> None:
    """Two texts have no character in common, so a single shared character would show."""
    ours, theirs = "abcdefg ", "STUVWXYZ\n"
    (tmp_path / "ours.txt").write_text("bad egg fed a cab " * 400)
    (tmp_path / "theirs.txt").write_text("STUVW\nXYZ\n" * 700)
    with visitor(browser, *NO_PAGE) as one, visitor(browser) as other:
        address = f"{shared.url}/?{urlencode(SMALL | {'iterations': 1_000_000})}"
        pages = [visit(one, address), visit(other, address)]
        train_on(pages[0], tmp_path / "ours.txt")
        train_on(pages[1], tmp_path / "theirs.txt")
        for page, letters in zip(pages, (ours, theirs), strict=True):
            button(page, "Generate").click()
            until(lambda page=page: len(generated_text(page)) > 400, 20, "no text was generated")  # type: ignore[misc]
            sections = page.get_by_role("region", name="Generated text").all_inner_texts()
            assert set("".join(sections)) <= set(letters + "\n")
        assert run_id(pages[0]) != run_id(pages[1])
        for page in pages:
            pause(page)
        models = []
        for page in pages:
            wait_until_drawn(page)
            models.append(download(page, "Download model").suggested_filename)
        assert models == ["ours.pkl", "theirs.pkl"]
        shown = [page.content() for page in pages]
        for html, names in zip(
            shown, (("theirs.txt", "STUVW"), ("ours.txt", "bad egg")), strict=True
        ):
            assert not [name for name in names if name in html]
        # Without the link, a visitor finds no run on any page.
        page = one.new_page()
        for place in ("", "how"):
            page.goto(f"{shared.url}/{place}")
            page.get_by_role("link", name="How it works").first.wait_for()
            page.wait_for_load_state("networkidle")
            assert "run=" not in page.url
            assert "theirs.txt" not in page.content()
        # The link opens the run.
        page = visit(one, pages[1].url)
        open_section(page, "text")
        page.locator(".st-key-section_text").get_by_text("theirs.txt").wait_for()


@pytest.mark.slow
def test_a_shared_server_does_not_list_past_runs(shared: Server, browser: Browser) -> None:
    with visitor(browser, *NO_PAGE) as context:
        page = visit(context, shared.url)
        train(page)
        pause(page)
        assert Store(shared.runs).list_runs()
        assert page.get_by_role("link", name="How it works").count() > 0
        assert page.get_by_role("link", name="Runs").count() == 0
        page = visit(context, f"{shared.url}/runs")  # opens the workbench instead
        assert page.get_by_role("heading", name="Runs").count() == 0


@pytest.mark.slow
def test_a_training_beyond_the_limit_shows_its_place_in_the_queue(
    shared: Server, browser: Browser
) -> None:
    with ExitStack() as stack:
        pages = [visit(stack.enter_context(visitor(browser)), shared.url) for _ in range(SEATS + 2)]
        for page in pages[:SEATS]:
            train(page, least=1)
        for place, page in enumerate(pages[SEATS:], 1):
            button(page, "Train").click()
            page.get_by_text(f"number {place} in the queue for this computer").wait_for()
        button(pages[0], "Pause").click()
        until(lambda: iterations(pages[SEATS]) > 0, 30, "the queue did not move up")
        pages[SEATS + 1].get_by_text("number 1 in the queue for this computer").wait_for()
        for page in pages[1:]:
            pause(page)


# -- load --------------------------------------------------------------------------------------


def measure_load(browser: Browser, server: Server, many: int, clicks: int, seconds: float) -> None:
    """Run so many trainings at once, while one more visitor clicks; check and print the waits."""
    with ExitStack() as stack:
        pages = [visit(stack.enter_context(visitor(browser)), server.url) for _ in range(many)]
        for page in pages:
            train(page, least=1)
        idle = visit(stack.enter_context(visitor(browser)), server.url)
        began, before = time.monotonic(), [iterations(page) for page in pages]
        waits = []
        for i in range(clicks):
            sample = ("Recipes", "Verses")[i % 2]
            pill = idle.get_by_text(sample, exact=True)
            waits.append(
                seconds_to_show(idle, pill, ".st-key-section_text", f"{sample.lower()}.txt")
            )
            time.sleep(0.2)
        time.sleep(max(0.0, began + seconds - time.monotonic()))
        done = [iterations(page) - n for page, n in zip(pages, before, strict=True)]
        for page in pages:
            button(page, "Pause").click()
    p50, p95 = percentile(waits, 0.5), percentile(waits, 0.95)
    print(
        f"\n{many} trainings at once: a click of one more visitor takes effect in {p50:.2f} s in "
        f"the median, {p95:.2f} s at p95, {max(waits):.2f} s at most, of {clicks}; iterations of "
        f"each in {time.monotonic() - began:.0f} s: {min(done)} to {max(done)}"
    )
    assert math.isfinite(max(waits)), "a click was lost"
    assert p95 < 4.0
    assert min(done) > 0
    assert max(done) < 3 * min(done) + 5


@pytest.mark.slow
def test_a_fifth_visitor_can_click_while_four_train(server: Server, browser: Browser) -> None:
    measure_load(browser, server, many=4, clicks=10, seconds=10)
