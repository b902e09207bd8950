"""Many sessions train on one server, and a click of one more visitor still shows at once.

``pytest tests/dashboard/page/test_load.py -s`` prints the latencies.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.browser.conftest import Server
from tests.browser.visitors import percentile
from tests.support.session import Session, visiting

pytestmark = pytest.mark.alone

# The first preset's network, with more iterations than a test can take.
LESSON = "hidden=128&iterations=1000000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("load")
    running = Server(folder / "runs", folder / "log.txt")
    yield running
    running.stop()


class Training:
    """A visit that trains until the test is over."""

    def __init__(self) -> None:
        self.done = 0  # iterations since all sessions train
        self.progress = ""

    def run(self, url: str, all_train: threading.Barrier, over: threading.Event) -> None:
        with visiting(url, LESSON) as session:
            session.press("Train")
            session.wait_for(lambda: session.iterations() > 0, 60)
            all_train.wait(90)
            before = session.iterations()

            def is_over() -> bool:
                self.done, self.progress = session.iterations() - before, session.progress()
                return over.is_set()

            session.wait_for(is_over, 300)
            session.press("Pause")
            session.wait_for(lambda: session.says("[Paused]"), 60)


def seconds_to_show(session: Session, i: int) -> float:
    """Return the seconds from a click on another sample text until the page shows its name."""
    sample = ("Recipes", "Verses")[i % 2]
    clicked = time.monotonic()
    session.pick("Sample text", sample)
    session.wait_for(lambda: session.says(f"{sample.lower()}.txt ·"), 30)
    shown = time.monotonic()
    session.wait_for(lambda: time.monotonic() > shown + 0.2, 30)
    return shown - clicked


@pytest.mark.parametrize(
    ("many", "clicks"),
    [pytest.param(*each, marks=pytest.mark.slow) for each in ((5, 12), (10, 100))],
)
def test_a_click_shows_soon_while_all_other_sessions_train(
    server: Server, many: int, clicks: int
) -> None:
    with visiting(server.url) as only:
        alone = percentile([seconds_to_show(only, i) for i in range(6)], 0.5)
    all_train, over = threading.Barrier(many + 1), threading.Event()
    trainings = [Training() for _ in range(many)]
    with ThreadPoolExecutor(many) as pool:
        visits = [pool.submit(each.run, server.url, all_train, over) for each in trainings]
        try:
            with visiting(server.url) as idle:
                all_train.wait(90)
                waits = [seconds_to_show(idle, i) for i in range(clicks)]
                # The scheduler makes a session that trained for long wait until the others have
                # trained as long, so their shares are equal only in the long run.
                idle.wait_for(lambda: even(trainings) or any(v.done() for v in visits), 120)
        except AssertionError as error:
            pages = [f"{training.done} ({training.progress})" for training in trainings]
            raise AssertionError(f"iterations of each: {pages}") from error
        finally:
            over.set()
            all_train.abort()
        for visit in visits:
            visit.result()
    p50, p95 = percentile(waits, 0.5), percentile(waits, 0.95)
    done = [each.done for each in trainings]
    print(
        f"\n{many} sessions train: a click of one more visitor shows in {p50:.2f} s in the median, "
        f"{p95:.2f} s at p95, {max(waits):.2f} s at most, of {clicks}, and in {alone:.2f} s if "
        "nothing trains; "
        f"iterations of each: {min(done)} to {max(done)}"
    )
    # The click's fair share of the processors is one of many + 1. Twice that: the shares vary.
    assert p50 < 2 * (many + 1) * alone


def even(trainings: list[Training]) -> bool:
    """Return whether no session has much less than a third of another's iterations."""
    done = [each.done for each in trainings]
    return min(done) > 0 and max(done) < 3 * min(done) + 5


def memory(server: Server) -> int:
    """Return the memory of the server and its workers, in bytes."""
    main = psutil.Process(server.process.pid)
    return sum(each.memory_info().rss for each in (main, *main.children(recursive=True)))


@pytest.mark.slow
@pytest.mark.parametrize("pages", [30, 100])
def test_a_click_shows_soon_while_a_class_trains(tmp_path: Path, pages: int) -> None:
    """All visitors press Train; those beyond the server's seats wait in the queue."""
    server = Server(tmp_path / "runs", tmp_path / "log.txt", LSTM_WORKBENCH_PAGES=str(pages + 1))
    all_wait, over = threading.Barrier(pages + 1), threading.Event()

    def attend() -> None:
        with visiting(server.url, LESSON, patience=600) as session:
            session.press("Train")
            session.wait_for(lambda: session.iterations() > 0 or session.says("in the queue"), 600)
            all_wait.wait(600)
            session.wait_for(over.is_set, 600)

    try:
        with ThreadPoolExecutor(pages) as pool:
            visits = [pool.submit(attend) for _ in range(pages)]
            try:
                with visiting(server.url, patience=600) as idle:
                    all_wait.wait(600)
                    waits = [seconds_to_show(idle, i) for i in range(60)]
                    used = memory(server)
            finally:
                over.set()
                all_wait.abort()
            for visit in visits:
                visit.result()
    finally:
        server.stop()
    p50, p95 = percentile(waits, 0.5), percentile(waits, 0.95)
    print(
        f"\n{pages} visitors press Train: a click of one more shows in {p50:.2f} s in the median, "
        f"{p95:.2f} s at p95, {max(waits):.2f} s at most, of {len(waits)}; the server takes "
        f"{used / 1e6:.0f} MB"
    )
    assert p95 < 4.0
