"""Clicks in quick succession on a real server.

``pytest tests/dashboard/page/test_fast_clicks_on_a_server.py --run-slow -s`` prints the counts.
Streamlit drops a click if the next one arrives before it has started to handle the first, which
takes it a few milliseconds. The server cannot prevent that; people do not click so fast.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.browser.conftest import Server
from tests.support.session import visiting

pytestmark = pytest.mark.alone

LESSON = "hidden=128&iterations=1000000&text=verses"
TIMES = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fast_clicks")
    running = Server(folder / "runs", folder / "log.txt")
    yield running
    running.stop()


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.01, 0.02, 0.04, 0.08])
def test_train_acts_although_another_click_follows_at_once(server: Server, seconds: float) -> None:
    lost = 0
    for _ in range(TIMES):
        with visiting(server.url, LESSON) as session:
            session.press("Train")
            time.sleep(seconds)
            session.pick("Sample text", "Recipes")
            session.wait_for(lambda: session.says("recipes.txt ·"), 30)
            try:
                session.wait_for(lambda: session.iterations() > 0, 10)
            except AssertionError:
                lost += 1
                continue
            session.press("Pause")
            session.wait_for(lambda: session.says("[Paused]"), 30)
    print(f"\nTrain, and another click {1000 * seconds:.0f} ms later: {lost} of {TIMES} lost")
    assert lost == 0
