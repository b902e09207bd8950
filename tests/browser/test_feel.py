"""Speed of the page: training inside it, clicks, the first page, long runs.

The limits here allow for busy machines. ``pytest tests/browser/test_feel.py --run-slow -s`` prints
figures; docs/dashboard.md has those of an idle machine.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dashboard.runs.run import new_run
from dashboard.runs.store import Store
from dashboard.settings import PRESETS
from dashboard.text.loading import load_sample
from rnncore.history import COLUMNS, History
from tests.browser.conftest import Server
from tests.browser.steps import button, fill, is_training, iterations, open_section, until
from tests.browser.visitors import pause, percentile, seconds_to_show, train, visit, visitor
from tests.support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

# Settings of a training that ends after no test. A preset's ends when validation stalls.
LONG = "text=verses&hidden=200&iterations=1000000"

# Train with the page's text, network and settings in a separate process.
_BARE = """
import sys, time
import rnncore
from dashboard.runs.run import new_solver
from dashboard.settings import PRESETS
from dashboard.text.loading import load_sample
from tests.browser.test_feel import clocks, speeds

preset = PRESETS["original"]
solver = new_solver(load_sample("verses.txt"), preset.model, preset.train)
solver.train_for(1.0)
at, before = solver.iteration, clocks("self")
solver.train_for(float(sys.argv[1]))
print(*speeds(solver.iteration - at, before, clocks("self")))
"""


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    with visitor(browser) as context:
        yield visit(context, f"{server.url}?{LONG}")


# -- speed of training -------------------------------------------------------------------------
Clocks = dict[str, tuple[float, float, float]]


def clocks(process: int | str) -> Clocks:
    """Return each thread's seconds on a processor, seconds waiting for one, and the time now."""
    found: Clocks = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(OSError):  # the thread has just ended
            computed, queued, _ = (task / "schedstat").read_text().split()
            found[task.name] = (int(computed) / 1e9, int(queued) / 1e9, time.perf_counter())
    return found


def speeds(iterations: int, before: Clocks, after: Clocks) -> tuple[float, float]:
    """Return iterations per second by the clock, and without the time lost to other programs.

    That time is when the thread that computed most was ready but had no processor. Time in which it
    waited for a lock (also the interpreter's) or for the disk counts as training time.
    """
    thread = max(after, key=lambda name: after[name][0] - before.get(name, (0.0,))[0])
    computed, queued, seconds = np.subtract(after[thread], before[thread])
    assert computed > 0
    return float(iterations / seconds), float(iterations / (seconds - queued))


def in_page(page: Page, server: Server, seconds: float) -> tuple[float, float]:
    """Return the speeds of training inside the page, by its progress bar."""

    def next_tick() -> tuple[int, Clocks]:
        before = iterations(page)
        until(lambda: iterations(page) > before, 30, "training does not continue")
        return iterations(page), clocks(server.process.pid)

    button(page, "Train").click()
    next_tick()
    time.sleep(1.0)
    at, before = next_tick()
    time.sleep(seconds)
    now, after = next_tick()
    found = speeds(now - at, before, after)
    pause(page)
    return found


def bare(seconds: float, threads: int) -> tuple[float, float]:
    """Return the speeds of a Solver without a page."""
    command = [sys.executable, "-c", _BARE, str(seconds)]
    environment = os.environ | {"RNNCORE_THREADS": str(threads)}
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    by_clock, undisturbed = map(float, ran.stdout.split())
    return by_clock, undisturbed


def speed_ratios(
    browser: Browser, folder: Path, threads: int, seconds: float, rounds: int, since: float = 0
) -> tuple[float, float]:
    """Return the speeds inside the page as shares of those without a page (medians, in turns).

    Measured after ``since`` seconds: the page updates more often in the first minute of a training.
    """
    server = Server(folder / "runs", folder / "log.txt", RNNCORE_THREADS=str(threads))
    try:
        with visitor(browser) as context:
            page = visit(context, server.url)
            train(page)
            time.sleep(since)
            pause(page)
            inside, outside = [], []
            for _ in range(rounds):
                outside.append(bare(seconds, threads))
                inside.append(in_page(page, server, seconds))
    finally:
        server.stop()
    by_clock, undisturbed = np.median(inside, axis=0) / np.median(outside, axis=0)
    print(
        f"\ntraining inside the page on {threads} of {os.cpu_count()} cores: {by_clock:.0%} of the "
        f"speed without a page, with the browser on the same cores; {undisturbed:.0%} without the "
        f"time lost to other programs ({rounds} rounds, load {os.getloadavg()[0]:.1f})"
    )
    return float(by_clock), float(undisturbed)


linux = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="reads /proc")


@pytest.mark.slow
@linux
def test_training_inside_the_page_keeps_most_of_its_speed(browser: Browser, tmp_path: Path) -> None:
    _, undisturbed = speed_ratios(browser, tmp_path, threads=1, seconds=4, rounds=1)
    assert undisturbed > 0.6


@linux
@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, 2])
def test_training_inside_the_page_keeps_90_percent_of_its_speed(
    browser: Browser, tmp_path: Path, threads: int
) -> None:
    by_clock, _ = speed_ratios(browser, tmp_path, threads, seconds=10, rounds=5, since=70)
    assert by_clock > 0.9


# -- clicks ------------------------------------------------------------------------------------
def measure_clicks(page: Page, clicks: int) -> tuple[list[float], list[float]]:
    """Return the seconds until Pause and Train, and clicks in another section, take effect."""
    button(page, "Train").click()
    until(lambda: is_training(page) and iterations(page) >= 20, 60, "training did not start")
    open_section(page, "text")  # training folds it
    own, elsewhere = [], []
    section = ".st-key-progress"
    for i in range(clicks // 2):
        sample = ("Recipes", "Verses")[i % 2]
        pill = page.get_by_text(sample, exact=True)
        elsewhere.append(
            seconds_to_show(page, pill, ".st-key-section_text", f"{sample.lower()}.txt")
        )
        time.sleep(0.1)
    for _ in range(clicks // 4):
        own.append(seconds_to_show(page, button(page, "Pause"), section, "Paused"))
        until(lambda: button(page, "Train").is_enabled(), 10, "Train stayed disabled")
        own.append(seconds_to_show(page, button(page, "Train"), section, "Training"))
        until(lambda: is_training(page), 10, "Pause stayed disabled")
    pause(page)
    for what, waits in (("Pause and Train", own), ("clicks in another section", elsewhere)):
        print(
            f"\n{what} take effect in {1000 * percentile(waits, 0.5):.0f} ms in the median, "
            f"{1000 * percentile(waits, 0.95):.0f} ms at p95, {1000 * max(waits):.0f} ms at most "
            f"of {len(waits)}, {sum(map(math.isinf, waits))} lost (load {os.getloadavg()[0]:.1f})"
        )
    return own, elsewhere


def test_no_click_is_lost_during_training(page: Page) -> None:
    own, elsewhere = measure_clicks(page, 16)
    assert max(own + elsewhere) < math.inf
    assert percentile(own + elsewhere, 0.5) < 2.0


@pytest.mark.slow
def test_a_hundred_clicks_take_effect_within_300_ms(page: Page) -> None:
    own, elsewhere = measure_clicks(page, 100)
    assert max(own + elsewhere) < math.inf
    assert percentile(own, 0.95) < 0.3
    assert percentile(elsewhere, 0.95) < 0.3


@pytest.mark.slow
def test_a_hundred_clicks_beside_a_sweep_take_effect_within_300_ms(page: Page) -> None:
    pytest.importorskip("distributed", reason="pip install -r requirements-sweep.txt")
    page.get_by_role("link", name="Sweep").first.click()
    fill(page, "Iterations", "1000000")
    page.get_by_text("12 runs").first.wait_for()
    button(page, "Start sweep").click()
    page.get_by_text(re.compile("^Running · .*running")).wait_for(timeout=60_000)
    page.get_by_role("link", name="Workbench").first.click()
    try:
        own, elsewhere = measure_clicks(page, 100)
    finally:
        page.get_by_role("link", name="Sweep").first.click()
        button(page, "Cancel").click()
        page.get_by_text(re.compile("^Cancelled")).wait_for(timeout=60_000)
    assert max(own + elsewhere) < math.inf
    assert percentile(own, 0.95) < 0.3
    assert percentile(elsewhere, 0.95) < 0.3


# -- the first page ----------------------------------------------------------------------------
def first_pages(browser: Browser, folder: Path) -> tuple[float, float, float]:
    """Return the seconds until a new server answers and the pages of two visitors are usable."""
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    server = Server(folder / "runs", folder / "log.txt")
    try:
        answered = time.perf_counter()
        times = [answered - began]
        for _ in range(2):
            began = time.perf_counter()
            with visitor(browser) as context:
                page = visit(context, server.url)
                until(lambda page=page: button(page, "Train").is_enabled(), 30, "not usable")  # type: ignore[misc]
            times.append(time.perf_counter() - began)
    finally:
        server.stop()
    print(
        f"\nthe server answers after {times[0]:.1f} s; its first page is usable after "
        f"{times[1]:.1f} s more, a second visitor's after {times[2]:.1f} s "
        f"(load {os.getloadavg()[0]:.1f})"
    )
    return times[0], times[1], times[2]


def test_the_first_page_is_usable_soon(browser: Browser, tmp_path: Path) -> None:
    assert sum(first_pages(browser, tmp_path)) < 60


@pytest.mark.slow
def test_the_first_page_is_usable_within_three_seconds(browser: Browser, tmp_path: Path) -> None:
    times = [first_pages(browser, tmp_path / str(i)) for i in range(5)]
    assert statistics.median(first for _, first, _ in times) < 3


# -- long runs ---------------------------------------------------------------------------------
def save_run_of(store: Store, length: int) -> str:
    """Save a run with a made-up history of so many iterations; return its id."""
    preset = PRESETS["taste"]
    run = new_run(load_sample("verses.txt"), preset.model, preset.train)
    at, rng = np.arange(1.0, length + 1), np.random.default_rng(0)
    loss = 1.5 + 2 / np.sqrt(1 + at / 50) + rng.normal(0, 0.05, length)
    val = np.where(at % max(200, length // 200) == 0, loss + 0.1, np.nan)
    N, T = run.solver.batch_size, run.solver.seq_length
    columns = {
        "iteration": at, "chars": at * N * T, "seconds": at / 50, "loss": loss, "val_loss": val,
        "grad_norm": rng.lognormal(0, 0.3, length), "lr": np.full(length, 3e-3),
    }  # fmt: skip
    solver = run.solver
    solver.history = History.from_array(np.stack([columns[name] for name in COLUMNS]))
    solver.iteration, solver.seconds, solver.num_iters = length, length / 50, 2 * length
    run.sample_log(solver)
    assert store.start_autosave(run).suspend()
    return run.id


# Measure from the press of the mouse until Streamlit has run the script and the page is drawn.
_WATCH_RERUN = """
() => {
    const app = document.querySelector('[data-test-script-state]');
    window.__rerun = new Promise(done => addEventListener('pointerdown', () => {
        const pressed = performance.now();
        let ran = false;
        const look = () => {
            const running = app.dataset.testScriptState === 'running';
            ran ||= running;
            ran && !running ? done(performance.now() - pressed) : requestAnimationFrame(look);
        };
        look();
    }, {once: true, capture: true}));
}
"""


def rerun_ratio(page: Page, server: Server, length: int, times: int) -> float:
    """Return the time of a rerun for a run of this length, divided by that for 1,000 iterations."""
    waits: dict[int, list[float]] = {}
    runs = {each: save_run_of(Store(server.runs), each) for each in (1000, length)}
    for _ in range(2):  # in turns, because other programs may be running
        for each, name in runs.items():
            page.goto(f"{server.url}/?run={name}")
            until(lambda: page.get_by_test_id("stProgress").count() > 0, 60, "the run did not open")
            assert iterations(page) == each
            open_section(page, "text")
            for i in range(times // 2 + 1):
                page.evaluate(_WATCH_RERUN)
                page.get_by_text(("Recipes", "Verses")[i % 2], exact=True).click()
                took = page.evaluate("window.__rerun")
                if i:
                    waits.setdefault(each, []).append(took)
                time.sleep(0.2)
    short, long = (statistics.median(waits[each]) for each in runs)
    print(
        f"\na rerun of the page takes {short:.0f} ms after 1,000 iterations and {long:.0f} ms "
        f"after {length:,}: {long / short:.2f} times as long (load {os.getloadavg()[0]:.1f})"
    )
    return long / short


@pytest.mark.slow
def test_a_long_run_takes_less_than_twice_as_long_to_show(page: Page, server: Server) -> None:
    assert rerun_ratio(page, server, 100_000, 8) < 2


@pytest.mark.slow
def test_a_million_iterations_take_hardly_longer_to_show(page: Page, server: Server) -> None:
    assert rerun_ratio(page, server, 1_000_000, 40) < 1.2


# -- frozen tab --------------------------------------------------------------------------------
@pytest.mark.slow
def test_training_continues_while_the_browser_freezes_the_tab(page: Page) -> None:
    """A frozen page runs no scripts at all; a hidden one still runs some."""
    train(page)
    browser = page.context.new_cdp_session(page)
    before = iterations(page)
    browser.send("Page.setWebLifecycleState", {"state": "frozen"})
    time.sleep(4)
    browser.send("Page.setWebLifecycleState", {"state": "active"})
    until(
        lambda: iterations(page) > before + 1,
        20,
        "training did not continue while the page was frozen",
    )
    assert is_training(page)
    pause(page)
