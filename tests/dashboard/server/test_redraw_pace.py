"""Pages redraw less often when their redraws would queue up, and more often again afterwards."""

from __future__ import annotations

import pytest

from dashboard.server.redraw_pace import LONGEST, RedrawPace


class Server:
    """Pages that redraw in turns, each redraw taking so many seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pace = RedrawPace(lambda: self.now)

    def redraw(self, pages, took, times=60):
        for _ in range(times):
            for page in pages:
                with self.pace.measure(page):
                    self.now += took
        return {self.pace.interval(page, 1.0) for page in pages}


PAGES = [f"page {i}" for i in range(12)]


@pytest.fixture
def server():
    return Server()


def test_redraws_that_fit_keep_the_shortest_interval(server):
    assert server.redraw(PAGES, 0.05) == {1.0}
    assert server.redraw(PAGES[:1], 0.9) == {1.0}


def test_intervals_grow_until_the_redraws_of_all_pages_fit(server):
    (interval,) = server.redraw(PAGES, 0.3)
    assert interval == 4.0
    assert interval >= len(PAGES) * 0.3


def test_intervals_have_a_bound(server):
    assert server.redraw(PAGES, 30.0) == {LONGEST}


def test_intervals_shrink_once_redraws_take_far_less(server):
    server.redraw(PAGES, 0.3)
    assert server.redraw(PAGES, 0.15) == {4.0}, "a change for little gain"
    assert server.redraw(PAGES, 0.05) == {1.0}


def test_a_closed_page_no_longer_counts(server):
    assert server.redraw(PAGES, 0.3) == {4.0}
    server.now += 3 * LONGEST + 1
    assert server.redraw(PAGES[:1], 0.3, 1) == {1.0}


def test_a_failed_redraw_counts_too(server):
    def redraw():
        with server.pace.measure("page"):
            server.now += 3.0
            raise ZeroDivisionError

    for _ in range(60):
        with pytest.raises(ZeroDivisionError):
            redraw()
    assert server.pace.interval("page", 1.0) == 4.0


def test_the_shortest_interval_may_grow(server):
    server.redraw(PAGES[:1], 0.05)
    assert server.pace.interval(PAGES[0], 2.0) == 2.0
